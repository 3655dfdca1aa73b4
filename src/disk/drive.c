/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disk/drive.h"

#include "base/cleanup.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "disk/block.h"
#include "disk/keyslot_private.h"
#include "disk/mapping.h"
#include "format/fat.h"
#include "format/gpt.h"
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

/* In sectors of 512 bytes. The header of LUKS2 takes 16 MiB of the private partition. */
#define MIB            ((uint64_t)2048)
#define PUBLIC_FIRST   (1 * MIB)
#define PUBLIC_LAST    (PUBLIC_FIRST + FAT_IMAGE_SIZE / GPT_SECTOR - 1)
#define PRIVATE_FIRST  (PUBLIC_LAST + 1)
#define PRIVATE_LAST   (PRIVATE_FIRST + 24 * MIB - 1)
#define WIPE_SIZE      ((size_t)1 << 20) /* at both ends: the traces of what was there */
#define PATIENCE_MS    5000              /* for the kernel and udev to show the partitions */
#define PAUSE_MS       10
#define PIECE_SIZE     65536 /* of a comparison */
#define KDF_MS         2000
#define KDF_MEMORY_KIB (256 * 1024u)

/* "/dev/sda1" is of "/dev/sda", "/dev/sdaa1" is not; "/dev/mmcblk0p1" is of "/dev/mmcblk0". */
static bool is_part_of(const char *partition, const char *disk)
{
	const size_t length = strlen(disk);
	const char *rest = partition + length;

	if (strncmp(partition, disk, length) != 0)
		return false;
	rest += *rest == 'p';
	return isdigit((unsigned char)*rest) != 0;
}

size_t drive_list(struct drive_stick sticks[DRIVE_MAX])
{
	struct block_device devices[BLOCK_MAX_DEVICES];
	size_t device_count, count = 0;

	block_wait_for_sticks();
	device_count = block_list(devices);
	for (size_t i = 0; i < device_count && count < DRIVE_MAX; i++) {
		struct drive_stick stick = {.size = block_size(devices[i].path)};

		if (!devices[i].portable || devices[i].partition)
			continue;
		memcpy(stick.path, devices[i].path, sizeof(stick.path));
		block_model(stick.path, stick.model, sizeof(stick.model));
		for (size_t j = 0; j < device_count; j++) {
			char name[GPT_NAME_MAX + 1];

			if (!devices[j].partition || !is_part_of(devices[j].path, stick.path))
				continue;
			block_partition_name(devices[j].path, name, sizeof(name));
			if (strcmp(name, DRIVE_PRIVATE) == 0)
				memcpy(stick.private, devices[j].path, sizeof(stick.private));
			if (strcmp(name, DRIVE_PUBLIC) == 0)
				memcpy(stick.public, devices[j].path, sizeof(stick.public));
		}
		stick.is_drive = stick.private[0] != '\0';
		sticks[count++] = stick;
	}
	return count;
}

/* --- the table -----------------------------------------------------------------------------------------------------
 */

static int write_at(int fd, const char *path, uint64_t sector, struct bytes content, struct error *error)
{
	if (lseek(fd, (off_t)(sector * GPT_SECTOR), SEEK_SET) < 0)
		return error_set_errno(error, E_IO, path, errno, "%s cannot be written", path);
	return file_write_all(fd, path, content, error);
}

/* What was there before is gone at both ends, and where the header of LUKS will be. */
static int wipe(int fd, const char *path, uint64_t sectors, struct error *error)
{
	CLEANUP_FREE uint8_t *zeros = calloc(1, WIPE_SIZE);
	const struct bytes nothing = bytes_make(zeros, WIPE_SIZE);
	int r;

	if (!zeros)
		return error_set(error, E_MEMORY, path, "there is not enough memory");
	r = write_at(fd, path, 0, nothing, error);
	if (r == 0 && fsync(fd) != 0) /* no table any more, before what it names is gone */
		r = error_set_errno(error, E_IO, path, errno, "%s cannot be written", path);
	if (r == 0)
		r = write_at(fd, path, PRIVATE_FIRST, nothing, error);
	return r < 0 ? r : write_at(fd, path, sectors - WIPE_SIZE / GPT_SECTOR, nothing, error);
}

struct table {
	uint8_t id[GPT_GUID_SIZE];
	struct gpt_partition partitions[2];
};

static void table_draw(struct table *table)
{
	*table = (struct table){
	    .partitions = {
	        {.type = gpt_type_data, .first = PUBLIC_FIRST, .last = PUBLIC_LAST, .name = DRIVE_PUBLIC},
	        {.type = gpt_type_luks, .first = PRIVATE_FIRST, .last = PRIVATE_LAST, .name = DRIVE_UNFINISHED}}};
	random_fill(table->id, sizeof(table->id));
	gpt_mark_random(table->id);
	for (size_t i = 0; i < ARRAY_SIZE(table->partitions); i++) {
		random_fill(table->partitions[i].id, GPT_GUID_SIZE);
		gpt_mark_random(table->partitions[i].id);
	}
}

/* The copy at the end first: whoever reads the one at the beginning sees the old table or the new one. */
static int write_table(int fd, const char *path, uint64_t sectors, const struct table *table, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer head = {0}, tail = {0};
	int r = gpt_make(sectors, table->id, table->partitions, ARRAY_SIZE(table->partitions), &head, &tail, error);

	if (r == 0)
		r = write_at(fd, path, sectors - GPT_TAIL_SECTORS, buffer_bytes(&tail), error);
	if (r == 0)
		r = write_at(fd, path, 0, buffer_bytes(&head), error);
	if (r == 0 && fsync(fd) != 0)
		return error_set_errno(error, E_IO, path, errno, "%s cannot be written", path);
	return r;
}

static int open_whole(const char *device, uint64_t *ret_sectors, struct error *error)
{
	CLEANUP_CLOSE int fd = open(device, O_RDWR | O_EXCL | O_CLOEXEC | O_NOCTTY);
	int sector = 0;
	off_t size;
	char partition[64];

	if (fd < 0)
		return error_set_errno(error, errno == EBUSY ? E_REFUSED : E_IO, device, errno,
		                       "%s cannot be opened for itself alone", device);
	(void)snprintf(partition, sizeof(partition), "/sys/class/block/%s/partition", strrchr(device, '/') + 1);
	size = lseek(fd, 0, SEEK_END);
	if (access(partition, F_OK) == 0 || size < 0 || ioctl(fd, BLKSSZGET, &sector) != 0)
		return error_set(error, E_USAGE, device, "%s is not a whole disk", device);
	if (sector != GPT_SECTOR)
		return error_set(error, E_UNSUPPORTED, device, "the sectors of %s have %d bytes, not 512", device,
		                 sector);
	if ((uint64_t)size < DRIVE_LEAST_SIZE)
		return error_set(error, E_UNSUPPORTED, device, "%s is too small: a backup drive has at least 32 MiB",
		                 device);
	*ret_sectors = (uint64_t)size / GPT_SECTOR;
	return TAKE_FD(fd);
}

/* "/dev/sda1", "/dev/mmcblk0p1". */
static void partition_path(const char *device, unsigned number, char path[64])
{
	const bool digit = isdigit((unsigned char)device[strlen(device) - 1]) != 0;

	(void)snprintf(path, 64, "%.40s%s%u", device, digit ? "p" : "", number);
}

/* On a workstation others look into the partitions as they appear. */
static int show_table(int fd, const char *device, struct error *error)
{
	const unsigned long long end = log_now_ms() + PATIENCE_MS;
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};

	while (ioctl(fd, BLKRRPART, 0) != 0) {
		if (errno != EBUSY || log_now_ms() > end)
			return error_set_errno(error, E_IO, device, errno,
			                       "the kernel does not read the new partitions of %s", device);
		(void)nanosleep(&pause, NULL);
	}
	return 0;
}

/* The kernel makes the node at once; on a workstation it is udev's, and others look into it as it appears. */
static int await_partition(const char *device, unsigned number, char path[64], struct error *error)
{
	const unsigned long long end = log_now_ms() + PATIENCE_MS;
	const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};

	partition_path(device, number, path);
	for (;;) {
		CLEANUP_CLOSE int fd = open(path, O_RDWR | O_EXCL | O_CLOEXEC | O_NOCTTY);

		if (fd >= 0)
			return 0;
		if (log_now_ms() > end)
			return error_set_errno(error, E_IO, path, errno, "the new partition %s does not appear", path);
		(void)nanosleep(&pause, NULL);
	}
}

/* --- what is in it -------------------------------------------------------------------------------------------------
 */

static int write_image(const char *path, struct bytes image, struct error *error)
{
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	int r = fd < 0 ? error_set_errno(error, E_IO, path, errno, "%s cannot be written", path)
	               : write_at(fd, path, 0, image, error);

	if (r == 0 && fsync(fd) != 0)
		return error_set_errno(error, E_IO, path, errno, "%s cannot be written", path);
	return r;
}

/* From the medium, not from what the kernel remembers. */
static int compare_image(const char *path, struct bytes image, struct error *error)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	CLEANUP_FREE uint8_t *piece = malloc(PIECE_SIZE);
	int r = 0;

	if (fd < 0 || !piece)
		return error_set_errno(error, E_IO, path, errno, "%s cannot be read again", path);
	(void)ioctl(fd, BLKFLSBUF, 0);
	for (size_t done = 0; r == 0 && done < image.size; done += PIECE_SIZE) {
		const struct bytes wanted = bytes_slice(image, done, PIECE_SIZE);

		if (pread(fd, piece, wanted.size, (off_t)done) != (ssize_t)wanted.size ||
		    memcmp(piece, wanted.data, wanted.size) != 0)
			r = error_set(error, E_IO, path, "%s does not read as it was written: the stick is broken",
			              path);
	}
	memory_wipe(piece, PIECE_SIZE);
	return r;
}

static int fail(const char *path, int result, const char *doing, struct error *error)
{
	return error_set_errno(error, result == -ENOMEM ? E_MEMORY : E_IO, path, -result, "cannot %s on %s", doing,
	                       path);
}

static int make_private(const char *path, struct bytes passphrase, struct bytes image, struct error *error)
{
	static const struct crypt_pbkdf_type kdf = {.type = CRYPT_KDF_ARGON2ID,
	                                            .hash = "sha256",
	                                            .time_ms = KDF_MS,
	                                            .max_memory_kb = KDF_MEMORY_KIB,
	                                            .parallel_threads = 4};
	struct crypt_params_luks2 parameters = {.pbkdf = &kdf, .sector_size = GPT_SECTOR, .label = DRIVE_PRIVATE};
	CLEANUP(keyslot_release_device) struct crypt_device *device = NULL;
	struct error problem;
	int r = crypt_init(&device, path);

	if (r == 0)
		r = crypt_format(device, CRYPT_LUKS2, "aes", "xts-plain64", NULL, NULL, 64, &parameters);
	if (r < 0)
		return fail(path, r, "make LUKS2", error);
	r = crypt_keyslot_add_by_volume_key(device, 0, NULL, 0, (const char *)passphrase.data, passphrase.size);
	if (r < 0)
		return fail(path, r, "set the passphrase", error);
	(void)crypt_volume_key_keyring(device, 0);
	r = crypt_activate_by_volume_key(device, DRIVE_MAPPING, NULL, 0, 0);
	if (r == -EEXIST || r == -EBUSY)
		return error_set(error, E_EXISTS, DRIVE_MAPPING, "another backup drive is open");
	if (r < 0)
		return fail(path, r, "open LUKS2", error);
	r = write_image(DRIVE_MAPPING_DEVICE, image, error);
	if (mapping_close(DRIVE_MAPPING, &problem) < 0 && r == 0) {
		if (error)
			*error = problem;
		return -(int)problem.code;
	}
	return r;
}

static int check_written(const char *public, const char *private, struct bytes passphrase, struct bytes public_image,
                         struct bytes private_image, struct error *error)
{
	int r = compare_image(public, public_image, error);

	if (r == 0)
		r = drive_open(private, passphrase, error);
	if (r < 0)
		return r;
	r = compare_image(DRIVE_MAPPING_DEVICE, private_image, error);
	drive_close();
	return r;
}

/* Where its partitions then are; fresh: wiped before. */
static int put_table(const char *device, const struct table *table, bool fresh, char public[64], char private[64],
                     struct error *error)
{
	CLEANUP_CLOSE int fd = -1;
	uint64_t sectors = 0;
	int r = 0;

	fd = open_whole(device, &sectors, error);
	if (fd < 0)
		return fd;
	if (fresh)
		r = wipe(fd, device, sectors, error);
	if (r == 0)
		r = write_table(fd, device, sectors, table, error);
	if (r == 0)
		r = show_table(fd, device, error);
	cleanup_close(&fd);
	if (r == 0)
		r = await_partition(device, 1, public, error);
	return r < 0 ? r : await_partition(device, 2, private, error);
}

int drive_make(const char *device, struct bytes passphrase, struct bytes public_image, struct bytes private_image,
               void (*step)(void *context, const char *what), void *context, struct error *error)
{
	char public[64], private[64];
	struct table table;
	int r;

	if (passphrase.size < DRIVE_LEAST_PHRASE)
		return error_set(error, E_USAGE, "passphrase", "the passphrase of a backup drive has at least %d bytes",
		                 DRIVE_LEAST_PHRASE);
	if (!strrchr(device, '/') || public_image.size != FAT_IMAGE_SIZE || private_image.size != FAT_IMAGE_SIZE)
		return error_set(error, E_USAGE, device, "%s is not the path of a disk", device);
	table_draw(&table);
	if (step)
		step(context, "Writing the partition table ...");
	r = put_table(device, &table, true, public, private, error);
	if (r == 0)
		r = write_image(public, public_image, error);
	if (r == 0 && step)
		step(context, "Making the encrypted part ...");
	if (r == 0)
		r = make_private(private, passphrase, private_image, error);
	if (r == 0 && step)
		step(context, "Reading it back ...");
	if (r == 0)
		r = check_written(public, private, passphrase, public_image, private_image, error);
	if (r < 0)
		return r;
	table.partitions[1].name = DRIVE_PRIVATE;
	return put_table(device, &table, false, public, private, error);
}

int drive_look_at(const char *device, struct digest *ret_beginning, struct error *error)
{
	CLEANUP_FREE uint8_t *start = malloc(WIPE_SIZE);
	CLEANUP_CLOSE int fd = -1;
	uint64_t sectors;
	ssize_t got;

	if (!start || !strrchr(device, '/'))
		return error_set(error, start ? E_USAGE : E_MEMORY, device, "%s cannot be looked at", device);
	fd = open_whole(device, &sectors, error);
	if (fd < 0)
		return fd;
	(void)ioctl(fd, BLKFLSBUF, 0);
	got = pread(fd, start, WIPE_SIZE, 0);
	if (got != (ssize_t)WIPE_SIZE)
		return error_set_errno(error, E_IO, device, errno, "%s cannot be read", device);
	*ret_beginning = digest_of(HASH_SHA256, bytes_make(start, WIPE_SIZE));
	return 0;
}

bool drive_has(const char *disk, const char *device)
{
	return strcmp(disk, device) == 0 || is_part_of(device, disk);
}

int drive_open(const char *partition, struct bytes passphrase, struct error *error)
{
	CLEANUP(volume_list_clear) struct volume_list list = {0};
	int r = volume_add(&list, partition, error);

	return r < 0 ? r : mapping_open(&list.volumes[0], DRIVE_MAPPING, passphrase, error);
}

void drive_close(void)
{
	struct error error;

	if (mapping_close(DRIVE_MAPPING, &error) < 0)
		log_error(&error);
}
