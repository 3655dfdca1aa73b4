/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/bytes.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bytes bytes_from_string(const char *string)
{
	return bytes_make(string, strlen(string));
}

static uint64_t word_at(const uint8_t *data)
{
	uint64_t word;

	memcpy(&word, data, sizeof(word));
	return word;
}

/* By words: memcmp of the C library in the ROM goes byte by byte, and a flash chip has 16 million of them. */
bool bytes_equal(struct bytes a, struct bytes b)
{
	size_t i = 0;

	if (a.size != b.size)
		return false;
	for (; a.size - i >= sizeof(uint64_t); i += sizeof(uint64_t))
		if (word_at(a.data + i) != word_at(b.data + i))
			return false;
	return i == a.size || memcmp(a.data + i, b.data + i, a.size - i) == 0;
}

bool bytes_are_all(struct bytes bytes, uint8_t value)
{
	uint64_t word = value * UINT64_C(0x0101010101010101);
	size_t i = 0;

	for (; bytes.size - i >= sizeof(word); i += sizeof(word))
		if (word_at(bytes.data + i) != word)
			return false;
	for (; i < bytes.size; i++)
		if (bytes.data[i] != value)
			return false;
	return true;
}

bool bytes_equal_secret(struct bytes a, struct bytes b)
{
	volatile uint8_t difference = 0;

	if (a.size != b.size)
		return false;
	for (size_t i = 0; i < a.size; i++)
		difference |= (uint8_t)(a.data[i] ^ b.data[i]);
	return difference == 0;
}

int bytes_compare(struct bytes a, struct bytes b)
{
	size_t common = a.size < b.size ? a.size : b.size;
	int order = common == 0 ? 0 : memcmp(a.data, b.data, common);

	if (order != 0)
		return order;
	return (a.size > b.size) - (a.size < b.size);
}

bool bytes_start_with(struct bytes bytes, const char *prefix)
{
	size_t size = strlen(prefix);

	return bytes.size >= size && (size == 0 || memcmp(bytes.data, prefix, size) == 0);
}

struct bytes bytes_slice(struct bytes bytes, size_t offset, size_t size)
{
	if (offset >= bytes.size)
		return BYTES_EMPTY;
	if (size > bytes.size - offset)
		size = bytes.size - offset;
	return bytes_make(bytes.data + offset, size);
}

char *bytes_to_string(struct bytes bytes)
{
	char *string;

	if (bytes.size > 0 && memchr(bytes.data, '\0', bytes.size))
		return NULL;
	string = malloc(bytes.size + 1);
	if (!string)
		return NULL;
	if (bytes.size > 0)
		memcpy(string, bytes.data, bytes.size);
	string[bytes.size] = '\0';
	return string;
}

/* Makes room for size more bytes. The old memory is wiped, because a buffer may hold a secret on its way. */
static bool buffer_reserve(struct buffer *buffer, size_t size)
{
	size_t capacity;
	uint8_t *data;

	if (buffer->failed)
		return false;
	if (size <= buffer->capacity - buffer->size)
		return true;
	if (size > BUFFER_LIMIT || buffer->size > BUFFER_LIMIT - size) {
		buffer->failed = true;
		return false;
	}
	capacity = buffer->capacity < 64 ? 64 : buffer->capacity * 2;
	if (capacity < buffer->size + size)
		capacity = buffer->size + size;
	data = malloc(capacity);
	if (!data) {
		buffer->failed = true;
		return false;
	}
	if (buffer->size > 0)
		memcpy(data, buffer->data, buffer->size);
	if (buffer->data)
		memory_wipe(buffer->data, buffer->size);
	free(buffer->data);
	buffer->data = data;
	buffer->capacity = capacity;
	return true;
}

void buffer_append(struct buffer *buffer, const void *data, size_t size)
{
	if (size == 0 || !buffer_reserve(buffer, size))
		return;
	memcpy(buffer->data + buffer->size, data, size);
	buffer->size += size;
}

void buffer_append_bytes(struct buffer *buffer, struct bytes bytes)
{
	buffer_append(buffer, bytes.data, bytes.size);
}

void buffer_append_string(struct buffer *buffer, const char *string)
{
	buffer_append(buffer, string, strlen(string));
}

void buffer_append_byte(struct buffer *buffer, uint8_t byte)
{
	buffer_append(buffer, &byte, 1);
}

void buffer_append_repeated(struct buffer *buffer, uint8_t byte, size_t count)
{
	if (count == 0 || !buffer_reserve(buffer, count))
		return;
	memset(buffer->data + buffer->size, byte, count);
	buffer->size += count;
}

void buffer_append_u16be(struct buffer *buffer, uint16_t value)
{
	uint8_t data[2] = {(uint8_t)(value >> 8), (uint8_t)value};

	buffer_append(buffer, data, sizeof(data));
}

void buffer_append_u32be(struct buffer *buffer, uint32_t value)
{
	buffer_append_u16be(buffer, (uint16_t)(value >> 16));
	buffer_append_u16be(buffer, (uint16_t)value);
}

void buffer_append_u64be(struct buffer *buffer, uint64_t value)
{
	buffer_append_u32be(buffer, (uint32_t)(value >> 32));
	buffer_append_u32be(buffer, (uint32_t)value);
}

void buffer_append_format(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (size < 0 || !buffer_reserve(buffer, (size_t)size + 1)) {
		buffer->failed = true;
		return;
	}
	va_start(arguments, format);
	(void)vsnprintf((char *)buffer->data + buffer->size, (size_t)size + 1, format, arguments);
	va_end(arguments);
	buffer->size += (size_t)size;
}

const char *buffer_string(struct buffer *buffer)
{
	if (!buffer_reserve(buffer, 1))
		return NULL;
	buffer->data[buffer->size] = '\0';
	return (const char *)buffer->data;
}

void buffer_clear(struct buffer *buffer)
{
	if (buffer->data)
		memory_wipe(buffer->data, buffer->capacity);
	free(buffer->data);
	*buffer = (struct buffer){0};
}

struct bytes cursor_bytes(struct cursor *cursor, size_t size)
{
	struct bytes taken;

	if (cursor->failed || size > cursor->rest.size) {
		cursor->failed = true;
		return BYTES_EMPTY;
	}
	taken = bytes_make(cursor->rest.data, size);
	if (size > 0)
		cursor->rest.data += size;
	cursor->rest.size -= size;
	return taken;
}

static uint64_t cursor_number(struct cursor *cursor, size_t size, bool big_endian)
{
	struct bytes bytes = cursor_bytes(cursor, size);
	uint64_t value = 0;

	if (cursor->failed)
		return 0;
	for (size_t i = 0; i < size; i++)
		value = value << 8 | bytes.data[big_endian ? i : size - 1 - i];
	return value;
}

uint8_t cursor_u8(struct cursor *cursor)
{
	return (uint8_t)cursor_number(cursor, 1, true);
}

uint16_t cursor_u16be(struct cursor *cursor)
{
	return (uint16_t)cursor_number(cursor, 2, true);
}

uint32_t cursor_u32be(struct cursor *cursor)
{
	return (uint32_t)cursor_number(cursor, 4, true);
}

uint64_t cursor_u64be(struct cursor *cursor)
{
	return cursor_number(cursor, 8, true);
}

uint16_t cursor_u16le(struct cursor *cursor)
{
	return (uint16_t)cursor_number(cursor, 2, false);
}

uint32_t cursor_u32le(struct cursor *cursor)
{
	return (uint32_t)cursor_number(cursor, 4, false);
}

uint64_t cursor_u64le(struct cursor *cursor)
{
	return cursor_number(cursor, 8, false);
}

void memory_wipe(void *data, size_t size)
{
	if (size > 0)
		explicit_bzero(data, size);
}
