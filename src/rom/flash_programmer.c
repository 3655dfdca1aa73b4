/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A chip that flashprog or flashrom reaches: a program that is started, with the programmer's name from the settings as
 * data. Images pass through memory files; a range is written by a layout of one region. */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memfd.h"
#include "base/process.h"
#include "format/programmer_progress.h"
#include "rom/flash.h"
#include "rom/image.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define BLOCK_SIZE   4096
#define OUTPUT_LIMIT ((size_t)4 << 20)
#define TIMEOUT_MS   1800000 /* a slow chip takes minutes */

struct programmer {
	char name[256];         /* "internal", "dummy:emulate=..." */
	struct buffer contents; /* as last read from the chip */
	size_t size;            /* of the chip, once it is known */
	bool stale;             /* something was written since contents were read, or was to be */
};

/* What the program prints becomes progress. */
struct listener {
	struct programmer_progress progress;
	const struct flash_watch *watch;
	unsigned long long started;
};

static void hear(void *context, struct bytes piece)
{
	struct listener *listener = context;

	if (programmer_progress_feed(&listener->progress, piece))
		listener->watch->progress(listener->watch->context, listener->progress.done, listener->progress.size,
		                          log_now_ms() - listener->started);
}

/* listener may be NULL. */
static int run(const struct programmer *programmer, const char *const *more, const int *fds, size_t fd_count,
               struct listener *listener, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer output = {0};
	const char *arguments[16] = {"-p", programmer->name};
	struct process_request request = {.program = PROCESS_FLASH_PROGRAMMER,
	                                  .arguments = arguments,
	                                  .keep_count = fd_count,
	                                  .output_limit = OUTPUT_LIMIT,
	                                  .timeout_ms = TIMEOUT_MS,
	                                  .heard = listener ? hear : NULL,
	                                  .heard_context = listener};
	int status, r;

	for (size_t i = 0; more[i] && i + 3 < ARRAY_SIZE(arguments); i++)
		arguments[i + 2] = more[i];
	memcpy(request.keep_fds, fds, fd_count * sizeof(*fds));
	r = process_run(&request, &output, &status, error);
	if (r < 0)
		return r;
	if (status != 0)
		return error_set(
		    error, E_IO, programmer->name,
		    "the flash programmer (%s) ended with status %d; see what it says when it is started by "
		    "hand",
		    programmer->name, status);
	return 0;
}

/* The whole chip, anew. */
static int read_chip(struct programmer *programmer, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer contents = {0};
	CLEANUP_CLOSE int fd = memfd_create("chip", MFD_CLOEXEC);
	char path[32];
	const char *const arguments[] = {"-r", path, NULL};
	int r;

	if (fd < 0)
		return error_set_errno(error, E_SYSTEM, programmer->name, errno, "no memory file can be made");
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	r = run(programmer, arguments, &fd, 1, NULL, error);
	if (r < 0)
		return r;
	if (lseek(fd, 0, SEEK_SET) != 0)
		return error_set_errno(error, E_SYSTEM, programmer->name, errno, "a memory file cannot be read");
	r = file_read_fd(fd, programmer->name, ROM_MAX_SIZE, &contents, error);
	if (r < 0)
		return r;
	if (programmer->size > 0 && contents.size != programmer->size)
		return error_set(error, E_IO, programmer->name,
		                 "the flash programmer (%s) read %zu bytes of a chip that had %zu before",
		                 programmer->name, contents.size, programmer->size);
	buffer_clear(&programmer->contents);
	programmer->contents = contents;
	contents = (struct buffer){0};
	programmer->size = programmer->contents.size;
	programmer->stale = false;
	return 0;
}

/* From the copy in memory; after a write, and after one that failed, the chip is asked again first. */
static int programmer_read(void *context, size_t offset, uint8_t *data, size_t size, struct error *error)
{
	struct programmer *programmer = context;
	int r = programmer->stale ? read_chip(programmer, error) : 0;

	if (r < 0)
		return r;
	memcpy(data, programmer->contents.data + offset, size);
	return 0;
}

/* flashprog tells its progress on request; what flashrom 1.3 says it says with its details. */
static const char *progress_option(void)
{
	const char *path = process_path(PROCESS_FLASH_PROGRAMMER);
	const char *name = path ? strrchr(path, '/') : NULL;

	return name && strcmp(name, "/flashprog") == 0 ? "--progress" : "-V";
}

/* The program erases and writes what differs itself; what it did is judged by what is read afterwards. */
static int programmer_program(void *context, size_t offset, struct bytes bytes, const struct flash_watch *watch,
                              struct error *error)
{
	struct listener listener = {{.offset = offset, .size = bytes.size}, watch, log_now_ms()};
	struct programmer *programmer = context;
	CLEANUP(buffer_clear) struct buffer image = {0}, layout = {0};
	CLEANUP_CLOSE int image_fd = -1, layout_fd = -1;
	char image_path[32], layout_path[32];
	const char *const arguments[] = {progress_option(), "-l", layout_path, "-i", "range", "-w", image_path, NULL};
	int fds[2];

	buffer_append_bytes(&image, buffer_bytes(&programmer->contents));
	if (image.failed)
		return error_set(error, E_MEMORY, programmer->name, "there is not enough memory to write %s",
		                 programmer->name);
	memcpy(image.data + offset, bytes.data, bytes.size);
	buffer_append_format(&layout, "%08zx:%08zx range\n", offset, offset + bytes.size - 1);
	image_fd = memfd_sealed("image", buffer_bytes(&image), error);
	if (image_fd < 0)
		return image_fd;
	layout_fd = memfd_sealed("layout", buffer_bytes(&layout), error);
	if (layout_fd < 0)
		return layout_fd;
	fds[0] = image_fd;
	fds[1] = layout_fd;
	(void)snprintf(image_path, sizeof(image_path), "/proc/self/fd/%d", image_fd);
	(void)snprintf(layout_path, sizeof(layout_path), "/proc/self/fd/%d", layout_fd);
	programmer->stale = true; /* whatever becomes of it: the program may have erased and written before it failed */
	return run(programmer, arguments, fds, ARRAY_SIZE(fds), watch && watch->progress ? &listener : NULL, error);
}

static void programmer_close(void *context)
{
	struct programmer *programmer = context;

	buffer_clear(&programmer->contents);
	free(programmer);
}

int flash_open_programmer(const char *name, struct flash **ret_flash, struct error *error)
{
	struct programmer *programmer = calloc(1, sizeof(*programmer));
	struct flash_device device = {.name = programmer ? programmer->name : NULL,
	                              .block_size = BLOCK_SIZE,
	                              .context = programmer,
	                              .read = programmer_read,
	                              .program = programmer_program,
	                              .close = programmer_close};
	int r;

	if (!programmer)
		return error_set(error, E_MEMORY, name, "there is not enough memory to open the flash chip");
	(void)snprintf(programmer->name, sizeof(programmer->name), "%s", name);
	r = strlen(name) == 0 || strlen(name) >= sizeof(programmer->name) || name[0] == '-'
	        ? error_set(error, E_USAGE, name, "\"%s\" is no name of a flash programmer", name)
	        : read_chip(programmer, error);
	if (r < 0) {
		programmer_close(programmer);
		return r;
	}
	device.size = programmer->contents.size;
	return flash_open_device(&device, ret_flash, error);
}
