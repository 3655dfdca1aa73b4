/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads rom package|update`: making and installing firmware; what `flash` shares with it. */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "command/rom.h"
#include "command/rom_install.h"
#include "owner/update.h"
#include "rom/flash_board.h"
#include "tpm/tpm.h"
#include <stdio.h>
#include <string.h>

#define PLAIN_WORD "unsigned"

/* Options before the words; those that take a value are listed with its place. */
bool install_read_arguments(int argc, char **argv, struct install_arguments *arguments)
{
	const struct {
		const char *name;
		const char **value;
	} valued[] = {{"--chip", &arguments->chip}, {"--gnupghome", &arguments->home},
	              {"--key", &arguments->key},   {"--out", &arguments->out},
	              {"--bom", &arguments->bom},   {"--version", &arguments->version}};
	const struct {
		const char *name;
		bool *value;
	} flags[] = {{"--unsigned", &arguments->plain},
	             {"--plan", &arguments->plan_only},
	             {"--erase-owner-files", &arguments->erase_owner}};
	int i = 1;

	for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
		bool known = false;

		for (size_t k = 0; k < ARRAY_SIZE(valued) && i + 1 < argc && !known; k++) {
			known = strcmp(argv[i], valued[k].name) == 0;
			if (known)
				*valued[k].value = argv[i + 1];
		}
		if (known) {
			i++;
			continue;
		}
		for (size_t k = 0; k < ARRAY_SIZE(flags) && !known; k++) {
			known = strcmp(argv[i], flags[k].name) == 0;
			*flags[k].value = *flags[k].value || known;
		}
		if (!known)
			return false;
	}
	arguments->words = argv + i;
	arguments->count = argc - i;
	return true;
}

int install_open_chip(const struct install_arguments *arguments, const struct rom_settings *settings,
                      struct flash **ret_flash, struct buffer *content, struct error *error)
{
	int r = arguments->chip ? flash_open_file(arguments->chip, ret_flash, error)
	                        : flash_open_board(settings, ret_flash, error);

	return r < 0 ? r : flash_read(*ret_flash, 0, flash_size(*ret_flash), content, error);
}

void install_show_progress(void *context, uint64_t done, uint64_t total, unsigned long long ms)
{
	const struct command_context *command = context;

	if (command->verbosity >= 0 && isatty(STDERR_FILENO))
		(void)fprintf(stderr, "\r%llu of %llu KiB, %llu s ", (unsigned long long)done / 1024,
		              (unsigned long long)total / 1024, ms / 1000);
}

int install_typed(const char *warning, const char *word, struct error *error)
{
	char line[64];

	(void)fprintf(stderr, "%s\nType \"%s\" to go on: ", warning, word);
	if (!fgets(line, sizeof(line), stdin))
		line[0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	if (strcmp(line, word) == 0)
		return 0;
	return error_set(error, E_REFUSED, word, "nothing was written: \"%s\" was not typed", word);
}

void install_print_done(const struct command_context *context, const char *version, const char *where,
                        const struct flash_count *count, unsigned long long ms)
{
	struct json_object *object;

	if (!context->json) {
		(void)printf("written and verified: %zu of %zu blocks erased, %zu written, %llu ms; %s\n",
		             count->erased, count->blocks, count->written, ms, where);
		return;
	}
	object = json_object_new_object();
	json_object_object_add(object, "result", json_object_new_string("written"));
	json_object_object_add(object, "version", version[0] ? json_object_new_string(version) : NULL);
	json_object_object_add(object, "place", json_object_new_string(where));
	json_object_object_add(object, "blocks", json_object_new_int64((int64_t)count->blocks));
	json_object_object_add(object, "erased", json_object_new_int64((int64_t)count->erased));
	json_object_object_add(object, "written", json_object_new_int64((int64_t)count->written));
	json_object_object_add(object, "ms", json_object_new_int64((int64_t)ms));
	command_print_json(object);
}

static int chip_keyring(const struct rom_image *chip, struct verify_keyring *keyring, struct error *error)
{
	CLEANUP(owner_files_clear) struct owner_files files = {0};
	CLEANUP(buffer_clear) struct buffer keys = {0};
	int r = owner_files_read(chip, &files, error);

	if (r == 0)
		r = owner_files_keyring(&files, &keys, error);
	return r < 0 || keys.size == 0 ? r
	                               : verify_keyring_add(keyring, buffer_bytes(&keys), "the owner's keys", error);
}

/* The floor that the TPM holds; without a TPM, or before the first update, there is none. */
static uint64_t version_floor(const struct command_context *context)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct error error;
	uint64_t value = 0;

	if (tpm_open(context->tpm, &tpm, &error) == 0 && tpm_floor_read(tpm, &value, &error) < 0)
		value = 0;
	return value;
}

static int read_update(const struct install_arguments *arguments, struct bytes package, const struct rom_image *chip,
                       struct buffer *room, struct update *update, struct error *error)
{
	CLEANUP(verify_keyring_clear) struct verify_keyring keyring = {0};
	int r;

	if (arguments->plain)
		return update_read_unsigned(package, room, update, error);
	if (update_is_zip(package))
		return error_set(error, E_REFUSED, arguments->words[0],
		                 "%s is a zip archive: nobody signed it. A signed update is a file heads-*.tar; to "
		                 "install this one all the same, say --unsigned",
		                 arguments->words[0]);
	r = chip_keyring(chip, &keyring, error);
	return r < 0 ? r : update_read(package, &keyring, update, error);
}

static void print_plan(const struct command_context *context, const struct update_plan *plan)
{
	for (size_t i = 0; i < plan->change_count && context->verbosity >= 0; i++)
		(void)fprintf(stderr, "%s\n", plan->changes[i]);
}

static int install(const struct command_context *context, const struct install_arguments *arguments,
                   struct error *error)
{
	CLEANUP(rom_settings_clear) struct rom_settings settings = {0};
	CLEANUP(flash_close) struct flash *flash = NULL;
	CLEANUP(buffer_clear) struct buffer package = {0}, chip = {0}, room = {0};
	struct flash_watch watch = {install_show_progress, (void *)(uintptr_t)context};
	unsigned long long started = log_now_ms();
	struct update_target target = {.version = arguments->version ? arguments->version : HEADS_VERSION};
	struct flash_count count = {0};
	struct update_plan plan = {0};
	struct update update = {0};
	int r = rom_settings_load(context->settings ? context->settings : SETTINGS_BOARD_FILE, BYTES_EMPTY, &settings,
	                          error);

	if (r == 0)
		r = install_open_chip(arguments, &settings, &flash, &chip, error);
	if (r == 0)
		r = file_read(arguments->words[0], UPDATE_MAX_SIZE, &package, error);
	target.chip.bytes = buffer_bytes(&chip);
	target.board = rom_settings_get(&settings, "CONFIG_BOARD");
	target.floor = version_floor(context);
	if (r == 0)
		r = read_update(arguments, buffer_bytes(&package), &target.chip, &room, &update, error);
	if (r == 0)
		r = update_plan(&update, &target, &plan, error);
	if (r < 0)
		return r;
	print_plan(context, &plan);
	if (arguments->plan_only)
		return 0;
	if (!arguments->chip)
		rom_tell_of_secrets(context, "PCR 2", arguments->plain ? NULL : "Firmware");
	if (arguments->plain)
		r = install_typed("Nobody vouches for this image: it may hold anything.", PLAIN_WORD, error);
	if (r == 0)
		r = update_apply(&plan, flash, &watch, &count, error);
	if (r == 0)
		install_print_done(context, update.manifest.version, plan.slots.slots[1 - plan.keep].name, &count,
		                   log_now_ms() - started);
	return r;
}

int rom_update_run(const struct command_context *context, int argc, char **argv)
{
	struct install_arguments arguments = {0};
	struct error error;

	if (!install_read_arguments(argc, argv, &arguments) || arguments.count != 1)
		return command_usage(context, "usage: heads rom update [--chip IMAGE] [--version RUNNING] [--plan] "
		                              "[--unsigned] PACKAGE");
	return install(context, &arguments, &error) < 0 ? command_fail(context, &error) : 0;
}

static int package(const struct command_context *context, const struct install_arguments *arguments,
                   struct error *error)
{
	CLEANUP(rom_settings_clear) struct rom_settings settings = {0};
	CLEANUP(buffer_clear) struct buffer rom = {0}, bom = {0}, bytes = {0};
	struct update_make make = {.version = arguments->version, .home = arguments->home, .key = arguments->key};
	char signer[65] = "";
	int r = rom_settings_load(context->settings, BYTES_EMPTY, &settings, error);

	if (r == 0)
		r = file_read(arguments->words[0], ROM_MAX_SIZE, &rom, error);
	if (r == 0 && arguments->bom)
		r = file_read(arguments->bom, UPDATE_MAX_SIZE - ROM_MAX_SIZE, &bom, error);
	make.board = rom_settings_get(&settings, "CONFIG_BOARD");
	if (r == 0 && !make.board)
		r = error_set(error, E_USAGE, context->settings, "%s does not say CONFIG_BOARD", context->settings);
	if (r < 0)
		return r;
	make.rom = buffer_bytes(&rom);
	make.bom = buffer_bytes(&bom);
	r = update_make(&make, &bytes, signer, error);
	if (r == 0)
		r = file_replace_path(arguments->out, buffer_bytes(&bytes), error);
	if (r == 0 && !context->json)
		(void)printf("%s: version %s for %s, signed by %s\n", arguments->out, make.version, make.board, signer);
	if (r == 0 && context->json) {
		struct json_object *object = json_object_new_object();

		json_object_object_add(object, "result", json_object_new_string("packaged"));
		json_object_object_add(object, "version", json_object_new_string(make.version));
		json_object_object_add(object, "board", json_object_new_string(make.board));
		json_object_object_add(object, "signer", json_object_new_string(signer));
		command_print_json(object);
	}
	return r;
}

int rom_package_run(const struct command_context *context, int argc, char **argv)
{
	struct install_arguments arguments = {0};
	struct error error;

	if (!install_read_arguments(argc, argv, &arguments) || arguments.count != 1 || !arguments.home ||
	    !arguments.out || !arguments.version || !context->settings)
		return command_usage(context,
		                     "usage: heads --settings BOARD.settings rom package --version V --gnupghome "
		                     "HOME [--key KEY] [--bom FILE] --out PACKAGE ROM");
	return package(context, &arguments, &error) < 0 ? command_fail(context, &error) : 0;
}
