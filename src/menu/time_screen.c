/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The clock: what it says, what the TPM remembers, and setting it (A8). */
#include "base/cleanup.h"
#include "base/log.h"
#include "format/date.h"
#include "menu/screen.h"
#include "owner/clock.h"
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define TITLE "Time"
#define DAY   86400

/* Whether the TPM keeps a time of the last code that the new one has to be confirmed against. */
static bool has_floor(const struct menu *menu)
{
	return menu->tpm && (menu->totp.open || menu->totp_problem.code == E_CLOCK);
}

static void explain(const struct menu *menu, struct ui_text *text)
{
	const int64_t now = (int64_t)time(NULL);
	char date[DATE_SIZE];

	date_write(now, date);
	ui_text_add(text, menu->clock_problem.code == E_NONE ? UI_NORMAL : UI_BAD, "%-10s %s UTC", "Clock", date);
	if (menu->totp.open) {
		const int64_t floor = (int64_t)menu->totp.floor * TOTP_STEP_SECONDS;

		date_write(floor, date);
		ui_text_add(text, UI_NORMAL, "%-10s %s UTC, %" PRId64 " days and %" PRId64 " minutes before",
		            "Last code", date, (now - floor) / DAY, (now - floor) % DAY / 60);
	} else if (menu->totp_problem.code == E_CLOCK) {
		ui_text_add(text, UI_BAD, "%-10s %s", "Last code", menu->totp_problem.sentence);
	}
	ui_text_add(text, UI_NORMAL, "%s", "");
	ui_text_add(text, UI_NORMAL,
	            "Type the time in UTC, not in your time zone, as a clock that you trust has it: codes of the phone "
	            "follow it. Esc leaves it as it is.");
	if (has_floor(menu))
		ui_text_add(text, UI_NORMAL, "The TPM will remember the new time as confirmed by you.");
}

static int confirm_time(struct menu *menu, struct bytes owner, void *context, struct error *error)
{
	const int64_t *seconds = context;

	return totp_confirm(menu->tpm, (uint64_t)*seconds, owner, error);
}

/* The TPM first: a clock that was set ahead without the owner must show no code (A8). */
static int set(struct menu *menu, int64_t seconds, struct error *error)
{
	int r = totp_check_clock((uint64_t)seconds, 0, 0, error);

	if (r == 0 && has_floor(menu))
		r = menu_as_owner(menu, "You confirm the date, and that the codes shown until now were for you.",
		                  confirm_time, &seconds, error);
	return r < 0 ? r : clock_set(seconds, error);
}

void screen_time(struct menu *menu)
{
	struct ui_text text = {0};
	char line[DATE_SIZE + 8], before[DATE_SIZE];
	struct error error;
	int64_t seconds, now;
	bool answered;

	date_write((int64_t)time(NULL), line);
	explain(menu, &text);
	answered = ui_ask_line(menu->ui, TITLE, &text, line, sizeof(line));
	ui_text_clear(&text);
	if (!answered)
		return;
	if (date_parse(line, &seconds, &error) < 0) {
		screen_error(menu, "The clock was not set", &error);
		return;
	}
	if (!menu_may(menu, ACCESS_CLOCK))
		return;
	now = (int64_t)time(NULL);
	if (set(menu, seconds, &error) < 0) {
		log_error(&error);
		screen_error(menu, "The clock was not set", &error);
	} else {
		date_write(now, before);
		date_write(seconds, line);
		log_line("clock set=\"%s\" before=\"%s\"", line, before);
	}
	menu_open_totp(menu);
}
