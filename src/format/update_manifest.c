/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/update_manifest.h"
#include "base/encode.h"
#include <stdio.h>
#include <string.h>

#define FIRST_LINE   "heads-update 1"
#define FORMAT_WORD  "heads-update "
#define NUMBER_LIMIT 65535
#define SIZE_LIMIT   ((uint64_t)1 << 32)
#define HEX_SIZE     64

bool update_version_parse(const char *text, uint64_t *ret_number)
{
	uint64_t number = 0;

	for (int part = 0; part < 3; part++) {
		uint64_t value = 0;
		size_t digits = strspn(text, "0123456789");

		if (digits == 0 || digits > 5 || (digits > 1 && *text == '0'))
			return false;
		for (size_t i = 0; i < digits; i++)
			value = value * 10 + (uint64_t)(text[i] - '0');
		if (value > NUMBER_LIMIT)
			return false;
		number = number << 16 | value;
		text += digits;
		if (part < 2 && *text++ != '.')
			return false;
	}
	if (*text != '\0')
		return false;
	*ret_number = number;
	return true;
}

/* Letters, digits, '.', '_' and '-', one of the first two in front. */
static bool is_name(struct bytes word)
{
	if (word.size == 0)
		return false;
	for (size_t i = 0; i < word.size; i++) {
		uint8_t c = word.data[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!letter && (i == 0 || (c != '.' && c != '_' && c != '-')))
			return false;
	}
	return true;
}

static bool copy_name(struct bytes word, char *target, size_t size)
{
	if (!word.data || !is_name(word) || word.size >= size)
		return false;
	memcpy(target, word.data, word.size);
	target[word.size] = '\0';
	return true;
}

/* The bytes up to a character, which is taken off with them; empty where it is missing. */
static struct bytes take(struct bytes *rest, char end)
{
	const uint8_t *found = rest->size > 0 ? memchr(rest->data, end, rest->size) : NULL;
	struct bytes word = bytes_slice(*rest, 0, found ? (size_t)(found - rest->data) : 0);

	*rest = found ? bytes_slice(*rest, word.size + 1, rest->size) : BYTES_EMPTY;
	return word;
}

static bool read_size(struct bytes word, uint64_t *ret_size)
{
	uint64_t size = 0;

	if (word.size == 0 || word.size > 10)
		return false;
	for (size_t i = 0; i < word.size; i++) {
		if (word.data[i] < '0' || word.data[i] > '9')
			return false;
		size = size * 10 + (uint64_t)(word.data[i] - '0');
	}
	*ret_size = size;
	return size < SIZE_LIMIT;
}

/* HASH SIZE NAME */
static bool read_file(struct bytes words, struct update_manifest *manifest)
{
	struct update_file file = {.sha256 = {.algorithm = HASH_SHA256, .size = HEX_SIZE / 2}};
	struct bytes hash = take(&words, ' '), size = take(&words, ' ');

	if (hash.size != HEX_SIZE || !hex_decode(hash, file.sha256.data, file.sha256.size) ||
	    !read_size(size, &file.size) || !copy_name(words, file.name, sizeof(file.name)) ||
	    update_manifest_find(manifest, file.name) || manifest->file_count == UPDATE_MAX_FILES)
		return false;
	manifest->files[manifest->file_count++] = file;
	return true;
}

static bool read_line(struct bytes line, struct update_manifest *manifest)
{
	struct bytes words = line, key = take(&words, ' ');

	if (bytes_equal(key, bytes_from_string("board")))
		return manifest->board[0] == '\0' && copy_name(words, manifest->board, sizeof(manifest->board));
	if (bytes_equal(key, bytes_from_string("version")))
		return manifest->version[0] == '\0' && copy_name(words, manifest->version, sizeof(manifest->version)) &&
		       update_version_parse(manifest->version, &manifest->number);
	return bytes_equal(key, bytes_from_string("file")) && read_file(words, manifest);
}

int update_manifest_parse(struct bytes text, struct update_manifest *ret_manifest, struct error *error)
{
	struct update_manifest manifest = {0};
	struct bytes rest = text, line;
	unsigned number = 1;

	if (text.size > UPDATE_MANIFEST_MAX_SIZE)
		return error_set(error, E_TOO_LARGE, UPDATE_MANIFEST,
		                 "the manifest of the update has %zu bytes; at most %d are read", text.size,
		                 UPDATE_MANIFEST_MAX_SIZE);
	if (text.size == 0 || text.data[text.size - 1] != '\n')
		return error_set(error, E_MALFORMED, UPDATE_MANIFEST, "the manifest of the update is cut short");
	line = take(&rest, '\n');
	if (!bytes_equal(line, bytes_from_string(FIRST_LINE)))
		return bytes_start_with(line, FORMAT_WORD)
		           ? error_set(error, E_UNSUPPORTED, UPDATE_MANIFEST,
		                       "the update is of a later format than this version of Heads reads")
		           : error_set(error, E_MALFORMED, UPDATE_MANIFEST,
		                       "this is not the manifest of an update of Heads");
	while (rest.size > 0) {
		number++;
		line = take(&rest, '\n');
		if (!read_line(line, &manifest))
			return error_set(error, E_MALFORMED, UPDATE_MANIFEST,
			                 "line %u of the update's manifest cannot be read", number);
	}
	if (!manifest.board[0] || !manifest.version[0] || !update_manifest_find(&manifest, UPDATE_ROM))
		return error_set(error, E_MALFORMED, UPDATE_MANIFEST,
		                 "the manifest of the update has to name a board, a version and the file %s",
		                 UPDATE_ROM);
	*ret_manifest = manifest;
	return 0;
}

void update_manifest_append(const struct update_manifest *manifest, struct buffer *text)
{
	buffer_append_format(text, FIRST_LINE "\nboard %s\nversion %s\n", manifest->board, manifest->version);
	for (size_t i = 0; i < manifest->file_count; i++) {
		const struct update_file *file = &manifest->files[i];
		char hex[HEX_SIZE + 1];

		hex_encode(digest_bytes(&file->sha256), hex);
		buffer_append_format(text, "file %s %llu %s\n", hex, (unsigned long long)file->size, file->name);
	}
}

const struct update_file *update_manifest_find(const struct update_manifest *manifest, const char *name)
{
	for (size_t i = 0; i < manifest->file_count; i++)
		if (strcmp(manifest->files[i].name, name) == 0)
			return &manifest->files[i];
	return NULL;
}
