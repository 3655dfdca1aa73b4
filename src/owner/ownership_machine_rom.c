/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The flash: the owner's key and the Name of the TPM's storage key, both in one writing, after the TPM was told what
 * the next start will measure (A17). */
#include "base/cleanup.h"
#include "format/tpm_name.h"
#include "owner/approval.h"
#include "owner/ownership_machine_private.h"
#include "rom/owner_files.h"

static int read_chip(struct ownership_machine *machine, struct error *error)
{
	if (machine->chip.size > 0)
		return 0;
	machine->show_progress(machine->screen, "reading the flash", 0, 0);
	return flash_read(machine->flash, 0, flash_size(machine->flash), &machine->chip, error);
}

static int read_files(struct ownership_machine *machine, struct owner_files *files, struct error *error)
{
	int r = read_chip(machine, error);
	const struct rom_image image = {buffer_bytes(&machine->chip)};

	return r < 0 ? r : owner_files_read(&image, files, error);
}

static int rom_key(void *context, struct buffer *public, struct error *error)
{
	CLEANUP(owner_files_clear) struct owner_files files = {.count = 0};
	int r = read_files(context, &files, error);
	const struct bytes key = owner_files_find(&files, OWNER_FILE_KEY);

	if (r < 0)
		return r;
	if (key.size == 0)
		return error_set(error, E_NOT_FOUND, OWNER_FILE_KEY, "the ROM holds no key of an owner");
	buffer_append_bytes(public, key);
	return public->failed ? error_set(error, E_MEMORY, OWNER_FILE_KEY, "there is not enough memory for the key")
	                      : 0;
}

/* The line that records the TPM; empty where it has no storage key yet. */
static int name_line(const struct ownership_machine *machine, struct buffer *line, struct error *error)
{
	struct bytes name;
	int r = tpm_storage_key_name(machine->tpm, &name, error);

	if (r == -E_NOT_FOUND)
		return 0;
	if (r == 0)
		tpm_name_write(name, line);
	return r == 0 && line->failed ? error_set(error, E_MEMORY, "TPM", "there is not enough memory for its Name")
	                              : r;
}

static int rom_holds(void *context, struct bytes public, struct error *error)
{
	CLEANUP(owner_files_clear) struct owner_files files = {.count = 0};
	CLEANUP(buffer_clear) struct buffer line = {0};
	int r = read_files(context, &files, error);

	if (r == 0)
		r = name_line(context, &line, error);
	if (r < 0)
		return r;
	return line.size > 0 && public.size > 0 && bytes_equal(owner_files_find(&files, OWNER_FILE_KEY), public) &&
	       bytes_equal(owner_files_find(&files, OWNER_FILE_TPM_NAME), buffer_bytes(&line));
}

struct change {
	struct bytes public, name;
	const struct flash_watch *watch;
};

/* On the chip, and before that on a copy of it in memory. */
static int store(void *context, struct flash *flash, struct error *error)
{
	CLEANUP(owner_files_clear) struct owner_files files = {.count = 0};
	CLEANUP(buffer_clear) struct buffer chip = {0};
	const struct change *change = context;
	struct rom_image image;
	int r = flash_read(flash, 0, flash_size(flash), &chip, error);

	image.bytes = buffer_bytes(&chip);
	if (r == 0)
		r = owner_files_read(&image, &files, error);
	if (r == 0)
		r = owner_files_set(&files, OWNER_FILE_KEY, change->public, error);
	if (r == 0)
		r = owner_files_set(&files, OWNER_FILE_TPM_NAME, change->name, error);
	return r < 0 ? r : owner_files_store(flash, &files, change->watch, NULL, error);
}

static int approve(struct ownership_machine *machine, struct change *change, struct bytes owner, struct error *error)
{
	const struct rom_image image = {buffer_bytes(&machine->chip)};
	struct tpm_pcrs sets[TPM_APPROVE_MAX];
	struct approval approval;
	char list[160];
	int r = approval_look(machine->tpm, &approval, error);

	if (r < 0)
		return r;
	if (approval_list(&approval, APPROVAL_CANNOT, list, sizeof(list)))
		return error_set(error, E_REFUSED, "TPM",
		                 "%s cannot be approved for the ROM as it will be, and would not open any more", list);
	if (!approval_list(&approval, APPROVAL_CAN, list, sizeof(list)))
		return 0;
	machine->show_progress(machine->screen, "computing what the next start measures", 0, 0);
	r = machine->off ? approval_foresee_start(machine->tpm, &image, store, change, sets, error)
	                 : approval_foresee(machine->tpm, &approval, &image, store, change, sets, error);
	return r < 0 ? r
	             : approval_give(machine->tpm, &approval, sets, machine->off ? 1 : TPM_APPROVE_MAX, owner, error);
}

static void show_written(void *context, uint64_t done, uint64_t total, unsigned long long ms)
{
	struct ownership_machine *machine = context;

	(void)ms;
	machine->show_progress(machine->screen, "writing the flash", done, total);
}

static int rom_store(void *context, struct bytes public, struct bytes owner, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer line = {0};
	struct ownership_machine *machine = context;
	const struct flash_watch watch = {show_written, machine};
	struct change change = {.public = public};
	int r = read_chip(machine, error);

	if (r == 0)
		r = name_line(machine, &line, error);
	change.name = buffer_bytes(&line);
	if (r == 0)
		r = owner_file_check(OWNER_FILE_KEY, public, error);
	if (r == 0)
		r = owner_file_check(OWNER_FILE_TPM_NAME, change.name, error);
	if (r == 0)
		r = approve(machine, &change, owner, error);
	if (r < 0)
		return r;
	change.watch = &watch;
	*machine->rom_changed = true; /* some of it may be written, whatever comes of it */
	buffer_clear(&machine->chip);
	r = store(&change, machine->flash, error);
	if (r == 0 && machine->off)
		r = read_chip(machine, error);
	if (r == 0 && machine->off)
		r = machine->off->keep_image(machine->screen, buffer_bytes(&machine->chip), error);
	return r;
}

static bool rom_is_pending(void *context)
{
	const struct ownership_machine *machine = context;

	return *machine->rom_changed;
}

void ownership_machine_fill_rom(struct ownership_world *world)
{
	world->rom_key = rom_key;
	world->rom_holds = rom_holds;
	world->rom_store = rom_store;
	world->rom_is_pending = rom_is_pending;
}
