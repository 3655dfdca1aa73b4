/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/cbfs_write.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include <string.h>

#define EMPTY_HEADER_SIZE 28 /* with a name of one NUL, rounded up to 4 */
#define METADATA_LIMIT    256
#define POINTER_SIZE      4 /* at the very end of an image may stand where its master header lies */
#define ERASED            0xff

/* A run of empty entries: where a header may go, and where content must end. */
struct place {
	size_t start, limit;
};

/* A file as it will be stored. Beside the content, all of it is metadata: header, name, padding, attributes. */
struct plan {
	const struct cbfs_new_file *file;
	uint8_t attributes[METADATA_LIMIT];
	size_t attributes_size;
	size_t content_alignment;
	struct place place;
	size_t header, content; /* from the start of the region */
};

static size_t align_up(size_t value, size_t alignment)
{
	return (value + alignment - 1) / alignment * alignment;
}

static void put_u32be(uint8_t *at, size_t value)
{
	for (size_t i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static bool is_empty(const struct cbfs_file *file)
{
	return file->type == CBFS_TYPE_EMPTY || file->type == CBFS_TYPE_DELETED;
}

/* The next run of empty entries; the entry at as_empty (SIZE_MAX: none) counts as one. Returns 1, 0 at the end, or
 * -E_MALFORMED. */
static int next_place(struct bytes region, size_t *position, size_t as_empty, struct place *ret_place,
                      struct error *error)
{
	struct cbfs_file file;
	size_t data_end = 0;
	bool found = false;
	int r;

	while ((r = cbfs_next_entry(region, position, &file, error)) > 0) {
		bool empty = is_empty(&file) || file.offset == as_empty;

		if (!empty && !found)
			continue;
		/* What follows without a gap: room up to its header. */
		if (found && file.offset == align_up(data_end, CBFS_ALIGNMENT))
			ret_place->limit = file.offset;
		if (found && (!empty || file.offset != ret_place->limit)) {
			*position = file.offset;
			return 1;
		}
		if (!found)
			ret_place->start = file.offset;
		found = true;
		data_end = file.data_end;
		ret_place->limit = data_end;
	}
	if (r < 0 || !found)
		return r;
	/* The last one: what is too small for an entry behind it belongs to it. */
	if (align_up(data_end, CBFS_ALIGNMENT) + EMPTY_HEADER_SIZE + POINTER_SIZE > region.size &&
	    data_end + POINTER_SIZE < region.size)
		ret_place->limit = region.size - POINTER_SIZE;
	return 1;
}

static size_t metadata_size(const struct plan *plan)
{
	return CBFS_HEADER_SIZE + align_up(strlen(plan->file->name) + 1, 4) + plan->attributes_size;
}

/* Where header and content would lie in a place; false where they do not fit. */
static bool fits(struct plan *plan, const struct place *place)
{
	size_t metadata = metadata_size(plan), region_offset = plan->file->region_offset;
	size_t alignment = plan->file->header_alignment;

	plan->header = alignment > CBFS_ALIGNMENT ? align_up(place->start, alignment) : place->start;
	plan->content = plan->header + metadata;
	if (plan->content_alignment > 1) {
		plan->content = align_up(region_offset + plan->content, plan->content_alignment) - region_offset;
		plan->header = (plan->content - metadata) / CBFS_ALIGNMENT * CBFS_ALIGNMENT;
	}
	plan->place = *place;
	return plan->content <= place->limit && plan->file->content.size <= place->limit - plan->content;
}

/* The first place that takes the file. */
static int find_place(struct bytes region, struct plan *plan, size_t as_empty, struct error *error)
{
	size_t position = 0, largest = 0;
	struct place place;
	int r;

	while ((r = next_place(region, &position, as_empty, &place, error)) > 0) {
		if (fits(plan, &place))
			return 0;
		if (plan->content < place.limit && place.limit - plan->content > largest)
			largest = place.limit - plan->content;
	}
	if (r < 0)
		return r;
	return error_set(error, E_TOO_LARGE, plan->file->name,
	                 "%s has %zu bytes; the largest file that fits into the free space of the image has %zu",
	                 plan->file->name, plan->file->content.size, largest);
}

static const uint8_t magic[] = {'L', 'A', 'R', 'C', 'H', 'I', 'V', 'E'};

/* Makes one empty entry of a range that starts at a header's place. */
static void write_empty(struct cbfs_region *region, size_t start, size_t limit)
{
	uint8_t *at = region->data + start;

	memset(at, ERASED, limit - start);
	memset(at, 0, EMPTY_HEADER_SIZE);
	memcpy(at, magic, sizeof(magic));
	put_u32be(at + 8, limit - start - EMPTY_HEADER_SIZE);
	put_u32be(at + 12, CBFS_TYPE_EMPTY);
	put_u32be(at + 20, EMPTY_HEADER_SIZE);
}

void cbfs_make_empty(struct cbfs_region *region)
{
	write_empty(region, 0, region->size);
}

static void write_file(struct cbfs_region *region, const struct plan *plan)
{
	const struct cbfs_new_file *file = plan->file;
	size_t metadata = plan->content - plan->header, end = plan->content + file->content.size;
	size_t next = align_up(end, CBFS_ALIGNMENT);
	uint8_t *at = region->data + plan->header;

	if (plan->header > plan->place.start)
		write_empty(region, plan->place.start, plan->header);
	memset(at, 0, metadata);
	memcpy(at, magic, sizeof(magic));
	put_u32be(at + 8, file->content.size);
	put_u32be(at + 12, CBFS_TYPE_RAW);
	put_u32be(at + 16, plan->attributes_size > 0 ? metadata - plan->attributes_size : 0);
	put_u32be(at + 20, metadata);
	memcpy(at + CBFS_HEADER_SIZE, file->name, strlen(file->name));
	memcpy(at + metadata - plan->attributes_size, plan->attributes, plan->attributes_size);
	if (file->content.size > 0)
		memcpy(at + metadata, file->content.data, file->content.size);
	if (next + EMPTY_HEADER_SIZE <= plan->place.limit) {
		memset(region->data + end, ERASED, next - end);
		write_empty(region, next, plan->place.limit);
	} else {
		memset(region->data + end, ERASED, plan->place.limit - end);
	}
}

static bool is_power_of_two(size_t value)
{
	return (value & (value - 1)) == 0;
}

static int check_file(const struct cbfs_new_file *file, struct error *error)
{
	size_t size = strlen(file->name);

	if (size == 0 || size >= CBFS_NAME_SIZE)
		return error_set(error, E_USAGE, file->name, "a file's name has 1 to %d characters; this one has %zu",
		                 CBFS_NAME_SIZE - 1, size);
	for (const char *c = file->name; *c; c++)
		if (*c <= ' ' || *c > '~')
			return error_set(error, E_USAGE, file->name,
			                 "a file's name holds printable ASCII without spaces; this one is \"%s\"",
			                 file->name);
	if (!is_power_of_two(file->header_alignment) || !is_power_of_two(file->content_alignment) ||
	    (file->header_alignment > CBFS_ALIGNMENT && file->content_alignment > 1))
		return error_set(error, E_USAGE, file->name,
		                 "the alignment of header or content, not both, is a power of two");
	if (file->content.size > UINT32_MAX)
		return error_set(error, E_TOO_LARGE, file->name, "%s has %zu bytes; a CBFS file has less than 4 GiB",
		                 file->name, file->content.size);
	return 0;
}

static void add_attribute(struct plan *plan, uint32_t tag, struct bytes content)
{
	size_t size = align_up(8 + content.size, 4);
	uint8_t *at = plan->attributes + plan->attributes_size;

	put_u32be(at, tag);
	put_u32be(at + 4, size);
	memcpy(at + 8, content.data, content.size);
	plan->attributes_size += size;
}

static void add_alignment(struct plan *plan)
{
	uint8_t number[4];

	put_u32be(number, plan->content_alignment);
	add_attribute(plan, CBFS_TAG_ALIGNMENT, bytes_make(number, sizeof(number)));
}

/* A hash of the new content of the kind that the old attribute has (vboot's numbers). */
static void add_hash(struct plan *plan, struct bytes old)
{
	static const enum hash_algorithm algorithms[] = {
	    HASH_NONE, HASH_SHA1, HASH_SHA256, HASH_SHA512, HASH_NONE, HASH_SHA384,
	};
	uint8_t content[4 + DIGEST_MAX_SIZE] = {0};
	struct cursor cursor = cursor_make(old);
	uint32_t number = cursor_u32be(&cursor);
	struct digest digest;

	if (number >= ARRAY_SIZE(algorithms) || algorithms[number] == HASH_NONE)
		return;
	digest = digest_of(algorithms[number], plan->file->content);
	put_u32be(content, number);
	memcpy(content + 4, digest.data, digest.size);
	add_attribute(plan, CBFS_TAG_HASH, bytes_make(content, 4 + digest.size));
}

/* Takes over what the attributes of the file that is replaced say about its content's place and hash. */
static int keep_attributes(struct plan *plan, const struct cbfs_file *old, struct error *error)
{
	struct bytes rest = old->attributes, content;
	bool hashed = false;
	uint32_t tag;

	while (cbfs_next_attribute(&rest, &tag, &content)) {
		struct cursor cursor = cursor_make(content);
		uint32_t alignment;

		if (tag == CBFS_TAG_POSITION)
			return error_set(error, E_REFUSED, old->name,
			                 "%s is fixed to its place in the image; remove it first", old->name);
		if (tag == CBFS_TAG_HASH && !hashed) {
			add_hash(plan, content);
			hashed = true;
		}
		if (tag != CBFS_TAG_ALIGNMENT || plan->content_alignment > 1)
			continue;
		alignment = cursor_u32be(&cursor);
		if (alignment > 1 && is_power_of_two(alignment) && plan->file->header_alignment <= CBFS_ALIGNMENT)
			plan->content_alignment = alignment;
	}
	return 0;
}

/* Finds the one raw file NAME. Returns 1, 0 where there is none, or an error. */
static int find_raw(struct bytes region, const char *name, struct cbfs_file *ret_file, struct error *error)
{
	struct cbfs_file file;
	size_t position = 0;
	int r, found = 0;

	while ((r = cbfs_next(region, &position, &file, error)) > 0) {
		if (name[0] == '\0' || strcmp(file.name, name) != 0)
			continue;
		if (file.type != CBFS_TYPE_RAW)
			return error_set(
			    error, E_REFUSED, name,
			    "%s is not a raw file but of type %s (0x%x), which a machine may need to start; only raw "
			    "files are removed or replaced",
			    name, cbfs_type_name(file.type) ? cbfs_type_name(file.type) : "unknown", file.type);
		if (found)
			return error_set(error, E_EXISTS, name, "the image holds two files named %s", name);
		*ret_file = file;
		found = 1;
	}
	return r < 0 ? r : found;
}

/* Makes an entry empty, in one with the empty ones beside it. */
static int free_entry(struct cbfs_region *region, size_t offset, struct error *error)
{
	size_t position = 0;
	struct place place = {0};
	int r;

	while ((r = next_place(cbfs_region_bytes(region), &position, offset, &place, error)) > 0)
		if (place.start <= offset && offset < place.limit)
			break;
	if (r <= 0)
		return r;
	/* Less than an entry: the file was the last one, and as small as one can be. */
	if (place.limit - place.start >= EMPTY_HEADER_SIZE)
		write_empty(region, place.start, place.limit);
	return 0;
}

/* Adds the file; the one at `old` (where not NULL) makes room for it. */
static int put(struct cbfs_region *region, const struct cbfs_new_file *file, const struct cbfs_file *old,
               struct error *error)
{
	struct plan plan = {.file = file, .content_alignment = file->content_alignment};
	int r = old ? keep_attributes(&plan, old, error) : 0;

	if (r < 0)
		return r;
	if (plan.content_alignment > 1)
		add_alignment(&plan);
	/* coreboot reads no more of a header; alignment pads by less than CBFS_ALIGNMENT. */
	if (metadata_size(&plan) + (plan.content_alignment > 1 ? CBFS_ALIGNMENT : 0) > METADATA_LIMIT)
		return error_set(error, E_USAGE, file->name, "the name %s is too long for a file with attributes",
		                 file->name);
	r = find_place(cbfs_region_bytes(region), &plan, old ? old->offset : SIZE_MAX, error);
	if (r == 0 && old)
		r = free_entry(region, old->offset, error);
	if (r == 0)
		write_file(region, &plan);
	return r;
}

int cbfs_add(struct cbfs_region *region, const struct cbfs_new_file *file, struct error *error)
{
	struct cbfs_file old = {0};
	int r = check_file(file, error);

	if (r < 0)
		return r;
	r = cbfs_find_file(cbfs_region_bytes(region), file->name, &old, error);
	if (r == 0)
		return error_set(error, E_EXISTS, file->name,
		                 "the image holds a file %s already; remove it first, or replace it", file->name);
	return r == -E_NOT_FOUND ? put(region, file, NULL, error) : r;
}

int cbfs_remove(struct cbfs_region *region, const char *name, struct error *error)
{
	struct cbfs_file old = {0};
	int r = find_raw(cbfs_region_bytes(region), name, &old, error);

	if (r == 0)
		return error_set(error, E_NOT_FOUND, name, "the image holds no file %s", name);
	return r < 0 ? r : free_entry(region, old.offset, error);
}

int cbfs_replace(struct cbfs_region *region, const struct cbfs_new_file *file, struct error *error)
{
	struct cbfs_file old = {0};
	int r = check_file(file, error);

	if (r == 0)
		r = find_raw(cbfs_region_bytes(region), file->name, &old, error);
	return r < 0 ? r : put(region, file, r > 0 ? &old : NULL, error);
}

int cbfs_space(struct bytes region, struct cbfs_space *ret_space, struct error *error)
{
	static const struct cbfs_new_file smallest = {.name = "a name of 19 bytes."};
	struct plan plan = {.file = &smallest};
	struct cbfs_space space = {0};
	struct cbfs_file file;
	struct place place;
	size_t position = 0;
	int r;

	while ((r = next_place(region, &position, SIZE_MAX, &place, error)) > 0) {
		space.free += place.limit - place.start;
		if (fits(&plan, &place) && place.limit - plan.content > space.largest)
			space.largest = place.limit - plan.content;
	}
	for (position = 0; r == 0 && (r = cbfs_next(region, &position, &file, error)) > 0; r = 0)
		space.files++;
	if (r < 0)
		return r;
	space.used = region.size - space.free;
	*ret_space = space;
	return 0;
}
