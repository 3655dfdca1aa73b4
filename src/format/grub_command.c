/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The commands that mean something for the entries, and the status of those that only matter to GRUB. */
#include "format/grub_internal.h"

#include "base/cleanup.h"
#include "format/grubenv.h"
#include <stdio.h>
#include <string.h>

struct call {
	struct grub_parser *parser;
	const struct grub_words *words;
	const struct grub_block *block;
};

static void assign(struct grub_parser *parser, const char *word, const char *equals)
{
	CLEANUP_FREE char *name = bytes_to_string(bytes_make(word, (size_t)(equals - word)));

	if (!name)
		parser->no_memory = true;
	else if (name[0] != '\0')
		grub_variable_set(&parser->variables, name, equals + 1);
}

bool grub_command_assign(struct grub_parser *parser, const char *word)
{
	const char *equals = strchr(word, '=');

	if (!equals || equals == word)
		return false;
	assign(parser, word, equals);
	return true;
}

static int run_set(const struct call *call)
{
	if (call->words->count < 2)
		return 0;
	return grub_command_assign(call->parser, call->words->items[1]) ? 0 : 1;
}

static int run_unset(const struct call *call)
{
	for (size_t i = 1; i < call->words->count; i++)
		grub_variable_unset(&call->parser->variables, call->words->items[i]);
	return 0;
}

static int run_export(const struct call *call)
{
	for (size_t i = 1; i < call->words->count; i++)
		grub_variable_export(&call->parser->variables, call->words->items[i]);
	return 0;
}

static int run_bracket(const struct call *call)
{
	const struct grub_words *words = call->words;

	if (words->count < 2 || strcmp(words->items[words->count - 1], "]") != 0)
		return 1;
	return grub_test(call->parser, words->items + 1, words->count - 2) ? 0 : 1;
}

static int run_test(const struct call *call)
{
	return grub_test(call->parser, call->words->items + 1, call->words->count - 1) ? 0 : 1;
}

static int run_menuentry(const struct call *call)
{
	grub_menu_add(call->parser, call->words, call->block, false);
	return 0;
}

static int run_submenu(const struct call *call)
{
	grub_menu_add(call->parser, call->words, call->block, true);
	return 0;
}

/* Commands that load: only inside an entry. Braces in them are a syntax error for GRUB. */
static int run_loader(const struct call *call, void (*load)(struct grub_parser *, const struct grub_words *))
{
	if (!call->parser->load)
		return 0;
	if (call->block->present)
		grub_load_problem(call->parser->load, "the command %s of the entry has braces outside quotes",
		                  call->words->items[0]);
	load(call->parser, call->words);
	return 0;
}

static int run_linux(const struct call *call)
{
	return run_loader(call, grub_load_kernel);
}

static int run_initrd(const struct call *call)
{
	return run_loader(call, grub_load_initrd);
}

static int run_multiboot(const struct call *call)
{
	return run_loader(call, grub_load_multiboot);
}

static int run_module(const struct call *call)
{
	return run_loader(call, grub_load_module);
}

static int run_chainloader(const struct call *call)
{
	return run_loader(call, grub_load_chain);
}

/* `loopback NAME FILE`: the device NAME is a file's content from now on. */
static int run_loopback(const struct call *call)
{
	struct grub_parser *parser = call->parser;
	const struct grub_words *words = call->words;

	for (size_t i = 1; i < words->count; i++) {
		if (words->items[i][0] == '-')
			continue;
		if (parser->loopbacks.count < 64)
			grub_words_expand(parser, bytes_from_string(words->items[i]), &parser->loopbacks);
		break;
	}
	return 0;
}

/* The text of a file, kept until the end because entries and functions point into it; NULL where there is none. */
static struct grub_text *read_text(struct grub_parser *parser, const char *path)
{
	const struct grub_files *files = parser->config->files;
	struct grub_text *text = NULL;

	if (parser->text_count >= GRUB_MAX_FILES) {
		grub_notice(parser, "more than %d sourced files: %.200s was left out", GRUB_MAX_FILES, path);
		return NULL;
	}
	if (grub_file_look(parser, path) != GRUB_FILE_REGULAR)
		return NULL;
	text = calloc(1, sizeof(*text));
	if (!text) {
		parser->no_memory = true;
		return NULL;
	}
	if (files->read(files->context, path, GRUB_MAX_TEXT - parser->text_bytes, &text->content) < 0 ||
	    text->content.failed) {
		grub_notice(parser, "the sourced file %.200s cannot be read, or all of them are longer than %zu bytes",
		            path, GRUB_MAX_TEXT);
		buffer_clear(&text->content);
		free(text);
		return NULL;
	}
	text->next = parser->texts;
	parser->texts = text;
	parser->text_count++;
	parser->text_bytes += text->content.size;
	/* The size counts once: sourcing it again spends work that the first file has to pay for. */
	parser->work_limit += 16 * text->content.size;
	return text;
}

static int source(const struct call *call, bool new_context)
{
	struct grub_parser *parser = call->parser;
	const struct grub_files *files = parser->config->files;
	const char *problem = NULL;

	if (call->words->count < 2)
		return 1;
	if (parser->load && new_context) {
		grub_load_problem(parser->load, "the entry opens another menu (%.300s), which is not read from here",
		                  call->words->items[1]);
		return 1;
	}
	CLEANUP_FREE char *path = grub_path_resolve(parser, call->words->items[1], &problem);
	if (!path || (new_context && files->listed && files->listed(files->context, path)))
		return 1;
	if (parser->nesting >= GRUB_MAX_NESTING) {
		grub_notice(parser, "files that source each other deeper than %d were left out", GRUB_MAX_NESTING);
		return 1;
	}
	struct grub_text *text = read_text(parser, path);
	if (!text)
		return 1;
	/* The new menu of `configfile` is listed in place, as if it had been part of this one. Its variables stay,
	 * because its entries run later. */
	grub_run(parser, buffer_bytes(&text->content));
	return 0;
}

static int run_source(const struct call *call)
{
	return source(call, false);
}

static int run_configfile(const struct call *call)
{
	return source(call, true);
}

/* `search [--set[=NAME]] --file|--fs-uuid|--label WHAT`, `search.fs_uuid WHAT NAME`: every device is the one we read.
 */
static int run_search(const struct call *call)
{
	struct grub_parser *parser = call->parser;
	const struct grub_words *words = call->words;
	const char *name = NULL, *wanted = NULL;
	bool file = strcmp(words->items[0], "search.file") == 0 || strcmp(words->items[0], "search_fs_file") == 0;
	const bool dotted = strcmp(words->items[0], "search") != 0;

	for (size_t i = 1; i < words->count; i++) {
		const char *word = words->items[i];
		if (strncmp(word, "--set=", 6) == 0)
			name = word + 6;
		else if (strcmp(word, "--set") == 0 || strcmp(word, "-s") == 0)
			name = "root";
		else if (strcmp(word, "--file") == 0 || strcmp(word, "-f") == 0)
			file = true;
		else if (word[0] != '-' && !wanted)
			wanted = word;
		else if (word[0] != '-' && dotted && !name)
			name = word;
	}
	if (!wanted)
		return 1;
	if (file) {
		const char *problem = NULL;
		CLEANUP_FREE char *path = grub_path_resolve(parser, wanted, &problem);
		if (!path || grub_file_look(parser, path) == GRUB_FILE_MISSING)
			return 1;
	}
	if (name && name[0] != '\0')
		grub_variable_set(&parser->variables, name, "hd0,gpt1");
	return 0;
}

static void found_in_environment(void *context, const char *name, const char *value)
{
	struct grub_parser *parser = context;

	grub_variable_set(&parser->variables, name, value);
}

/* `load_env [--file FILE]`; see grub_parse for why its content reaches no entry. */
static int run_load_env(const struct call *call)
{
	struct grub_parser *parser = call->parser;
	const struct grub_files *files = parser->config->files;
	const struct grub_words *words = call->words;
	CLEANUP(buffer_clear) struct buffer content = {0}, name = {0};
	const char *problem = NULL;

	parser->saw_environment = true;
	if (!parser->with_environment)
		return 0;
	const char *file = NULL;
	for (size_t i = 1; i < words->count; i++) {
		const char *word = words->items[i];
		if (strncmp(word, "--file=", 7) == 0)
			file = word + 7;
		else if ((strcmp(word, "--file") == 0 || strcmp(word, "-f") == 0) && i + 1 < words->count)
			file = words->items[++i];
	}
	if (file)
		buffer_append_string(&name, file);
	else
		buffer_append_format(&name, "%s/grubenv", grub_variable_get(&parser->variables, "prefix"));
	if (!buffer_string(&name))
		return 1;
	CLEANUP_FREE char *path = grub_path_resolve(parser, buffer_string(&name), &problem);
	if (!path || grub_file_look(parser, path) != GRUB_FILE_REGULAR ||
	    files->read(files->context, path, GRUBENV_MAX_SIZE, &content) < 0)
		return 1;
	return grubenv_parse(buffer_bytes(&content), found_in_environment, parser, NULL) < 0 ? 1 : 0;
}

static int run_flow(const struct call *call)
{
	const char *name = call->words->items[0];

	call->parser->flow = strcmp(name, "break") == 0      ? GRUB_FLOW_BREAK
	                     : strcmp(name, "continue") == 0 ? GRUB_FLOW_CONTINUE
	                                                     : GRUB_FLOW_RETURN;
	return call->parser->status;
}

static int run_shift(const struct call *call)
{
	struct grub_scope *scope = call->parser->scope;

	if (!scope || scope->first >= scope->words->count)
		return 1;
	scope->first++;
	return 0;
}

static int run_true(const struct call *call)
{
	(void)call;
	return 0;
}

static int run_false(const struct call *call)
{
	(void)call;
	return 1;
}

/* Ends GRUB or the machine: what follows in an entry is not reached. */
static int run_end(const struct call *call)
{
	if (call->words->count > 1 && strcmp(call->words->items[1], "--is-supported") == 0)
		return 1;
	call->parser->flow = GRUB_FLOW_RETURN;
	return 0;
}

static const struct {
	const char *name;
	int (*run)(const struct call *call);
} COMMANDS[] = {
    {"[", run_bracket},
    {"test", run_test},
    {"set", run_set},
    {"unset", run_unset},
    {"export", run_export},
    {"menuentry", run_menuentry},
    {"submenu", run_submenu},
    {"linux", run_linux},
    {"linux16", run_linux},
    {"linuxefi", run_linux},
    {"initrd", run_initrd},
    {"initrd16", run_initrd},
    {"initrdefi", run_initrd},
    {"multiboot", run_multiboot},
    {"multiboot2", run_multiboot},
    {"xen_hypervisor", run_multiboot},
    {"module", run_module},
    {"module2", run_module},
    {"xen_module", run_module},
    {"chainloader", run_chainloader},
    {"source", run_source},
    {".", run_source},
    {"extract_entries_source", run_source},
    {"configfile", run_configfile},
    {"extract_entries_configfile", run_configfile},
    {"search", run_search},
    {"search.fs_uuid", run_search},
    {"search.fs_label", run_search},
    {"search.file", run_search},
    {"search_fs_uuid", run_search},
    {"search_label", run_search},
    {"search_fs_file", run_search},
    {"load_env", run_load_env},
    {"loopback", run_loopback},
    {"return", run_flow},
    {"break", run_flow},
    {"continue", run_flow},
    {"shift", run_shift},
    {"exit", run_end},
    {"fwsetup", run_end},
    {"halt", run_end},
    {"reboot", run_end},
    /* What an entry does on the way, as if it had worked. */
    {"true", run_true},
    {"insmod", run_true},
    {"rmmod", run_true},
    {"save_env", run_true},
    {"echo", run_true},
    {"eval", run_false},
    {"clear", run_true},
    {"cls", run_true},
    {"loadfont", run_true},
    {"terminal_input", run_true},
    {"terminal_output", run_true},
    {"serial", run_true},
    {"sleep", run_true},
    {"play", run_true},
    {"devicetree", run_true},
    {"cryptomount", run_true},
    {"cutmem", run_true},
    {"badram", run_true},
    {"password", run_true},
    {"password_pbkdf2", run_true},
    {"setparams", run_true},
    {"probe", run_true},
    {"boot", run_true},
    {"parttool", run_true},
    {"drivemap", run_true},
    {"videoinfo", run_true},
    {"lsmod", run_true},
    {"false", run_false},
};

static void run_function(struct grub_parser *parser, const struct grub_words *words, struct bytes body)
{
	struct grub_scope scope = {.below = parser->scope, .words = words, .first = 1};

	parser->scope = &scope;
	grub_run(parser, body);
	parser->scope = scope.below;
	if (parser->flow == GRUB_FLOW_RETURN)
		parser->flow = GRUB_FLOW_ON;
}

void grub_command_run(struct grub_parser *parser, const struct grub_words *words, const struct grub_block *block)
{
	const struct call call = {.parser = parser, .words = words, .block = block};
	const char *name = words->items[0];
	struct bytes body;

	if (grub_function_get(&parser->functions, name, &body)) {
		run_function(parser, words, body);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(COMMANDS); i++) {
		if (strcmp(COMMANDS[i].name, name) != 0)
			continue;
		if (parser->load && COMMANDS[i].run == run_end)
			(void)snprintf(parser->load->last_command, sizeof(parser->load->last_command), "%s", name);
		parser->status = COMMANDS[i].run(&call);
		return;
	}
	if (grub_command_assign(parser, name)) {
		parser->status = 0;
		return;
	}
	/* A command that we do not know fails, as one does whose module GRUB does not have. */
	if (parser->load)
		(void)snprintf(parser->load->last_command, sizeof(parser->load->last_command), "%s", name);
	parser->status = 1;
}
