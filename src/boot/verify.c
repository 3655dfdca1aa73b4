/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/verify.h"
#include "base/cleanup.h"
#include "base/memfd.h"
#include "boot/verify_private.h"
#include "format/armour.h"
#include "format/rollback.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIGNATURE_LIMIT 65536

/* One of the two sets (boot/signed_set.h), and what gpgv says of it. */
struct candidate {
	bool needed; /* gpgv has to be asked */
	int signature_fd, message_fd;
	struct verify_status status;
	struct error error; /* of gpgv itself */
};

struct verify {
	struct snapshot *snapshot;
	const struct verify_keyring *keyring;
	struct candidate candidates[2]; /* by enum signed_set; the staged one only where there is one */
	enum signed_set set;            /* in force: valid when settled */
	pthread_t thread;
	bool running, settled;
	struct verify_expected expected;
	struct error expected_error;
	char reason[512];
};

const char *verify_signature_name(enum verify_signature signature)
{
	static const char *const names[] = {
	    [VERIFY_GOOD] = "good",       [VERIFY_BAD] = "bad",
	    [VERIFY_MISSING] = "missing", [VERIFY_UNKNOWN_KEY] = "unknown-key",
	    [VERIFY_EXPIRED] = "expired", [VERIFY_REVOKED] = "revoked",
	};
	return names[signature];
}

const char *verify_interrupted_name(enum verify_interrupted interrupted)
{
	static const char *const names[] = {
	    [VERIFY_NOT_INTERRUPTED] = "no",
	    [VERIFY_INTERRUPTED_OLD] = "old",
	    [VERIFY_INTERRUPTED_NEW] = "new",
	};
	return names[interrupted];
}

const char *verify_rollback_name(enum verify_rollback rollback)
{
	static const char *const names[] = {
	    [VERIFY_ROLLBACK_OK] = "ok",
	    [VERIFY_ROLLBACK_OLD] = "old",
	    [VERIFY_ROLLBACK_UNKNOWN] = "unknown",
	    [VERIFY_ROLLBACK_ABSENT] = "absent",
	};
	return names[rollback];
}

static enum snapshot_choice choose_parameters(const struct snapshot_entry *entry, void *context)
{
	const struct verify *verify = context;

	if (signed_set_is_name(entry->path) || strcmp(entry->path, SIGNATURE_NAME) == 0)
		return SNAPSHOT_KEEP;
	return signed_set_is_pending(verify->snapshot) && signed_set_is_staged_name(entry->path) ? SNAPSHOT_KEEP
	                                                                                         : SNAPSHOT_SKIP;
}

static void *check_signature(void *context)
{
	struct verify *verify = context;

	for (size_t i = 0; i < ARRAY_SIZE(verify->candidates); i++) {
		struct candidate *candidate = &verify->candidates[i];

		if (candidate->needed)
			(void)verify_run_gpgv(verify->keyring, candidate->signature_fd, candidate->message_fd,
			                      &candidate->status, &candidate->error);
	}
	return NULL;
}

/* Puts signature and message of a set into memfds; where that is not possible because of what is on the disk, the
 * status says so and gpgv is not needed. */
static int prepare(const struct verify *verify, enum signed_set set, struct candidate *candidate, struct error *error)
{
	const struct snapshot_entry *entry = signed_set_find(verify->snapshot, set, SIGNATURE_NAME);
	CLEANUP(buffer_clear) struct buffer binary = {0}, message = {0};
	struct bytes signature;
	struct error cause = {0};

	candidate->status.signature = VERIFY_BAD;
	if (!entry) {
		candidate->status.signature = VERIFY_MISSING;
		return 0;
	}
	if (snapshot_bytes(verify->snapshot, entry->path, SIGNATURE_LIMIT, &signature, &cause) < 0) {
		candidate->status.why = entry->state == SNAPSHOT_FAILED ? "it cannot be read" : "it is too large";
		return 0;
	}
	if (armour_read(signature, ARMOUR_SIGNATURE, SIGNATURE_NAME, &binary, &cause) < 0) {
		candidate->status.why = "it holds no detached signature";
		return 0;
	}
	if (!signed_set_append_message(verify->snapshot, set, &message)) {
		candidate->status.why = "a file that it covers cannot be read";
		return 0;
	}
	candidate->signature_fd = memfd_sealed(SIGNATURE_NAME, buffer_bytes(&binary), error);
	if (candidate->signature_fd < 0)
		return candidate->signature_fd;
	candidate->message_fd = memfd_sealed("message", buffer_bytes(&message), error);
	if (candidate->message_fd < 0)
		return candidate->message_fd;
	candidate->needed = true;
	return 0;
}

int verify_begin(struct snapshot *snapshot, const struct verify_keyring *keyring, struct verify **ret_verify,
                 struct error *error)
{
	CLEANUP(verify_close) struct verify *verify = calloc(1, sizeof(*verify));
	int r;

	if (!verify)
		return error_set(error, E_MEMORY, "", "there is not enough memory to verify");
	*verify = (struct verify){.snapshot = snapshot, .keyring = keyring};
	for (size_t i = 0; i < ARRAY_SIZE(verify->candidates); i++)
		verify->candidates[i] = (struct candidate){.signature_fd = -1, .message_fd = -1};
	r = snapshot_read(snapshot, choose_parameters, verify, error);
	if (r == 0)
		r = prepare(verify, SIGNED_SET_IN_PLACE, &verify->candidates[SIGNED_SET_IN_PLACE], error);
	if (r == 0 && signed_set_is_pending(snapshot))
		r = prepare(verify, SIGNED_SET_IS_STAGED, &verify->candidates[SIGNED_SET_IS_STAGED], error);
	if (r < 0)
		return r;
	if (!verify->candidates[SIGNED_SET_IN_PLACE].needed && !verify->candidates[SIGNED_SET_IS_STAGED].needed) {
		*ret_verify = TAKE_PTR(verify);
		return 0;
	}
	if (pthread_create(&verify->thread, NULL, check_signature, verify) == 0)
		verify->running = true;
	else
		(void)check_signature(verify);
	*ret_verify = TAKE_PTR(verify);
	return 0;
}

static void join(struct verify *verify)
{
	if (verify->running)
		(void)pthread_join(verify->thread, NULL);
	verify->running = false;
}

static const struct candidate *in_force(const struct verify *verify)
{
	return &verify->candidates[verify->set];
}

/* The staged set, where its signature is good; but one that is older than what is in place was left behind: somebody
 * has signed since, the original perhaps, which does not know of it. */
static enum signed_set choose_set(const struct verify *verify)
{
	const struct verify_status *staged = &verify->candidates[SIGNED_SET_IS_STAGED].status;
	const struct verify_status *in_place = &verify->candidates[SIGNED_SET_IN_PLACE].status;

	if (!verify->candidates[SIGNED_SET_IS_STAGED].needed || staged->signature != VERIFY_GOOD)
		return SIGNED_SET_IN_PLACE;
	if (in_place->signature == VERIFY_GOOD && in_place->signed_at > staged->signed_at)
		return SIGNED_SET_IN_PLACE;
	return SIGNED_SET_IS_STAGED;
}

/* What is wrong with the signature, for the owner. */
static void explain(struct verify *verify)
{
	const struct verify_status *status = &in_force(verify)->status;
	const char *key = status->signer[0] ? status->signer : status->issuer;

	switch (status->signature) {
	case VERIFY_GOOD:
		break;
	case VERIFY_MISSING:
		(void)snprintf(verify->reason, sizeof(verify->reason),
		               "kexec.sig is missing: nothing says that these files are the owner's");
		break;
	case VERIFY_BAD:
		(void)snprintf(verify->reason, sizeof(verify->reason), "kexec.sig is not valid: %s", status->why);
		break;
	case VERIFY_UNKNOWN_KEY:
		(void)snprintf(verify->reason, sizeof(verify->reason),
		               "kexec.sig was made with a key that is not the owner's: %s", key);
		break;
	case VERIFY_EXPIRED:
		(void)snprintf(verify->reason, sizeof(verify->reason),
		               "kexec.sig was made with a key that has expired, or the clock is wrong: %s", key);
		break;
	case VERIFY_REVOKED:
		(void)snprintf(verify->reason, sizeof(verify->reason),
		               "kexec.sig was made with a key that its owner revoked: %s", key);
		break;
	}
}

/* Waits for gpgv and reads the manifest, once. */
static void settle(struct verify *verify)
{
	if (verify->settled)
		return;
	join(verify);
	verify->settled = true;
	verify->set = choose_set(verify);
	explain(verify);
	(void)verify_expected_read(verify->snapshot, verify->set, &verify->expected, &verify->expected_error);
}

int verify_signature(struct verify *verify, enum verify_signature *ret_signature, struct error *error)
{
	const struct error *cause = NULL;

	settle(verify);
	if (in_force(verify)->error.code != E_NONE)
		cause = &in_force(verify)->error;
	else if (in_force(verify)->status.signature == VERIFY_GOOD && verify->expected_error.code != E_NONE)
		cause = &verify->expected_error;
	if (cause) {
		if (error)
			*error = *cause;
		return -(int)cause->code;
	}
	*ret_signature = in_force(verify)->status.signature;
	return 0;
}

enum signed_set verify_set(const struct verify *verify)
{
	return verify->set;
}

int verify_trusts(const struct verify *verify, const char *path, struct error *error)
{
	const struct snapshot_entry *entry = snapshot_find(verify->snapshot, path);
	const struct manifest_file *file;

	if (!verify->settled)
		return error_set(error, E_ORDER, path, "/%s was asked for before the signature was checked", path);
	if (in_force(verify)->error.code != E_NONE || verify->expected_error.code != E_NONE)
		return error_set(error, E_REFUSED, path, "/%s: the manifest could not be checked", path);
	if (in_force(verify)->status.signature != VERIFY_GOOD)
		return error_set(error, E_REFUSED, path, "/%s: %s", path, verify->reason);
	file = manifest_find(&verify->expected.manifest, path);
	if (!file || !entry)
		return error_set(error, E_REFUSED, path, "/%s is not %s", path, entry ? "what was signed" : "there");
	if (entry->type != TREE_FILE || entry->state == SNAPSHOT_FAILED)
		return error_set(error, E_REFUSED, path, "/%s is not a file that can be read", path);
	if (entry->state != SNAPSHOT_READ)
		return error_set(error, E_ORDER, path, "/%s was not read yet", path);
	if (memcmp(entry->digest, file->digest, sizeof(file->digest)) != 0)
		return error_set(error, E_REFUSED, path, "the content of /%s is not what was signed", path);
	return 0;
}

/* Whether signing was interrupted, by what it left. Where that is what stands in place, nothing is to be told: which of
 * the two sets it was cannot be known, and makes no difference. */
static enum verify_interrupted find_interruption(const struct verify *verify)
{
	if (verify->set == SIGNED_SET_IS_STAGED)
		return VERIFY_INTERRUPTED_NEW;
	for (size_t i = 0; i < snapshot_count(verify->snapshot); i++) {
		const struct snapshot_entry *staged = snapshot_at(verify->snapshot, i), *entry;
		struct signed_set_name name;

		if (staged->type != TREE_FILE || !signed_set_of_staged(staged->path, &name))
			continue;
		entry = signed_set_find(verify->snapshot, SIGNED_SET_IN_PLACE, name.text);
		if (!entry ? staged->size > 0 : memcmp(staged->digest, entry->digest, sizeof(entry->digest)) != 0)
			return VERIFY_INTERRUPTED_OLD;
	}
	return VERIFY_NOT_INTERRUPTED;
}

/* Which counter value was signed. One of a TPM 1.2 is left out: it is none that could be read here. */
static int read_rollback(const struct verify *verify, struct rollback_set *ret_set, struct error *error)
{
	struct rollback_set set = {0};
	struct bytes text;
	int r = 0;

	set.bound = signed_set_find(verify->snapshot, verify->set, ROLLBACK_NAME) != NULL;
	if (set.bound)
		r = signed_set_bytes(verify->snapshot, verify->set, ROLLBACK_NAME, ROLLBACK_MAX_SIZE, &text, error);
	if (set.bound && r == 0)
		r = rollback_parse(text, &set.value, error);
	set.has_original = r == 0 && signed_set_find(verify->snapshot, verify->set, ROLLBACK_ORIGINAL_NAME) != NULL;
	if (set.has_original) {
		r = signed_set_bytes(verify->snapshot, verify->set, ROLLBACK_ORIGINAL_NAME, ROLLBACK_MAX_SIZE, &text,
		                     error);
		if (r == 0)
			r = rollback_original_parse(text, &set.original, error);
		set.has_original = r == 0;
	}
	*ret_set = set;
	return r == -E_UNSUPPORTED ? 0 : r;
}

int verify_finish(struct verify *verify, struct verify_result *ret_result, struct error *error)
{
	CLEANUP(verify_result_clear) struct verify_result result = {0};
	const struct snapshot_entry *counter = snapshot_find(verify->snapshot, COUNTER_NAME);
	int r = verify_signature(verify, &result.signature, error);

	if (r < 0)
		return r;
	memcpy(result.signer, in_force(verify)->status.signer, sizeof(result.signer));
	result.signed_at = in_force(verify)->status.signed_at;
	result.set = verify->set;
	result.interrupted = find_interruption(verify);
	result.counter_file = counter && counter->type == TREE_FILE;
	result.has_types = verify->expected.has_types;
	(void)snprintf(result.reason, sizeof(result.reason), "%s", verify->reason);
	if (verify->expected_error.code != E_NONE) {
		size_t used = strlen(result.reason);

		(void)snprintf(result.reason + used, sizeof(result.reason) - used, "; %.250s",
		               verify->expected_error.sentence);
	}
	result.rollback = VERIFY_ROLLBACK_ABSENT;
	if (signed_set_find(verify->snapshot, verify->set, ROLLBACK_NAME) ||
	    signed_set_find(verify->snapshot, verify->set, ROLLBACK_ORIGINAL_NAME))
		result.rollback = VERIFY_ROLLBACK_UNKNOWN;
	if (result.signature == VERIFY_GOOD)
		r = read_rollback(verify, &result.rollback_set, error);
	if (r == 0)
		r = verify_compare(verify->snapshot, &verify->expected, &result, error);
	if (r < 0)
		return r;
	result.ok = result.signature == VERIFY_GOOD && result.finding_count == 0;
	*ret_result = result;
	result = (struct verify_result){0};
	return 0;
}

void verify_close(struct verify **verify)
{
	struct verify *v = *verify;

	*verify = NULL;
	if (!v)
		return;
	join(v);
	for (size_t i = 0; i < ARRAY_SIZE(v->candidates); i++) {
		cleanup_close(&v->candidates[i].signature_fd);
		cleanup_close(&v->candidates[i].message_fd);
	}
	verify_expected_clear(&v->expected);
	free(v);
}

void verify_result_clear(struct verify_result *result)
{
	for (size_t i = 0; i < result->finding_count; i++) {
		free(result->findings[i].path);
		free(result->findings[i].detail);
		free(result->findings[i].package);
	}
	free(result->findings);
	*result = (struct verify_result){0};
}

static enum snapshot_choice choose_all(const struct snapshot_entry *entry, void *context)
{
	(void)entry;
	(void)context;
	return SNAPSHOT_HASH;
}

int verify_directory(int directory, const struct verify_keyring *keyring, struct verify_result *ret_result,
                     struct error *error)
{
	CLEANUP(snapshot_close) struct snapshot *snapshot = NULL;
	CLEANUP(verify_close) struct verify *verify = NULL;
	int r = snapshot_open(directory, 2 * (2 * MANIFEST_MAX_SIZE + TREE_MAX_SIZE), &snapshot, error);

	if (r < 0)
		return r;
	r = verify_begin(snapshot, keyring, &verify, error);
	if (r < 0 || !verify)
		return r;
	r = snapshot_read(snapshot, choose_all, NULL, error);
	if (r < 0)
		return r;
	return verify_finish(verify, ret_result, error);
}
