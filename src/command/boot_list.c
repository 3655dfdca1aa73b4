/* SPDX-License-Identifier: GPL-2.0-or-later */
/* heads boot list DIR */
#include "base/cleanup.h"
#include "base/text.h"
#include "boot/catalogue.h"
#include "command/nouns.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* Text of a configuration: as it is where it is UTF-8, which JSON can carry; otherwise with \xNN. */
static struct json_object *json_text(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	while (*at) {
		size_t length = 1;
		if (*at >= 0xf0 && *at <= 0xf4)
			length = 4;
		else if (*at >= 0xe0 && *at <= 0xef)
			length = 3;
		else if (*at >= 0xc2 && *at <= 0xdf)
			length = 2;
		else if (*at >= 0x80)
			return command_json_name(text);
		/* Overlong forms, surrogates and what lies beyond U+10FFFF. */
		if ((*at == 0xe0 && at[1] < 0xa0) || (*at == 0xed && at[1] > 0x9f) || (*at == 0xf0 && at[1] < 0x90) ||
		    (*at == 0xf4 && at[1] > 0x8f))
			return command_json_name(text);
		for (size_t i = 1; i < length; i++)
			if ((at[i] & 0xc0U) != 0x80)
				return command_json_name(text);
		at += length;
	}
	return json_object_new_string(text);
}

static struct json_object *json_paths(char *const *paths, size_t count)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < count; i++)
		json_object_array_add(array, command_json_name(paths[i]));
	return array;
}

static struct json_object *json_entry(const struct entry *entry)
{
	struct json_object *object = json_object_new_object();
	struct json_object *submenu = json_object_new_array();
	struct json_object *modules = json_object_new_array();

	for (size_t i = 0; i < entry->submenu_count; i++)
		json_object_array_add(submenu, json_text(entry->submenu[i]));
	for (size_t i = 0; i < entry->module_count; i++) {
		struct json_object *module = json_object_new_object();
		json_object_object_add(module, "path", command_json_name(entry->modules[i].path));
		json_object_object_add(module, "args", json_text(entry->modules[i].args));
		json_object_array_add(modules, module);
	}
	json_object_object_add(object, "id", json_object_new_string(entry->id));
	json_object_object_add(object, "title", json_text(entry->title));
	json_object_object_add(object, "submenu", submenu);
	json_object_object_add(object, "kind", json_object_new_string(entry_kind_name(entry->kind)));
	json_object_object_add(object, "kernel", entry->kernel ? command_json_name(entry->kernel) : NULL);
	json_object_object_add(object, "initrd", json_paths(entry->initrds, entry->initrd_count));
	json_object_object_add(object, "cmdline", json_text(entry->cmdline));
	json_object_object_add(object, "modules", modules);
	json_object_object_add(object, "default", json_object_new_boolean(entry->is_default));
	json_object_object_add(object, "source", command_json_name(entry->source));
	json_object_object_add(object, "problem", entry->problem ? json_text(entry->problem) : NULL);
	return object;
}

/* A line with a title, its words escaped for the terminal (A11). */
static void print_text(const char *label, const char *text)
{
	CLEANUP(buffer_clear) struct buffer escaped = {0};

	text_escape_utf8(bytes_from_string(text), &escaped);
	const char *string = buffer_string(&escaped);
	(void)printf("    %-8s %s\n", label, string ? string : "");
}

static void print_title(const struct entry *entry)
{
	CLEANUP(buffer_clear) struct buffer title = {0};

	for (size_t i = 0; i < entry->submenu_count; i++) {
		text_escape_utf8(bytes_from_string(entry->submenu[i]), &title);
		buffer_append_string(&title, " > ");
	}
	text_escape_utf8(bytes_from_string(entry->title), &title);
	const char *string = buffer_string(&title);
	(void)printf("%c %s  %s\n", entry->is_default ? '*' : ' ', entry->id, string ? string : "");
}

static void print_entry(const struct entry *entry)
{
	print_title(entry);
	print_text("kind", entry_kind_name(entry->kind));
	if (entry->kernel)
		print_text("kernel", entry->kernel);
	for (size_t i = 0; i < entry->initrd_count; i++)
		print_text("initrd", entry->initrds[i]);
	if (entry->cmdline[0] != '\0')
		print_text("cmdline", entry->cmdline);
	for (size_t i = 0; i < entry->module_count; i++) {
		print_text("module", entry->modules[i].path);
		if (entry->modules[i].args[0] != '\0')
			print_text("", entry->modules[i].args);
	}
	print_text("source", entry->source);
	if (entry->problem)
		print_text("problem", entry->problem);
}

static void print_notices(const struct command_context *context, const struct catalogue *catalogue)
{
	const struct buffer *notices = &catalogue->notices;

	for (size_t at = 0; at < notices->size;) {
		CLEANUP(buffer_clear) struct buffer escaped = {0};
		const char *notice = (const char *)notices->data + at;
		text_escape(bytes_from_string(notice), &escaped);
		if (context->verbosity >= 0 && buffer_string(&escaped))
			(void)fprintf(stderr, "heads: %s\n", buffer_string(&escaped));
		at += strlen(notice) + 1;
	}
	if (catalogue->entries.count == 0 && context->verbosity >= 0)
		(void)fprintf(stderr, "heads: the boot configuration has no entries\n");
}

int boot_list_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(catalogue_clear) struct catalogue catalogue = {0};
	struct error error = {0};

	if (argc != 2 || (argv[1][0] == '-' && argv[1][1] != '\0'))
		return command_usage(context, "heads boot list takes one argument, the directory that holds /boot");
	CLEANUP_CLOSE int directory = open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0) {
		(void)error_set_errno(&error, E_USAGE, argv[1], errno, "the directory %s cannot be opened", argv[1]);
		return command_fail(context, &error);
	}
	const struct catalogue_source source = catalogue_directory(&directory);
	/* Nobody has verified this tree. */
	if (catalogue_build_confined(&source, &catalogue, &error) < 0)
		return command_fail(context, &error);
	for (size_t i = 0; i < catalogue.entries.count; i++) {
		if (context->json)
			command_print_json(json_entry(&catalogue.entries.entries[i]));
		else
			print_entry(&catalogue.entries.entries[i]);
	}
	print_notices(context, &catalogue);
	return 0;
}
