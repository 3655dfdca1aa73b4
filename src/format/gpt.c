/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/gpt.h"

#include "base/cleanup.h"
#include <string.h>
#include <zlib.h>

#define ENTRY_SIZE    128
#define HEADER_SIZE   92
#define ENTRY_SECTORS (GPT_MAX_ENTRIES * ENTRY_SIZE / GPT_SECTOR)
#define REVISION      0x00010000u

const uint8_t gpt_type_data[GPT_GUID_SIZE] = {0xa2, 0xa0, 0xd0, 0xeb, 0xe5, 0xb9, 0x33, 0x44,
                                              0x87, 0xc0, 0x68, 0xb6, 0xb7, 0x26, 0x99, 0xc7};
const uint8_t gpt_type_luks[GPT_GUID_SIZE] = {0xcb, 0x7c, 0x7d, 0xca, 0xed, 0x63, 0x53, 0x4c,
                                              0x86, 0x1c, 0x17, 0x42, 0x53, 0x60, 0x59, 0xcc};

void gpt_mark_random(uint8_t id[GPT_GUID_SIZE])
{
	id[7] = (uint8_t)((id[7] & 0x0f) | 0x40);
	id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
}

static void append_le(struct buffer *buffer, uint64_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		buffer_append_byte(buffer, (uint8_t)(value >> (8 * i)));
}

static void append_zeros(struct buffer *buffer, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buffer_append_byte(buffer, 0);
}

static int check(uint64_t sectors, const struct gpt_partition *partitions, size_t count, struct error *error)
{
	uint64_t free_from = GPT_HEAD_SECTORS;

	if (count > GPT_MAX_ENTRIES)
		return error_set(error, E_USAGE, "partitions", "a disk has at most %d partitions", GPT_MAX_ENTRIES);
	for (size_t i = 0; i < count; i++) {
		const struct gpt_partition *partition = &partitions[i];

		if (partition->first < free_from || partition->last < partition->first ||
		    partition->last >= sectors - GPT_TAIL_SECTORS || sectors < GPT_HEAD_SECTORS + GPT_TAIL_SECTORS)
			return error_set(error, E_USAGE, partition->name,
			                 "the partition %s does not lie behind the one before it and on the disk",
			                 partition->name);
		free_from = partition->last + 1;
		if (strlen(partition->name) > GPT_NAME_MAX)
			return error_set(error, E_USAGE, partition->name, "the partition's name is too long");
		for (const char *c = partition->name; *c; c++)
			if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
				return error_set(error, E_USAGE, partition->name, "the partition's name is not ASCII");
	}
	return 0;
}

/* Section 5.2.3: one partition of the whole disk, for programs that know no GPT. */
static void append_protective(uint64_t sectors, struct buffer *buffer)
{
	static const uint8_t entry[] = {0x00, 0x00, 0x02, 0x00, 0xee, 0xff, 0xff, 0xff};

	append_zeros(buffer, 446);
	buffer_append(buffer, entry, sizeof(entry));
	append_le(buffer, 1, 4);
	append_le(buffer, sectors - 1 > UINT32_MAX ? UINT32_MAX : sectors - 1, 4);
	append_zeros(buffer, 48);
	append_le(buffer, 0xaa55, 2);
}

/* Section 5.3.3. */
static void append_entries(const struct gpt_partition *partitions, size_t count, struct buffer *buffer)
{
	for (size_t i = 0; i < count; i++) {
		const size_t length = strlen(partitions[i].name);

		buffer_append(buffer, partitions[i].type, GPT_GUID_SIZE);
		buffer_append(buffer, partitions[i].id, GPT_GUID_SIZE);
		append_le(buffer, partitions[i].first, 8);
		append_le(buffer, partitions[i].last, 8);
		append_le(buffer, 0, 8);
		for (size_t at = 0; at <= GPT_NAME_MAX; at++)
			append_le(buffer, at < length ? (uint8_t)partitions[i].name[at] : 0, 2);
	}
	append_zeros(buffer, (GPT_MAX_ENTRIES - count) * ENTRY_SIZE);
}

struct header {
	uint64_t here, other, entries, sectors;
	const uint8_t *disk_id;
	uint32_t entries_crc;
};

/* Section 5.3.2; sum: of the header with this field zero. */
static void append_header(const struct header *header, uint32_t sum, struct buffer *buffer)
{
	buffer_append_string(buffer, "EFI PART");
	append_le(buffer, REVISION, 4);
	append_le(buffer, HEADER_SIZE, 4);
	append_le(buffer, sum, 4);
	append_le(buffer, 0, 4);
	append_le(buffer, header->here, 8);
	append_le(buffer, header->other, 8);
	append_le(buffer, GPT_HEAD_SECTORS, 8);
	append_le(buffer, header->sectors - GPT_TAIL_SECTORS - 1, 8);
	buffer_append(buffer, header->disk_id, GPT_GUID_SIZE);
	append_le(buffer, header->entries, 8);
	append_le(buffer, GPT_MAX_ENTRIES, 4);
	append_le(buffer, ENTRY_SIZE, 4);
	append_le(buffer, header->entries_crc, 4);
}

static void append_summed(const struct header *header, struct buffer *buffer)
{
	CLEANUP(buffer_clear) struct buffer plain = {0};

	append_header(header, 0, &plain);
	append_header(header, plain.failed ? 0 : (uint32_t)crc32(0, plain.data, (uInt)plain.size), buffer);
	append_zeros(buffer, GPT_SECTOR - HEADER_SIZE);
}

int gpt_make(uint64_t sectors, const uint8_t disk_id[GPT_GUID_SIZE], const struct gpt_partition *partitions,
             size_t count, struct buffer *head, struct buffer *tail, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer entries = {0};
	struct header header = {.here = 1, .other = sectors - 1, .entries = 2, .sectors = sectors, .disk_id = disk_id};
	int r = check(sectors, partitions, count, error);

	if (r < 0)
		return r;
	append_entries(partitions, count, &entries);
	if (!entries.failed)
		header.entries_crc = (uint32_t)crc32(0, entries.data, (uInt)entries.size);
	append_protective(sectors, head);
	append_summed(&header, head);
	buffer_append_bytes(head, buffer_bytes(&entries));
	/* The second one: the entries before the header, each naming the other's place. */
	header.here = sectors - 1;
	header.other = 1;
	header.entries = sectors - 1 - ENTRY_SECTORS;
	buffer_append_bytes(tail, buffer_bytes(&entries));
	append_summed(&header, tail);
	if (entries.failed || head->failed || tail->failed)
		return error_set(error, E_MEMORY, "partitions", "there is not enough memory for a partition table");
	return 0;
}
