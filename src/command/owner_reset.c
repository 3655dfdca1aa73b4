/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads owner reset`: the run of owner/ownership.h for a machine that is off, from a workstation that reaches its
 * firmware image, its /boot and its TPM: a virtual machine with swtpm. On the machine itself the run is the menu's
 * alone: what is sealed there opens only to a start in which nothing but the menu ran (PCR 4). */
#include "base/cleanup.h"
#include "base/file.h"
#include "command/dongle.h"
#include "command/owner.h"
#include "command/totp.h"
#include "owner/approval.h"
#include "owner/ownership_machine.h"
#include "owner/ownership_summary.h"
#include "rom/owner_files.h"
#include "rom/settings.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct reset {
	const struct command_context *context;
	/* as they were given */
	bool yes;
	const char *rom, *pcsc, *label, *file;
	struct ownership_off off;
	/* what is opened, and released by close_run */
	struct ownership_answers answers;
	struct rom_settings settings;
	struct command_dongle dongle;
	struct buffer image; /* the ROM file, and what it will be */
	struct flash *flash;
	struct tpm *tpm;
	struct boot_system boot;
	struct secret drawn; /* the passphrase that was drawn; empty: none */
	struct ownership_machine machine;
	struct ownership_world world;
	struct ownership ownership;
	bool rom_changed;
	char summary[OWNERSHIP_SUMMARY_NAME]; /* "": none was written */
};

static void close_run(struct reset *reset)
{
	/* In order, so that the next start of the machine is like every other one; one that runs is left alone. */
	if (reset->ownership.world)
		(void)tpm_shutdown(reset->tpm, NULL);
	tpm_close(&reset->tpm);
	ownership_clear(&reset->ownership);
	ownership_machine_clear(&reset->machine);
	ownership_answers_clear(&reset->answers);
	secret_clear(&reset->drawn);
	boot_system_clear(&reset->boot);
	flash_close(&reset->flash);
	buffer_clear(&reset->image);
	rom_settings_clear(&reset->settings);
}

/* --- what was asked for ------------------------------------------------------------------------------------------- */

static int read_options(const struct command_context *context, int argc, char **argv, struct reset *reset)
{
	const struct {
		const char *name, **value;
	} known[] = {{"--rom", &reset->rom},
	             {"--boot", &reset->off.boot},
	             {"--medium", &reset->off.medium},
	             {"--pcsc", &reset->pcsc},
	             {"--label", &reset->label}};

	for (int i = 1; i < argc; i++) {
		size_t option = 0;

		if (strcmp(argv[i], "--yes") == 0) {
			reset->yes = true;
			continue;
		}
		while (option < ARRAY_SIZE(known) && strcmp(argv[i], known[option].name) != 0)
			option++;
		if (option < ARRAY_SIZE(known)) {
			if (i + 1 == argc)
				return command_usage(context, "%s misses its value", argv[i]);
			*known[option].value = argv[++i];
		} else if (argv[i][0] == '-' || reset->file) {
			return command_usage(context, "heads owner reset does not know \"%s\"", argv[i]);
		} else {
			reset->file = argv[i];
		}
	}
	if (reset->label && strlen(reset->label) > TOTP_LABEL_LIMIT)
		return command_usage(context, "a label has at most %d bytes", TOTP_LABEL_LIMIT);
	return 0;
}

static int refuse_here(const struct command_context *context)
{
	struct error error;

	(void)error_set(
	    &error, E_REFUSED, "ROM",
	    "without --rom this machine itself is meant, and what is sealed from a shell opens to nothing but "
	    "that shell (PCR 4), where the TPM's counters are closed too: restart, and in the menu choose E, A, F "
	    "with the answers on a stick; for a machine that is off, name its image with --rom");
	return command_fail(context, &error);
}

/* Without --yes. Nothing was looked at but the answers. */
static int show_plan(struct reset *reset)
{
	const struct command_context *context = reset->context;
	struct json_object *object;
	struct error error;

	(void)error_set(&error, E_USAGE, "--yes", "nothing was done: say --yes where that is meant");
	if (!context->json) {
		owner_print_plan(&reset->answers);
		return command_fail(context, &error);
	}
	object = json_object_new_object();
	json_object_object_add(object, "error", command_json_error(&error));
	owner_add_plan(&reset->answers, object);
	command_print_json(object);
	return error_exit_status(error.code);
}

/* --- before it begins --------------------------------------------------------------------------------------------- */

static int check_directory(const char *path, struct error *error)
{
	CLEANUP_CLOSE int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return directory >= 0 ? 0
	                      : error_set_errno(error, E_USAGE, path, errno, "the directory %s cannot be opened", path);
}

/* The image in memory, and what it says of the machine. */
static int open_image(struct reset *reset, struct error *error)
{
	CLEANUP(owner_files_clear) struct owner_files files = {0};
	CLEANUP(rom_close) struct rom_image file = {BYTES_EMPTY};
	const char *board = reset->context->settings;
	int r = rom_open_file(reset->rom, &file, error);

	if (r < 0)
		return r;
	buffer_append_bytes(&reset->image, file.bytes);
	if (reset->image.failed)
		return error_set(error, E_MEMORY, reset->rom, "there is not enough memory for %s", reset->rom);
	if (!owner_files_have_slots(&file))
		return error_set(error, E_UNSUPPORTED, reset->rom,
		                 "%s is no image of Heads: it has no regions OWNER_A and OWNER_B for the owner's files",
		                 reset->rom);
	r = owner_files_read(&file, &files, error);
	if (r == 0)
		r = rom_settings_load(board ? board : SETTINGS_BOARD_FILE,
		                      owner_files_find(&files, OWNER_FILE_SETTINGS), &reset->settings, error);
	if (r == 0)
		r = flash_open_memory(reset->image.data, reset->image.size, &reset->flash, error);
	return r;
}

/* The TPM, as a start of the machine finds it; and that the start can be foreseen. */
static int open_tpm(struct reset *reset, struct error *error)
{
	const struct rom_image image = {buffer_bytes(&reset->image)};
	struct tpm_pcrs next;
	int r = tpm_open(reset->context->tpm, &reset->tpm, error);

	return r < 0 ? r : approval_foresee_start(reset->tpm, &image, NULL, NULL, &next, error);
}

static const char *step_line(const struct reset *reset, enum ownership_step step, char *line, size_t size)
{
	int number = 0, all = 0;

	for (int i = 0; i < OWNERSHIP_STEPS; i++) {
		const bool wanted = ownership_wants(&reset->answers, (enum ownership_step)i);

		all += wanted;
		number += wanted && i <= (int)step;
	}
	(void)snprintf(line, size, "step %d of %d: %s", number, all, ownership_step_name(step));
	return line;
}

static void show_step(void *screen, enum ownership_step step)
{
	const struct reset *reset = screen;
	char line[100];

	if (reset->context->verbosity >= 0)
		(void)fprintf(stderr, "heads: %s\n", step_line(reset, step, line, sizeof(line)));
}

static void show_progress(void *screen, const char *what, uint64_t done, uint64_t total)
{
	const struct reset *reset = screen;

	(void)total;
	if (reset->context->verbosity > 0 && done == 0)
		(void)fprintf(stderr, "heads: %s\n", what);
}

/* Before the ROM is written: where nobody could read it, the next run makes another one. */
static int show_totp(void *screen, struct bytes secret, struct error *error)
{
	const struct reset *reset = screen;
	const char *board = rom_settings_get(&reset->settings, "CONFIG_BOARD_NAME");

	return totp_print_secret(reset->context,
	                         reset->label ? reset->label
	                         : board      ? board
	                                      : TOTP_DEFAULT_LABEL,
	                         secret, error);
}

static int keep_image(void *screen, struct bytes image, struct error *error)
{
	const struct reset *reset = screen;

	return file_replace_path(reset->rom, image, error);
}

static int open_run(struct reset *reset, struct error *error)
{
	int r = check_directory(reset->off.boot, error);

	if (r == 0)
		r = check_directory(reset->off.medium, error);
	if (r == 0)
		r = command_dongle_options(reset->pcsc, &reset->dongle, error);
	if (r == 0)
		r = open_image(reset, error);
	if (r == 0)
		r = open_tpm(reset, error);
	if (r < 0)
		return r;
	reset->off.keep_image = keep_image;
	reset->machine = (struct ownership_machine){
	    .tpm = reset->tpm,
	    .flash = reset->flash,
	    .boot = &reset->boot,
	    .ignore_rollback = settings_is_yes(&reset->settings.merged, "CONFIG_IGNORE_ROLLBACK"),
	    .medium = "",
	    .gnupg = &reset->dongle.options,
	    .off = &reset->off,
	    .rom_changed = &reset->rom_changed,
	    .screen = reset,
	    .show_totp = show_totp,
	    .show_step = show_step,
	    .show_progress = show_progress};
	ownership_machine_world(&reset->machine, &reset->world);
	reset->ownership = (struct ownership){.world = &reset->world, .answers = &reset->answers};
	return 0;
}

/* One passphrase for what was not given, shown before it is used for anything. */
static int draw(struct reset *reset, struct error *error)
{
	const bool all = !ownership_answers_have(&reset->answers, ANSWER_TPM_PASSPHRASE);
	struct json_object *object;
	int r = 0;

	if (!ownership_answers_is(&reset->answers, ANSWER_GENERATE, "yes"))
		return 0;
	if (all)
		r = ownership_draw(reset->tpm, &reset->drawn, error);
	if (r == 0)
		r = ownership_fill(&reset->answers,
		                   all ? secret_bytes(&reset->drawn)
		                       : ownership_answers_bytes(&reset->answers, ANSWER_TPM_PASSPHRASE),
		                   error);
	if (r < 0 || !all)
		return r;
	if (reset->context->json) {
		object = json_object_new_object();
		json_object_object_add(object, "passphrase", json_object_new_string((const char *)reset->drawn.data));
		command_print_json(object);
	} else {
		(void)printf("passphrase of all that was not given, shown this once: %s\n",
		             (const char *)reset->drawn.data);
	}
	return fflush(stdout) == 0 && !ferror(stdout)
	           ? 0
	           : error_set(error, E_IO, "passphrase",
	                       "the passphrase cannot be shown: standard output does not take it; nothing was done");
}

/* --- what came of it ---------------------------------------------------------------------------------------------- */

static struct json_object *steps_json(const struct reset *reset)
{
	static const char *const words[] = {
	    [OWNERSHIP_LEFT] = "left", [OWNERSHIP_NOT_WANTED] = "not-wanted", [OWNERSHIP_WAS_DONE] = "was-done",
	    [OWNERSHIP_DONE] = "done", [OWNERSHIP_FAILED] = "failed",
	};
	struct json_object *steps = json_object_new_array();

	for (int i = 0; i < OWNERSHIP_STEPS; i++) {
		struct json_object *item = json_object_new_object();

		json_object_object_add(item, "step",
		                       json_object_new_string(ownership_step_word((enum ownership_step)i)));
		json_object_object_add(item, "state", json_object_new_string(words[reset->ownership.states[i]]));
		json_object_array_add(steps, item);
	}
	return steps;
}

static void print_steps(const struct reset *reset)
{
	for (int i = 0; i < OWNERSHIP_STEPS; i++)
		if (reset->ownership.states[i] != OWNERSHIP_NOT_WANTED)
			(void)printf("%-16s %s\n", ownership_state_name(reset->ownership.states[i]),
			             ownership_step_name((enum ownership_step)i));
}

/* looked: the states say something. */
static int print_failure(const struct reset *reset, bool looked, const struct error *error)
{
	struct json_object *object;

	if (!looked)
		return command_fail(reset->context, error);
	if (!reset->context->json) {
		print_steps(reset);
		return command_fail(reset->context, error);
	}
	object = json_object_new_object();
	json_object_object_add(object, "error", command_json_error(error));
	json_object_object_add(object, "steps", steps_json(reset));
	command_print_json(object);
	return error_exit_status(error->code);
}

static int print_result(const struct reset *reset)
{
	struct json_object *object;

	if (reset->context->json) {
		object = json_object_new_object();
		json_object_object_add(object, "result", json_object_new_string("owned"));
		json_object_object_add(object, "key", json_object_new_string(reset->ownership.key.fingerprint));
		json_object_object_add(object, "summary",
		                       reset->summary[0] ? json_object_new_string(reset->summary) : NULL);
		json_object_object_add(object, "steps", steps_json(reset));
		command_print_json(object);
		return 0;
	}
	print_steps(reset);
	(void)printf("key %s\n", reset->ownership.key.fingerprint);
	if (reset->summary[0])
		(void)printf("summary %s/%s\n", reset->off.medium, reset->summary);
	(void)printf("The machine is its owner's from its next start on, with this image and this TPM.\n");
	return 0;
}

static bool did_something(const struct ownership *ownership)
{
	for (int i = 0; i < OWNERSHIP_STEPS; i++)
		if (ownership->states[i] == OWNERSHIP_DONE)
			return true;
	return false;
}

/* Not for a run that changed nothing. */
static int keep_summary(struct reset *reset, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer lines = {0};
	char name[OWNERSHIP_SUMMARY_NAME];
	struct error found;
	int r;

	if (ownership_answers_is(&reset->answers, ANSWER_SUMMARY, "none") || !did_something(&reset->ownership))
		return 0;
	ownership_summary_lines(&reset->machine, &reset->ownership,
	                        rom_settings_get(&reset->settings, "CONFIG_BOARD_NAME"), "", &lines);
	r = ownership_summary_keep(&reset->ownership, buffer_bytes(&lines), name, &found);
	if (r < 0)
		return error_set(error, found.code, found.object,
		                 "every step is done, but the summary is not written: %s", found.sentence);
	memcpy(reset->summary, name, sizeof(name));
	return 0;
}

int owner_reset_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(close_run) struct reset reset = {.context = context};
	struct error error;
	int status = read_options(context, argc, argv, &reset);

	if (status != 0)
		return status;
	if (!reset.file)
		return command_usage(context, "heads owner reset wants one file with answers (docs/owners-guide.md)");
	if (!reset.rom)
		return refuse_here(context);
	if (!context->tpm)
		return command_usage(context,
		                     "heads owner reset wants --tpm WHERE before its name: the TPM of the machine "
		                     "that is off (swtpm:PATH), and not this workstation's own");
	if (!reset.off.boot || !reset.off.medium)
		return command_usage(context,
		                     "heads owner reset wants --boot DIR, the root of the file system with the boot "
		                     "files, and --medium DIR, where the owner's key and the summary go");
	if (owner_read_answers(reset.file, &reset.answers, &error) < 0 ||
	    ownership_off_check(&reset.answers, reset.file, &error) < 0)
		return command_fail(context, &error);
	if (!reset.yes)
		return show_plan(&reset);
	if (open_run(&reset, &error) < 0 || draw(&reset, &error) < 0 || ownership_look(&reset.ownership, &error) < 0)
		return print_failure(&reset, false, &error);
	if (ownership_run(&reset.ownership, &error) < 0 || keep_summary(&reset, &error) < 0)
		return print_failure(&reset, true, &error);
	return print_result(&reset);
}
