/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "owner/ownership_steps.h"
#include "base/cleanup.h"

static struct bytes of(const struct ownership *ownership, enum ownership_answer answer)
{
	return ownership_answers_bytes(ownership->answers, answer);
}

static bool first_entry(const struct ownership *ownership)
{
	return ownership_answers_is(ownership->answers, ANSWER_DEFAULT_ENTRY, "first");
}

/* The passphrase that opens the disk when its own step is over. */
static struct bytes disk_passphrase(const struct ownership *ownership)
{
	return of(ownership, ownership_answers_have(ownership->answers, ANSWER_NEW_DISK_PASSPHRASE)
	                         ? ANSWER_NEW_DISK_PASSPHRASE
	                         : ANSWER_DISK_PASSPHRASE);
}

static int disk_is_changed(const struct ownership *ownership, struct error *error)
{
	const struct ownership_world *world = ownership->world;
	int r = ownership_reencrypts(ownership->answers) ? world->disk_is_unfinished(world->context, error) : 0;

	if (r != 0)
		return r < 0 ? r : 0;
	r = world->disk_opens(world->context, of(ownership, ANSWER_NEW_DISK_PASSPHRASE), error);
	if (r <= 0)
		return r;
	r = world->disk_has_other(world->context, of(ownership, ANSWER_DISK_PASSPHRASE), error);
	return r < 0 ? r : !r;
}

/* A secret that was made before the ROM was written was shown and compared; one that was made by a run that ended in
 * between may not have been, and is made anew. */
static int totp_is_done(const struct ownership *ownership, struct error *error)
{
	const struct ownership_world *world = ownership->world;
	int r = world->totp_is_there(world->context, error);

	if (r <= 0 || ownership->key.public.size == 0)
		return r < 0 ? r : 0;
	return world->rom_holds(world->context, buffer_bytes(&ownership->key.public), error);
}

int ownership_step_is_done(struct ownership *ownership, enum ownership_step step, struct error *error)
{
	const struct ownership_world *world = ownership->world;
	const struct bytes public = buffer_bytes(&ownership->key.public);

	switch (step) {
	case OWNERSHIP_DISK:
		return disk_is_changed(ownership, error);
	case OWNERSHIP_TPM:
		return world->tpm_is_owned(world->context, of(ownership, ANSWER_TPM_PASSPHRASE), error);
	case OWNERSHIP_KEY:
		return ownership_key_is_done(ownership, error);
	case OWNERSHIP_COUNTER:
		return world->counter_is_there(world->context, error);
	case OWNERSHIP_BOOT:
		return world->boot_is_signed(world->context, public, first_entry(ownership), error);
	case OWNERSHIP_DISK_KEY:
		return world->disk_key_is_there(world->context, error);
	case OWNERSHIP_HOTP:
		return world->hotp_is_set(world->context, error);
	case OWNERSHIP_TOTP:
		return totp_is_done(ownership, error);
	case OWNERSHIP_ROM:
		return world->rom_holds(world->context, public, error);
	default:
		return 1;
	}
}

static int sign_boot(const struct ownership *ownership, struct error *error)
{
	const struct ownership_world *world = ownership->world;
	const struct ownership_signer signer = {.key = &ownership->key,
	                                        .passphrase = ownership_key_passphrase(ownership->answers),
	                                        .pin = of(ownership, ANSWER_USER_PIN),
	                                        .first_entry = first_entry(ownership)};

	return world->boot_sign(world->context, &signer, error);
}

int ownership_step_do(struct ownership *ownership, enum ownership_step step, struct error *error)
{
	const struct ownership_world *world = ownership->world;
	const struct bytes owner = of(ownership, ANSWER_TPM_PASSPHRASE);

	switch (step) {
	case OWNERSHIP_DISK:
		return (ownership_reencrypts(ownership->answers) ? world->disk_reencrypt : world->disk_change)(
		    world->context, of(ownership, ANSWER_DISK_PASSPHRASE), of(ownership, ANSWER_NEW_DISK_PASSPHRASE),
		    error);
	case OWNERSHIP_TPM:
		return world->tpm_take(world->context, owner, error);
	case OWNERSHIP_KEY:
		return ownership_key_make(ownership, error);
	case OWNERSHIP_COUNTER:
		return world->counter_make(world->context, owner, error);
	case OWNERSHIP_BOOT:
		return sign_boot(ownership, error);
	case OWNERSHIP_DISK_KEY:
		return world->disk_key_make(world->context, disk_passphrase(ownership),
		                            of(ownership, ANSWER_UNLOCK_PASSPHRASE), owner, error);
	case OWNERSHIP_HOTP:
		return world->hotp_make(world->context, of(ownership, ANSWER_ADMIN_PIN), owner, error);
	case OWNERSHIP_TOTP:
		return world->totp_make(world->context, owner, error);
	case OWNERSHIP_ROM:
		return world->rom_store(world->context, buffer_bytes(&ownership->key.public), owner, error);
	default:
		return 0;
	}
}
