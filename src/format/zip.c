/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/zip.h"
#include "base/text.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#define LOCAL_SIZE         30
#define ENTRY_MAGIC        0x02014b50U
#define LOCAL_MAGIC        0x04034b50U
#define END_MAGIC          "PK\x05\x06"
#define END_SIZE           22
#define COMMENT_LIMIT      0xffff
#define ZIP64              0xffffffffU
#define FLAG_ENCRYPTED     0x2041U /* bits 0, 6 and 13 */
#define FLAG_DESCRIPTOR    0x0008U /* lengths and CRC stand behind the data */
#define METHOD_STORED      0
#define METHOD_DEFLATED    8
#define SYSTEM_UNIX        3
#define DESCRIPTOR_LARGEST 16

static int malformed(const char *what, struct error *error)
{
	return error_set(error, E_MALFORMED, "zip", "the zip archive is damaged: %s", what);
}

static int unsupported(const char *what, struct error *error)
{
	return error_set(error, E_UNSUPPORTED, "zip", "the zip archive is not one of firmware: %s", what);
}

/* What stands at the end of an archive about its directory. */
struct end {
	struct bytes directory;
	size_t directory_offset;
	size_t count;
};

/* The record whose comment reaches exactly to the end of the archive; the last one where two do. */
static bool find_end(struct bytes archive, size_t *ret_offset)
{
	size_t lowest = archive.size > END_SIZE + COMMENT_LIMIT ? archive.size - END_SIZE - COMMENT_LIMIT : 0;

	if (archive.size < END_SIZE)
		return false;
	for (size_t at = archive.size - END_SIZE + 1; at-- > lowest;) {
		struct cursor length = cursor_make(bytes_slice(archive, at + END_SIZE - 2, 2));

		if (bytes_start_with(bytes_slice(archive, at, 4), END_MAGIC) &&
		    cursor_u16le(&length) == archive.size - at - END_SIZE) {
			*ret_offset = at;
			return true;
		}
	}
	return false;
}

static int read_end(struct bytes archive, struct end *end, struct error *error)
{
	uint32_t disk, directory_disk, here, total, size, offset;
	struct cursor cursor;
	size_t at;

	if (!find_end(archive, &at))
		return malformed("its end is missing", error);
	cursor = cursor_make(bytes_slice(archive, at + 4, END_SIZE - 4));
	disk = cursor_u16le(&cursor);
	directory_disk = cursor_u16le(&cursor);
	here = cursor_u16le(&cursor);
	total = cursor_u16le(&cursor);
	size = cursor_u32le(&cursor);
	offset = cursor_u32le(&cursor);
	if (total == 0xffff || size == ZIP64 || offset == ZIP64)
		return unsupported("it is of the zip64 kind", error);
	if (disk != 0 || directory_disk != 0 || here != total)
		return unsupported("it is one piece of several", error);
	if (offset > at || size != at - offset)
		return malformed("its directory is not where its end says", error);
	if (total > ZIP_MAX_FILES)
		return error_set(error, E_TOO_LARGE, "zip", "the zip archive holds %u files, more than the %d expected",
		                 total, ZIP_MAX_FILES);
	end->directory = bytes_slice(archive, offset, size);
	end->directory_offset = offset;
	end->count = total;
	return 0;
}

/* One part of a path: not empty, "." or "..". */
static bool part_is_plain(const char *part, size_t size)
{
	return size > 0 && !(size == 1 && part[0] == '.') && !(size == 2 && part[0] == '.' && part[1] == '.');
}

static int read_name(struct bytes name, char text[ZIP_NAME_SIZE], struct error *error)
{
	char shown[ZIP_NAME_SIZE];

	if (name.size == 0 || name.size >= ZIP_NAME_SIZE)
		return unsupported("a file has no name, or a very long one", error);
	for (size_t i = 0; i < name.size; i++)
		if (name.data[i] < ' ' || name.data[i] > '~' || name.data[i] == '\\')
			return error_set(error, E_REFUSED, "zip", "the zip archive holds a file with an odd name: %s",
			                 text_escape_into(name, shown, sizeof(shown)));
	memcpy(text, name.data, name.size);
	text[name.size] = '\0';
	if (text[name.size - 1] == '/')
		return unsupported("it holds directories", error);
	for (const char *part = text; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
		if (!part_is_plain(part, strcspn(part, "/")))
			return error_set(error, E_REFUSED, text,
			                 "the zip archive holds a file that leads out of it: %s", text);
	return 0;
}

/* What the directory and the header of a file both say. */
struct header {
	uint32_t flags, method, crc, stored, size;
	struct bytes name;
};

static struct header read_header(struct cursor *cursor)
{
	struct header header = {.flags = cursor_u16le(cursor)};

	header.method = cursor_u16le(cursor);
	(void)cursor_u32le(cursor); /* time and date */
	header.crc = cursor_u32le(cursor);
	header.stored = cursor_u32le(cursor);
	header.size = cursor_u32le(cursor);
	return header;
}

static int check_header(const struct header *header, struct error *error)
{
	if (header->flags & FLAG_ENCRYPTED)
		return unsupported("it is encrypted", error);
	if (header->method != METHOD_STORED && header->method != METHOD_DEFLATED)
		return unsupported("it uses another compression than deflate", error);
	if (header->stored == ZIP64 || header->size == ZIP64)
		return unsupported("it is of the zip64 kind", error);
	if (header->method == METHOD_STORED && header->stored != header->size)
		return malformed("a file that is not compressed has two lengths", error);
	return 0;
}

/* The header before the data says the same as the directory; *start moves behind the data. */
static int read_local(struct bytes archive, const struct end *end, const struct header *entry, size_t *start,
                      struct zip_file *file, struct error *error)
{
	struct cursor cursor =
	    cursor_make(bytes_slice(archive, *start, end->directory_offset - *start)); /* not into the directory */
	uint32_t magic = cursor_u32le(&cursor);
	struct header local;
	size_t name_size, extra_size;
	bool same;

	(void)cursor_u16le(&cursor); /* version */
	local = read_header(&cursor);
	name_size = cursor_u16le(&cursor);
	extra_size = cursor_u16le(&cursor);
	local.name = cursor_bytes(&cursor, name_size);
	(void)cursor_bytes(&cursor, extra_size);
	file->stored = cursor_bytes(&cursor, entry->stored);
	if (cursor.failed)
		return malformed("it ends within a file", error);
	same = local.crc == entry->crc && local.stored == entry->stored && local.size == entry->size;
	if (entry->flags & FLAG_DESCRIPTOR)
		same = same || (local.crc == 0 && local.stored == 0 && local.size == 0);
	if (magic != LOCAL_MAGIC || local.flags != entry->flags || local.method != entry->method || !same ||
	    !bytes_equal(local.name, entry->name))
		return malformed("its directory and the header of a file contradict each other", error);
	*start += LOCAL_SIZE + name_size + extra_size + entry->stored;
	return 0;
}

/* Whether nothing but one file's data descriptor can lie between two files. */
static bool gap_is_right(size_t gap, bool descriptor)
{
	return descriptor ? gap == DESCRIPTOR_LARGEST || gap == DESCRIPTOR_LARGEST - 4 : gap == 0;
}

struct reading {
	struct cursor directory;
	size_t position; /* behind the last file's data */
	bool descriptor; /* the last file has one */
};

static int read_entry(struct bytes archive, const struct end *end, struct reading *reading, struct zip *zip,
                      struct error *error)
{
	struct zip_file *file = &zip->files[zip->count];
	struct cursor *cursor = &reading->directory;
	uint32_t magic = cursor_u32le(cursor), made_by = cursor_u16le(cursor), attributes, mode;
	size_t name_size, extra_size, comment_size, start;
	struct header header;
	int r;

	(void)cursor_u16le(cursor); /* version needed */
	header = read_header(cursor);
	name_size = cursor_u16le(cursor);
	extra_size = cursor_u16le(cursor);
	comment_size = cursor_u16le(cursor);
	(void)cursor_u32le(cursor); /* disk, internal attributes */
	attributes = cursor_u32le(cursor);
	start = cursor_u32le(cursor);
	header.name = cursor_bytes(cursor, name_size);
	(void)cursor_bytes(cursor, extra_size);
	(void)cursor_bytes(cursor, comment_size);
	if (cursor->failed || magic != ENTRY_MAGIC)
		return malformed("its directory is cut short", error);
	r = check_header(&header, error);
	if (r == 0)
		r = read_name(header.name, file->name, error);
	if (r < 0)
		return r;
	mode = made_by >> 8 == SYSTEM_UNIX ? (attributes >> 16) & S_IFMT : 0;
	if (mode != 0 && mode != S_IFREG)
		return unsupported("it holds something else than plain files", error);
	if (zip_find(zip, file->name))
		return error_set(error, E_MALFORMED, file->name, "the zip archive holds two files of the name %s",
		                 file->name);
	if (start < reading->position || start > end->directory_offset ||
	    !gap_is_right(start - reading->position, reading->descriptor))
		return malformed("its files overlap, or something lies between them", error);
	r = read_local(archive, end, &header, &start, file, error);
	if (r < 0)
		return r;
	file->deflated = header.method == METHOD_DEFLATED;
	file->crc = header.crc;
	file->size = header.size;
	reading->position = start;
	reading->descriptor = header.flags & FLAG_DESCRIPTOR;
	zip->count++;
	return 0;
}

int zip_read(struct bytes archive, struct zip *ret_zip, struct error *error)
{
	struct reading reading = {0};
	struct end end = {0};
	int r = read_end(archive, &end, error);

	if (r < 0)
		return r;
	reading.directory = cursor_make(end.directory);
	ret_zip->count = 0;
	for (size_t i = 0; i < end.count && r == 0; i++)
		r = read_entry(archive, &end, &reading, ret_zip, error);
	if (r == 0 && (reading.directory.rest.size > 0 ||
	               !gap_is_right(end.directory_offset - reading.position, reading.descriptor)))
		r = malformed("something lies between its files and its end", error);
	return r;
}

const struct zip_file *zip_find(const struct zip *zip, const char *name)
{
	for (size_t i = 0; i < zip->count; i++)
		if (strcmp(zip->files[i].name, name) == 0)
			return &zip->files[i];
	return NULL;
}

/* Exactly file->size bytes into room, from exactly the stored ones. */
static bool inflate_into(const struct zip_file *file, void *room)
{
	z_stream stream = {.next_in = (z_const Bytef *)(uintptr_t)file->stored.data,
	                   .avail_in = (uInt)file->stored.size,
	                   .next_out = room,
	                   .avail_out = (uInt)file->size};
	bool whole;

	if (inflateInit2(&stream, -MAX_WBITS) != Z_OK)
		return false;
	whole = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0 && stream.avail_out == 0;
	(void)inflateEnd(&stream);
	return whole;
}

int zip_content(const struct zip_file *file, size_t limit, struct buffer *content, struct error *error)
{
	size_t before = content->size;
	uint8_t *room;

	if (file->size > limit)
		return error_set(error, E_TOO_LARGE, file->name,
		                 "%s in the zip archive has %zu bytes, more than the %zu that are possible", file->name,
		                 file->size, limit);
	if (!file->deflated) {
		buffer_append_bytes(content, file->stored);
	} else {
		room = malloc(file->size + 1); /* one more: never of no bytes */
		if (!room)
			return error_set(error, E_MEMORY, file->name, "there is not enough memory to unpack %s",
			                 file->name);
		if (!inflate_into(file, room)) {
			free(room);
			return error_set(error, E_MALFORMED, file->name,
			                 "%s in the zip archive is damaged: it does not unpack to %zu bytes",
			                 file->name, file->size);
		}
		buffer_append(content, room, file->size);
		free(room);
	}
	if (content->failed)
		return error_set(error, E_MEMORY, file->name, "there is not enough memory to unpack %s", file->name);
	if (crc32(0, file->size > 0 ? content->data + before : (const Bytef *)"", (uInt)file->size) != file->crc)
		return error_set(error, E_MALFORMED, file->name,
		                 "%s in the zip archive is damaged: its CRC-32 is another one than the archive says",
		                 file->name);
	return 0;
}
