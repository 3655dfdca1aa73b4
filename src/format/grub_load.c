/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an entry loads: the last kernel named wins, and what was loaded for an earlier one is forgotten, as in GRUB. */
#include "format/grub_internal.h"

#include "base/cleanup.h"
#include "format/cmdline.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void grub_load_problem(struct grub_load *load, const char *format, ...)
{
	va_list arguments;

	if (load->problem[0] != '\0')
		return;
	va_start(arguments, format);
	(void)vsnprintf(load->problem, sizeof(load->problem), format, arguments);
	va_end(arguments);
}

static void forget(struct grub_load *load)
{
	free(load->kernel);
	free(load->cmdline);
	grub_words_clear(&load->initrds);
	for (size_t i = 0; i < load->module_count; i++) {
		free(load->modules[i].path);
		free(load->modules[i].args);
	}
	free(load->modules);
	load->kernel = NULL;
	load->cmdline = NULL;
	load->modules = NULL;
	load->module_count = 0;
}

void grub_load_clear(struct grub_load *load)
{
	forget(load);
	*load = (struct grub_load){0};
}

/* The path, or NULL with the entry's problem set. */
static char *resolve(struct grub_parser *parser, const char *what, const char *name)
{
	const char *problem = NULL;
	char *path = grub_path_resolve(parser, name, &problem);

	if (!path)
		grub_load_problem(parser->load, "the %s %.300s %s", what, name, problem);
	return path;
}

/* The words from first on as a command line; NULL with the problem set. */
static char *join(struct grub_parser *parser, const struct grub_words *words, size_t first)
{
	CLEANUP(buffer_clear) struct buffer line = {0};
	struct error error = {0};
	const size_t count = words->count > first ? words->count - first : 0;

	if (count > 0 && cmdline_join((const char *const *)words->items + first, count, &line, &error) < 0) {
		grub_load_problem(parser->load, "%.300s: %.160s", error.sentence, error.object);
		return NULL;
	}
	/* Kept where it is only too long to boot, so that it can be shown; not where it is absurd. */
	if (line.size > (size_t)16 * CMDLINE_LIMIT) {
		(void)cmdline_check_length(line.size, &error);
		grub_load_problem(parser->load, "%.300s", error.sentence);
		return NULL;
	}
	char *text = line.failed ? NULL : bytes_to_string(buffer_bytes(&line));
	if (!text)
		parser->no_memory = true;
	return text;
}

static void load_image(struct grub_parser *parser, enum entry_kind kind, const struct grub_words *words)
{
	struct grub_load *load = parser->load;

	forget(load);
	load->loaded = true;
	load->kind = kind;
	load->kernel = resolve(parser, kind == ENTRY_CHAINLOAD ? "boot loader" : "kernel", words->items[1]);
	load->cmdline = join(parser, words, 2);
}

void grub_load_kernel(struct grub_parser *parser, const struct grub_words *words)
{
	if (words->count > 1)
		load_image(parser, ENTRY_LINUX, words);
}

void grub_load_chain(struct grub_parser *parser, const struct grub_words *words)
{
	struct grub_words rest = *words;

	/* --force comes before the file. */
	while (rest.count > 1 && strncmp(rest.items[1], "--", 2) == 0) {
		rest.items++;
		rest.count--;
	}
	if (rest.count > 1)
		load_image(parser, ENTRY_CHAINLOAD, &rest);
}

void grub_load_multiboot(struct grub_parser *parser, const struct grub_words *words)
{
	struct grub_words rest = *words;

	/* --quirk-... comes before the file. */
	while (rest.count > 1 && strncmp(rest.items[1], "--", 2) == 0) {
		rest.items++;
		rest.count--;
	}
	if (rest.count < 2)
		return;
	const char *name = strrchr(rest.items[1], '/');
	name = name ? name + 1 : rest.items[1];
	const bool xen = strncmp(name, "xen", 3) == 0 || strncmp(words->items[0], "xen", 3) == 0;
	load_image(parser, xen ? ENTRY_XEN : ENTRY_MULTIBOOT, &rest);
}

void grub_load_initrd(struct grub_parser *parser, const struct grub_words *words)
{
	struct grub_load *load = parser->load;
	struct grub_words paths = {0};

	/* GRUB: "you need to load the kernel first". */
	if (!load->loaded || load->kind != ENTRY_LINUX) {
		grub_load_problem(load, "the configuration names an initrd before any kernel");
		return;
	}
	paths.items = calloc(words->count, sizeof(*paths.items));
	if (!paths.items) {
		parser->no_memory = true;
		return;
	}
	for (size_t i = 1; i < words->count; i++) {
		char *path = resolve(parser, "initrd", words->items[i]);
		if (path)
			paths.items[paths.count++] = path;
	}
	grub_words_clear(&load->initrds);
	load->initrds = paths;
}

void grub_load_module(struct grub_parser *parser, const struct grub_words *words)
{
	struct grub_load *load = parser->load;
	const size_t first = words->count > 1 && strcmp(words->items[1], "--nounzip") == 0 ? 2 : 1;

	if (words->count <= first)
		return;
	if (!load->loaded || (load->kind != ENTRY_XEN && load->kind != ENTRY_MULTIBOOT)) {
		grub_load_problem(load, "the configuration names a module before any hypervisor");
		return;
	}
	struct entry_module *modules = reallocarray(load->modules, load->module_count + 1, sizeof(*modules));
	if (!modules) {
		parser->no_memory = true;
		return;
	}
	load->modules = modules;
	struct entry_module module = {.path = resolve(parser, "module", words->items[first]),
	                              .args = join(parser, words, first + 1)};
	if (!module.path || !module.args) {
		free(module.path);
		free(module.args);
		return;
	}
	load->modules[load->module_count++] = module;
}
