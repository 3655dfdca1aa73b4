/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/crypttab.h"
#include "base/cleanup.h"
#include <string.h>
#include <strings.h>

#define BLANKS      " \t\r"
#define SOURCE_SIZE 512

/* Options about the owner's key, by their beginnings. */
static const char *const dropped[] = {"keyscript=", "keyfile-offset=", "keyfile-size=",      "keyfile-timeout=",
                                      "key-slot=",  "keyslot=",        "try-empty-password", "tpm2-",
                                      "fido2-",     "pkcs11-"};

static struct bytes take_line(struct bytes *text)
{
	const uint8_t *end = text->size > 0 ? memchr(text->data, '\n', text->size) : NULL;
	size_t size = end ? (size_t)(end - text->data) : text->size;
	struct bytes line = bytes_slice(*text, 0, size);

	*text = bytes_slice(*text, end ? size + 1 : size, text->size);
	return line;
}

static bool is_blank(uint8_t byte)
{
	return byte != '\0' && strchr(BLANKS, byte);
}

static struct bytes take_field(struct bytes *line)
{
	size_t start = 0, end;

	while (start < line->size && is_blank(line->data[start]))
		start++;
	for (end = start; end < line->size && !is_blank(line->data[end]);)
		end++;
	struct bytes field = bytes_slice(*line, start, end - start);

	*line = bytes_slice(*line, end, line->size);
	return field;
}

/* False where the line holds no entry. */
static bool read_fields(struct bytes line, struct crypttab_line *ret_line)
{
	*ret_line = (struct crypttab_line){.name = take_field(&line)};
	if (ret_line->name.size == 0 || ret_line->name.data[0] == '#')
		return false;
	ret_line->source = take_field(&line);
	ret_line->key = take_field(&line);
	ret_line->options = take_field(&line);
	return ret_line->source.size > 0;
}

bool crypttab_next(struct bytes *text, struct crypttab_line *ret_line)
{
	while (text->size > 0)
		if (read_fields(take_line(text), ret_line))
			return true;
	return false;
}

static bool is_octal(uint8_t byte)
{
	return byte >= '0' && byte <= '7';
}

/* A field without its \ooo escapes and double quotes. False where it is too long or holds a NUL. */
static bool decode(struct bytes field, char *text, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < field.size; i++) {
		unsigned int byte = field.data[i];

		if (byte == '"')
			continue;
		if (byte == '\\' && field.size - i > 3 && is_octal(field.data[i + 1]) && is_octal(field.data[i + 2]) &&
		    is_octal(field.data[i + 3])) {
			byte = (unsigned int)(field.data[i + 1] - '0') << 6 |
			       (unsigned int)(field.data[i + 2] - '0') << 3 | (unsigned int)(field.data[i + 3] - '0');
			i += 3;
		}
		if (byte == 0 || byte > UINT8_MAX || used + 1 >= size)
			return false;
		text[used++] = (char)byte;
	}
	text[used] = '\0';
	return true;
}

/* What stands behind one of two prefixes; NULL for neither. */
static const char *behind(const char *text, const char *tag, const char *directory)
{
	if (strncasecmp(text, tag, strlen(tag)) == 0)
		return text + strlen(tag);
	if (strncmp(text, directory, strlen(directory)) == 0)
		return text + strlen(directory);
	return NULL;
}

static char *append_part(char *to, const char *from, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (from[i] == '-')
			*to++ = '-';
		*to++ = from[i];
	}
	return to;
}

/* "/dev/GROUP/VOLUME" is another name of "/dev/mapper/GROUP-VOLUME", where dashes of either are doubled. */
static bool is_logical_volume(const char *source, const char *path)
{
	static const char directory[] = "/dev/", mapper[] = "/dev/mapper/";
	char name[2 * SOURCE_SIZE], *end;
	const char *group, *volume;

	if (strncmp(source, directory, sizeof(directory) - 1) != 0 || strncmp(path, mapper, sizeof(mapper) - 1) != 0)
		return false;
	group = source + sizeof(directory) - 1;
	volume = strchr(group, '/');
	if (!volume)
		return false;
	end = append_part(name, group, (size_t)(volume - group));
	*end++ = '-';
	end = append_part(end, volume + 1, strlen(volume + 1));
	*end = '\0';
	return strcmp(name, path + sizeof(mapper) - 1) == 0;
}

bool crypttab_line_is(const struct crypttab_line *line, const struct crypttab_disk *disk)
{
	const struct {
		const char *tag, *directory, *value;
		bool any_case;
	} names[] = {
	    {"UUID=", "/dev/disk/by-uuid/", disk->uuid, true},
	    {"LABEL=", "/dev/disk/by-label/", disk->label, false},
	    {"PARTUUID=", "/dev/disk/by-partuuid/", disk->partuuid, true},
	    {"PARTLABEL=", "/dev/disk/by-partlabel/", disk->partlabel, false},
	};
	char source[SOURCE_SIZE];

	if (!decode(line->source, source, sizeof(source)))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const char *value = behind(source, names[i].tag, names[i].directory);

		if (value)
			return names[i].value && (names[i].any_case ? strcasecmp(value, names[i].value) == 0
			                                            : strcmp(value, names[i].value) == 0);
	}
	return disk->path && (strcmp(source, disk->path) == 0 || is_logical_volume(source, disk->path));
}

static bool is_dropped(struct bytes option)
{
	for (size_t i = 0; i < ARRAY_SIZE(dropped); i++)
		if (bytes_start_with(option, dropped[i]))
			return true;
	return false;
}

/* The options that stay, "luks" where none does: a line without options would be read as a plain dm-crypt volume. */
static void append_options(struct bytes options, struct buffer *result)
{
	size_t before = result->size;

	while (options.size > 0) {
		const uint8_t *end = memchr(options.data, ',', options.size);
		size_t size = end ? (size_t)(end - options.data) : options.size;
		struct bytes option = bytes_slice(options, 0, size);

		options = bytes_slice(options, end ? size + 1 : size, options.size);
		if (option.size == 0 || is_dropped(option))
			continue;
		if (result->size > before)
			buffer_append_byte(result, ',');
		buffer_append_bytes(result, option);
	}
	if (result->size == before)
		buffer_append_string(result, "luks");
}

static void append_override(struct bytes raw, const struct crypttab_line *line, const char *key_file,
                            struct buffer *result)
{
	size_t kept = (size_t)(line->source.data + line->source.size - raw.data);

	buffer_append_bytes(result, bytes_slice(raw, 0, kept));
	buffer_append_byte(result, ' ');
	buffer_append_string(result, key_file);
	buffer_append_byte(result, ' ');
	append_options(line->options, result);
}

int crypttab_override(struct bytes text, const struct crypttab_disk *disks, size_t count, const char *key_file,
                      struct buffer *result, bool *found, struct error *error)
{
	if (text.size > CRYPTTAB_MAX_SIZE || count > CRYPTTAB_MAX_DISKS)
		return error_set(error, E_TOO_LARGE, "crypttab", "the initrd's crypttab is larger than %zu KiB",
		                 CRYPTTAB_MAX_SIZE >> 10);
	if (text.size > 0 && memchr(text.data, '\0', text.size))
		return error_set(error, E_MALFORMED, "crypttab", "the initrd's crypttab is no text");
	while (text.size > 0) {
		struct bytes raw = take_line(&text);
		struct crypttab_line line;
		bool ours = false;

		if (read_fields(raw, &line))
			for (size_t i = 0; i < count; i++)
				if (crypttab_line_is(&line, &disks[i]))
					ours = found[i] = true;
		if (ours)
			append_override(raw, &line, key_file, result);
		else
			buffer_append_bytes(result, raw);
		buffer_append_byte(result, '\n');
	}
	if (result->failed)
		return error_set(error, E_MEMORY, "crypttab", "there is not enough memory for the initrd's crypttab");
	return 0;
}
