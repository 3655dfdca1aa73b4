/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/eventlog.h"
#include "base/cleanup.h"
#include <stdio.h>
#include <string.h>

#define SPEC_ID        "Spec ID Event03" /* with its NUL */
#define SPEC_ID_12     "Spec ID Event00"
#define LOCALITY       "StartupLocality" /* with its NUL, then one byte */
#define SHA1_SIZE      20
#define SPEC_MAJOR     2
#define SPEC_MINOR     0
#define SPEC_ERRATA    0
#define UINTN_64_BIT   2
#define LARGEST_DIGEST 128 /* of a hash that is not known here */

/* The number of the event, and the sentence about it. */
static int damaged(const struct eventlog_reader *reader, const char *what, struct error *error)
{
	char object[32];

	(void)snprintf(object, sizeof(object), "event %zu", reader->number);
	return error_set(error, E_MALFORMED, object, "%s of the event log %s", object, what);
}

static int read_banks(struct cursor *cursor, struct eventlog_reader *reader, struct error *error)
{
	uint32_t count = cursor_u32le(cursor);

	if (cursor->failed || count == 0)
		return error_set(error, E_MALFORMED, "event 0", "the event log's first event names no bank");
	if (count > EVENTLOG_MAX_BANKS)
		return error_set(error, E_UNSUPPORTED, "event 0", "the event log names %u banks; at most %d are read",
		                 count, EVENTLOG_MAX_BANKS);
	for (uint32_t i = 0; i < count; i++) {
		uint16_t algorithm = cursor_u16le(cursor), size = cursor_u16le(cursor);
		size_t expected = hash_size((enum hash_algorithm)algorithm);

		if (cursor->failed)
			return error_set(error, E_MALFORMED, "event 0", "the event log ends inside its list of banks");
		if (size == 0 || size > LARGEST_DIGEST || (expected != 0 && size != expected))
			return error_set(error, E_MALFORMED, "event 0",
			                 "the event log says that digests of the bank 0x%04x have %u bytes", algorithm,
			                 size);
		for (size_t k = 0; k < reader->bank_count; k++)
			if (reader->banks[k].algorithm == algorithm)
				return error_set(error, E_MALFORMED, "event 0",
				                 "the event log names the bank 0x%04x twice", algorithm);
		reader->banks[reader->bank_count].algorithm = algorithm;
		reader->banks[reader->bank_count++].size = size;
	}
	return 0;
}

/* The first event has the form of TPM 1.2, so that old readers can skip it. */
int eventlog_open(struct bytes log, struct eventlog_reader *ret_reader, struct error *error)
{
	struct eventlog_reader reader = {.rest = BYTES_EMPTY};
	struct cursor cursor = cursor_make(log), content;
	uint32_t pcr = cursor_u32le(&cursor), type = cursor_u32le(&cursor);
	struct bytes data;
	int r;

	(void)cursor_bytes(&cursor, SHA1_SIZE);
	data = cursor_bytes(&cursor, cursor_u32le(&cursor));
	if (cursor.failed)
		return error_set(error, E_MALFORMED, "event 0",
		                 "this is no event log: %zu bytes do not hold the first event", log.size);
	content = cursor_make(data);
	data = cursor_bytes(&content, sizeof(SPEC_ID));
	if (content.failed || pcr != 0 || type != EVENTLOG_NO_ACTION ||
	    memcmp(data.data, SPEC_ID, sizeof(SPEC_ID)) != 0)
		return error_set(error,
		                 !content.failed && memcmp(data.data, SPEC_ID_12, sizeof(SPEC_ID_12)) == 0
		                     ? E_UNSUPPORTED
		                     : E_MALFORMED,
		                 "event 0", "this is no crypto-agile event log: its first event is no \"%s\"", SPEC_ID);
	(void)cursor_bytes(&content, 4 + 1 + 1 + 1 + 1); /* platform class, minor, major, errata, size of UINTN */
	r = read_banks(&content, &reader, error);
	if (r < 0)
		return r;
	(void)cursor_bytes(&content, cursor_u8(&content));
	if (content.failed)
		return error_set(error, E_MALFORMED, "event 0",
		                 "the event log's first event ends inside the vendor's words");
	reader.rest = cursor.rest;
	*ret_reader = reader;
	return 0;
}

static bool only_zeros(struct bytes bytes)
{
	for (size_t i = 0; i < bytes.size; i++)
		if (bytes.data[i] != 0)
			return false;
	return true;
}

/* What a log in reserved memory ends with: an event of zeros. The rest is looked at once, since it ends the walk. */
static bool is_end(const struct eventlog_reader *reader)
{
	if (!only_zeros(bytes_slice(reader->rest, 0, 12)))
		return false;
	return only_zeros(reader->rest);
}

static size_t bank_size(const struct eventlog_reader *reader, uint16_t algorithm)
{
	for (size_t i = 0; i < reader->bank_count; i++)
		if (reader->banks[i].algorithm == algorithm)
			return reader->banks[i].size;
	return 0;
}

static int read_digests(struct eventlog_reader *reader, struct cursor *cursor, struct eventlog_event *event,
                        struct error *error)
{
	uint32_t count = cursor_u32le(cursor);

	if (cursor->failed)
		return damaged(reader, "is cut off before its digests", error);
	if (count == 0 || count > reader->bank_count)
		return damaged(reader, count ? "has more digests than the log has banks" : "has no digest", error);
	for (uint32_t i = 0; i < count; i++) {
		uint16_t algorithm = cursor_u16le(cursor);
		size_t size = cursor->failed ? 0 : bank_size(reader, algorithm);
		struct bytes value;

		if (cursor->failed)
			return damaged(reader, "is cut off between its digests", error);
		if (size == 0)
			return damaged(reader, "has a digest of a bank that the log does not name", error);
		if (eventlog_digest(event, (enum hash_algorithm)algorithm))
			return damaged(reader, "has two digests of one bank", error);
		value = cursor_bytes(cursor, size);
		if (cursor->failed)
			return damaged(reader, "is cut off inside a digest", error);
		if (hash_size((enum hash_algorithm)algorithm) == 0)
			continue;
		event->digests[event->digest_count].algorithm = (enum hash_algorithm)algorithm;
		event->digests[event->digest_count].size = size;
		memcpy(event->digests[event->digest_count++].data, value.data, size);
	}
	return 0;
}

int eventlog_next(struct eventlog_reader *reader, struct eventlog_event *ret_event, struct error *error)
{
	struct eventlog_event event = {.number = ++reader->number};
	struct cursor cursor = cursor_make(reader->rest);
	uint32_t size;
	int r;

	if (is_end(reader))
		return 0;
	event.pcr = cursor_u32le(&cursor);
	event.type = cursor_u32le(&cursor);
	if (cursor.failed)
		return damaged(reader, "is cut off at its start", error);
	if (event.pcr >= EVENTLOG_PCR_COUNT)
		return damaged(reader, "names a PCR that no TPM has", error);
	r = read_digests(reader, &cursor, &event, error);
	if (r < 0)
		return r;
	size = cursor_u32le(&cursor);
	if (cursor.failed)
		return damaged(reader, "is cut off before its data", error);
	event.data = cursor_bytes(&cursor, size);
	if (cursor.failed)
		return damaged(reader, "has more data than the log has bytes", error);
	reader->rest = cursor.rest;
	*ret_event = event;
	return 1;
}

const struct digest *eventlog_digest(const struct eventlog_event *event, enum hash_algorithm bank)
{
	for (size_t i = 0; i < event->digest_count; i++)
		if (event->digests[i].algorithm == bank)
			return &event->digests[i];
	return NULL;
}

const char *eventlog_type_name(uint32_t type)
{
	static const struct {
		uint32_t type;
		const char *name;
	} types[] = {
	    {0x00000000, "EV_PREBOOT_CERT"},
	    {EVENTLOG_POST_CODE, "EV_POST_CODE"},
	    {0x00000002, "EV_UNUSED"},
	    {EVENTLOG_NO_ACTION, "EV_NO_ACTION"},
	    {0x00000004, "EV_SEPARATOR"},
	    {EVENTLOG_ACTION, "EV_ACTION"},
	    {0x00000006, "EV_EVENT_TAG"},
	    {0x00000007, "EV_S_CRTM_CONTENTS"},
	    {0x00000008, "EV_S_CRTM_VERSION"},
	    {0x00000009, "EV_CPU_MICROCODE"},
	    {0x0000000a, "EV_PLATFORM_CONFIG_FLAGS"},
	    {0x0000000b, "EV_TABLE_OF_DEVICES"},
	    {0x0000000c, "EV_COMPACT_HASH"},
	    {EVENTLOG_IPL, "EV_IPL"},
	    {0x0000000e, "EV_IPL_PARTITION_DATA"},
	    {0x0000000f, "EV_NONHOST_CODE"},
	    {0x00000010, "EV_NONHOST_CONFIG"},
	    {0x00000011, "EV_NONHOST_INFO"},
	    {0x00000012, "EV_OMIT_BOOT_DEVICE_EVENTS"},
	    {0x80000001, "EV_EFI_VARIABLE_DRIVER_CONFIG"},
	    {0x80000002, "EV_EFI_VARIABLE_BOOT"},
	    {0x80000003, "EV_EFI_BOOT_SERVICES_APPLICATION"},
	    {0x80000004, "EV_EFI_BOOT_SERVICES_DRIVER"},
	    {0x80000005, "EV_EFI_RUNTIME_SERVICES_DRIVER"},
	    {0x80000006, "EV_EFI_GPT_EVENT"},
	    {0x80000007, "EV_EFI_ACTION"},
	    {0x80000008, "EV_EFI_PLATFORM_FIRMWARE_BLOB"},
	    {0x80000009, "EV_EFI_HANDOFF_TABLES"},
	    {0x8000000a, "EV_EFI_PLATFORM_FIRMWARE_BLOB2"},
	    {0x8000000b, "EV_EFI_HANDOFF_TABLES2"},
	    {0x8000000c, "EV_EFI_VARIABLE_BOOT2"},
	    {0x80000010, "EV_EFI_HCRTM_EVENT"},
	    {0x800000e0, "EV_EFI_VARIABLE_AUTHORITY"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (types[i].type == type)
			return types[i].name;
	return NULL;
}

int eventlog_startup_locality(const struct eventlog_event *event)
{
	if (event->pcr != 0 || event->type != EVENTLOG_NO_ACTION || event->data.size != sizeof(LOCALITY) + 1 ||
	    memcmp(event->data.data, LOCALITY, sizeof(LOCALITY)) != 0)
		return -1;
	return event->data.data[sizeof(LOCALITY)];
}

static void append_u16le(struct buffer *buffer, uint16_t value)
{
	buffer_append_byte(buffer, (uint8_t)value);
	buffer_append_byte(buffer, (uint8_t)(value >> 8));
}

static void append_u32le(struct buffer *buffer, uint32_t value)
{
	append_u16le(buffer, (uint16_t)value);
	append_u16le(buffer, (uint16_t)(value >> 16));
}

void eventlog_write_start(struct buffer *log, const enum hash_algorithm *banks, size_t count)
{
	static const uint8_t zeros[SHA1_SIZE];

	append_u32le(log, 0);
	append_u32le(log, EVENTLOG_NO_ACTION);
	buffer_append(log, zeros, sizeof(zeros));
	append_u32le(log, (uint32_t)(sizeof(SPEC_ID) + 4 + 4 + 4 + 4 * count + 1));
	buffer_append(log, SPEC_ID, sizeof(SPEC_ID));
	append_u32le(log, 0); /* platform class: PC client */
	buffer_append_byte(log, SPEC_MINOR);
	buffer_append_byte(log, SPEC_MAJOR);
	buffer_append_byte(log, SPEC_ERRATA);
	buffer_append_byte(log, UINTN_64_BIT);
	append_u32le(log, (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		append_u16le(log, (uint16_t)banks[i]);
		append_u16le(log, (uint16_t)hash_size(banks[i]));
	}
	buffer_append_byte(log, 0); /* no words of the vendor */
}

void eventlog_write_event(struct buffer *log, uint32_t pcr, uint32_t type, const struct digest *digests, size_t count,
                          struct bytes data)
{
	append_u32le(log, pcr);
	append_u32le(log, type);
	append_u32le(log, (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		append_u16le(log, (uint16_t)digests[i].algorithm);
		buffer_append_bytes(log, digest_bytes(&digests[i]));
	}
	append_u32le(log, (uint32_t)data.size);
	buffer_append_bytes(log, data);
}
