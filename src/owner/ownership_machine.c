/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TPM, and what is sealed in it for phone and dongle. */
#include "owner/ownership_machine.h"
#include "attest/hotp.h"
#include "attest/totp.h"
#include "base/cleanup.h"
#include "owner/ownership_machine_private.h"
#include "owner/tpm_reset.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

#define DONGLE_WAIT_MS 2000

static int needs_tpm(const struct ownership_machine *machine, struct error *error)
{
	return machine->tpm ? 0 : error_set(error, E_NO_DEVICE, "TPM", "this machine has no TPM that Heads can use");
}

/* With an empty passphrase anybody is the owner. */
static int tpm_is_owned(void *context, struct bytes owner, struct error *error)
{
	struct ownership_machine *machine = context;
	struct tpm_info info;
	struct bytes name;
	int r = needs_tpm(machine, error);

	if (r < 0 || owner.size == 0)
		return r;
	r = tpm_get_info(machine->tpm, &info, error);
	if (r < 0 || !info.owner_auth_set)
		return r;
	r = tpm_storage_key_name(machine->tpm, &name, error);
	if (r == -E_NOT_FOUND || r == -E_FOREIGN_TPM)
		return 0;
	if (r == 0)
		r = tpm_check_owner(machine->tpm, owner, error);
	return r == -E_WRONG_AUTH ? 0 : r < 0 ? r : 1;
}

static void show_tpm_step(void *context, const char *step, unsigned done, unsigned total)
{
	struct ownership_machine *machine = context;

	machine->show_progress(machine->screen, step, done, total);
}

static int tpm_take(void *context, struct bytes owner, struct error *error)
{
	struct ownership_machine *machine = context;
	const struct tpm_reset_request request = {.passphrase = owner,
	                                          /* of a TPM that an earlier run left half done */
	                                          .present = BYTES_EMPTY,
	                                          .progress = show_tpm_step,
	                                          .context = machine};
	struct tpm_reset_result result;

	return owner_tpm_reset(machine->tpm, &request, &result, error);
}

static int counter_is_there(void *context, struct error *error)
{
	struct ownership_machine *machine = context;
	uint64_t value;
	int r = tpm_counter_read(machine->tpm, TPM_COUNTER_ROLLBACK, &value, error);

	return r == -E_NOT_FOUND ? 0 : r < 0 ? r : 1;
}

static int counter_make(void *context, struct bytes owner, struct error *error)
{
	struct ownership_machine *machine = context;
	int r = tpm_counter_create(machine->tpm, TPM_COUNTER_ROLLBACK, owner, error);

	return r == -E_EXISTS ? 0 : r;
}

static int hotp_is_set(void *context, struct error *error)
{
	struct ownership_machine *machine = context;
	struct hotp_setup setup;
	int r = hotp_look(machine->tpm, &setup, error);

	return r == -E_NO_SECRET ? 0 : r < 0 ? r : 1;
}

static int hotp_make(void *context, struct bytes admin, struct bytes owner, struct error *error)
{
	CLEANUP(hotp_dongle_close) struct hotp_dongle dongle = HOTP_DONGLE_CLOSED;
	struct ownership_machine *machine = context;
	struct hotp_identity identity;
	int r = hotp_dongle_open(DONGLE_WAIT_MS, &dongle, error);

	if (r == 0)
		r = hotp_dongle_identify(&dongle, &identity, error);
	if (r == 0)
		r = hotp_dongle_log_in(&dongle, admin, error);
	if (r < 0)
		return r;
	r = hotp_new(machine->tpm, &dongle, owner, error);
	/* The TPM's, and not the dongle's: no reason to take the PIN back. */
	return r == -E_WRONG_AUTH ? error_set(error, E_REFUSED, "TPM", "the TPM's owner has another passphrase") : r;
}

static int totp_is_there(void *context, struct error *error)
{
	struct ownership_machine *machine = context;
	uint64_t note;
	int r = tpm_note_read(machine->tpm, TPM_SLOT_TOTP, &note, error);

	return r == -E_NOT_FOUND || r == -E_NO_SECRET ? 0 : r < 0 ? r : 1;
}

static int totp_make(void *context, struct bytes owner, struct error *error)
{
	CLEANUP(secret_clear) struct secret secret = {0};
	struct ownership_machine *machine = context;
	int r = totp_new(machine->tpm, (uint64_t)time(NULL), owner, &secret, error);

	return r < 0 ? r : machine->show_totp(machine->screen, secret_bytes(&secret), error);
}

static void progress(void *context, enum ownership_step step)
{
	struct ownership_machine *machine = context;

	machine->show_step(machine->screen, step);
}

int ownership_off_check(const struct ownership_answers *answers, const char *name, struct error *error)
{
	const enum ownership_answer answer =
	    ownership_wants(answers, OWNERSHIP_DISK) ? ANSWER_NEW_DISK_PASSPHRASE : ANSWER_UNLOCK_KEY;
	char line[32] = "";

	if (ownership_answers_is(answers, ANSWER_BACKUP, "drive"))
		return error_set(
		    error, E_USAGE, name,
		    "%s: BACKUP=drive is for the menu of the machine, where the stick is chosen and its loss is "
		    "shown; here keep the key in a directory, and copy it with heads key backup",
		    name);
	if (!ownership_wants(answers, OWNERSHIP_DISK) && !ownership_wants(answers, OWNERSHIP_DISK_KEY))
		return 0;
	if (answers->lines[answer] > 0)
		(void)snprintf(line, sizeof(line), ", line %u", answers->lines[answer]);
	return error_set(
	    error, E_USAGE, name,
	    "%s%s: %s (%s) wants the machine's disk, which a workstation does not reach: take it and what "
	    "belongs to it out of the answers, and have that done by the machine's menu after its first start",
	    name, line, ownership_answer_info[answer].name, ownership_answer_info[answer].words);
}

void ownership_machine_world(struct ownership_machine *machine, struct ownership_world *ret_world)
{
	*ret_world = (struct ownership_world){.context = machine,
	                                      .tpm_is_owned = tpm_is_owned,
	                                      .tpm_take = tpm_take,
	                                      .counter_is_there = counter_is_there,
	                                      .counter_make = counter_make,
	                                      .hotp_is_set = hotp_is_set,
	                                      .hotp_make = hotp_make,
	                                      .totp_is_there = totp_is_there,
	                                      .totp_make = totp_make,
	                                      .progress = progress};
	ownership_machine_fill_disk(ret_world);
	ownership_machine_fill_key(ret_world);
	ownership_machine_fill_drive(ret_world);
	ownership_machine_fill_boot(ret_world);
	ownership_machine_fill_rom(ret_world);
}

struct pool {
	struct tpm *tpm;
	struct secret bytes;
	size_t used;
};

static int from_pool(void *context, void *data, size_t size, struct error *error)
{
	struct pool *pool = context;
	int r = 0;

	if (pool->bytes.size < pool->used + size) {
		secret_clear(&pool->bytes);
		pool->used = 0;
		r = totp_make_secret(pool->tpm, &pool->bytes, error);
	}
	if (r < 0)
		return r;
	memcpy(data, pool->bytes.data + pool->used, size);
	pool->used += size;
	return 0;
}

int ownership_draw(struct tpm *tpm, struct secret *ret_passphrase, struct error *error)
{
	struct pool pool = {.tpm = tpm};
	int r = diceware_make(DICEWARE_MIN_WORDS, from_pool, &pool, ret_passphrase, error);

	secret_clear(&pool.bytes);
	return r;
}

void ownership_machine_clear(struct ownership_machine *machine)
{
	buffer_clear(&machine->chip);
	machine->card = (struct openpgp_card){.serial = ""};
	machine->drive_was_seen = false;
}
