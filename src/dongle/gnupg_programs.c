/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dongle/gnupg_programs.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "format/decompress.h"
#include "format/ustar.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* More than firmware/size-budget allows the three. */
#define LIMIT_PACKED   ((size_t)4 << 20)
#define LIMIT_UNPACKED ((size_t)16 << 20)

static int take(void *context, struct bytes piece, struct error *error)
{
	struct buffer *archive = context;

	if (piece.size > LIMIT_UNPACKED - archive->size)
		return error_set(error, E_TOO_LARGE, GNUPG_ARCHIVE,
		                 "the archive of GnuPG's programs is larger than %zu bytes", LIMIT_UNPACKED);
	buffer_append_bytes(archive, piece);
	return archive->failed ? error_set(error, E_MEMORY, GNUPG_ARCHIVE, "there is not enough memory for GnuPG") : 0;
}

static int read_archive(int directory, struct buffer *archive, struct error *error)
{
	CLEANUP_CLOSE int fd = openat(directory, GNUPG_ARCHIVE, O_RDONLY | O_CLOEXEC);
	CLEANUP(buffer_clear) struct buffer packed = {0};
	size_t used;
	int r;

	if (fd < 0)
		return error_set_errno(error, E_SYSTEM, GNUPG_ARCHIVE, errno,
		                       "the archive of GnuPG's programs cannot be opened");
	r = file_read_fd(fd, GNUPG_ARCHIVE, LIMIT_PACKED, &packed, error);
	if (r < 0)
		return r;
	return decompress(COMPRESSION_ZSTD, buffer_bytes(&packed), GNUPG_ARCHIVE, take, archive, &used, error);
}

int gnupg_programs_unpack(const char *directory, struct error *error)
{
	CLEANUP_CLOSE int at = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(buffer_clear) struct buffer archive = {0};
	struct ustar_file file;
	size_t position = 0;
	int r;

	if (at < 0 || faccessat(at, GNUPG_ARCHIVE, F_OK, 0) != 0)
		return 0;
	r = read_archive(at, &archive, error);
	while (r == 0 && (r = ustar_next(buffer_bytes(&archive), &position, &file, error)) > 0)
		r = file_replace(at, file.name, file.content, 0755, error);
	if (r == 0)
		(void)unlinkat(at, GNUPG_ARCHIVE, 0);
	return r;
}
