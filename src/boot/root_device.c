/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/root_device.h"
#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "boot/device.h"
#include "boot/root_logical.h"
#include "disk/block.h"
#include "disk/mapping.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#define MOUNT_POINT "/run/heads/root"
#define MAPPING     "heads--root" /* no logical volume has this name: one dash alone parts group and volume */
#define TRIES       3
#define FLAGS       (MS_RDONLY | MS_NODEV | MS_NOSUID | MS_NOEXEC)

/* The superblock of ext2 to ext4 ("Ext4 Disk Layout", 1024 bytes from the beginning). */
#define SUPERBLOCK_SIZE  2048
#define MAGIC_AT         (1024 + 0x38)
#define STATE_AT         (1024 + 0x3a)
#define INCOMPATIBLE_AT  (1024 + 0x60)
#define NEEDS_RECOVERY   0x04u
#define STATE_WITH_ERROR 0x02u

enum content { CONTENT_OTHER, CONTENT_EXT4, CONTENT_LUKS };

static enum content recognise(const char *path, bool *unclean)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	uint8_t block[SUPERBLOCK_SIZE];

	if (fd < 0 || pread(fd, block, sizeof(block), 0) != (ssize_t)sizeof(block))
		return CONTENT_OTHER;
	if (memcmp(block, "LUKS\xba\xbe", 6) == 0)
		return CONTENT_LUKS;
	if (block[MAGIC_AT] != 0x53 || block[MAGIC_AT + 1] != 0xef)
		return CONTENT_OTHER;
	*unclean = (block[INCOMPATIBLE_AT] & NEEDS_RECOVERY) || (block[STATE_AT] & STATE_WITH_ERROR);
	return CONTENT_EXT4;
}

/* One of the directories at least, links included; a missing one is for the comparison to name. */
static bool has_directories(int root, const struct root_directories *directories)
{
	struct stat status;

	for (size_t i = 0; i < directories->count; i++)
		if (strcmp(directories->names[i], "boot") != 0 &&
		    fstatat(root, directories->names[i], &status, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	return false;
}

static void detach(void)
{
	if (umount2(MOUNT_POINT, 0) != 0 && errno == EBUSY)
		(void)umount2(MOUNT_POINT, MNT_DETACH);
}

/* Mounts and looks. 1: it is a root, 0: it is not. */
static int try_mount(const char *path, const struct root_wishes *wishes, struct root_device *root, struct error *error)
{
	bool unclean = false;
	int fd;

	if (recognise(path, &unclean) != CONTENT_EXT4)
		return 0;
	(void)mkdir(MOUNT_POINT, 0700);
	if (mount(path, MOUNT_POINT, "ext4", FLAGS, "noload") != 0)
		return error_set_errno(error, E_IO, path, errno, "%s looks like ext4 and cannot be mounted", path);
	fd = open(MOUNT_POINT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || !has_directories(fd, wishes->directories)) {
		cleanup_close(&fd);
		detach();
		return 0;
	}
	root->fd = fd;
	root->unclean = unclean;
	(void)snprintf(root->path, sizeof(root->path), "%s", path);
	return 1;
}

static void forget_mount(struct root_device *root)
{
	cleanup_close(&root->fd);
	detach();
	if (root->logical[0])
		lvm_unmap(root->logical);
	*root = (struct root_device){.fd = -1, .volumes = root->volumes};
}

/* Mounts, looks, and lets go again. */
static int is_root(void *wishes, const char *path, struct error *error)
{
	struct root_device root = {.fd = -1};
	int r = try_mount(path, wishes, &root, error);

	if (r > 0)
		forget_mount(&root);
	return r;
}

static bool is_logical(const char *device)
{
	return device && bytes_start_with(bytes_from_string(device), MAPPING_DIRECTORY "/");
}

/* The logical volumes of the groups on plain disks, or upon an opened LUKS volume. */
static int try_logical(const char *upon, const struct root_wishes *wishes, struct root_device *root,
                       struct error *error)
{
	const struct root_logical wanted = {.upon = upon,
	                                    .chosen = wishes->device,
	                                    .volumes = &root->volumes,
	                                    .is_root = is_root,
	                                    .context = (void *)(uintptr_t)wishes};
	char path[LVM_PATH_SIZE];
	int r = root_logical_find(&wanted, path, error);

	if (r <= 0)
		return r;
	r = try_mount(path, wishes, root, error);
	if (r > 0)
		(void)snprintf(root->logical, sizeof(root->logical), "%s", path);
	else
		lvm_unmap(path);
	return r;
}

/* What a LUKS volume holds, once it is open: the filesystem, or a group with it. Where no root is in there it is closed
 * again. */
static int try_opened(const struct volume *volume, const struct root_wishes *wishes, struct root_device *root,
                      struct error *error)
{
	const char *path = MAPPING_DIRECTORY "/" MAPPING;
	bool itself = !wishes->device || !is_logical(wishes->device) || strcmp(wishes->device, volume->path) == 0;
	struct error problem;
	int r = itself ? try_mount(path, wishes, root, error) : 0;

	if (r == 0)
		r = try_logical(path, wishes, root, error);
	if (r > 0) {
		(void)snprintf(root->disk, sizeof(root->disk), "%s", volume->path);
		return r;
	}
	if (mapping_close(MAPPING, &problem) < 0)
		log_error(&problem);
	return r;
}

static int try_key(const struct volume *volume, const struct root_wishes *wishes, struct root_device *root,
                   struct error *error)
{
	int r = mapping_open(volume, MAPPING, wishes->key, error);

	return r < 0 ? (r == -E_WRONG_AUTH ? 0 : r) : try_opened(volume, wishes, root, error);
}

static int ask_and_try(const struct volume *volume, const struct root_wishes *wishes, struct root_device *root,
                       struct error *error)
{
	int r = volume_check(volume, error);

	if (r == 0)
		r = -E_WRONG_AUTH;
	for (unsigned i = 1; i <= TRIES && r == -E_WRONG_AUTH; i++) {
		CLEANUP(secret_clear) struct secret passphrase = {0};

		if (!wishes->ask || !wishes->ask(wishes->context, volume, i, &passphrase))
			return error_set(error, E_REFUSED, volume->path, "no passphrase of the disk %s was given",
			                 volume->path);
		r = mapping_open(volume, MAPPING, secret_bytes(&passphrase), error);
	}
	return r < 0 ? r : try_opened(volume, wishes, root, error);
}

static int two_roots(const char *first, const char *second, struct error *error)
{
	return error_set(error, E_REFUSED, second,
	                 "%s and %s both look like the root of a system; say which is it with CONFIG_ROOT_DEV", first,
	                 second);
}

/* The partitions and logical volumes without encryption. Two that look like a root: the one that is compared need not
 * be the one that the system boots from, so none is taken. */
static int try_plain(const struct root_wishes *wishes, struct root_device *root, struct error *error)
{
	struct block_device devices[BLOCK_MAX_DEVICES];
	size_t count = wishes->device ? 0 : block_list(devices);
	const char *first = NULL;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < count; i++) {
		if (devices[i].removable)
			continue;
		r = is_root((void *)(uintptr_t)wishes, devices[i].path, error);
		if (r > 0 && first)
			return two_roots(first, devices[i].path, error);
		if (r > 0)
			first = devices[i].path;
	}
	if (r < 0)
		return r;
	r = try_logical(NULL, wishes, root, error);
	if (r > 0 && first) {
		r = two_roots(first, root->path, error);
		forget_mount(root);
	}
	if (r != 0 || !first)
		return r;
	return try_mount(first, wishes, root, error);
}

/* Keeps going: what one volume says is the error only where none is the root. */
static int try_volumes(const struct volume_list *volumes, const struct root_wishes *wishes,
                       int (*attempt)(const struct volume *volume, const struct root_wishes *wishes,
                                      struct root_device *root, struct error *error),
                       struct root_device *root, struct error *error)
{
	int r = 0, failed = 0;

	for (size_t i = 0; r <= 0 && i < volumes->count; i++) {
		if (volumes->volumes[i].removable)
			continue;
		r = attempt(&volumes->volumes[i], wishes, root, error);
		if (r < 0)
			failed = r;
	}
	return r > 0 ? r : failed;
}

/* With the first thing that was left out, where something was. */
static int not_found(const struct root_wishes *wishes, struct volume_list *volumes, struct error *error)
{
	const char *sentences = volumes->left_out.size > 0 ? buffer_string(&volumes->left_out) : NULL;
	int size = sentences ? (int)strcspn(sentences, "\n") : 0;

	if (wishes->device)
		return error_set(error, E_NOT_FOUND, wishes->device,
		                 "%s (CONFIG_ROOT_DEV) is not there, or holds no ext4 file system with the directories "
		                 "of CONFIG_ROOT_DIRLIST%s%.*s",
		                 wishes->device, size ? "; " : "", size, size ? sentences : "");
	return error_set(error, E_NOT_FOUND, "root",
	                 "no ext4 file system with the directories of CONFIG_ROOT_DIRLIST was found, on partitions, in "
	                 "logical volumes or in %zu encrypted disks; set CONFIG_ROOT_DEV and "
	                 "CONFIG_ROOT_DIRLIST%s%.*s",
	                 volumes->count, size ? "; " : "", size, size ? sentences : "");
}

/* Where the owner chose a logical volume, whatever holds it is looked through for it. */
static int find(const struct root_wishes *wishes, struct root_device *root, struct error *error)
{
	struct volume_list *volumes = &root->volumes;
	int r = volume_add_all(volumes, false, error);

	if (r == 0 && wishes->key.size > 0)
		r = try_volumes(volumes, wishes, try_key, root, error);
	if (r <= 0 && r != -E_MEMORY)
		r = try_plain(wishes, root, error);
	if (r == 0)
		r = try_volumes(volumes, wishes, ask_and_try, root, error);
	if (r != 0)
		return r;
	return not_found(wishes, volumes, error);
}

/* The device that the owner chose, with the others looked at as well: a second header with its UUID is refused (A7). */
static int try_chosen(const struct root_wishes *wishes, struct root_device *root, struct error *error)
{
	struct volume_list *volumes = &root->volumes;
	bool unclean = false;
	enum content content = recognise(wishes->device, &unclean);
	const struct volume *volume = NULL;
	int r;

	if (content == CONTENT_OTHER)
		return error_set(error, access(wishes->device, F_OK) == 0 ? E_UNSUPPORTED : E_NOT_FOUND, wishes->device,
		                 "%s (CONFIG_ROOT_DEV) is not there, or holds neither ext4 nor LUKS", wishes->device);
	if (content == CONTENT_EXT4) {
		r = try_mount(wishes->device, wishes, root, error);
	} else {
		r = volume_add_all(volumes, false, error);
		for (size_t i = 0; i < volumes->count; i++)
			if (strcmp(volumes->volumes[i].path, wishes->device) == 0)
				volume = &volumes->volumes[i];
		if (r == 0 && !volume) {
			r = volume_add(volumes, wishes->device, error);
			volume_refuse_duplicates(volumes);
			volume = r == 0 ? &volumes->volumes[volumes->count - 1] : NULL;
		}
		if (r == 0 && wishes->key.size > 0)
			r = try_key(volume, wishes, root, error);
		if (r == 0)
			r = ask_and_try(volume, wishes, root, error);
	}
	if (r != 0)
		return r;
	return error_set(error, E_NOT_FOUND, wishes->device,
	                 "%s (CONFIG_ROOT_DEV) holds no ext4 file system with the directories of CONFIG_ROOT_DIRLIST",
	                 wishes->device);
}

int root_device_open(const struct root_wishes *wishes, struct root_device *ret_root, struct error *error)
{
	struct root_device root = {.fd = -1};
	int r;

	/* What a menu that crashed has left. */
	forget_mount(&root);
	lvm_unmap_upon(MAPPING_DIRECTORY "/" MAPPING);
	r = mapping_close(MAPPING, error);
	if (r < 0)
		return r;
	if (wishes->device && !is_logical(wishes->device))
		r = try_chosen(wishes, &root, error);
	else
		r = find(wishes, &root, error);
	if (r < 0) {
		volume_list_clear(&root.volumes);
		return r;
	}
	boot_device_read_ahead(root.path);
	log_line("root opened device=%s disk=%s journal=%s", root.path, root.disk[0] ? root.disk : "none",
	         root.unclean ? "pending" : "clean");
	*ret_root = root;
	return 0;
}

int root_device_close(struct root_device *root, struct error *error)
{
	bool mapped = root->disk[0] != '\0';
	int r;

	if (root->fd < 0)
		return 0;
	forget_mount(root);
	r = mapped ? mapping_close(MAPPING, error) : 0;
	volume_list_clear(&root->volumes);
	if (r == 0)
		log_line("root closed");
	return r;
}
