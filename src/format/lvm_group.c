/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The metadata of a volume group. */
#include "base/cleanup.h"
#include "format/lvm.h"
#include "format/lvm_text.h"
#include <stdio.h>
#include <string.h>

#define MAX_EXTENT_SIZE ((uint64_t)1 << 32) /* sectors */
#define MAX_EXTENTS     ((uint64_t)1 << 32)
#define MAX_FIRST       ((uint64_t)1 << 48) /* sectors */
#define MAX_SEGMENTS    LVM_MAX_PIECES

struct reading {
	const struct lvm_tree *tree;
	struct lvm_group *group;
	const char *wrong; /* what contradicts itself */
};

static bool fail(struct reading *reading, const char *wrong)
{
	reading->wrong = wrong;
	return false;
}

static const struct lvm_node *find(const struct reading *reading, const struct lvm_node *section, const char *key,
                                   enum lvm_kind kind)
{
	return lvm_tree_find(reading->tree, (size_t)(section - reading->tree->nodes) + 1, section->end, key, kind);
}

static bool read_string(const struct reading *reading, const struct lvm_node *section, const char *key, char *text,
                        size_t size)
{
	const struct lvm_node *node = find(reading, section, key, LVM_STRING);

	return node && lvm_name_copy(node->text, text, size);
}

static bool has_status(const struct reading *reading, const struct lvm_node *section, const char *word)
{
	const struct lvm_node *status = find(reading, section, "status", LVM_LIST);

	return status && lvm_list_has(status, word);
}

static bool read_device(struct reading *reading, const struct lvm_node *node)
{
	struct lvm_group *group = reading->group;
	struct lvm_device *device;

	if (node->kind != LVM_SECTION || group->device_count == LVM_MAX_DEVICES)
		return fail(reading, "its list of physical volumes");
	device = &group->devices[group->device_count];
	if (!lvm_name_copy(node->key, device->name, sizeof(device->name)) ||
	    !read_string(reading, node, "id", device->id, sizeof(device->id)) ||
	    !lvm_tree_number(reading->tree, node, "pe_start", &device->first) ||
	    !lvm_tree_number(reading->tree, node, "pe_count", &device->extents) || device->first > MAX_FIRST ||
	    device->extents > MAX_EXTENTS)
		return fail(reading, "a physical volume");
	for (size_t i = 0; i < group->device_count; i++)
		if (strcmp(group->devices[i].id, device->id) == 0 || strcmp(group->devices[i].name, device->name) == 0)
			return fail(reading, "two physical volumes that are the same");
	group->device_count++;
	return true;
}

static bool find_device(const struct lvm_group *group, struct bytes name, size_t *ret_index)
{
	for (size_t i = 0; i < group->device_count; i++) {
		if (!bytes_equal(name, bytes_from_string(group->devices[i].name)))
			continue;
		*ret_index = i;
		return true;
	}
	return false;
}

/* stripes = ["pv0", 17] */
static bool read_stripe(struct reading *reading, const struct lvm_node *segment, struct lvm_piece *piece)
{
	const struct lvm_node *list = find(reading, segment, "stripes", LVM_LIST);
	const struct lvm_group *group = reading->group;
	struct bytes rest = list ? list->text : BYTES_EMPTY;
	struct lvm_node device, start, more;

	if (!list || !lvm_list_next(&rest, &device) || device.kind != LVM_STRING || !lvm_list_next(&rest, &start) ||
	    start.kind != LVM_NUMBER || lvm_list_next(&rest, &more))
		return fail(reading, "the place of a logical volume");
	if (!find_device(group, device.text, &piece->device))
		return fail(reading, "a logical volume on a physical volume that it does not list");
	piece->start = start.number;
	if (piece->start > group->devices[piece->device].extents ||
	    piece->extents > group->devices[piece->device].extents - piece->start)
		return fail(reading, "a logical volume that goes beyond the end of a physical volume");
	return true;
}

/* Linear pieces have the type "striped" with one stripe; of anything else refused says what it is. */
static bool read_segment(struct reading *reading, const struct lvm_node *segment, uint64_t expected,
                         struct lvm_volume *volume, uint64_t *ret_count)
{
	struct lvm_group *group = reading->group;
	uint64_t start, stripes = 1;
	char type[48];

	if (!lvm_tree_number(reading->tree, segment, "start_extent", &start) ||
	    !lvm_tree_number(reading->tree, segment, "extent_count", ret_count) ||
	    !read_string(reading, segment, "type", type, sizeof(type)))
		return fail(reading, "a piece of a logical volume");
	if (start != expected || *ret_count == 0 || *ret_count > MAX_EXTENTS)
		return fail(reading, "a logical volume with a gap or an overlap");
	(void)lvm_tree_number(reading->tree, segment, "stripe_count", &stripes);
	if (strcmp(type, "striped") != 0 && strcmp(type, "linear") != 0)
		(void)snprintf(volume->refused, sizeof(volume->refused), "its type is %s", type);
	else if (stripes != 1)
		(void)snprintf(volume->refused, sizeof(volume->refused), "it is striped over several disks");
	if (volume->refused[0])
		return true;
	if (group->piece_count == LVM_MAX_PIECES)
		return fail(reading, "more pieces than Heads reads");
	group->pieces[group->piece_count].extents = *ret_count;
	if (!read_stripe(reading, segment, &group->pieces[group->piece_count]))
		return false;
	group->piece_count++;
	return true;
}

static bool read_volume(struct reading *reading, const struct lvm_node *node)
{
	struct lvm_group *group = reading->group;
	struct lvm_volume *volume;
	uint64_t segments, next = 0;

	if (node->kind != LVM_SECTION)
		return fail(reading, "its list of logical volumes");
	if (!has_status(reading, node, "VISIBLE"))
		return true;
	if (group->volume_count == LVM_MAX_VOLUMES)
		return fail(reading, "more logical volumes than Heads reads");
	volume = &group->volumes[group->volume_count];
	volume->first_piece = group->piece_count;
	if (!lvm_name_copy(node->key, volume->name, sizeof(volume->name)) ||
	    !lvm_tree_number(reading->tree, node, "segment_count", &segments) || segments == 0 ||
	    segments > MAX_SEGMENTS)
		return fail(reading, "a logical volume");
	for (size_t i = 0; i < group->volume_count; i++)
		if (strcmp(group->volumes[i].name, volume->name) == 0)
			return fail(reading, "two logical volumes of one name");
	for (uint64_t i = 1; i <= segments && volume->refused[0] == '\0'; i++) {
		const struct lvm_node *segment;
		uint64_t count;
		char key[32];

		(void)snprintf(key, sizeof(key), "segment%llu", (unsigned long long)i);
		segment = find(reading, node, key, LVM_SECTION);
		if (!segment)
			return fail(reading, "a logical volume that misses a piece");
		if (!read_segment(reading, segment, next, volume, &count))
			return false;
		next += count;
	}
	if (volume->refused[0])
		group->piece_count = volume->first_piece;
	volume->piece_count = group->piece_count - volume->first_piece;
	group->volume_count++;
	return true;
}

static bool for_each(struct reading *reading, const struct lvm_node *list,
                     bool (*read)(struct reading *, const struct lvm_node *))
{
	const struct lvm_tree *tree = reading->tree;

	if (!list)
		return true;
	for (size_t i = (size_t)(list - tree->nodes) + 1; i < list->end; i = tree->nodes[i].end)
		if (!read(reading, &tree->nodes[i]))
			return false;
	return true;
}

static bool read_group(struct reading *reading, const struct lvm_node *node)
{
	struct lvm_group *group = reading->group;

	if (!lvm_name_copy(node->key, group->name, sizeof(group->name)) ||
	    !read_string(reading, node, "id", group->id, sizeof(group->id)) ||
	    !lvm_tree_number(reading->tree, node, "seqno", &group->sequence) ||
	    !lvm_tree_number(reading->tree, node, "extent_size", &group->extent_size) || group->extent_size == 0 ||
	    group->extent_size > MAX_EXTENT_SIZE)
		return fail(reading, "the facts of the group itself");
	return for_each(reading, find(reading, node, "physical_volumes", LVM_SECTION), read_device) &&
	       for_each(reading, find(reading, node, "logical_volumes", LVM_SECTION), read_volume);
}

int lvm_group_parse(struct bytes text, uint32_t checksum, const char *name, struct lvm_group *ret_group,
                    struct error *error)
{
	CLEANUP(lvm_tree_clear) struct lvm_tree tree = {0};
	struct reading reading = {.tree = &tree, .group = ret_group, .wrong = "the text itself"};
	const struct lvm_node *group = NULL;
	bool parsed;

	memset(ret_group, 0, sizeof(*ret_group));
	if (lvm_checksum(text) != checksum)
		return error_set(error, E_MALFORMED, name,
		                 "the LVM metadata on %s have another checksum than their header says", name);
	parsed = lvm_tree_parse(text, &tree);
	for (size_t i = 0; parsed && i < tree.count; i = tree.nodes[i].end) {
		if (tree.nodes[i].kind != LVM_SECTION)
			continue;
		if (group)
			return error_set(error, E_MALFORMED, name, "the LVM metadata on %s describe several groups",
			                 name);
		group = &tree.nodes[i];
	}
	if (!group || !read_group(&reading, group))
		return error_set(error, E_MALFORMED, name, "the LVM metadata on %s cannot be used: %s", name,
		                 reading.wrong);
	return 0;
}
