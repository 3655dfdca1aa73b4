/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Screens that only show: report, system information. */
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "boot/report.h"
#include "disk/block.h"
#include "format/date.h"
#include "format/start_record.h"
#include "menu/screen.h"
#include "owner/machine.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#define SMALL_FILE 65536
#define DAY        86400

static void add_field(struct ui_text *text, const char *name, const char *value)
{
	char safe[200];

	ui_text_add(text, UI_NORMAL, "%-14s %s", name, text_escape_into(bytes_from_string(value), safe, sizeof(safe)));
}

void menu_add_report(const struct menu *menu, struct ui_text *text)
{
	CLEANUP(report_clear) struct report report = {0};

	if (menu->boot.problem.code != E_NONE)
		ui_text_add(text, UI_WARNING, "%s", menu->boot.problem.sentence);
	if (report_make(&menu->boot.verify, NULL, &report) < 0)
		return;
	for (size_t i = 0; i < report.count; i++) {
		bool finding = i >= report.first_finding && i - report.first_finding < report.finding_count;

		ui_text_add(text, finding || !menu->boot.verify.ok ? UI_BAD : UI_GOOD, "%s", report.lines[i]);
	}
}

static void add_advice(struct ui_text *text)
{
	ui_text_add(text, UI_NORMAL, "%s", "");
	ui_text_add(
	    text, UI_NORMAL,
	    "If you updated the system, this is what the update changed: check that it is no more than that, and sign "
	    "/boot again (in this menu, or heads boot sign). A new kernel comes under a new name, with an initrd of "
	    "its own and a new "
	    "boot "
	    "configuration; an update of other packages builds initrds anew. If you did not update, somebody else "
	    "changed it.");
}

void screen_report(struct menu *menu)
{
	struct ui_text text = {0};

	menu_add_report(menu, &text);
	if (!menu->boot.verify.ok)
		add_advice(&text);
	ui_show_text(menu->ui, "Report on /boot", &text);
	ui_text_clear(&text);
}

/* The first line of a small file of the kernel, or "-". */
static void add_file(struct ui_text *text, const char *name, const char *path)
{
	CLEANUP(buffer_clear) struct buffer content = {0};
	char *line;

	if (file_read(path, SMALL_FILE, &content, NULL) < 0 || !buffer_string(&content)) {
		add_field(text, name, "-");
		return;
	}
	line = (char *)content.data;
	line[strcspn(line, "\n")] = '\0';
	add_field(text, name, line);
}

/* The value of "KEY: value" in /proc/cpuinfo or /proc/meminfo. */
static void add_proc_field(struct ui_text *text, const char *name, const char *path, const char *key)
{
	CLEANUP_FCLOSE FILE *file = fopen(path, "re");
	char line[256];

	while (file && fgets(line, sizeof(line), file)) {
		const char *colon = strchr(line, ':');

		if (!colon || strncmp(line, key, strlen(key)) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		add_field(text, name, colon + 1 + strspn(colon + 1, " \t"));
		return;
	}
	add_field(text, name, "-");
}

static void add_batteries(struct ui_text *text)
{
	struct machine_battery batteries[MACHINE_MAX_BATTERY];
	const size_t count = machine_batteries(MACHINE_SYSFS, batteries);

	for (size_t i = 0; i < count; i++)
		ui_text_add(text, UI_NORMAL, "%-14s %s  %u %%  %s", i == 0 ? "Battery" : "", batteries[i].name,
		            batteries[i].capacity, batteries[i].state);
	if (count == 0)
		add_field(text, "Battery", "none");
}

static void add_disks(struct ui_text *text)
{
	static struct block_device devices[BLOCK_MAX_DEVICES];
	const size_t count = block_list(devices);
	bool first = true;

	for (size_t i = 0; i < count; i++) {
		const char *name = devices[i].path + strlen("/dev/");
		struct machine_disk disk;

		if (devices[i].partition || !machine_disk(MACHINE_SYSFS, name, &disk))
			continue;
		ui_text_add(text, UI_NORMAL, "%-14s %s  %" PRIu64 " MiB%s%s%s", first ? "Disks" : "", name,
		            disk.bytes >> 20, disk.removable ? "  removable" : "", disk.model[0] ? "  " : "",
		            disk.model);
		first = false;
	}
	if (first)
		add_field(text, "Disks", "none");
}

/* The clock, and how far it is from the time that the TPM remembers. */
static void add_time(const struct menu *menu, struct ui_text *text)
{
	const int64_t now = (int64_t)time(NULL), floor = (int64_t)menu->totp.floor * TOTP_STEP_SECONDS;
	char date[DATE_SIZE];

	date_write(now, date);
	if (menu->totp.open)
		ui_text_add(text, UI_NORMAL,
		            "%-14s %s UTC, %" PRId64 " days and %" PRId64 " minutes after the last code", "Time", date,
		            (now - floor) / DAY, (now - floor) % DAY / 60);
	else
		ui_text_add(text, menu->clock_problem.code == E_NONE ? UI_NORMAL : UI_BAD, "%-14s %s UTC", "Time",
		            date);
}

static void add_starts(const struct menu *menu, struct ui_text *text)
{
	struct start_record record = {0};
	struct error error;

	if (!menu->tpm)
		return;
	ui_text_add(text, UI_NORMAL, "%s", "");
	ui_text_add(text, UI_NORMAL, "The last starts (UTC), this one first, as the TPM has kept them:");
	if (tpm_read_starts(menu->tpm, &record, &error) < 0) {
		ui_text_add(text, UI_WARNING, "%s", error.sentence);
		return;
	}
	for (size_t i = 0; i < START_RECORD_STARTS && record.starts[i].time; i++) {
		const struct start *start = &record.starts[i];
		char line[START_TEXT_SIZE], date[DATE_SIZE];

		date_write(start->time, date);
		start_text(start, line, sizeof(line));
		if (i == 0 && start->outcome == 0)
			ui_text_add(text, UI_NORMAL, "%s  now", date);
		else
			ui_text_add(text, start->outcome & START_FORCED ? UI_WARNING : UI_NORMAL, "%s", line);
	}
}

static void add_pcrs(const struct menu *menu, struct ui_text *text)
{
	struct tpm_pcrs pcrs;

	if (!menu->tpm || tpm_pcr_read(menu->tpm, HASH_SHA256, 0x3ff, &pcrs, NULL) < 0)
		return;
	ui_text_add(text, UI_NORMAL, "%s", "");
	for (unsigned i = 0; i < 10; i++) {
		char hex[2 * DIGEST_MAX_SIZE + 1];

		hex_encode(digest_bytes(&pcrs.values[i]), hex);
		ui_text_add(text, UI_DIM, "PCR %u  %s", i, hex);
	}
}

void screen_system(struct menu *menu)
{
	const char *board = rom_settings_get(&menu->settings, "CONFIG_BOARD");
	struct ui_text text = {0};
	struct utsname names;
	struct error error;

	add_field(&text, "Heads", HEADS_VERSION);
	add_field(&text, "Access", access_mode_name(menu->request->access));
	add_field(&text, "Board", board ? board : "-");
	add_file(&text, "Firmware", "/sys/class/dmi/id/bios_version");
	if (uname(&names) == 0)
		add_field(&text, "Kernel", names.release);
	add_proc_field(&text, "CPU", "/proc/cpuinfo", "model name");
	add_proc_field(&text, "Microcode", "/proc/cpuinfo", "microcode");
	add_proc_field(&text, "Memory", "/proc/meminfo", "MemTotal");
	add_time(menu, &text);
	add_batteries(&text);
	add_disks(&text);
	if (menu->tpm && menu_read_tpm(menu, &error) < 0)
		log_error(&error);
	menu_describe_tpm(menu, &text);
	add_field(&text, "Dongle", openpgp_card_is_plugged_in() ? "plugged in" : "none");
	menu_add_hotp(menu, &text);
	add_field(&text, "/boot", menu->boot.device.path[0] ? menu->boot.device.path : "-");
	add_starts(menu, &text);
	add_pcrs(menu, &text);
	ui_show_text(menu->ui, "System information", &text);
	ui_text_clear(&text);
}
