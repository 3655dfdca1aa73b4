/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/cbmem.h"
#include "base/cleanup.h"
#include <stdio.h>
#include <string.h>

#define TABLE_SIGNATURE   "LBIO"
#define TABLE_HEADER_SIZE 24
#define TABLE_ALIGNMENT   16
#define RECORD_HEADER     8

#define TAG_FORWARD      0x0011u
#define TAG_CBMEM_ENTRY  0x0031u
#define TAG_COREBOOT_LOG 0x0036u

#define ID_COREBOOT_LOG 0x54435041u
#define ID_TCG_LOG      0x54504d32u

#define LAST_PCR         23
#define HASH_NAME_SIZE   10
#define LOG_DIGEST_SIZE  64
#define NAME_LAST_IS_NUL 1 /* coreboot copies one byte less than the field has, and clears nothing before */

/* The checksum of an IP header: 0 over bytes that hold their own. */
static uint16_t ip_checksum(struct bytes bytes)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < bytes.size; i++) {
		sum += (uint32_t)bytes.data[i] << (i & 1 ? 8 : 0);
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)~sum;
}

int cbmem_find_table(struct bytes area, size_t *position, struct cbmem_table *ret_table)
{
	for (size_t at = *position; at + TABLE_HEADER_SIZE <= area.size; at += TABLE_ALIGNMENT) {
		struct bytes header = bytes_slice(area, at, TABLE_HEADER_SIZE);
		struct cursor cursor = cursor_make(header);
		uint32_t header_size, size, checksum;

		if (!bytes_start_with(header, TABLE_SIGNATURE) || ip_checksum(header) != 0)
			continue;
		(void)cursor_bytes(&cursor, strlen(TABLE_SIGNATURE));
		header_size = cursor_u32le(&cursor);
		(void)cursor_u32le(&cursor);
		size = cursor_u32le(&cursor);
		checksum = cursor_u32le(&cursor);
		if (header_size < TABLE_HEADER_SIZE || header_size > CBMEM_AREA_SIZE || size > CBMEM_MAX_TABLE_SIZE ||
		    checksum > UINT16_MAX)
			continue;
		*position = at + TABLE_ALIGNMENT;
		*ret_table = (struct cbmem_table){at + header_size, size, (uint16_t)checksum};
		return 1;
	}
	*position = area.size;
	return 0;
}

/* The record that lists a CBMEM area with its size says more than the older one that has the address alone. coreboot
 * 4.15 reserves an area for a TCG log and leaves it empty: its own log goes before. */
static void read_entry(struct cursor *cursor, struct cbmem_places *places)
{
	uint64_t address = cursor_u64le(cursor);
	uint32_t size = cursor_u32le(cursor), id = cursor_u32le(cursor);

	if (cursor->failed || size == 0 || (id != ID_COREBOOT_LOG && id != ID_TCG_LOG))
		return;
	if (id == ID_TCG_LOG && places->log_kind == CBMEM_LOG_COREBOOT)
		return;
	places->log_kind = id == ID_TCG_LOG ? CBMEM_LOG_TCG : CBMEM_LOG_COREBOOT;
	places->log = address;
	places->log_size = size;
}

static void read_record(uint32_t tag, struct bytes content, struct cbmem_places *places)
{
	struct cursor cursor = cursor_make(content);
	uint64_t address;

	if (tag == TAG_CBMEM_ENTRY) {
		read_entry(&cursor, places);
		return;
	}
	address = cursor_u64le(&cursor);
	if (cursor.failed)
		return;
	if (tag == TAG_FORWARD)
		places->forward = address;
	if (tag == TAG_COREBOOT_LOG && places->log_kind != CBMEM_LOG_COREBOOT) {
		places->log_kind = CBMEM_LOG_COREBOOT;
		places->log = address;
		places->log_size = 0;
	}
}

int cbmem_read_table(struct bytes records, const struct cbmem_table *table, struct cbmem_places *ret_places,
                     struct error *error)
{
	struct cbmem_places places = {0};

	if (records.size != table->size || ip_checksum(records) != table->checksum)
		return error_set(error, E_MALFORMED, "coreboot table",
		                 "the checksum of coreboot's table does not hold");
	while (records.size > 0) {
		struct cursor cursor = cursor_make(records);
		uint32_t tag = cursor_u32le(&cursor), size = cursor_u32le(&cursor);

		if (cursor.failed || size < RECORD_HEADER || size > records.size)
			return error_set(error, E_MALFORMED, "coreboot table",
			                 "a record of coreboot's table ends outside the table");
		read_record(tag, bytes_slice(records, RECORD_HEADER, size - RECORD_HEADER), &places);
		records = bytes_slice(records, size, records.size);
	}
	*ret_places = places;
	return 0;
}

int coreboot_log_size(struct bytes header, size_t *ret_size, struct error *error)
{
	struct cursor cursor = cursor_make(header);
	uint16_t room = cursor_u16le(&cursor), count = cursor_u16le(&cursor);

	if (cursor.failed)
		return error_set(error, E_MALFORMED, "coreboot log", "coreboot's log ends inside its header");
	if (count > room)
		return error_set(error, E_MALFORMED, "coreboot log",
		                 "coreboot's log says that it holds %u events, with room for %u", count, room);
	if (count > COREBOOT_LOG_MAX_ENTRIES)
		return error_set(error, E_TOO_LARGE, "coreboot log",
		                 "coreboot's log says that it holds %u events; at most %d are read", count,
		                 COREBOOT_LOG_MAX_ENTRIES);
	*ret_size = COREBOOT_LOG_HEADER_SIZE + (size_t)count * COREBOOT_LOG_ENTRY_SIZE;
	return 0;
}

static enum hash_algorithm hash_of_name(struct bytes field)
{
	static const struct {
		const char *name;
		enum hash_algorithm algorithm;
	} names[] = {{"SHA1", HASH_SHA1}, {"SHA256", HASH_SHA256}, {"SHA384", HASH_SHA384}, {"SHA512", HASH_SHA512}};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strncmp((const char *)field.data, names[i].name, field.size - NAME_LAST_IS_NUL) == 0)
			return names[i].algorithm;
	return HASH_NONE;
}

/* One entry: PCR, name of the hash, digest, its length, name of what was measured. */
static int read_coreboot_entry(struct bytes entry, struct coreboot_event *event, const char *object,
                               struct error *error)
{
	struct cursor cursor = cursor_make(entry);
	struct bytes hash, digest, name;
	uint32_t size;

	event->pcr = cursor_u32le(&cursor);
	hash = cursor_bytes(&cursor, HASH_NAME_SIZE);
	digest = cursor_bytes(&cursor, LOG_DIGEST_SIZE);
	size = cursor_u32le(&cursor);
	name = cursor_bytes(&cursor, COREBOOT_LOG_NAME_SIZE);
	if (cursor.failed)
		return error_set(error, E_MALFORMED, object, "coreboot's log is truncated at %s", object);
	if (event->pcr > LAST_PCR)
		return error_set(error, E_MALFORMED, object, "%s of coreboot's log names PCR %u, which no TPM has",
		                 object, event->pcr);
	event->digest.algorithm = hash_of_name(hash);
	event->digest.size = hash_size(event->digest.algorithm);
	if (event->digest.algorithm == HASH_NONE || event->digest.size != size)
		return error_set(error, E_MALFORMED, object,
		                 "%s of coreboot's log holds a digest of %u bytes of a hash that does not give so many",
		                 object, size);
	memcpy(event->digest.data, digest.data, size);
	(void)snprintf(event->name, sizeof(event->name), "%.*s", COREBOOT_LOG_NAME_SIZE - NAME_LAST_IS_NUL,
	               (const char *)name.data);
	return 0;
}

int coreboot_log_next(struct bytes log, size_t *position, struct coreboot_event *ret_event, struct error *error)
{
	struct coreboot_event event = {0};
	char object[32];
	size_t end;
	int r = coreboot_log_size(log, &end, error);

	if (r < 0)
		return r;
	if (*position < COREBOOT_LOG_HEADER_SIZE)
		*position = COREBOOT_LOG_HEADER_SIZE;
	if (*position >= end)
		return 0;
	(void)snprintf(object, sizeof(object), "event %zu",
	               1 + (*position - COREBOOT_LOG_HEADER_SIZE) / COREBOOT_LOG_ENTRY_SIZE);
	r = read_coreboot_entry(bytes_slice(log, *position, COREBOOT_LOG_ENTRY_SIZE), &event, object, error);
	if (r < 0)
		return r;
	*position += COREBOOT_LOG_ENTRY_SIZE;
	*ret_event = event;
	return 1;
}
