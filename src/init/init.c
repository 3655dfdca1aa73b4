/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "init/init.h"
#include "attest/eventlog.h"
#include "attest/measure.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memfd.h"
#include "base/process.h"
#include "boot/handover.h"
#include "boot/load.h"
#include "boot/seen_key.h"
#include "dongle/gnupg_programs.h"
#include "format/start_record.h"
#include "format/tpm_name.h"
#include "init/console.h"
#include "init/keyboard.h"
#include "init/menu_end.h"
#include "init/mounts.h"
#include "init/power_button.h"
#include "init/slots.h"
#include "menu/menu.h"
#include "rom/owner_files.h"
#include "rom/settings.h"
#include "trust/access.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>

#define EARLY_KEY_REASON  "key " MENU_RECOVERY_KEY " at start"
#define FIRST_BACKOFF_S   1
#define LONGEST_BACKOFF_S 30

/* What PID 1 knows; it lives as long as the machine runs. */
struct init {
	struct consoles consoles;
	struct power_button power_button;
	int log_fd;
	int settings_fd, key_fd; /* the measured copies, sealed; -1 for none */
	enum access_mode access; /* locked until the settings say otherwise */
	char rom_problem[1024];  /* empty: none */
	size_t tpm_name_size;    /* 0: the ROM does not record the TPM's storage key */
	uint8_t tpm_name[TPM_NAME_SIZE];
	int seen_key_fd; /* the storage key that this start has met, and its session; the menu writes it too */
	bool menu_ran;   /* a menu was started before, in this start */
	uint8_t outcome; /* what was done in this start so far (START_...) */
};

static void file_log_sink(void *context, const char *line)
{
	const struct init *init = context;

	if (init->log_fd >= 0)
		(void)dprintf(init->log_fd, "%s\n", line);
}

/* The board's settings are in the initramfs, which the firmware has measured with the kernel. */
static int board_flash_size(size_t *ret_size, struct error *error)
{
	CLEANUP(rom_settings_clear) struct rom_settings settings = {0};
	int r = rom_settings_load(SETTINGS_BOARD_FILE, BYTES_EMPTY, &settings, error);

	*ret_size = rom_settings_number(&settings, "CONFIG_FLASH_SIZE", ROM_MAX_SIZE, 0);
	return r;
}

static int keep_measured(const struct owner_files *files, const char *name, int *ret_fd, struct error *error)
{
	struct bytes content = owner_files_find(files, name);
	int fd;

	if (!content.data)
		return 0;
	fd = memfd_sealed(name, content, error);
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

/* One keyring of all keys of the owner. A key that cannot be read verifies nothing; the others still do. */
static int keep_keys(const struct owner_files *files, int *ret_fd, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer keyring = {0};
	int fd;

	if (owner_files_keyring(files, &keyring, error) < 0)
		log_error(error);
	if (keyring.size == 0)
		return 0;
	fd = memfd_sealed("keyring", buffer_bytes(&keyring), error);
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

/* Before anything that a fault could cut short: without settings all stays locked. The keyboard before any key. */
static void read_settings(struct init *init, const struct owner_files *files)
{
	CLEANUP(rom_settings_clear) struct rom_settings settings = {0};
	struct error error;

	if (rom_settings_load(SETTINGS_BOARD_FILE, owner_files_find(files, OWNER_FILE_SETTINGS), &settings, &error) < 0)
		log_error(&error);
	else
		init->access = access_mode_of(&settings.merged);
	if (keyboard_set(&init->consoles, rom_settings_get(&settings, "CONFIG_KEYBOARD_KEYMAP"), &error) < 0)
		log_error(&error);
}

/* Measures each file of the owner, name and then content, before anything uses it. */
static int measure_files(struct tpm *tpm, const struct owner_files *files, struct error *error)
{
	for (size_t i = 0; i < files->count; i++) {
		const struct owner_file *file = &files->files[i];
		int r = measure_bytes(tpm, TRUST_ROM_PCR, file->name, bytes_from_string(file->name), error);

		if (r == 0)
			r = measure_bytes(tpm, TRUST_ROM_PCR, file->name, buffer_bytes(&file->content), error);
		if (r < 0)
			return r;
	}
	return 0;
}

/* For `heads pcr why` in the recovery shell; nothing depends on it. */
static void show_settings(const struct owner_files *files)
{
	CLEANUP_CLOSE int directory = open(RUN_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct bytes content = owner_files_find(files, OWNER_FILE_SETTINGS);
	struct error error;

	if (directory >= 0 && content.data && file_replace(directory, "config.user", content, 0600, &error) < 0)
		log_error(&error);
}

/* The event log begins with what the firmware measured. Without a log the boot goes on: the TPM has the truth. */
static int open_tpm(struct tpm **ret_tpm, struct error *error)
{
	int r = tpm_open_clean(NULL, ret_tpm, error);

	if (r == -E_UNSUPPORTED)
		log_error(error);
	if (r == -E_NO_DEVICE || r == -E_UNSUPPORTED)
		return 0;
	if (r == 0 && eventlog_start(EVENTLOG_FILE, *ret_tpm, firmware_memory_of_machine, NULL, error) < 0)
		log_error(error);
	return r;
}

static struct bytes recorded_name(const struct init *init)
{
	return bytes_make(init->tpm_name, init->tpm_name_size);
}

/* Before the first session: it is salted to the recorded storage key, or there is none (A2). With another TPM the
 * start goes on, so that the owner can see it and take it over. */
static int expect_recorded_tpm(struct init *init, struct tpm *tpm, const struct owner_files *files, struct error *error)
{
	const struct bytes line = owner_files_find(files, OWNER_FILE_TPM_NAME);
	int r;

	if (!line.data)
		return 0;
	r = tpm_name_parse(line, OWNER_FILE_TPM_NAME, init->tpm_name, error);
	if (r < 0) {
		log_error(error);
		(void)snprintf(init->rom_problem, sizeof(init->rom_problem), "%s", error->sentence);
		return 0;
	}
	init->tpm_name_size = sizeof(init->tpm_name);
	if (!tpm)
		return 0;
	r = tpm_pin_storage_key(tpm, recorded_name(init), error);
	if (r == 0)
		r = tpm_check_storage_key(tpm, error);
	if (r == 0)
		seen_key_write(init->seen_key_fd, tpm);
	if (r != -E_FOREIGN_TPM)
		return r;
	log_error(error);
	return 0;
}

static int read_rom(struct init *init, struct error *error)
{
	unsigned long long started = log_now_ms();
	struct rom_image image = {BYTES_EMPTY};
	static struct owner_files files;
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	size_t size;
	int r = open_tpm(&tpm, error);

	if (r == 0)
		r = board_flash_size(&size, error);
	if (r == 0)
		r = rom_open_flash(size, &image, error);
	if (r < 0)
		return r;
	r = owner_files_read(&image, &files, error);
	slots_log(&image);
	rom_close(&image);
	if (r < 0)
		return r;
	read_settings(init, &files);
	r = expect_recorded_tpm(init, tpm, &files, error);
	if (r == 0)
		r = measure_files(tpm, &files, error);
	if (r == 0)
		r = keep_measured(&files, OWNER_FILE_SETTINGS, &init->settings_fd, error);
	if (r == 0)
		r = keep_keys(&files, &init->key_fd, error);
	if (r == 0)
		show_settings(&files);
	if (r == 0)
		seen_key_hand_on(init->seen_key_fd, tpm);
	if (r == 0)
		log_line("rom files=%zu key=%s settings=%s tpm-commands=%u ms=%llu", files.count,
		         init->key_fd >= 0 ? "yes" : "no", init->settings_fd >= 0 ? "yes" : "no",
		         tpm ? tpm_command_count(tpm) : 0, log_now_ms() - started);
	owner_files_clear(&files);
	return r;
}

static pid_t start_shell(const struct console *console)
{
	static const char *const arguments[] = {"-i", "-l", NULL};
	struct process_request request = {.program = PROCESS_SHELL, .arguments = arguments, .home = RUN_DIRECTORY};
	CLEANUP_CLOSE int fd = open(console->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct error error;
	pid_t pid;

	if (fd < 0 || process_start(&request, fd, &pid, &error) < 0)
		return -1;
	return pid;
}

static void end_shell(pid_t pid)
{
	if (pid <= 0)
		return;
	(void)kill(-pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

/* Before the menu has recorded this start, the record's newest one is another. */
static int try_to_leave(struct init *init, enum trust_exit exit, uint8_t outcome, struct error *error)
{
	struct handover_start start = {.recorded = recorded_name(init), .seen_fd = init->seen_key_fd};

	if (seen_start_is_recorded(init->seen_key_fd))
		start.outcome = init->outcome | outcome;
	init->outcome |= outcome & (START_SHELL | START_CRASHED); /* the others did not happen where we come back */
	return handover_leave(exit, NULL, &start, error);
}

static void leave(struct init *init, enum trust_exit exit, uint8_t outcome)
{
	struct error error;

	if (try_to_leave(init, exit, outcome, &error) < 0)
		log_error(&error);
}

/* Until the first one ends, or the power button is pressed, which ends the others. True: it was the button. */
static bool wait_for_shells(const struct init *init, const pid_t *pids, size_t count)
{
	for (;;) {
		int status;
		pid_t ended = power_button_wait(&init->power_button, &status);
		bool shell = ended == 0;

		if (ended < 0)
			return false;
		for (size_t i = 0; i < count; i++)
			shell = shell || (pids[i] > 0 && pids[i] == ended);
		for (size_t i = 0; shell && i < count; i++)
			if (pids[i] != ended)
				end_shell(pids[i]);
		if (shell)
			return ended == 0;
	}
}

/* A shell on every console, after PCR 4 says so; the first one that ends ends them all. */
static void recovery(struct init *init, const char *reason)
{
	pid_t pids[CONSOLE_MAX];
	struct error error;
	bool pressed;

	if (try_to_leave(init, TRUST_EXIT_RECOVERY, START_SHELL, &error) < 0) {
		log_error(&error);
		log_line("recovery refused");
		return;
	}
	load_forget();
	if (gnupg_programs_unpack(GNUPG_PROGRAMS, &error) < 0)
		log_error(&error);
	for (size_t i = 0; i < init->consoles.count; i++)
		(void)tcflush(init->consoles.list[i].fd, TCIFLUSH); /* the key r, held down, is no command */
	/* What is typed from this line on is for the shell. */
	log_line("recovery reason=\"%s\"", reason);
	for (size_t i = 0; i < init->consoles.count; i++) {
		(void)dprintf(init->consoles.list[i].fd,
		              "\nRecovery shell. The TPM releases no secret until the machine is reset.\n"
		              "The log is in /run/heads/log. \"exit\" leads back to the menu.\n\n");
		pids[i] = start_shell(&init->consoles.list[i]);
	}
	pressed = wait_for_shells(init, pids, init->consoles.count);
	consoles_open(&init->consoles); /* a shell that ends hangs its terminal up, for us too */
	log_line("recovery ended");
	if (pressed) {
		log_line("power-button pressed in=recovery");
		leave(init, TRUST_EXIT_POWER_OFF, START_OFF);
	}
}

/* Waits for the key of the recovery shell, and opens it where whoever pressed it may have one; 0: what was typed. */
static void early_shell(struct init *init, int wait_ms, const char *reason)
{
	if (!consoles_key(&init->consoles, MENU_RECOVERY_KEY, wait_ms))
		return;
	if (access_decide(init->access, ACCESS_EARLY_SHELL) == ACCESS_ALLOWED)
		recovery(init, reason);
	else
		log_line("access refused action=%s mode=%s", access_action_name(ACCESS_EARLY_SHELL),
		         access_mode_name(init->access));
}

/* What the menu ended with. The power button ends it at once: whatever it was writing survives that as it survives a
 * power cut. A second press is for one that hangs in the kernel. */
static int wait_for_menu(const struct init *init, pid_t pid)
{
	int status, presses = 0;

	for (;;) {
		pid_t ended = power_button_wait(&init->power_button, &status);

		if (ended < 0)
			return -1;
		if (ended == 0) {
			log_line("power-button pressed in=menu");
			(void)kill(pid, presses++ == 0 ? SIGTERM : SIGKILL);
		}
		if (ended == pid && presses > 0)
			return MENU_EXIT_POWER_OFF;
		if (ended == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	}
}

/* The menu as a child: what it ended with, or -1 where it cannot be started. */
static int run_menu(struct init *init)
{
	char settings[16], key[16], seen[16], name[2 * TPM_NAME_SIZE + 1];
	const char *arguments[32] = {"menu", "--log", RUN_DIRECTORY "/log"};
	struct process_request request = {.program = PROCESS_HEADS, .arguments = arguments};
	size_t count = 3;
	struct error error;
	pid_t pid;

	for (size_t i = 0; i < init->consoles.count; i++) {
		arguments[count++] = init->consoles.list[i].path;
		arguments[count++] = init->consoles.list[i].type;
	}
	if (init->settings_fd >= 0) {
		(void)snprintf(settings, sizeof(settings), "%d", init->settings_fd);
		arguments[count++] = "--settings-fd";
		arguments[count++] = settings;
		request.keep_fds[request.keep_count++] = init->settings_fd;
	}
	if (init->key_fd >= 0) {
		(void)snprintf(key, sizeof(key), "%d", init->key_fd);
		arguments[count++] = "--key-fd";
		arguments[count++] = key;
		request.keep_fds[request.keep_count++] = init->key_fd;
	}
	if (init->seen_key_fd >= 0) {
		(void)snprintf(seen, sizeof(seen), "%d", init->seen_key_fd);
		arguments[count++] = "--seen-key-fd";
		arguments[count++] = seen;
		request.keep_fds[request.keep_count++] = init->seen_key_fd;
	}
	if (init->tpm_name_size > 0) {
		hex_encode(recorded_name(init), name);
		arguments[count++] = "--tpm-name";
		arguments[count++] = name;
	}
	if (init->rom_problem[0]) {
		arguments[count++] = "--rom-problem";
		arguments[count++] = init->rom_problem;
	}
	arguments[count++] = "--access";
	arguments[count++] = access_mode_name(init->access);
	arguments[count++] = "--again";
	arguments[count++] = init->menu_ran ? "yes" : "no";
	if (process_start(&request, -1, &pid, &error) < 0) {
		log_error(&error);
		return -1;
	}
	init->menu_ran = true;
	return wait_for_menu(init, pid);
}

/* A crashed menu: nothing can be released any more, and it starts again, each time a little later. */
static void after_crash(struct init *init, int status, unsigned *backoff)
{
	load_forget();
	log_line("menu crashed status=%d wait-s=%u", status, *backoff);
	leave(init, TRUST_EXIT_CRASH, START_CRASHED);
	early_shell(init, (int)*backoff * 1000, "key r after a crash of the menu");
	*backoff = *backoff * 2 > LONGEST_BACKOFF_S ? LONGEST_BACKOFF_S : *backoff * 2;
}

static _Noreturn void supervise(struct init *init)
{
	unsigned backoff = FIRST_BACKOFF_S;

	for (;;) {
		int status = run_menu(init);
		const struct menu_end end = menu_end_of(status, init->access);

		consoles_plain(&init->consoles);
		switch (end.wish) {
		case MENU_WISHES_EXIT:
			leave(init, end.exit, end.outcome);
			break;
		case MENU_WISHES_SHELL:
			recovery(init, end.action == ACCESS_EARLY_SHELL ? EARLY_KEY_REASON : "chosen in the menu");
			break;
		case MENU_WISHES_REFUSED:
			log_line("access refused action=%s mode=%s", access_action_name(end.action),
			         access_mode_name(init->access));
			break;
		case MENU_CRASHED:
			after_crash(init, status, &backoff);
			break;
		}
		load_forget(); /* a kernel that was loaded and did not start */
	}
}

_Noreturn void init_run(void)
{
	static struct init init = {
	    .log_fd = -1, .settings_fd = -1, .key_fd = -1, .seen_key_fd = -1, .access = ACCESS_LOCKED};
	struct error error;

	mounts_make();
	consoles_open(&init.consoles);
	init.log_fd = open(RUN_DIRECTORY "/log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	log_add_sink(consoles_log_sink, &init.consoles);
	log_add_sink(file_log_sink, &init);
	(void)reboot(RB_DISABLE_CAD);
	power_button_open(&init.power_button);
	(void)signal(SIGINT, SIG_IGN); /* Ctrl-Alt-Del must not reset without the cap */
	log_line("init version=%s uptime-ms=%llu", HEADS_VERSION, log_now_ms());
	log_line("key " MENU_RECOVERY_KEY "=recovery");
	init.seen_key_fd = seen_key_open(&error);
	if (init.seen_key_fd < 0)
		log_error(&error);
	if (read_rom(&init, &error) < 0) {
		log_error(&error);
		(void)snprintf(init.rom_problem, sizeof(init.rom_problem), "%s", error.sentence);
	}
	/* Nothing waits for the key: what is typed from here on waits for the menu, which looks for it until it has its
	 * first screen. */
	early_shell(&init, 0, EARLY_KEY_REASON);
	supervise(&init);
}
