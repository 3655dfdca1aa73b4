/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pointer and length, always together: borrowed input (bytes), growing output (buffer), a bounded reader (cursor). */
#ifndef HEADS_BASE_BYTES_H
#define HEADS_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
	const uint8_t *data;
	size_t size;
};

#define BYTES_EMPTY ((struct bytes){NULL, 0})

static inline struct bytes bytes_make(const void *data, size_t size)
{
	return (struct bytes){(const uint8_t *)data, size};
}

/* The characters of a C string without its NUL. */
struct bytes bytes_from_string(const char *string);
bool bytes_equal(struct bytes a, struct bytes b);
/* Time does not depend on the content: for secrets and MACs. */
bool bytes_equal_secret(struct bytes a, struct bytes b);
/* Every byte has this value; true of none. */
bool bytes_are_all(struct bytes bytes, uint8_t value);
/* Order of memcmp, the shorter first where one is a prefix. */
int bytes_compare(struct bytes a, struct bytes b);
bool bytes_start_with(struct bytes bytes, const char *prefix);
/* From offset on, at most size bytes; empty where offset lies beyond. */
struct bytes bytes_slice(struct bytes bytes, size_t offset, size_t size);
/* A NUL-terminated copy, owned by the caller; NULL without memory or where a NUL is inside. */
char *bytes_to_string(struct bytes bytes);

/* A growing array of bytes. Starts zeroed; release with buffer_clear. An append that fails (memory, or above
 * BUFFER_LIMIT) sets failed and all later appends do nothing, so one check at the end is enough. */
#define BUFFER_LIMIT ((size_t)256 << 20)
struct buffer {
	uint8_t *data;
	size_t size;
	size_t capacity;
	bool failed;
};

void buffer_append(struct buffer *buffer, const void *data, size_t size);
void buffer_append_bytes(struct buffer *buffer, struct bytes bytes);
void buffer_append_string(struct buffer *buffer, const char *string);
void buffer_append_byte(struct buffer *buffer, uint8_t byte);
void buffer_append_repeated(struct buffer *buffer, uint8_t byte, size_t count);
void buffer_append_u16be(struct buffer *buffer, uint16_t value);
void buffer_append_u32be(struct buffer *buffer, uint32_t value);
void buffer_append_u64be(struct buffer *buffer, uint64_t value);
void buffer_append_format(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline struct bytes buffer_bytes(const struct buffer *buffer)
{
	return bytes_make(buffer->data, buffer->size);
}
/* The content as a string that the buffer goes on owning; NULL where an append failed. */
const char *buffer_string(struct buffer *buffer);
/* Wipes and frees; the buffer is empty and usable again. */
void buffer_clear(struct buffer *buffer);

/* Reads numbers and slices off the front. A read beyond the end sets failed, returns zero or empty, and so does every
 * later one: one check at the end is enough. */
struct cursor {
	struct bytes rest;
	bool failed;
};

static inline struct cursor cursor_make(struct bytes bytes)
{
	return (struct cursor){bytes, false};
}
uint8_t cursor_u8(struct cursor *cursor);
uint16_t cursor_u16be(struct cursor *cursor);
uint32_t cursor_u32be(struct cursor *cursor);
uint64_t cursor_u64be(struct cursor *cursor);
uint16_t cursor_u16le(struct cursor *cursor);
uint32_t cursor_u32le(struct cursor *cursor);
uint64_t cursor_u64le(struct cursor *cursor);
struct bytes cursor_bytes(struct cursor *cursor, size_t size);

/* Overwrites memory in a way that the compiler keeps. */
void memory_wipe(void *data, size_t size);

#endif
