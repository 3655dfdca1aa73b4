/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads menu`: the screens. PID 1 starts it with the consoles and the measured files of the ROM. */
#include "menu/menu.h"
#include "base/cleanup.h"
#include "command/nouns.h"
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_INHERITED_FD 3
#define LAST_INHERITED_FD  255

/* A descriptor that PID 1 handed over; it is not handed on. */
static int inherited_fd(const char *text)
{
	char *end;
	long fd = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0' || fd < FIRST_INHERITED_FD || fd > LAST_INHERITED_FD)
		return -1;
	return fcntl((int)fd, F_SETFD, FD_CLOEXEC) == 0 ? (int)fd : -1;
}

/* On a workstation the menu would look for /boot on that machine's disks and mount it. */
static bool started_by_rom(void)
{
	struct stat init, self;

	return getppid() == 1 && stat("/proc/1/exe", &init) == 0 && stat("/proc/self/exe", &self) == 0 &&
	       init.st_dev == self.st_dev && init.st_ino == self.st_ino;
}

static int menu_verb(const struct command_context *context, int argc, char **argv)
{
	struct menu_request request = {.tpm_where = context->tpm,
	                               .settings_fd = -1,
	                               .key_fd = -1,
	                               .seen_key_fd = -1,
	                               .access = access_mode_named(NULL)};

	if (!started_by_rom())
		return command_usage(context, "heads menu is started by PID 1 of the ROM; try make run to see it");
	for (int i = 1; i < argc; i += 2) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (!value)
			return command_usage(context, "%s wants a value", argv[i]);
		if (strcmp(argv[i], "--log") == 0) {
			request.log_path = value;
		} else if (strcmp(argv[i], "--settings-fd") == 0) {
			request.settings_fd = inherited_fd(value);
		} else if (strcmp(argv[i], "--key-fd") == 0) {
			request.key_fd = inherited_fd(value);
		} else if (strcmp(argv[i], "--seen-key-fd") == 0) {
			request.seen_key_fd = inherited_fd(value);
		} else if (strcmp(argv[i], "--again") == 0) {
			request.again = strcmp(value, "yes") == 0;
		} else if (strcmp(argv[i], "--access") == 0) {
			request.access = access_mode_named(value);
		} else if (strcmp(argv[i], "--tpm-name") == 0) {
			request.tpm_name = value;
		} else if (strcmp(argv[i], "--rom-problem") == 0) {
			request.rom_problem = value;
		} else if (argv[i][0] == '/' && request.terminal_count < UI_MAX_TERMINALS) {
			request.terminals[request.terminal_count++] = (struct ui_terminal){argv[i], value};
		} else {
			return command_usage(context, "heads menu does not know %s", argv[i]);
		}
	}
	if (request.terminal_count == 0)
		request.terminals[request.terminal_count++] = (struct ui_terminal){NULL, NULL};
	return menu_run(&request);
}

static const struct command_verb verbs[] = {
    {"", "[TERMINAL TYPE]...", "the screens that the owner sees; started by PID 1", menu_verb},
};

const struct command_noun command_menu = {"menu", "the screens", verbs, ARRAY_SIZE(verbs)};
