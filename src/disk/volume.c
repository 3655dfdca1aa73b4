/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disk/volume.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "disk/block.h"
#include "disk/lvm.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define MAX_NAMES_SIZE 65536

static ssize_t read_at(int fd, void *data, size_t size, uint64_t offset)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = pread(fd, (uint8_t *)data + done, size - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

/* How much of the device is to be read: 0 where it holds no LUKS volume. */
static int find_extent(int fd, const char *path, size_t *ret_extent, struct error *error)
{
	uint8_t block[LUKS_BLOCK_SIZE];
	ssize_t got = read_at(fd, block, sizeof(block), 0);

	*ret_extent = 0;
	if (got < 0)
		return error_set_errno(error, E_IO, path, errno, "%s cannot be read", path);
	*ret_extent = luks_extent(bytes_make(block, (size_t)got));
	/* cryptsetup, and with it the operating system, finds a volume by its second header alone. */
	for (unsigned i = 0; i < LUKS_SECOND_PLACES && *ret_extent == 0; i++) {
		got = read_at(fd, block, sizeof(block), luks_second_place(i));
		if (got > 0 && luks_is_second(bytes_make(block, (size_t)got)))
			*ret_extent = LUKS_MAX_EXTENT;
	}
	return 0;
}

/* The header is read in one go; nothing of it is read twice (A6). */
static int read_header(const char *path, struct buffer *header, struct error *error)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	CLEANUP_FREE uint8_t *data = NULL;
	size_t extent;
	ssize_t got;
	int r;

	if (fd < 0)
		return error_set_errno(error, errno == ENOENT ? E_NOT_FOUND : E_IO, path, errno, "%s cannot be opened",
		                       path);
	r = find_extent(fd, path, &extent, error);
	if (r < 0)
		return r;
	if (extent == 0)
		return error_set(error, E_MALFORMED, path, "%s holds no LUKS header", path);
	data = malloc(extent);
	if (!data)
		return error_set(error, E_MEMORY, path, "there is not enough memory for the header of %s", path);
	got = read_at(fd, data, extent, 0);
	if (got < 0)
		return error_set_errno(error, E_IO, path, errno, "%s cannot be read", path);
	buffer_append(header, data, (size_t)got);
	return header->failed
	           ? error_set(error, E_MEMORY, path, "there is not enough memory for the header of %s", path)
	           : 0;
}

static int append(struct volume_list *list, const struct volume *volume, struct error *error)
{
	struct volume *grown = realloc(list->volumes, (list->count + 1) * sizeof(*grown));
	char *path = strdup(volume->path);

	if (grown)
		list->volumes = grown;
	if (!grown || !path) {
		free(path);
		return error_set(error, E_MEMORY, volume->path, "there is not enough memory for a list of disks");
	}
	list->volumes[list->count] = *volume;
	list->volumes[list->count].mapped = false; /* a copy does not own the mapping */
	list->volumes[list->count++].path = path;
	return 0;
}

static int take_digest(struct volume *volume, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer text = {0};

	if (volume->facts.refused != LUKS_ACCEPTED)
		return 0;
	luks_facts_text(&volume->facts, &text);
	if (text.failed)
		return error_set(error, E_MEMORY, volume->path, "there is not enough memory for the facts of a disk");
	volume->digest = digest_of(HASH_SHA256, buffer_bytes(&text));
	return 0;
}

int volume_add(struct volume_list *list, const char *path, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer header = {0};
	struct volume volume = {.path = (char *)path};
	int r = read_header(path, &header, error);

	if (r == 0)
		r = luks_parse(buffer_bytes(&header), path, &volume.facts, error);
	if (r == 0)
		r = take_digest(&volume, error);
	return r < 0 ? r : append(list, &volume, error);
}

/* Adds what is there; an error is only one that ends the search. */
static int add_found(struct volume_list *list, const char *path, bool removable, bool mapped, struct error *error)
{
	struct error problem;
	int r = volume_add(list, path, &problem);

	if (r == 0) {
		list->volumes[list->count - 1].removable = removable;
		list->volumes[list->count - 1].mapped = mapped;
		return 0;
	}
	if (mapped)
		lvm_unmap(path);
	if (r == -E_MEMORY && error)
		*error = problem;
	if (r != -E_MALFORMED && r != -E_MEMORY)
		log_error(&problem);
	return r == -E_MEMORY ? r : 0;
}

static void leave_out(struct volume_list *list, const char *sentence)
{
	log_line("lvm left-out sentence=\"%s\"", sentence);
	buffer_append_format(&list->left_out, "%s\n", sentence);
}

static int add_group(struct volume_list *list, const struct lvm_scan *scan, const struct lvm_found *found, bool change,
                     struct error *error)
{
	struct error problem;
	int r = 0;

	if (found->refused[0]) {
		leave_out(list, found->refused);
		return 0;
	}
	for (size_t i = 0; i < found->group->volume_count && r == 0; i++) {
		const struct lvm_volume *volume = &found->group->volumes[i];
		char path[LVM_PATH_SIZE];

		lvm_path(found->group, volume, path);
		if (lvm_map(scan, found, volume, change, &problem) < 0)
			leave_out(list, problem.sentence);
		else
			r = add_found(list, path, found->removable, true, error);
	}
	return r;
}

static int add_logical(struct volume_list *list, const struct block_device *devices, size_t count, bool change,
                       struct error *error)
{
	CLEANUP(lvm_scan_clear) struct lvm_scan scan = {0};
	struct error problem;
	int r = lvm_scan(devices, count, &scan, &problem);

	if (r == -E_TOO_LARGE) {
		leave_out(list, problem.sentence);
		return 0;
	}
	if (r < 0 && error)
		*error = problem;
	for (size_t i = 0; i < scan.group_count && r == 0; i++)
		r = add_group(list, &scan, &scan.groups[i], change, error);
	return r;
}

int volume_add_all(struct volume_list *list, bool change, struct error *error)
{
	struct block_device devices[BLOCK_MAX_DEVICES];
	size_t count = block_list(devices);
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		r = add_found(list, devices[i].path, devices[i].removable, false, error);
	if (r == 0)
		r = add_logical(list, devices, count, change, error);
	if (r == 0)
		volume_refuse_duplicates(list);
	return r;
}

void volume_refuse_duplicates(struct volume_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		struct luks_facts *facts = &list->volumes[i].facts;

		for (size_t j = 0; j < list->count; j++) {
			if (j == i || facts->uuid[0] == '\0' || strcmp(facts->uuid, list->volumes[j].facts.uuid) != 0)
				continue;
			facts->refused = LUKS_DUPLICATE_UUID;
			(void)snprintf(facts->reason, sizeof(facts->reason), "%.100s has the same UUID",
			               list->volumes[j].path);
			list->volumes[i].digest.size = 0;
		}
	}
}

int volume_check(const struct volume *volume, struct error *error)
{
	if (volume->facts.refused == LUKS_ACCEPTED)
		return 0;
	return error_set(error, E_REFUSED, volume->path, "the disk %s is refused (%s): %s", volume->path,
	                 luks_refusal_name(volume->facts.refused), volume->facts.reason);
}

const struct volume *volume_find(const struct volume_list *list, const char *uuid)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->volumes[i].facts.uuid, uuid) == 0)
			return &list->volumes[i];
	return NULL;
}

static int by_uuid(const void *a, const void *b)
{
	const struct volume *left = a, *right = b;

	return strcmp(left->facts.uuid, right->facts.uuid);
}

/* The first sentence of why something was not looked into; "" where everything was. */
static const char *left_out(const struct volume_list *all, char *text, size_t size)
{
	const struct bytes sentences = buffer_bytes(&all->left_out);
	const uint8_t *end = sentences.size > 0 ? memchr(sentences.data, '\n', sentences.size) : NULL;

	text[0] = '\0';
	if (end)
		(void)snprintf(text, size, "; %.*s", (int)(end - sentences.data), (const char *)sentences.data);
	return text;
}

/* One line "DEVICE UUID" of the original's list. The device's name may have changed since: the UUID counts. */
static int choose_line(const struct volume_list *all, char *line, struct volume_list *chosen, struct error *error)
{
	char *rest = NULL, *device = strtok_r(line, " \t", &rest), *uuid = strtok_r(NULL, " \t", &rest);
	const struct volume *volume;
	char why[400];
	int r;

	if (!device)
		return 0;
	if (!uuid || strtok_r(NULL, " \t", &rest))
		return error_set(error, E_MALFORMED, "kexec_key_devices.txt",
		                 "kexec_key_devices.txt has a line that is not \"DEVICE UUID\"; write it anew and "
		                 "sign /boot");
	volume = volume_find(all, uuid);
	if (!volume)
		return error_set(error, E_NOT_FOUND, uuid,
		                 "the disk with the UUID %s, which kexec_key_devices.txt names (%s), is not there%s",
		                 uuid, device, left_out(all, why, sizeof(why)));
	r = volume_check(volume, error);
	if (r == 0 && !volume_find(chosen, uuid))
		r = append(chosen, volume, error);
	return r;
}

static int choose_named(const struct volume_list *all, struct bytes names, struct volume_list *chosen,
                        struct error *error)
{
	CLEANUP_FREE char *text = names.size > MAX_NAMES_SIZE ? NULL : bytes_to_string(names);
	char *rest = NULL;
	int r = 0;

	if (!text)
		return error_set(error, E_MALFORMED, "kexec_key_devices.txt",
		                 "kexec_key_devices.txt is not a short text; write it anew and sign /boot");
	for (char *line = strtok_r(text, "\n", &rest); line && r == 0; line = strtok_r(NULL, "\n", &rest))
		r = choose_line(all, line, chosen, error);
	return r;
}

static int choose_marked(const struct volume_list *all, struct volume_list *chosen, struct error *error)
{
	int r = 0;

	for (size_t i = 0; i < all->count && r == 0; i++) {
		if (all->volumes[i].facts.own_slots == 0)
			continue;
		r = volume_check(&all->volumes[i], error);
		if (r == 0)
			r = append(chosen, &all->volumes[i], error);
	}
	return r;
}

int volume_choose(const struct volume_list *all, struct bytes names, struct volume_list *ret_chosen,
                  struct error *error)
{
	CLEANUP(volume_list_clear) struct volume_list chosen = {0};
	char why[400];
	int r = names.size > 0 ? choose_named(all, names, &chosen, error) : choose_marked(all, &chosen, error);

	if (r == 0 && chosen.count == 0)
		r = error_set(error, E_NOT_FOUND, "disk",
		              "no disk has a key slot of Heads'; make the unlock key anew%s",
		              left_out(all, why, sizeof(why)));
	if (r < 0)
		return r;
	qsort(chosen.volumes, chosen.count, sizeof(*chosen.volumes), by_uuid);
	*ret_chosen = TAKE(chosen, (struct volume_list){0});
	return 0;
}

struct digest volume_expected_pcr(const struct volume_list *list)
{
	struct digest pcr = {.algorithm = HASH_SHA256, .size = hash_size(HASH_SHA256)};

	for (size_t i = 0; i < list->count; i++) {
		const struct bytes parts[] = {digest_bytes(&pcr), digest_bytes(&list->volumes[i].digest)};

		pcr = digest_of_parts(HASH_SHA256, parts, ARRAY_SIZE(parts));
	}
	return pcr;
}

void volume_list_clear(struct volume_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->volumes[i].mapped)
			lvm_unmap(list->volumes[i].path);
		free(list->volumes[i].path);
	}
	free(list->volumes);
	buffer_clear(&list->left_out);
	*list = (struct volume_list){0};
}
