/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/default_entry.h"
#include "base/cleanup.h"
#include "base/text.h"
#include <stdio.h>
#include <string.h>

#define OBJECT "the saved default entry"
#define PREFIX "kexec_default."

unsigned default_entry_number(const char *name)
{
	unsigned number = 0;

	if (strncmp(name, PREFIX, sizeof(PREFIX) - 1) != 0)
		return 0;
	name += sizeof(PREFIX) - 1;
	if (*name == '0')
		return 0;
	for (; *name >= '0' && *name <= '9'; name++) {
		number = number * 10 + (unsigned)(*name - '0');
		if (number > DEFAULT_MAX_NUMBER)
			return 0;
	}
	return strcmp(name, ".txt") == 0 ? number : 0;
}

static bool can_be_carried(const char *text)
{
	for (; *text; text++)
		if (*text == '|' || (unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

static void append_title(struct buffer *line, const char *title)
{
	for (; *title; title++)
		if (*title != '|' && (unsigned char)*title >= 0x20)
			buffer_append_byte(line, (uint8_t)*title);
}

static bool append_field(struct buffer *line, const char *name, const char *path, const char *words)
{
	if (!can_be_carried(path) || !can_be_carried(words))
		return false;
	buffer_append_format(line, "|%s %s%s%s", name, path, *words && *path ? " " : "", words);
	return true;
}

static bool append_fields(struct buffer *line, const struct entry *entry)
{
	const char *cmdline = entry->cmdline ? entry->cmdline : "";
	bool xen = entry->kind == ENTRY_XEN || entry->kind == ENTRY_MULTIBOOT, ok;

	ok = append_field(line, "kernel", entry->kernel, xen ? cmdline : "");
	for (size_t i = 0; ok && i < entry->module_count; i++)
		ok = append_field(line, "module", entry->modules[i].path, entry->modules[i].args);
	for (size_t i = 0; ok && i < entry->initrd_count; i++)
		ok = append_field(line, "initrd", entry->initrds[i], "");
	if (ok && !xen && *cmdline)
		ok = append_field(line, "append", "", cmdline);
	return ok;
}

int default_entry_append(struct buffer *line, const struct entry *entry, struct error *error)
{
	static const char *const types[] = {
	    [ENTRY_LINUX] = "elf", [ENTRY_ELF] = "elf", [ENTRY_XEN] = "xen", [ENTRY_MULTIBOOT] = "xen"};

	if (entry->kind == ENTRY_CHAINLOAD || !entry->kernel || entry->problem)
		return error_set(error, E_UNSUPPORTED, entry->id,
		                 "the entry %s cannot be the default: it cannot be booted", entry->id);
	append_title(line, entry->title ? entry->title : "");
	buffer_append_format(line, "|%s", types[entry->kind]);
	if (!append_fields(line, entry))
		return error_set(
		    error, E_UNSUPPORTED, entry->id,
		    "the entry %s cannot be the default: a path or its command line holds a '|' or a control "
		    "character, which the file for it cannot carry",
		    entry->id);
	buffer_append_byte(line, '\n');
	if (line->failed)
		return error_set(error, E_MEMORY, OBJECT, "there is not enough memory for %s", OBJECT);
	return 0;
}

/* The line with the white space of each field in one form: the original keeps that of the boot loader's file. */
static void append_canonical(struct buffer *out, struct bytes line)
{
	bool space = false, begun = false;

	for (size_t i = 0; i < line.size; i++) {
		uint8_t c = line.data[i];

		if (c == ' ' || c == '\t') {
			space = true;
			continue;
		}
		if (space && begun && c != '|')
			buffer_append_byte(out, ' ');
		space = false;
		begun = c != '|';
		buffer_append_byte(out, c);
	}
}

/* The version that a kernel's file name carries: "6.1.0-56-amd64" of "/vmlinuz-6.1.0-56-amd64"; empty for none. */
static struct bytes kernel_version(struct bytes line)
{
	static const char mark[] = "|kernel ";
	const uint8_t *kernel = line.size > 0 ? memmem(line.data, line.size, mark, sizeof(mark) - 1) : NULL;
	const uint8_t *name, *end, *dash;

	if (!kernel)
		return BYTES_EMPTY;
	kernel += sizeof(mark) - 1;
	for (end = kernel, name = kernel; end < line.data + line.size && *end != '|' && *end != ' '; end++)
		if (*end == '/')
			name = end + 1;
	dash = memchr(name, '-', (size_t)(end - name));
	if (!dash || dash + 1 == end || dash[1] < '0' || dash[1] > '9')
		return BYTES_EMPTY;
	return bytes_make(dash + 1, (size_t)(end - dash - 1));
}

/* The line with every occurrence of the version replaced by one byte that no line holds. */
static void append_masked(struct buffer *out, struct bytes line, struct bytes version)
{
	for (size_t i = 0; i < line.size;) {
		if (version.size > 0 && line.size - i >= version.size &&
		    memcmp(line.data + i, version.data, version.size) == 0) {
			buffer_append_byte(out, 0);
			i += version.size;
		} else {
			buffer_append_byte(out, line.data[i++]);
		}
	}
}

static int compare_versions(struct bytes a, struct bytes b)
{
	CLEANUP_FREE char *left = bytes_to_string(a), *right = bytes_to_string(b);

	return left && right ? strverscmp(left, right) : 0;
}

/* Whether candidate is saved with a higher version of the kernel, and nothing else. */
static bool is_newer(struct bytes saved, struct bytes candidate)
{
	CLEANUP(buffer_clear) struct buffer masked = {0}, masked_candidate = {0};
	struct bytes old = kernel_version(saved), new = kernel_version(candidate);

	if (old.size == 0 || new.size == 0 || compare_versions(new, old) <= 0)
		return false;
	append_masked(&masked, saved, old);
	append_masked(&masked_candidate, candidate, new);
	return !masked.failed && !masked_candidate.failed &&
	       bytes_equal(buffer_bytes(&masked), buffer_bytes(&masked_candidate));
}

static struct bytes title_of(struct bytes line)
{
	const uint8_t *end = line.size > 0 ? memchr(line.data, '|', line.size) : NULL;

	return bytes_slice(line, 0, end ? (size_t)(end - line.data) : 0);
}

struct search {
	struct bytes saved; /* canonical */
	size_t place;       /* from 0 */
	struct default_found found;
	bool has_title;
	struct buffer newest;
};

static void look_at(struct search *search, const struct entry *entry, size_t index)
{
	CLEANUP(buffer_clear) struct buffer line = {0}, canonical = {0};
	struct default_found *found = &search->found;

	if (default_entry_append(&line, entry, NULL) < 0)
		return;
	append_canonical(&canonical, bytes_make(line.data, line.size - 1));
	if (bytes_equal(buffer_bytes(&canonical), search->saved) &&
	    (found->match != DEFAULT_SAME || index == search->place)) {
		found->match = DEFAULT_SAME;
		found->index = index;
	}
	search->has_title |= bytes_equal(title_of(buffer_bytes(&canonical)), title_of(search->saved));
	if (is_newer(search->saved, buffer_bytes(&canonical)) &&
	    (!found->has_newer || compare_versions(kernel_version(buffer_bytes(&canonical)),
	                                           kernel_version(buffer_bytes(&search->newest))) > 0)) {
		found->has_newer = true;
		found->newer = index;
		buffer_clear(&search->newest);
		buffer_append_bytes(&search->newest, buffer_bytes(&canonical));
	}
}

int default_entry_find(struct bytes line, unsigned number, const struct entry_list *entries,
                       struct default_found *ret_found, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer canonical = {0};
	struct search search = {.place = number - 1, .found = {.match = DEFAULT_VANISHED}};

	if (line.size > 0 && line.data[line.size - 1] == '\n')
		line.size--;
	if (line.size == 0 || line.size > DEFAULT_MAX_SIZE || memchr(line.data, '\n', line.size) ||
	    memchr(line.data, 0, line.size) || !memchr(line.data, '|', line.size))
		return error_set(error, E_MALFORMED, OBJECT,
		                 "%s is not one line of the form TITLE|TYPE|kernel PATH|...", OBJECT);
	append_canonical(&canonical, line);
	if (canonical.failed)
		return error_set(error, E_MEMORY, OBJECT, "there is not enough memory for %s", OBJECT);
	search.saved = buffer_bytes(&canonical);
	(void)text_escape_into(title_of(search.saved), search.found.title, sizeof(search.found.title));
	for (size_t i = 0; i < entries->count; i++)
		look_at(&search, &entries->entries[i], i);
	buffer_clear(&search.newest);
	if (search.found.match == DEFAULT_VANISHED && search.has_title)
		search.found.match = DEFAULT_CHANGED;
	*ret_found = search.found;
	return 0;
}
