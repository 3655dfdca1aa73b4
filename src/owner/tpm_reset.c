/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "owner/tpm_reset.h"
#include "base/cleanup.h"
#include <stdio.h>
#include <time.h>

struct run {
	struct tpm *tpm;
	const struct tpm_reset_request *request;
	struct tpm_reset_result result;
	bool cleared;
};

/* A wrong passphrase would close the lockout hierarchy for a day. In a TPM that Heads owns it is also the owner's,
 * where it can be tried for nothing. */
static int clear_by_lockout(struct run *run, struct error *error)
{
	const struct bytes present = run->request->present;
	struct bytes name;
	struct tpm_info info;
	int r = tpm_get_info(run->tpm, &info, error);

	if (r == 0 && info.owner_auth_set && tpm_storage_key_name(run->tpm, &name, NULL) == 0)
		r = tpm_check_owner(run->tpm, present, error);
	return r < 0 ? r : tpm_clear(run->tpm, &present, error);
}

/* The firmware's right where it is open, else the lockout hierarchy's. */
static int clear(struct run *run, struct error *error)
{
	int r = tpm_clear(run->tpm, NULL, error);

	run->result.by_platform = r == 0;
	if (r == -E_WRONG_AUTH || r == -E_NO_DEVICE)
		r = clear_by_lockout(run, error);
	run->cleared = r == 0;
	return r;
}

static int choose_banks(struct run *run, struct error *error)
{
	const enum hash_algorithm *banks;
	size_t count = tpm_banks(run->tpm, &banks);

	if (run->result.by_platform)
		return tpm_allocate_sha256(run->tpm, &run->result.banks_pending, error);
	run->result.banks_open = count > 1;
	return 0;
}

static int make_storage_key(struct run *run, struct error *error)
{
	return tpm_make_storage_key(run->tpm, BYTES_EMPTY, error);
}

static int protect(struct run *run, struct error *error)
{
	return tpm_set_lockout(run->tpm, BYTES_EMPTY, TPM_RESET_TRIES, TPM_RESET_RECOVERY_SECONDS,
	                       TPM_RESET_LOCKOUT_SECONDS, error);
}

static int set_endorsement(struct run *run, struct error *error)
{
	return tpm_set_passphrase(run->tpm, TPM_HIERARCHY_ENDORSEMENT, BYTES_EMPTY, run->request->passphrase, error);
}

static int set_lockout(struct run *run, struct error *error)
{
	return tpm_set_passphrase(run->tpm, TPM_HIERARCHY_LOCKOUT, BYTES_EMPTY, run->request->passphrase, error);
}

/* The clear has set the TPM's counters back: the next start shall not take it for another TPM. */
static int record_start(struct run *run, struct error *error)
{
	struct tpm_since_start since;
	struct tpm_info info;
	int r;

	if (!run->result.by_platform)
		return 0;
	r = tpm_get_info(run->tpm, &info, error);
	return r < 0 ? r : tpm_record_start(run->tpm, &info, true, (uint32_t)time(NULL), &since, error);
}

static int set_owner(struct run *run, struct error *error)
{
	return tpm_set_passphrase(run->tpm, TPM_HIERARCHY_OWNER, BYTES_EMPTY, run->request->passphrase, error);
}

static const struct {
	const char *name;
	int (*run)(struct run *run, struct error *error);
} steps[] = {
    {"clearing the TPM", clear},
    {"choosing the PCR bank", choose_banks},
    {"making the storage key", make_storage_key},
    {"setting the protection against guessing", protect},
    {"recording the start", record_start},
    {"setting the endorsement passphrase", set_endorsement},
    {"setting the lockout passphrase", set_lockout},
    {"setting the owner passphrase", set_owner}, /* the last: it says that all is done */
};

int owner_check_passphrase(struct bytes passphrase, struct error *error)
{
	if (passphrase.size < OWNER_PASSPHRASE_MIN)
		return error_set(error, E_USAGE, "passphrase",
		                 "the owner passphrase has %zu characters and needs at least %d: a TPM does not count "
		                 "the tries of whoever guesses it",
		                 passphrase.size, OWNER_PASSPHRASE_MIN);
	if (passphrase.size > OWNER_PASSPHRASE_MAX)
		return error_set(error, E_USAGE, "passphrase",
		                 "the owner passphrase has %zu characters; at most %d are taken", passphrase.size,
		                 OWNER_PASSPHRASE_MAX);
	return 0;
}

/* An error with what it leaves behind. */
static int stopped(const struct run *run, const char *step, const struct error *found, struct error *error)
{
	return error_set(error, found->code, found->object, "%s failed: %s. %s", step, found->sentence,
	                 run->cleared ? "The TPM is cleared and not yet yours: take its ownership again"
	                              : "Whether the TPM was cleared is not certain where it did not answer; otherwise "
	                                "nothing was changed");
}

int owner_tpm_reset(struct tpm *tpm, const struct tpm_reset_request *request, struct tpm_reset_result *ret_result,
                    struct error *error)
{
	struct run run = {.tpm = tpm, .request = request};
	struct error found;
	int r = owner_check_passphrase(request->passphrase, error);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < ARRAY_SIZE(steps); i++) {
		if (request->progress)
			request->progress(request->context, steps[i].name, i, ARRAY_SIZE(steps));
		if (steps[i].run(&run, &found) < 0)
			return stopped(&run, steps[i].name, &found, error);
	}
	r = tpm_storage_key_name(tpm, &run.result.name, &found);
	if (r < 0)
		return stopped(&run, "reading the storage key's Name", &found, error);
	*ret_result = run.result;
	return 0;
}
