/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings: a list that typing searches, and one setting that is changed in the flash. */
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "menu/screen.h"
#include "rom/settings_store.h"
#include <stdio.h>
#include <string.h>

#define LABEL_SIZE 160
#define VALUE_SIZE 1024
#define CHOICES    12

static const char list_help[] =
    "Typing searches in names, meanings and values; Enter shows one setting and what it can be.\n"
    "The columns: the value in force, where it comes from (the ROM, the board, or what "
    "holds where nothing is set), and "
    "whether it has an effect here.";
static const char setting_help[] = "A change is written into the flash at once, after you have seen what it means for "
                                   "the secrets of the TPM; it is in "
                                   "force from the next start on.\n"
                                   "Taken out: the default holds again.";

/* The settings that are known, then those that are set and not known. */
struct list {
	const struct menu *menu;
	const char **names;
	struct ui_item *items;
	char (*labels)[LABEL_SIZE];
	size_t count;
};

static void list_clear(struct list *list)
{
	free(list->names);
	free(list->items);
	free(list->labels);
}

static void add(struct list *list, const char *name)
{
	const struct setting_info *info = setting_info_find(name);
	const char *value = rom_settings_get(&list->menu->settings, name);
	bool works = info && info->effect != SETTING_UNUSED;
	char *label = list->labels[list->count];
	char safe[64];

	if (!value)
		value = info && info->fallback ? info->fallback : "-";
	(void)snprintf(label, LABEL_SIZE, "%-34s %-20s %-8s %s", name + strlen("CONFIG_"),
	               text_escape_into(bytes_from_string(value), safe, sizeof(safe)),
	               rom_settings_origin(&list->menu->settings, name), setting_effect_name(info));
	list->items[list->count] = (struct ui_item){.label = label, .tone = works ? UI_NORMAL : UI_DIM};
	list->names[list->count++] = name;
}

static bool list_make(const struct menu *menu, struct list *list)
{
	size_t known = 0;

	while (setting_info_at(known))
		known++;
	known += menu->settings.merged.count;
	list->menu = menu;
	list->names = calloc(known, sizeof(*list->names));
	list->items = calloc(known, sizeof(*list->items));
	list->labels = calloc(known, sizeof(*list->labels));
	if (!list->names || !list->items || !list->labels)
		return false;
	for (size_t i = 0; setting_info_at(i); i++)
		add(list, setting_info_at(i)->name);
	for (size_t i = 0; i < menu->settings.merged.count; i++)
		if (!setting_info_find(menu->settings.merged.settings[i].name))
			add(list, menu->settings.merged.settings[i].name);
	return true;
}

static bool matches(void *context, size_t index, const char *typed)
{
	const struct list *list = context;

	const char *value = rom_settings_get(&list->menu->settings, list->names[index]);

	return (value && text_holds(value, typed)) ||
	       setting_matches(setting_info_find(list->names[index]), list->names[index], typed);
}

/* A lock that nobody could open again is not closed; nor is there anything to boot in restricted mode without a key. */
static int check_lock(const struct menu *menu, const char *name, const char *value, struct error *error)
{
	if (!value || strcmp(value, "n") == 0)
		return 0;
	if (strcmp(name, ACCESS_SETTING_RESTRICTED) == 0 && menu->key.size == 0)
		return error_set(error, E_REFUSED, name,
		                 "the ROM holds no key of an owner: in restricted mode nothing would boot");
	if (strcmp(name, ACCESS_SETTING_LOCK) == 0 && !menu_owner_can_prove(menu))
		return error_set(
		    error, E_REFUSED, name,
		    "nobody could open the lock again: the TPM has no owner passphrase, and the ROM holds no "
		    "key of an owner");
	return 0;
}

/* A change that the owner was asked about. */
struct edit {
	const char *name, *value; /* value NULL: taken out */
	struct menu_rom_change change;
};

static int write_edit(void *context, struct flash *flash, const struct flash_watch *watch, struct flash_count *count,
                      struct error *error)
{
	const struct edit *edit = context;

	return rom_settings_change(flash, edit->name, edit->value, watch, count, error);
}

static void edit_clear(struct edit *edit)
{
	menu_rom_change_clear(&edit->change);
}

/* Writes it; what is in force is what was measured at this start, so that stays as it is. */
static void write_setting(struct menu *menu, struct edit *edit)
{
	const char *name = edit->name, *value = edit->value;
	struct ui_text text = {0};
	size_t written = 0;
	struct error error;
	int r = check_lock(menu, name, value, &error);

	if (r == 0 && !menu_may(menu, ACCESS_SETTINGS))
		return;
	if (r == 0)
		r = menu_rom_change_write(menu, &edit->change, &written, &error);
	if (r < 0) {
		log_error(&error);
		screen_error(menu, "The setting was not changed", &error);
		return;
	}
	log_line("setting name=%s written=%zu", name, written);
	ui_text_add(&text, UI_GOOD, "%s is %s; %zu blocks of the flash were written and read back.", name,
	            value ? "changed" : "taken out", written);
	ui_text_add(&text, UI_NORMAL, "It is in force from the next start on.");
	menu_forecast_describe(&edit->change.forecast, &text);
	ui_show_text(menu->ui, "Settings", &text);
	ui_text_clear(&text);
}

static void describe(const struct menu *menu, const char *name, struct ui_text *text)
{
	const struct setting_info *info = setting_info_find(name);
	const char *value = rom_settings_get(&menu->settings, name);
	char safe[512];

	ui_text_add(text, UI_NORMAL, "%s",
	            info ? info->meaning : "Nothing is known of this setting. It is kept as it is.");
	ui_text_add(text, UI_NORMAL, "%-10s %s", "Now",
	            value ? text_escape_into(bytes_from_string(value), safe, sizeof(safe)) : "not set");
	ui_text_add(text, UI_NORMAL, "%-10s %s", "From", rom_settings_origin(&menu->settings, name));
	if (info && info->fallback)
		ui_text_add(text, UI_NORMAL, "%-10s %s", "Default", info->fallback);
	if (info && info->effect == SETTING_OF_BOARD)
		ui_text_add(text, UI_DIM, "It describes the machine: the board's settings alone say it.");
	if (info && info->effect == SETTING_UNUSED)
		ui_text_add(text, UI_WARNING, "It is understood and kept, and has no effect here.");
}

static void confirm_and_write(struct menu *menu, const char *name, const char *value)
{
	CLEANUP(edit_clear)
	struct edit edit = {name, value, {.title = "Settings", .name = OWNER_FILE_SETTINGS, .writer = write_edit}};
	const char *before = settings_get(&menu->settings.owner, name);
	struct ui_text text = {0};
	struct error error;
	char old[300], new[300];

	if (value && setting_check(setting_info_find(name), value, &error) < 0) {
		screen_error(menu, "The setting was not changed", &error);
		return;
	}
	edit.change.context = &edit;
	if (menu_rom_change_prepare(menu, &edit.change, &error) < 0) {
		log_error(&error);
		screen_error(menu, "The setting was not changed", &error);
		return;
	}
	ui_text_add(&text, UI_NORMAL, "%s", name);
	ui_text_add(&text, UI_NORMAL, "%-10s %s", "In the ROM",
	            before ? text_escape_into(bytes_from_string(before), old, sizeof(old)) : "not set");
	ui_text_add(&text, UI_NORMAL, "%-10s %s", "Then",
	            value ? text_escape_into(bytes_from_string(value), new, sizeof(new)) : "not set");
	ui_text_add(&text, UI_NORMAL, "The flash is written. At the next start PCR 7 differs.");
	menu_forecast_describe(&edit.change.forecast, &text);
	if (ui_confirm(menu->ui, "Change a setting", &text, "Write it", "Leave it"))
		write_setting(menu, &edit);
	ui_text_clear(&text);
}

/* Asks for a value that is not one of a few. */
static void change_text(struct menu *menu, const char *name)
{
	const char *value = rom_settings_get(&menu->settings, name);
	char line[VALUE_SIZE] = "";
	struct ui_text text = {0};
	bool answered;

	/* What a line cannot show is typed anew. */
	if (value && strlen(value) < sizeof(line) && !strpbrk(value, "\n\r\t\x1b"))
		(void)snprintf(line, sizeof(line), "%s", value);
	describe(menu, name, &text);
	answered = ui_ask_line(menu->ui, name, &text, line, sizeof(line));
	ui_text_clear(&text);
	if (answered)
		confirm_and_write(menu, name, line);
}

struct detail {
	const struct menu *menu;
	const char *name;
};

static void detail_status(void *context, struct ui_text *text)
{
	const struct detail *detail = context;

	describe(detail->menu, detail->name, text);
}

/* The values to choose from, or what can be done; the last one takes the setting out. */
struct offers {
	struct ui_item items[CHOICES];
	char words[CHOICES][64];
	size_t count;
};

static void offers_make(const struct setting_info *info, struct offers *offers)
{
	const char *list = info && info->type == SETTING_YES      ? "y,n"
	                   : info && info->type == SETTING_CHOICE ? info->choices
	                                                          : NULL;
	size_t count = 0;

	for (const char *at = list; at && count + 2 < CHOICES; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		(void)snprintf(offers->words[count++], sizeof(offers->words[0]), "%.*s", (int)strcspn(at, ","), at);
	if (!list)
		(void)snprintf(offers->words[count++], sizeof(offers->words[0]), "Change");
	(void)snprintf(offers->words[count++], sizeof(offers->words[0]), "Take it out of the ROM");
	for (size_t i = 0; i < count; i++) {
		offers->items[i] = (struct ui_item){.key = offers->words[i][0], .label = offers->words[i]};
		if (offers->items[i].key < 'a') /* capitals are words, not values */
			offers->items[i].key = '\0';
		for (size_t k = 0; k < i; k++)
			if (offers->items[k].key == offers->items[i].key)
				offers->items[i].key = '\0';
	}
	offers->count = count;
}

static void screen_setting(struct menu *menu, const char *name)
{
	const struct setting_info *info = setting_info_find(name);
	bool is_set = settings_get(&menu->settings.owner, name) != NULL;
	struct detail detail = {menu, name};
	struct offers offers = {.count = 0};
	struct ui_menu screen = {
	    .title = name, .status = detail_status, .context = &detail, .items = offers.items, .help = setting_help};
	size_t choice;

	if (!info || info->effect != SETTING_OF_BOARD)
		offers_make(info, &offers);
	/* Where it is not set there is nothing to take out. */
	screen.count = is_set || offers.count == 0 ? offers.count : offers.count - 1;
	if (ui_menu_run(menu->ui, &screen, &choice) != UI_CHOSEN)
		return;
	if (is_set && choice + 1 == screen.count)
		confirm_and_write(menu, name, NULL);
	else if (info && (info->type == SETTING_YES || info->type == SETTING_CHOICE))
		confirm_and_write(menu, name, offers.words[choice]);
	else
		change_text(menu, name);
}

void screen_settings(struct menu *menu)
{
	CLEANUP(list_clear) struct list list = {0};
	struct ui_menu screen = {.title = "Settings", .matches = matches, .context = &list, .help = list_help};

	if (!list_make(menu, &list))
		return;
	screen.items = list.items;
	screen.count = list.count;
	while (ui_menu_run(menu->ui, &screen, &screen.selected) == UI_CHOSEN)
		screen_setting(menu, list.names[screen.selected]);
}
