/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The encrypted backup drive of a run. It is written to the stick that was looked at before the owner confirmed the
 * plan, and a stick that is a whole backup drive already is read and never written. */
#include "base/cleanup.h"
#include "base/log.h"
#include "owner/backup.h"
#include "owner/ownership_machine_private.h"
#include <string.h>

_Static_assert(DRIVE_PASSPHRASE_MIN == DRIVE_LEAST_PHRASE, "the answers want what the drive wants");

static int drive_look(void *context, struct error *error)
{
	struct ownership_machine *machine = context;
	const struct drive_stick *drive = &machine->drive;
	int r;

	machine->drive_was_seen = false;
	if (drive->path[0] == '\0')
		return error_set(error, E_NO_DEVICE, "stick", "no stick was chosen for the backup drive");
	if (machine->medium[0] && drive_has(drive->path, machine->medium))
		return error_set(error, E_REFUSED, drive->path,
		                 "files of this run are on %s: the backup drive wants a stick of its own", drive->path);
	r = drive_look_at(drive->path, &machine->beginning, error);
	machine->drive_was_seen = r == 0;
	return r;
}

static int find(const struct ownership_machine *machine, struct drive_stick *ret_stick, struct error *error)
{
	struct drive_stick sticks[DRIVE_MAX];
	const size_t count = drive_list(sticks);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(sticks[i].path, machine->drive.path) != 0)
			continue;
		*ret_stick = sticks[i];
		return 0;
	}
	return error_set(error, E_NO_DEVICE, machine->drive.path, "the stick %s is not plugged in any more",
	                 machine->drive.path);
}

static int drive_read(void *context, struct bytes passphrase, struct buffer *secret, struct error *error)
{
	struct ownership_machine *machine = context;
	struct drive_stick stick;
	int r = find(machine, &stick, error);

	if (r < 0)
		return r;
	if (!stick.is_drive)
		return error_set(error, E_NOT_FOUND, stick.path, "%s is no backup drive", stick.path);
	machine->show_progress(machine->screen, "Opening the backup drive ...", 0, 0);
	r = backup_read_secret(stick.private, passphrase, secret, error);
	if (r == -E_WRONG_AUTH)
		return error_set(
		    error, E_REFUSED, stick.path,
		    "%s is a backup drive already, and this passphrase does not open it: the key on it stays. "
		    "Take another stick, or the passphrase that it has",
		    stick.path);
	return r == -E_NOT_FOUND
	           ? error_set(error, E_REFUSED, stick.path,
	                       "%s is a backup drive already, and holds no file " BACKUP_SECRET, stick.path)
	           : r;
}

static void show_step(void *context, const char *what)
{
	struct ownership_machine *machine = context;

	machine->show_progress(machine->screen, what, 0, 0);
}

/* What the stick holds now is what it held when the owner was shown what is lost. */
static int check_same(const struct ownership_machine *machine, struct error *error)
{
	const struct drive_stick *shown = &machine->drive;
	struct drive_stick stick;
	struct digest beginning = {.size = 0};
	int r = find(machine, &stick, error);

	if (r == 0)
		r = drive_look_at(stick.path, &beginning, error);
	if (r < 0)
		return r;
	if (!machine->drive_was_seen || stick.size != shown->size || strcmp(stick.model, shown->model) != 0 ||
	    !bytes_equal(digest_bytes(&beginning), digest_bytes(&machine->beginning)))
		return error_set(error, E_REFUSED, stick.path,
		                 "%s is not the stick that was shown, or it was changed since: start the run again",
		                 stick.path);
	return 0;
}

static int drive_write(void *context, struct bytes passphrase, const struct ownership_key *key, struct bytes revocation,
                       struct error *error)
{
	CLEANUP(backup_clear) struct backup backup = {{0}, {0}, {0}};
	struct ownership_machine *machine = context;
	int r = check_same(machine, error);

	if (r < 0)
		return r;
	buffer_append_bytes(&backup.secret, buffer_bytes(&key->secret));
	buffer_append_bytes(&backup.public, buffer_bytes(&key->public));
	buffer_append_bytes(&backup.revocation, revocation);
	if (backup.secret.failed || backup.public.failed || backup.revocation.failed)
		return error_set(error, E_MEMORY, "drive", "there is not enough memory for the key");
	r = backup_write(machine->drive.path, passphrase, &backup, show_step, machine, error);
	/* Where it failed it is this run that has changed it, and the next try is for the same stick. */
	machine->drive_was_seen = drive_look_at(machine->drive.path, &machine->beginning, NULL) == 0;
	if (r == 0)
		log_line("key backup device=%s fingerprint=%s", machine->drive.path, key->fingerprint);
	return r;
}

void ownership_machine_fill_drive(struct ownership_world *world)
{
	world->drive_look = drive_look;
	world->drive_read = drive_read;
	world->drive_write = drive_write;
}
