/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Menus: entries are collected while the configuration runs, and run afterwards, each in a context of its own
 * (grub-core/commands/menuentry.c, grub-core/normal/menu.c). */
#include "format/grub_internal.h"

#include "base/cleanup.h"
#include <stdio.h>
#include <string.h>

static void item_clear(struct grub_item *item)
{
	free(item->title);
	free(item->id);
	grub_words_clear(&item->arguments);
}

void grub_menu_clear(struct grub_menu *menu)
{
	for (size_t i = 0; i < menu->count; i++)
		item_clear(&menu->items[i]);
	free(menu->items);
	*menu = (struct grub_menu){0};
}

/* Takes a word over as a positional argument; $1 is the title. */
static bool take_argument(struct grub_item *item, const char *word)
{
	struct grub_words *arguments = &item->arguments;
	char **items = reallocarray(arguments->items, arguments->count + 1, sizeof(*items));

	if (!items)
		return false;
	arguments->items = items;
	arguments->items[arguments->count] = strdup(word);
	if (!arguments->items[arguments->count])
		return false;
	arguments->count++;
	return true;
}

/* Options (--class NAME, --users NAMES, --hotkey KEY, --id ID, --unrestricted) may stand anywhere. */
static bool read_arguments(struct grub_item *item, const struct grub_words *words)
{
	static const char *const with_value[] = {"--class", "--users", "--hotkey", "--id", "--source", NULL};
	bool options = true;

	for (size_t i = 1; i < words->count; i++) {
		const char *word = words->items[i];
		const char *id = NULL;
		if (!options || strncmp(word, "--", 2) != 0) {
			if (!take_argument(item, word))
				return false;
			continue;
		}
		if (word[2] == '\0')
			options = false;
		else if (strncmp(word, "--id=", 5) == 0)
			id = word + 5;
		else if (grub_word_is_one_of(bytes_from_string(word), with_value) && i + 1 < words->count)
			id = strcmp(word, "--id") == 0 ? words->items[++i] : (i++, NULL);
		if (id) {
			free(item->id);
			item->id = strdup(id);
			if (!item->id)
				return false;
		}
	}
	return true;
}

void grub_menu_add(struct grub_parser *parser, const struct grub_words *words, const struct grub_block *block,
                   bool is_submenu)
{
	struct grub_menu *menu = parser->menu;
	struct grub_item item = {.is_submenu = is_submenu, .closed = block->closed, .body = block->body};

	if (!menu || !block->present)
		return;
	parser->item_bytes += words->bytes;
	if (parser->item_bytes > GRUB_MAX_MEMORY) {
		grub_notice(parser, "titles of more than %zu bytes: the rest of the entries was left out",
		            GRUB_MAX_MEMORY);
		return;
	}
	if (parser->item_count >= GRUB_MAX_ENTRIES) {
		grub_notice(parser, "more than %d entries: the rest was left out", GRUB_MAX_ENTRIES);
		return;
	}
	if (!read_arguments(&item, words)) {
		parser->no_memory = true;
	} else if (item.arguments.count > 0) {
		struct grub_item *items = menu->items;
		if (menu->count == menu->capacity) {
			menu->capacity = menu->capacity ? menu->capacity * 2 : 16;
			items = reallocarray(menu->items, menu->capacity, sizeof(*items));
		}
		item.title = items ? strdup(item.arguments.items[0]) : NULL;
		if (items)
			menu->items = items;
		if (item.title) {
			menu->items[menu->count++] = item;
			parser->item_count++;
			return;
		}
		parser->no_memory = true;
	}
	item_clear(&item);
}

/* GRUB's menuentry_eq: the part of value before a single ">" against a title or id; ">>" stands for ">". */
static bool names_item(const char *name, const char *value, const char **ret_rest)
{
	if (!name)
		return false;
	while (*value && !(value[0] == '>' && value[1] != '>')) {
		if (value[0] == '>')
			value++;
		if (*name != *value)
			return false;
		name++;
		value++;
	}
	*ret_rest = *value == '>' ? value + 1 : value;
	return *name == '\0';
}

size_t grub_menu_choose(const struct grub_menu *menu, const char *value, const char **ret_rest)
{
	const size_t digits = strspn(value, "0123456789");

	if (digits > 0 && digits < 10 && (value[digits] == '\0' || value[digits] == '>')) {
		const size_t number = strtoul(value, NULL, 10);
		*ret_rest = value + digits + (value[digits] == '>' ? 1 : 0);
		if (number < menu->count)
			return number;
	} else if (*value != '\0') {
		for (size_t i = 0; i < menu->count; i++)
			if (names_item(menu->items[i].title, value, ret_rest) ||
			    names_item(menu->items[i].id, value, ret_rest))
				return i;
	}
	*ret_rest = "";
	return 0;
}

/* The way through submenus to the menu that is being listed. */
struct level {
	const struct level *above;
	const char *title;
	size_t position;
	unsigned depth;
};

static char *make_id(const struct level *level, size_t position)
{
	CLEANUP(buffer_clear) struct buffer id = {0};
	size_t positions[GRUB_MAX_NESTING + 1];
	size_t count = 0;

	positions[count++] = position;
	for (; level && level->above; level = level->above)
		positions[count++] = level->position;
	buffer_append_string(&id, "grub:");
	while (count-- > 0)
		buffer_append_format(&id, "%zu%s", positions[count], count > 0 ? ">" : "");
	return id.failed ? NULL : bytes_to_string(buffer_bytes(&id));
}

static bool set_submenu(struct entry *entry, const struct level *level)
{
	if (level->depth == 0)
		return true;
	entry->submenu = calloc(level->depth, sizeof(*entry->submenu));
	if (!entry->submenu)
		return false;
	entry->submenu_count = level->depth;
	for (; level->above; level = level->above) {
		entry->submenu[level->depth - 1] = strdup(level->title);
		if (!entry->submenu[level->depth - 1])
			return false;
	}
	return true;
}

/* Moves what the commands have loaded into the entry. */
static bool finish_entry(struct grub_parser *parser, const struct grub_item *item, const struct level *level,
                         size_t position, struct grub_load *load, struct entry *entry)
{
	if (!item->closed)
		grub_load_problem(load, "the configuration ends in the middle of this entry");
	if (!load->loaded && load->last_command[0] != '\0')
		grub_load_problem(load, "the entry starts no kernel: its last command is %s", load->last_command);
	else if (!load->loaded)
		grub_load_problem(load, "the entry starts no kernel");
	entry->kind = load->kind;
	entry->kernel = TAKE_PTR(load->kernel);
	entry->initrds = TAKE_PTR(load->initrds.items);
	entry->initrd_count = TAKE(load->initrds.count, 0);
	entry->modules = TAKE_PTR(load->modules);
	entry->module_count = TAKE(load->module_count, 0);
	entry->cmdline = load->cmdline ? TAKE_PTR(load->cmdline) : strdup("");
	entry->id = make_id(level, position);
	entry->title = strdup(item->title);
	entry->source = strdup(parser->config->source);
	entry->problem = load->problem[0] != '\0' ? strdup(load->problem) : NULL;
	return set_submenu(entry, level) && entry->cmdline && entry->id && entry->title && entry->source &&
	       (entry->problem || load->problem[0] == '\0');
}

static bool run_entry(struct grub_parser *parser, const struct grub_item *item, const struct level *level,
                      size_t position, struct entry_list *list)
{
	CLEANUP(grub_load_clear) struct grub_load load = {0};
	struct grub_scope scope = {.words = &item->arguments};
	struct entry *entry = entry_list_add(list);

	if (!entry || !grub_variables_open(&parser->variables, false))
		return false;
	parser->scope = &scope;
	parser->menu = NULL;
	parser->load = &load;
	parser->status = 0;
	grub_run(parser, item->body);
	if (grub_exhausted(parser))
		grub_load_problem(&load, "the configuration asks for more work than its size allows");
	parser->flow = GRUB_FLOW_ON;
	parser->load = NULL;
	parser->scope = NULL;
	grub_variables_close(&parser->variables);
	return finish_entry(parser, item, level, position, &load, entry);
}

static bool list_menu(struct grub_parser *parser, const struct grub_menu *menu, const struct level *level,
                      const char *default_value, struct entry_list *list);

static bool run_submenu_item(struct grub_parser *parser, const struct grub_item *item, const struct level *level,
                             size_t position, const char *default_value, struct entry_list *list)
{
	CLEANUP(grub_menu_clear) struct grub_menu menu = {0};
	const struct level inner = {
	    .above = level, .title = item->title, .position = position, .depth = level->depth + 1};
	struct grub_scope scope = {.words = &item->arguments};

	if (inner.depth >= GRUB_MAX_NESTING) {
		grub_notice(parser, "submenus nested deeper than %d were left out", GRUB_MAX_NESTING);
		return true;
	}
	if (!grub_variables_open(&parser->variables, true))
		return false;
	parser->menu = &menu;
	parser->scope = &scope;
	parser->status = 0;
	grub_run(parser, item->body);
	parser->flow = GRUB_FLOW_ON;
	parser->scope = NULL;
	parser->menu = NULL;
	const bool listed = list_menu(parser, &menu, &inner, default_value, list);
	grub_variables_close(&parser->variables);
	return listed;
}

/* default_value is NULL where the default lies elsewhere. */
static bool list_menu(struct grub_parser *parser, const struct grub_menu *menu, const struct level *level,
                      const char *default_value, struct entry_list *list)
{
	const size_t base = level->depth == 0 ? parser->config->first_position : 0;
	const char *rest = "";
	const size_t chosen = default_value ? grub_menu_choose(menu, default_value, &rest) : menu->count;

	for (size_t i = 0; i < menu->count; i++) {
		const struct grub_item *item = &menu->items[i];
		bool listed = false;
		if (item->is_submenu) {
			listed = run_submenu_item(parser, item, level, base + i, i == chosen ? rest : NULL, list);
		} else {
			listed = run_entry(parser, item, level, base + i, list);
			if (listed && i == chosen)
				list->entries[list->count - 1].is_default = true;
		}
		if (!listed)
			return false;
	}
	return true;
}

int grub_menu_list(struct grub_parser *parser, const struct grub_menu *menu, const char *default_value,
                   struct entry_list *list)
{
	const struct level top = {0};
	const size_t first = list->count;

	if (!list_menu(parser, menu, &top, default_value, list) || parser->no_memory)
		return -E_MEMORY;
	for (size_t i = first; i < list->count; i++)
		if (list->entries[i].is_default)
			return 0;
	/* The default named a submenu without entries. */
	if (list->count > first)
		list->entries[first].is_default = true;
	return 0;
}
