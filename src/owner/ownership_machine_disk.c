/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The encrypted disks, and the key by which the TPM opens them. */
#include "base/cleanup.h"
#include "base/log.h"
#include "disk/keyslot.h"
#include "disk/reencrypt.h"
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

/* A workstation's disks are not the machine's. */
static int needs_disks(const struct ownership_machine *machine, struct error *error)
{
	return machine->off
	           ? error_set(error, E_NO_DEVICE, "disk", "the disks of a machine that is off are not in reach")
	           : 0;
}

/* Those that the signed /boot names, else all that are built in and not refused. */
static int choose(const struct ownership_machine *machine, bool change, struct disks *disks, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer names = {0};
	int r = needs_disks(machine, error);
	bool named;

	if (r == 0)
		r = boot_system_key_devices(machine->boot, &names, error);
	named = names.size > 0;
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

/* --- encrypted anew ----------------------------------------------------------------------------------------------- */

static bool is_unfinished(const struct volume *volume)
{
	return !volume->removable && reencrypt_is_unfinished(volume);
}

static int disk_is_unfinished(void *context, struct error *error)
{
	CLEANUP(volume_list_clear) struct volume_list all = {0};
	int r = needs_disks(context, error);

	if (r == 0)
		r = volume_add_all(&all, false, error);
	for (size_t i = 0; i < all.count && r == 0; i++)
		r = is_unfinished(&all.volumes[i]);
	return r;
}

struct reencrypting {
	const struct ownership_machine *machine;
	const char *what;
};

static void show_reencrypting(void *context, uint64_t done, uint64_t total)
{
	const struct reencrypting *reencrypting = context;

	reencrypting->machine->show_progress(reencrypting->machine->screen, reencrypting->what, done, total);
}

/* The new passphrase comes last: as long as the old one opens the volume it is not known as done. */
static int reencrypt(const struct ownership_machine *machine, const struct volume *volume, struct bytes old,
                     struct bytes fresh, struct error *error)
{
	char what[100];
	struct reencrypting reencrypting = {.machine = machine, .what = what};
	int r;

	(void)snprintf(what, sizeof(what), "Encrypting %.40s anew: a power cut does no harm", volume->path);
	log_line("disk reencrypt device=%s resumed=%s", volume->path, is_unfinished(volume) ? "yes" : "no");
	r = reencrypt_volume(volume, old, show_reencrypting, &reencrypting, error);
	if (r < 0)
		return r;
	log_line("disk reencrypted device=%s", volume->path);
	return keyslot_change(volume, old, fresh, error);
}

static int finish_those_begun(const struct ownership_machine *machine, struct bytes old, struct bytes fresh,
                              struct error *error)
{
	CLEANUP(volume_list_clear) struct volume_list all = {0};
	int r = volume_add_all(&all, true, error);

	for (size_t i = 0; i < all.count && r == 0; i++)
		if (is_unfinished(&all.volumes[i]))
			r = reencrypt(machine, &all.volumes[i], old, fresh, error);
	return r;
}

static int disk_reencrypt(void *context, struct bytes old, struct bytes fresh, struct error *error)
{
	CLEANUP(disks_clear) struct disks disks = {0};
	const struct ownership_machine *machine = context;
	int r = finish_those_begun(machine, old, fresh, error);

	if (r == 0)
		r = choose(machine, true, &disks, error);
	for (size_t i = 0; i < disks.chosen.count && r == 0; i++) {
		const struct volume *volume = &disks.chosen.volumes[i];
		const int left = keyslot_opens(volume, old, error);

		r = left > 0 ? reencrypt(machine, volume, old, fresh, error) : left;
	}
	return r;
}

/* In the TPM, and with a key slot of each disk: a disk that was encrypted anew has none of it any more. */
static int disk_key_is_there(void *context, struct error *error)
{
	CLEANUP(disks_clear) struct disks disks = {0};
	struct ownership_machine *machine = context;
	struct unlock_keys keys;
	int r = unlock_look(machine->tpm, true, &keys, error);

	if (r < 0 || keys.count == 0)
		return r;
	r = choose(machine, false, &disks, error);
	return r < 0 ? r : unlock_has_slots(&keys, &disks.chosen);
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
		r = unlock_make(machine->tpm, 0, &disks.chosen, keys, BYTES_EMPTY, unlock, owner, error);
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
	world->disk_is_unfinished = disk_is_unfinished;
	world->disk_reencrypt = disk_reencrypt;
	world->disk_key_is_there = disk_key_is_there;
	world->disk_key_make = disk_key_make;
}
