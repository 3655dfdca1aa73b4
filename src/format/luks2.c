/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two copies of the binary header of LUKS2: which one counts. */
#include "base/cleanup.h"
#include "base/digest.h"
#include "format/luks_internal.h"
#include <inttypes.h>
#include <string.h>

#define HEADER_SIZE     4096
#define CHECKSUM_OFFSET 448
#define CHECKSUM_SIZE   64
#define UUID_SIZE       40

static const char first_magic[] = "LUKS\xba\xbe", second_magic[] = "SKUL\xba\xbe";

/* One copy, as far as it could be read. */
struct copy {
	bool whole; /* magic, place, size and checksum are right */
	uint64_t size, sequence;
	struct bytes uuid, json;
};

/* Specification, section 2.1: the sizes that a header can have; the second copy begins where the first one ends. */
uint64_t luks_second_place(unsigned index)
{
	return (uint64_t)0x4000 << index;
}

bool luks_is_second(struct bytes block)
{
	return bytes_start_with(block, second_magic);
}

static bool is_header_size(uint64_t size)
{
	for (unsigned i = 0; i < LUKS_SECOND_PLACES; i++)
		if (size == luks_second_place(i))
			return true;
	return false;
}

static enum hash_algorithm checksum_algorithm(struct bytes name)
{
	static const enum hash_algorithm known[] = {HASH_SHA1, HASH_SHA256, HASH_SHA384, HASH_SHA512};

	name.size = strnlen((const char *)name.data, name.size);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (bytes_equal(name, bytes_from_string(hash_name(known[i]))))
			return known[i];
	return HASH_NONE;
}

/* Specification, section 2.1: over the binary header with the checksum's field zero, and the JSON area. */
static bool checksum_is_right(struct bytes area, enum hash_algorithm algorithm)
{
	static const uint8_t zeros[CHECKSUM_SIZE];
	const size_t behind = CHECKSUM_OFFSET + CHECKSUM_SIZE;
	const struct bytes parts[] = {bytes_slice(area, 0, CHECKSUM_OFFSET), bytes_make(zeros, sizeof(zeros)),
	                              bytes_slice(area, behind, area.size - behind)};
	struct digest digest;

	if (algorithm == HASH_NONE)
		return false;
	digest = digest_of_parts(algorithm, parts, ARRAY_SIZE(parts));
	return bytes_equal(digest_bytes(&digest), bytes_slice(area, CHECKSUM_OFFSET, digest.size));
}

static struct copy read_copy(struct bytes start, uint64_t place, const char *magic)
{
	const struct bytes header = bytes_slice(start, (size_t)place, HEADER_SIZE);
	struct cursor cursor = cursor_make(header);
	struct copy copy = {0};
	struct bytes found, algorithm, area;
	uint64_t own_place;
	uint16_t version;

	found = cursor_bytes(&cursor, strlen(magic));
	version = cursor_u16be(&cursor);
	copy.size = cursor_u64be(&cursor);
	copy.sequence = cursor_u64be(&cursor);
	(void)cursor_bytes(&cursor, 48); /* label: a name of the owner's */
	algorithm = cursor_bytes(&cursor, 32);
	(void)cursor_bytes(&cursor, 64); /* salt of the checksum */
	copy.uuid = cursor_bytes(&cursor, UUID_SIZE);
	(void)cursor_bytes(&cursor, 48); /* subsystem: a name of the owner's */
	own_place = cursor_u64be(&cursor);
	if (cursor.failed || header.size < HEADER_SIZE || !bytes_equal(found, bytes_from_string(magic)) ||
	    version != 2 || !is_header_size(copy.size) || own_place != place || (place != 0 && place != copy.size))
		return copy;
	area = bytes_slice(start, (size_t)place, (size_t)copy.size);
	if (area.size < copy.size || !checksum_is_right(area, checksum_algorithm(algorithm)))
		return copy;
	copy.whole = true;
	copy.json = bytes_slice(area, HEADER_SIZE, area.size - HEADER_SIZE);
	copy.json.size = strnlen((const char *)copy.json.data, copy.json.size);
	return copy;
}

static struct copy find_second(struct bytes start, const struct copy *first)
{
	struct copy copy = {0};

	if (first->whole)
		return read_copy(start, first->size, second_magic);
	for (unsigned i = 0; i < LUKS_SECOND_PLACES && !copy.whole; i++)
		copy = read_copy(start, luks_second_place(i), second_magic);
	return copy;
}

/* Both are whole and claim to be the same: then they are. */
static bool contradict(const struct copy *first, const struct copy *second)
{
	return first->whole && second->whole && first->sequence == second->sequence &&
	       (!bytes_equal(first->json, second->json) || !bytes_equal(first->uuid, second->uuid));
}

int luks2_parse(struct bytes start, const char *name, struct luks_facts *facts, struct error *error)
{
	const struct copy first = read_copy(start, 0, first_magic);
	const struct copy second = find_second(start, &first);
	const struct copy *counts = first.whole ? &first : &second;

	if (!first.whole && !second.whole) {
		if (!bytes_start_with(start, first_magic))
			return error_set(error, E_MALFORMED, name, "%s holds no LUKS header", name);
		luks_refuse(facts, LUKS_DAMAGED, "no copy of the header has the right checksum");
		return 0;
	}
	if (first.whole && second.whole && second.sequence > first.sequence)
		counts = &second;
	facts->damaged_copy = !first.whole || !second.whole || first.sequence != second.sequence;
	if (!luks_copy_uuid(counts->uuid, facts))
		luks_refuse(facts, LUKS_DAMAGED, "the UUID of the header is none");
	if (contradict(&first, &second))
		luks_refuse(facts, LUKS_DAMAGED, "the two copies of the header are both whole and differ");
	return luks2_read_json(counts->json, 2 * counts->size, facts, error);
}
