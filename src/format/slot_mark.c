/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/slot_mark.h"
#include "base/cleanup.h"
#include <string.h>

#define MAGIC        "HEADSLOT"
#define VERSION      1
#define SELF_OFFSET  56
#define DIGEST_BYTES 32

static bool self_is_right(struct bytes bytes)
{
	struct digest self = digest_of(HASH_SHA256, bytes_slice(bytes, 0, SELF_OFFSET));

	return bytes_equal(digest_bytes(&self), bytes_slice(bytes, SELF_OFFSET, DIGEST_BYTES));
}

int slot_mark_parse(struct bytes bytes, const char *name, struct slot_mark *ret_mark, struct error *error)
{
	struct cursor cursor = cursor_make(bytes_slice(bytes, 0, SLOT_MARK_SIZE));
	struct slot_mark mark = {.content = {.algorithm = HASH_SHA256, .size = DIGEST_BYTES}};
	struct bytes magic, content;
	uint32_t version, reserved;

	if (bytes.size < SLOT_MARK_SIZE)
		return error_set(error, E_MALFORMED, name, "the mark %s has %zu bytes instead of %d", name, bytes.size,
		                 SLOT_MARK_SIZE);
	if (bytes_are_all(cursor.rest, 0xff))
		return error_set(error, E_NOT_FOUND, name, "there is no mark in %s", name);
	magic = cursor_bytes(&cursor, strlen(MAGIC));
	version = cursor_u32le(&cursor);
	mark.sequence = cursor_u32le(&cursor);
	mark.size = cursor_u32le(&cursor);
	reserved = cursor_u32le(&cursor);
	content = cursor_bytes(&cursor, DIGEST_BYTES);
	if (!bytes_start_with(magic, MAGIC) || version != VERSION || reserved != 0 || mark.size == 0 ||
	    !self_is_right(bytes))
		return error_set(error, E_MALFORMED, name, "the mark %s is not as it was written", name);
	memcpy(mark.content.data, content.data, content.size);
	*ret_mark = mark;
	return 0;
}

static void append_u32le(struct buffer *buffer, uint32_t value)
{
	for (unsigned shift = 0; shift < 32; shift += 8)
		buffer_append_byte(buffer, (uint8_t)(value >> shift));
}

void slot_mark_append(const struct slot_mark *mark, struct buffer *buffer)
{
	size_t start = buffer->size;
	struct digest self;

	buffer_append_string(buffer, MAGIC);
	append_u32le(buffer, VERSION);
	append_u32le(buffer, mark->sequence);
	append_u32le(buffer, mark->size);
	append_u32le(buffer, 0);
	buffer_append_bytes(buffer, digest_bytes(&mark->content));
	if (buffer->failed)
		return;
	self = digest_of(HASH_SHA256, bytes_slice(buffer_bytes(buffer), start, SELF_OFFSET));
	buffer_append_bytes(buffer, digest_bytes(&self));
}
