/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rom/settings.h"
#include "base/cleanup.h"
#include "base/file.h"
#include <errno.h>
#include <stdlib.h>

static int load_board(const char *file, struct settings *board, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	int r = file_read(file, SETTINGS_MAX_SIZE, &text, error);

	if (r == -E_NOT_FOUND)
		return 0;
	return r < 0 ? r : settings_parse(buffer_bytes(&text), file, board, error);
}

/* As settings_merge, without what the owner cannot say. */
static int merge_owner(struct settings *merged, const struct settings *owner)
{
	for (size_t i = 0; i < owner->count; i++) {
		const struct setting_info *info = setting_info_find(owner->settings[i].name);
		int r;

		if (info && info->effect == SETTING_OF_BOARD)
			continue;
		r = settings_set(merged, owner->settings[i].name, owner->settings[i].value);
		if (r < 0)
			return r;
	}
	return 0;
}

int rom_settings_load(const char *board_file, struct bytes owner, struct rom_settings *ret_settings,
                      struct error *error)
{
	int board, user = 0;

	*ret_settings = (struct rom_settings){0};
	board = load_board(board_file, &ret_settings->board, error);
	if (owner.size > 0)
		user = settings_parse(owner, "config.user", &ret_settings->owner, board < 0 ? NULL : error);
	if (settings_merge(&ret_settings->merged, &ret_settings->board) < 0 ||
	    merge_owner(&ret_settings->merged, &ret_settings->owner) < 0)
		return error_set(error, E_MEMORY, "settings", "there is not enough memory for the settings");
	return board < 0 ? board : user;
}

const char *rom_settings_get(const struct rom_settings *settings, const char *name)
{
	return settings_get(&settings->merged, name);
}

unsigned long rom_settings_number(const struct rom_settings *settings, const char *name, unsigned long limit,
                                  unsigned long fallback)
{
	const char *text = rom_settings_get(settings, name);
	unsigned long number;
	char *end;

	if (!text || text[0] < '0' || text[0] > '9')
		return fallback;
	errno = 0;
	number = strtoul(text, &end, 0);
	return errno != 0 || *end != '\0' || number > limit ? fallback : number;
}

const char *rom_settings_origin(const struct rom_settings *settings, const char *name)
{
	const struct setting_info *info = setting_info_find(name);

	if (settings_get(&settings->owner, name) && !(info && info->effect == SETTING_OF_BOARD))
		return "rom";
	return settings_get(&settings->board, name) ? "board" : "default";
}

int rom_settings_edit(struct bytes owner, const char *name, const char *value, struct buffer *ret_text,
                      struct error *error)
{
	const struct setting_info *info = setting_info_find(name);
	int r = value ? setting_check(info, value, error) : 0;

	if (r < 0)
		return r;
	if (value && info && info->effect == SETTING_OF_BOARD)
		return error_set(error, E_REFUSED, name,
		                 "%s describes the machine: the board's settings alone say it, not config.user", name);
	return settings_edit(owner, "config.user", name, value, ret_text, error);
}

void rom_settings_clear(struct rom_settings *settings)
{
	settings_clear(&settings->board);
	settings_clear(&settings->owner);
	settings_clear(&settings->merged);
}
