/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The encrypted disks, and the key by which the TPM opens them. */
#include "base/cleanup.h"
#include "disk/keyslot.h"
#include "disk/unlock.h"
#include "owner/ownership_machine_private.h"

struct disks {
	struct volume_list all, chosen;
};

static void disks_clear(struct disks *disks)
{
	volume_list_clear(&disks->chosen);
	volume_list_clear(&disks->all);
}

/* Those that the signed /boot names, else all that are built in and not refused. */
static int choose(const struct ownership_machine *machine, bool change, struct disks *disks, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer names = {0};
	int r = boot_system_key_devices(machine->boot, &names, error);
	const bool named = names.size > 0;

	if (r == 0)
		r = volume_add_all(&disks->all, change, error);
	for (size_t i = 0; r == 0 && !named && i < disks->all.count; i++) {
		const struct volume *volume = &disks->all.volumes[i];

		if (!volume->removable && volume_check(volume, NULL) == 0)
			buffer_append_format(&names, "%s %s\n", volume->path, volume->facts.uuid);
	}
	if (r == 0 && names.failed)
		r = error_set(error, E_MEMORY, "disk", "there is not enough memory for the list of disks");
	if (r == 0 && names.size == 0)
		r = error_set(error, E_NOT_FOUND, "disk", "no disk of this machine is encrypted with LUKS");
	return r < 0 ? r : volume_choose(&disks->all, buffer_bytes(&names), &disks->chosen, error);
}

static int disk_opens(void *context, struct bytes passphrase, struct error *error)
{
	CLEANUP(disks_clear) struct disks disks = {0};
	int r = choose(context, false, &disks, error);

	if (r < 0)
		return r;
	r = 1;
	for (size_t i = 0; i < disks.chosen.count && r > 0; i++)
		r = keyslot_opens(&disks.chosen.volumes[i], passphrase, error);
	return r;
}

static int disk_has_other(void *context, struct bytes old, struct error *error)
{
	CLEANUP(disks_clear) struct disks disks = {0};
	int r = choose(context, false, &disks, error);

	for (size_t i = 0; i < disks.chosen.count && r == 0; i++)
		r = keyslot_opens(&disks.chosen.volumes[i], old, error);
	return r;
}

static int disk_change(void *context, struct bytes old, struct bytes fresh, struct error *error)
{
	CLEANUP(disks_clear) struct disks disks = {0};
	struct ownership_machine *machine = context;
	int r = choose(machine, true, &disks, error);

	for (size_t i = 0; i < disks.chosen.count && r == 0; i++) {
		machine->show_progress(machine->screen, disks.chosen.volumes[i].path, i, disks.chosen.count);
		r = keyslot_change(&disks.chosen.volumes[i], old, fresh, error);
	}
	return r;
}

static int disk_key_is_there(void *context, struct error *error)
{
	struct ownership_machine *machine = context;
	struct tpm_seal_state state;
	int r = tpm_seal_look(machine->tpm, TPM_SLOT_DISK, &state, error);

	return r == -E_NO_SECRET || r == -E_MALFORMED ? 0 : r < 0 ? r : 1;
}

static int disk_key_make(void *context, struct bytes disk, struct bytes unlock, struct bytes owner, struct error *error)
{
	CLEANUP(disks_clear) struct disks disks = {0};
	struct ownership_machine *machine = context;
	struct secret *keys;
	int r = choose(machine, true, &disks, error);

	if (r < 0)
		return r;
	keys = calloc(disks.chosen.count + 1, sizeof(*keys));
	if (!keys)
		return error_set(error, E_MEMORY, "disk", "there is not enough memory for the volume keys");
	for (size_t i = 0; i < disks.chosen.count && r == 0; i++)
		r = keyslot_open(&disks.chosen.volumes[i], disk, &keys[i], error);
	if (r == 0)
		r = unlock_make(machine->tpm, &disks.chosen, keys, BYTES_EMPTY, unlock, owner, error);
	for (size_t i = 0; i < disks.chosen.count; i++)
		secret_clear(&keys[i]);
	free(keys);
	return r;
}

void ownership_machine_fill_disk(struct ownership_world *world)
{
	world->disk_opens = disk_opens;
	world->disk_has_other = disk_has_other;
	world->disk_change = disk_change;
	world->disk_key_is_there = disk_key_is_there;
	world->disk_key_make = disk_key_make;
}
