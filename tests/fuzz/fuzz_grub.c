/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The GRUB parser. The input is split at the line "%%" into the configuration, custom.cfg and grubenv. */
#include "base/cleanup.h"
#include "format/grub.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct inputs {
	struct bytes parts[3]; /* configuration, /grub/custom.cfg, /grub/grubenv */
};

static const struct bytes *find(const struct inputs *inputs, const char *path)
{
	if (strcmp(path, "/grub/custom.cfg") == 0)
		return &inputs->parts[1];
	return strcmp(path, "/grub/grubenv") == 0 ? &inputs->parts[2] : NULL;
}

static enum grub_file_kind input_kind(void *context, const char *path)
{
	const struct bytes *part = find(context, path);

	/* What the header promises of a path. */
	if (path[0] != '/' || strstr(path, "/../") || strstr(path, "//"))
		abort();
	if (!part)
		return strcmp(path, "/grub") == 0 ? GRUB_FILE_DIRECTORY : GRUB_FILE_MISSING;
	return part->size ? GRUB_FILE_REGULAR : GRUB_FILE_EMPTY;
}

static int input_read(void *context, const char *path, size_t limit, struct buffer *content)
{
	const struct bytes *part = find(context, path);

	if (!part)
		return -E_NOT_FOUND;
	if (part->size > limit)
		return -E_TOO_LARGE;
	buffer_append_bytes(content, *part);
	return 0;
}

/* What every list has to be, whatever the input. */
static void check(const struct entry_list *list, const struct grub_report *report)
{
	size_t defaults = 0;

	if (list->count > GRUB_MAX_ENTRIES || report->positions > GRUB_MAX_ENTRIES)
		abort();
	for (size_t i = 0; i < list->count; i++) {
		const struct entry *entry = &list->entries[i];
		defaults += entry->is_default;
		if (!entry->id || !entry->title || !entry->cmdline || !entry->source)
			abort();
		if (!entry->kernel && !entry->problem)
			abort();
		if (entry->kernel && entry->kernel[0] != '/')
			abort();
		for (size_t k = 0; k < entry->initrd_count; k++)
			if (entry->initrds[k][0] != '/')
				abort();
		for (const char *c = entry->cmdline; *c; c++)
			if ((unsigned char)*c < 0x20)
				abort();
	}
	if (defaults != (list->count > 0))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct inputs inputs = {{bytes_make(data, size), BYTES_EMPTY, BYTES_EMPTY}};
	CLEANUP(entry_list_clear) struct entry_list list = {0};
	struct grub_report report;

	for (size_t i = 0; i + 1 < ARRAY_SIZE(inputs.parts); i++) {
		const uint8_t *mark =
		    inputs.parts[i].size ? memmem(inputs.parts[i].data, inputs.parts[i].size, "\n%%\n", 4) : NULL;
		if (!mark)
			break;
		const size_t before = (size_t)(mark - inputs.parts[i].data);
		inputs.parts[i + 1] = bytes_slice(inputs.parts[i], before + 4, inputs.parts[i].size);
		inputs.parts[i].size = before + 1;
	}
	const struct grub_files files = {&inputs, input_kind, input_read, NULL};
	const struct grub_config config = {inputs.parts[0], "grub/grub.cfg", "/grub/grub.cfg", 0, &files};
	if (grub_parse(&config, &list, &report, NULL) == 0)
		check(&list, &report);
	return 0;
}
