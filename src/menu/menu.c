/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "menu/menu.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/process.h"
#include "base/text.h"
#include "boot/seen_key.h"
#include "menu/screen.h"
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#define BAR_MS       200
#define MAX_KEY_SIZE ((size_t)1 << 20)

static int log_fd = -1;

static void file_log_sink(void *context, const char *line)
{
	(void)context;
	if (log_fd >= 0)
		(void)dprintf(log_fd, "%s\n", line);
}

/* A file that PID 1 measured and handed over as a sealed memory file; empty where there is none. */
static int read_handed_over(int fd, const char *name, struct buffer *content, struct error *error)
{
	if (fd < 0)
		return 0;
	if (lseek(fd, 0, SEEK_SET) != 0)
		return error_set(error, E_IO, name, "%s was not handed over by PID 1", name);
	return file_read_fd(fd, name, MAX_KEY_SIZE, content, error);
}

static void load_owner_files(struct menu *menu)
{
	struct error error;

	if (read_handed_over(menu->request->settings_fd, "config.user", &menu->settings_text, &error) < 0)
		log_error(&error);
	if (rom_settings_load(SETTINGS_BOARD_FILE, buffer_bytes(&menu->settings_text), &menu->settings,
	                      &menu->settings_problem) < 0)
		log_error(&menu->settings_problem);
	if (read_handed_over(menu->request->key_fd, "owner.asc", &menu->key, &error) < 0)
		log_error(&error);
}

/* A3: the boot goes on whatever the counters say; the owner decides. */
static void record_start(struct menu *menu)
{
	struct tpm_since_start *since = &menu->since_start;
	struct error error;

	if (tpm_record_start(menu->tpm, &menu->tpm_info, menu->request->again, (uint32_t)time(NULL), since, &error) <
	    0) {
		log_error(&error);
		log_line("tpm resets=unknown");
		return;
	}
	menu->start_known = true;
	seen_start_write(menu->request->seen_key_fd);
	if (since->history == TPM_HISTORY_NONE)
		log_line("tpm resets=first");
	else if (since->history == TPM_HISTORY_CLEARED)
		log_line("tpm resets=cleared");
	else
		log_line("tpm resets=+%u restarts=+%u clock-ms=%+lld", since->resets, since->restarts,
		         (long long)since->clock_ms);
}

static void open_tpm(struct menu *menu)
{
	CLEANUP(buffer_clear) struct buffer banks = {0};
	/* A menu that comes again may follow one that crashed with the TPM open. */
	int r = seen_key_open_tpm(menu->request->seen_key_fd, menu->request->tpm_where, !menu->request->again,
	                          &menu->tpm, &menu->tpm_problem);

	if (r == 0)
		r = menu_read_tpm_state(menu, &menu->tpm_problem);
	if (r < 0) {
		tpm_close(&menu->tpm);
		if (r == -E_NO_DEVICE)
			log_line("tpm absent");
		else if (r == -E_UNSUPPORTED)
			log_line("tpm unsupported sentence=\"%s\"", menu->tpm_problem.sentence);
		else
			log_error(&menu->tpm_problem);
		return;
	}
	for (size_t i = 0; i < menu->tpm_info.bank_count; i++)
		buffer_append_format(&banks, "%s%s", i ? "," : "", hash_name(menu->tpm_info.banks[i]));
	if (buffer_string(&banks))
		log_line("tpm family=%s banks=%s", menu->tpm_info.family, buffer_string(&banks));
	if (menu->request->tpm_name)
		menu_expect_tpm(menu, bytes_from_string(menu->request->tpm_name), "rom");
	record_start(menu);
}

unsigned long menu_ahead_days(const struct menu *menu)
{
	return rom_settings_number(&menu->settings, "CONFIG_TOTP_MAX_AHEAD_DAYS", TOTP_AHEAD_DAYS_LIMIT,
	                           TOTP_AHEAD_DAYS_FALLBACK);
}

void menu_open_totp(struct menu *menu)
{
	uint64_t now = (uint64_t)time(NULL);
	int r;

	totp_close(&menu->totp);
	menu->clock_problem.code = E_NONE;
	if (totp_check_clock(now, 0, 0, &menu->clock_problem) < 0)
		log_error(&menu->clock_problem);
	if (menu->tpm && menu->tpm_foreign.code != E_NONE)
		r = error_set(&menu->totp_problem, menu->tpm_foreign.code, "totp", "%s", menu->tpm_foreign.sentence);
	else if (menu->tpm)
		r = totp_open(menu->tpm, now, menu_ahead_days(menu), &menu->totp, &menu->totp_problem);
	else
		r = error_set(&menu->totp_problem, menu->tpm_problem.code, "totp", "%s", menu->tpm_problem.sentence);
	if (r == 0)
		menu->totp_problem.code = E_NONE;
	if (r == 0) {
		log_line("totp ok pcrs=0-4,7 shown=%u", menu->totp.shown);
		menu->explanation.why.count = 0;
		menu_note_approval(menu, TPM_SLOT_TOTP);
		menu_keep_measured(menu, false);
	} else {
		log_line("totp unavailable code=%s sentence=\"%s\"", error_name(menu->totp_problem.code),
		         menu->totp_problem.sentence);
	}
}

static void log_cost(const struct menu *menu)
{
	struct rusage usage;

	(void)getrusage(RUSAGE_SELF, &usage);
	log_line("cost processes=%u tpm-commands=%u peak-kb=%ld boot-kb=%llu", process_count(),
	         menu->tpm ? tpm_command_count(menu->tpm) : 0, usage.ru_maxrss,
	         boot_system_kept_bytes(&menu->boot) / 1024);
}

void menu_start_reading(struct menu *menu)
{
	boot_system_clear(&menu->boot);
	if (boot_reading_start(rom_settings_get(&menu->settings, "CONFIG_BOOT_DEV"), buffer_bytes(&menu->key),
	                       &menu->reading, &menu->boot.problem) < 0)
		log_error(&menu->boot.problem);
}

/* A bar while there is nothing else to do. */
static void wait_for_reading(struct menu *menu)
{
	struct pollfd over = {.fd = boot_reading_fd(menu->reading), .events = POLLIN};
	uint64_t done, total;

	do {
		boot_reading_progress(menu->reading, &done, &total);
		ui_progress(menu->ui, "Heads", "Reading and verifying /boot ...", done, total);
	} while (!boot_reading_is_over(menu->reading) && poll(&over, 1, BAR_MS) <= 0);
}

void menu_finish_reading(struct menu *menu)
{
	if (!menu->reading)
		return;
	wait_for_reading(menu);
	if (boot_reading_finish(&menu->reading,
	                        settings_is_yes(&menu->settings.merged, "CONFIG_IGNORE_ROLLBACK") ? NULL : menu->tpm,
	                        &menu->boot) < 0)
		log_error(&menu->boot.problem);
	menu_expect_tpm_of_boot(menu);
	if (!menu->totp.open)
		menu_explain_totp(menu);
}

void menu_prepare_boot(struct menu *menu)
{
	menu_start_reading(menu);
	menu_finish_reading(menu);
}

static void close_menu(struct menu *menu)
{
	seen_key_write(menu->request->seen_key_fd,
	               menu->tpm); /* one that nothing records, or that was made in this start */
	seen_key_hand_on(menu->request->seen_key_fd, menu->tpm);
	log_cost(menu);
	log_clear_sinks();
	totp_close(&menu->totp);
	menu_forget_owner(menu);
	menu_forget_card(menu);
	tpm_close(&menu->tpm);
	boot_system_clear(&menu->boot);
	rom_settings_clear(&menu->settings);
	buffer_clear(&menu->key);
	buffer_clear(&menu->settings_text);
	buffer_clear(&menu->root_list);
	ui_close(&menu->ui);
}

static bool offers_secret(const struct menu *menu)
{
	return menu->totp_problem.code == E_NO_SECRET && menu->tpm && !menu->totp.open &&
	       rom_settings_number(&menu->settings, "CONFIG_AUTO_BOOT_TIMEOUT", 3600, 0) == 0;
}

/* The key of the recovery shell, typed since PID 1 looked for it. A menu that comes again has been seen before. */
static bool wants_early_shell(struct menu *menu)
{
	if (menu->request->again || !ui_typed_ahead(menu->ui, MENU_RECOVERY_KEY[0]))
		return false;
	if (access_decide(menu->request->access, ACCESS_EARLY_SHELL) == ACCESS_ALLOWED)
		return true;
	log_line("access refused action=%s mode=%s", access_action_name(ACCESS_EARLY_SHELL),
	         access_mode_name(menu->request->access));
	return false;
}

/* The code comes first, while /boot is still being read; but where only /boot can say which TPM is ours, nothing is
 * released before it was. A machine without a secret is offered one, once all else is known. 0, or how the menu ends.
 */
static int attest(struct menu *menu)
{
	bool offer;

	if (!menu->tpm_record)
		menu_finish_reading(menu);
	menu_open_totp(menu);
	offer = offers_secret(menu);
	if (offer)
		menu_finish_reading(menu);
	if (menu->reading)
		return wants_early_shell(menu) ? MENU_EXIT_EARLY_SHELL : 0;
	if (!menu->totp.open)
		menu_explain_totp(menu);
	menu_check_hotp(menu); /* after /boot, while whose reading the kernel finds the dongle */
	if (wants_early_shell(menu))
		return MENU_EXIT_EARLY_SHELL;
	if (offer) {
		log_line("ask what=totp-enrol");
		screen_totp(menu);
	}
	return 0;
}

int menu_run(const struct menu_request *request)
{
	struct menu menu = {.request = request, .started_ms = log_now_ms(), .may_time_out = true};
	struct error error;
	int status;

	if (ui_open(request->terminals, request->terminal_count, &menu.ui, &error) < 0) {
		(void)fprintf(stderr, "heads: %s\n", error.sentence);
		return error_exit_status(error.code);
	}
	if (request->log_path)
		log_fd = open(request->log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	log_add_sink(ui_log_sink, menu.ui);
	log_add_sink(file_log_sink, NULL);
	load_owner_files(&menu);
	menu_start_reading(&menu);
	open_tpm(&menu);
	status = wants_early_shell(&menu) ? MENU_EXIT_EARLY_SHELL : attest(&menu);
	while (status <= 0)
		status = screen_main(&menu);
	ui_suspend(menu.ui);
	close_menu(&menu);
	return status;
}
