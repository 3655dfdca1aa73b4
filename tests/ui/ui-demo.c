/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tries every widget by hand: ui-demo [TERMINAL[:TYPE]]... Without arguments on the terminal that it is started in. */
#include "base/log.h"
#include "ui/ui.h"
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char payload[] = "otpauth://totp/Heads:demo?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Heads";

static void show_status(void *context, struct ui_text *text)
{
	time_t now = time(NULL);
	char date[64];

	(void)context;
	(void)strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S UTC", gmtime(&now));
	ui_text_add(text, UI_NORMAL, "Date    %s", date);
	ui_text_add(text, UI_GOOD, "TOTP    %06ld   (%ld seconds left)", (long)(now / 30 * 7919 % 1000000),
	            30 - now % 30);
	ui_text_add(text, UI_GOOD, "Boot    verified: 312 files, signed by the owner");
	ui_text_add(text, UI_WARNING, "Dongle  not present");
	ui_text_add(text, UI_BAD, "Disk    changed: one header is not the one that was sealed");
}

static void demo_text(struct ui *ui)
{
	struct ui_text text = {0};

	ui_text_add(&text, UI_BAD, "Refused: /boot is not what the owner signed.");
	for (int i = 1; i <= 60; i++)
		ui_text_add(
		    &text, i % 7 ? UI_NORMAL : UI_DIM,
		    "  changed  /boot/a/file/with/a/rather/long/name-%d.conf, whose content is not the one in the "
		    "signed list",
		    i);
	ui_show_text(ui, "Report", &text);
	ui_text_clear(&text);
}

static void demo_questions(struct ui *ui)
{
	struct ui_text text = {0};
	struct secret secret = {0};

	ui_text_add(&text, UI_WARNING, "The clock is 3 days ahead of the last boot.");
	if (ui_confirm(ui, "Clock", &text, "Go on with this clock", "Back"))
		log_line("demo confirm=yes");
	ui_text_clear(&text);
	ui_text_add(&text, UI_BAD, "This boots what nobody has verified. No secret is released.");
	ui_text_add(&text, UI_NORMAL, "Type  boot anyway  to do it.");
	log_line("demo typed=%s", ui_confirm_typed(ui, "Forced boot", &text, "boot anyway") ? "yes" : "no");
	ui_text_clear(&text);
	ui_text_add(&text, UI_NORMAL, "Passphrase of the disk:");
	if (secret_allocate(128, &secret) == 0 && ui_ask_secret(ui, "Disk", &text, &secret))
		log_line("demo secret bytes=%zu", secret.size);
	secret_clear(&secret);
	ui_text_clear(&text);
}

static void demo_progress(struct ui *ui)
{
	for (uint64_t done = 0; done <= 300; done++) {
		ui_progress(ui, "Working", "Reading /boot", done, 300);
		if (done % 100 == 50)
			log_line("demo read=%u", (unsigned)done);
		(void)usleep(10000);
	}
}

static void demo_qr(struct ui *ui)
{
	struct ui_text text = {0};

	ui_text_add(&text, UI_NORMAL, "Scan this with the authenticator on your telephone, or type the secret:");
	ui_text_add(&text, UI_NORMAL, " ");
	ui_text_add(&text, UI_NORMAL, "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP");
	(void)ui_show_qr(ui, "New TOTP secret", payload, &text);
	ui_text_clear(&text);
}

static void demo_plain(struct ui *ui)
{
	ui_suspend(ui);
	log_line("demo the terminals are plain for two seconds");
	(void)sleep(2);
	ui_resume(ui);
}

static void demo_run(struct ui *ui)
{
	static const struct ui_item items[] = {
	    {'t', "Text that scrolls", UI_NORMAL},
	    {'a', "Questions: yes or no, a typed word, a passphrase", UI_NORMAL},
	    {'p', "Progress, with log lines", UI_NORMAL},
	    {'c', "QR code", UI_NORMAL},
	    {'s', "Plain terminals for two seconds", UI_NORMAL},
	    {0, "An item without a letter and with a label that is much too long for one line of an ordinary terminal",
	     UI_DIM},
	    {'q', "Quit", UI_NORMAL},
	};
	struct ui_menu menu = {.title = "Heads demo",
	                       .status = show_status,
	                       .items = items,
	                       .count = sizeof(items) / sizeof(items[0]),
	                       .timeout_seconds = 60,
	                       .help = "This program shows the widgets. Esc or q ends it."};
	void (*const actions[])(struct ui *) = {demo_text, demo_questions, demo_progress, demo_qr, demo_plain};

	while (ui_menu_run(ui, &menu, &menu.selected) == UI_CHOSEN && menu.selected != menu.count - 1) {
		menu.timeout_seconds = 0;
		log_line("demo chosen=%zu", menu.selected);
		if (menu.selected < sizeof(actions) / sizeof(actions[0]))
			actions[menu.selected](ui);
	}
}

int main(int argc, char **argv)
{
	struct ui_terminal terminals[UI_MAX_TERMINALS] = {{NULL, NULL}};
	size_t count = 0;
	struct error error = {0};
	struct ui *ui = NULL;

	for (int i = 1; i < argc && count < UI_MAX_TERMINALS; i++, count++) {
		terminals[count].path = strtok(argv[i], ":");
		terminals[count].type = strtok(NULL, ":");
	}
	if (ui_open(terminals, count ? count : 1, &ui, &error) < 0) {
		(void)fprintf(stderr, "ui-demo: %s: %s\n", error.object, error.sentence);
		return 3;
	}
	log_add_sink(ui_log_sink, ui);
	demo_run(ui);
	log_clear_sinks();
	ui_close(&ui);
	return 0;
}
