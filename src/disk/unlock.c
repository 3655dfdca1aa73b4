/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disk/unlock.h"
#include "attest/measure.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "disk/keyslot.h"
#include "trust/trust.h"
#include <stdio.h>
#include <string.h>

/* PCRs that are sealed as they are now; the others as they will be. */
#define MASK_AS_NOW 0x8fu
#define RANDOM_SIZE 32

/* What a changed PCR means to the owner; the first one that differs is told. */
static const struct {
	unsigned pcr;
	const char *meaning;
} meanings[] = {
    {TRUST_MODE_PCR, "the machine was in recovery, a forced boot or USB mode since it was switched on; restart it"},
    {2, "the firmware is not the one that the key was made with"},
    {TRUST_ROM_PCR, "the settings or the owner's key in the ROM are not those that the key was made with"},
    {TRUST_DISK_PCR, "the facts of the disks are not those that the key was made with: another volume key, other "
                     "segments, another disk in the place of yours, or another boot entry than the one it is for"},
    {0, "the platform firmware extended what it left alone before"},
    {1, "the platform firmware extended what it left alone before"},
    {3, "the platform firmware extended what it left alone before"},
    {5, "a kernel module was loaded in the firmware"},
};

static const enum tpm_slot slots_of_keys[UNLOCK_KEYS] = {TPM_SLOT_DISK, TPM_SLOT_DISK_2, TPM_SLOT_DISK_3,
                                                         TPM_SLOT_DISK_4};

enum tpm_slot unlock_slot(unsigned key)
{
	return slots_of_keys[key];
}

int unlock_look(struct tpm *tpm, bool objects, struct unlock_keys *ret_keys, struct error *error)
{
	*ret_keys = (struct unlock_keys){.count = 0};
	for (unsigned key = UNLOCK_KEYS; key-- > 0;) {
		struct unlock_key *found = &ret_keys->keys[key];
		struct tpm_seal_state state;
		struct error refusal;
		int r = objects ? tpm_seal_look(tpm, unlock_slot(key), &state, &refusal)
		                : tpm_seal_look_record(tpm, unlock_slot(key), &state, &refusal);

		if (r == -E_NO_SECRET)
			continue;
		if (r == -E_MALFORMED || r == -E_FOREIGN_TPM) {
			ret_keys->problem = refusal;
		} else if (r < 0) {
			if (error)
				*error = refusal;
			return r;
		} else {
			found->passphrase = state.passphrase;
			found->pcr = state.expected.values[TRUST_DISK_PCR];
		}
		found->there = true;
		ret_keys->count++;
	}
	return 0;
}

unsigned unlock_first(const struct unlock_keys *keys)
{
	unsigned key = 0;

	while (key + 1 < UNLOCK_KEYS && !keys->keys[key].there)
		key++;
	return key;
}

struct digest unlock_expected_pcr(const struct volume_list *volumes, struct bytes entry)
{
	struct digest pcr = volume_expected_pcr(volumes), measured;

	if (entry.size == 0)
		return pcr;
	measured = digest_of(HASH_SHA256, entry);
	{
		const struct bytes parts[] = {digest_bytes(&pcr), digest_bytes(&measured)};

		return digest_of_parts(HASH_SHA256, parts, ARRAY_SIZE(parts));
	}
}

static int expected_pcrs(struct tpm *tpm, const struct volume_list *volumes, struct bytes entry,
                         struct tpm_pcrs *ret_pcrs, struct error *error)
{
	const struct digest zero = {.algorithm = HASH_SHA256, .size = hash_size(HASH_SHA256)};
	int r = tpm_pcr_read(tpm, HASH_SHA256, MASK_AS_NOW, ret_pcrs, error);

	if (r < 0)
		return r;
	ret_pcrs->mask = UNLOCK_PCR_MASK;
	ret_pcrs->values[TRUST_MODE_PCR] = zero;
	ret_pcrs->values[5] = zero;
	ret_pcrs->values[TRUST_DISK_PCR] = unlock_expected_pcr(volumes, entry);
	return 0;
}

/* Keyed by the kernel's numbers: who saw the TPM's on the bus, or made them, learns nothing (A1). */
static int make_key(struct tpm *tpm, struct secret *ret_key, struct error *error)
{
	CLEANUP(secret_clear) struct secret kernel = {0}, key = {0};
	uint8_t random[RANDOM_SIZE];
	const struct bytes part = bytes_make(random, sizeof(random));
	struct digest mixed;
	int r;

	if (secret_allocate(UNLOCK_KEY_SIZE, &kernel) < 0 || secret_allocate(UNLOCK_KEY_SIZE, &key) < 0)
		return error_set(error, E_MEMORY, "unlock key", "no locked memory for the unlock key");
	r = tpm_random(tpm, random, sizeof(random), error);
	if (r < 0)
		return r;
	random_fill(kernel.data, UNLOCK_KEY_SIZE);
	kernel.size = UNLOCK_KEY_SIZE;
	mixed = hmac_of(HASH_SHA512, secret_bytes(&kernel), &part, 1);
	memcpy(key.data, mixed.data, UNLOCK_KEY_SIZE);
	key.size = UNLOCK_KEY_SIZE;
	memory_wipe(&mixed, sizeof(mixed));
	*ret_key = TAKE(key, (struct secret){0});
	return 0;
}

/* The TPM has not taken the new key, for certain. Where its answer was lost it may hold the new one by now: then both
 * keys keep their slots, and the next making tidies up. */
static bool is_not_sealed(int result)
{
	return result != -E_TPM && result != -E_IO && result != -E_TPM_FORGED && result != -E_NO_DEVICE;
}

/* Takes the new slots back; those that cannot be taken back open with a key that nobody has. */
static void remove_slots(const struct volume_list *volumes, const uint32_t *slots)
{
	for (size_t i = 0; i < volumes->count; i++) {
		struct error error;

		if (slots[i] != 0 && keyslot_destroy(&volumes->volumes[i], slots[i], &error) < 0)
			log_error(&error);
	}
}

bool unlock_has_slots(const struct unlock_keys *keys, const struct volume_list *volumes)
{
	for (unsigned key = 0; key < UNLOCK_KEYS; key++) {
		size_t with = 0;

		for (size_t i = 0; i < volumes->count; i++)
			with += volumes->volumes[i].facts.key_slots[key] != 0;
		if (keys->keys[key].there && keys->keys[key].pcr.size > 0 && with == volumes->count)
			return true;
	}
	return false;
}

static void remove_old_slots(const struct volume_list *volumes, unsigned key)
{
	for (size_t i = 0; i < volumes->count; i++) {
		const struct volume *volume = &volumes->volumes[i];
		struct error error;

		if (volume->facts.key_slots[key] != 0 &&
		    keyslot_destroy(volume, volume->facts.key_slots[key], &error) < 0)
			log_error(&error);
	}
}

/* What a new key leaves no room for: for all entries every other one, else those of the same entry. It is made by now,
 * so that nothing of this fails it. */
static void remove_superseded(struct tpm *tpm, unsigned key, const struct digest *pcr, bool for_all,
                              const struct volume_list *volumes, struct bytes owner)
{
	struct unlock_keys keys;
	struct error error;

	if (unlock_look(tpm, false, &keys, &error) < 0) {
		log_error(&error);
		return;
	}
	for (unsigned i = 0; i < UNLOCK_KEYS; i++) {
		const struct unlock_key *other = &keys.keys[i];

		if (i == key)
			continue;
		/* Slots without a key in the TPM are what a power cut left: nobody has their key. */
		if (!other->there)
			remove_old_slots(volumes, i);
		else if ((for_all || digest_equal(&other->pcr, pcr)) &&
		         unlock_forget(tpm, i, volumes, owner, &error) < 0)
			log_error(&error);
	}
}

static int add_slots(const struct volume_list *volumes, const struct secret *volume_keys, struct bytes secret,
                     unsigned key, uint32_t *slots, struct error *error)
{
	for (size_t i = 0; i < volumes->count; i++) {
		unsigned slot;
		int r = keyslot_add(&volumes->volumes[i], secret_bytes(&volume_keys[i]), secret, key, &slot, error);

		if (r < 0)
			return r;
		slots[i] = 1u << slot;
		log_line("unlock-key slot=%u uuid=%s", slot, volumes->volumes[i].facts.uuid);
	}
	return 0;
}

int unlock_make(struct tpm *tpm, unsigned key, const struct volume_list *volumes, const struct secret *volume_keys,
                struct bytes entry, struct bytes passphrase, struct bytes owner, struct error *error)
{
	CLEANUP_FREE uint32_t *slots = calloc(volumes->count + 1, sizeof(*slots));
	CLEANUP(secret_clear) struct secret secret = {0};
	struct tpm_pcrs expected;
	int r = 0;

	if (!slots)
		return error_set(error, E_MEMORY, "unlock key", "there is not enough memory for the unlock key");
	for (size_t i = 0; i < volumes->count && r == 0; i++)
		r = volume_check(&volumes->volumes[i], error);
	if (r == 0)
		r = expected_pcrs(tpm, volumes, entry, &expected, error);
	if (r == 0)
		r = make_key(tpm, &secret, error);
	if (r == 0)
		r = add_slots(volumes, volume_keys, secret_bytes(&secret), key, slots, error);
	if (r < 0) {
		remove_slots(volumes, slots);
		return r;
	}
	r = tpm_seal(tpm, unlock_slot(key), secret_bytes(&secret), &expected, passphrase, owner, error);
	if (r < 0) {
		if (is_not_sealed(r))
			remove_slots(volumes, slots);
		return r;
	}
	remove_old_slots(volumes, key);
	remove_superseded(tpm, key, &expected.values[TRUST_DISK_PCR], entry.size == 0, volumes, owner);
	log_line("unlock-key made disks=%zu passphrase=%s entries=%s key=%u", volumes->count,
	         passphrase.size > 0 ? "yes" : "no", entry.size > 0 ? "one" : "all", key + 1);
	return 0;
}

int unlock_measure(struct tpm *tpm, const struct volume_list *volumes, struct bytes entry,
                   struct unlock_measured *measured, struct error *error)
{
	const struct digest pcr = unlock_expected_pcr(volumes, entry);
	int r = 0;

	for (size_t i = 0; i < volumes->count && r == 0; i++)
		r = volume_check(&volumes->volumes[i], error);
	if (r < 0)
		return r;
	if (measured->done)
		return digest_equal(&pcr, &measured->pcr)
		           ? 0
		           : error_set(
		                 error, E_ORDER, "disk",
		                 "the disks, or the boot entry that the key is for, are others than those that were "
		                 "measured in this start; restart the machine");
	/* Also when an extend fails: what is half done cannot be done again. */
	measured->done = true;
	measured->pcr = pcr;
	for (size_t i = 0; i < volumes->count && r == 0; i++) {
		CLEANUP(buffer_clear) struct buffer text = {0};
		char name[64];

		luks_facts_text(&volumes->volumes[i].facts, &text);
		(void)snprintf(name, sizeof(name), "LUKS %s", volumes->volumes[i].facts.uuid);
		r = text.failed ? error_set(error, E_MEMORY, "disk", "there is not enough memory for a disk's facts")
		                : measure_bytes(tpm, TRUST_DISK_PCR, name, buffer_bytes(&text), error);
	}
	if (r == 0 && entry.size > 0)
		r = measure_bytes(tpm, TRUST_DISK_PCR, "boot entry", entry, error);
	return r;
}

static int explain_pcrs(struct tpm *tpm, enum tpm_slot slot, struct error *error)
{
	uint32_t mask = 0;

	if (tpm_seal_difference(tpm, slot, &mask, NULL) < 0 || mask == 0)
		return -E_WRONG_PCR;
	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
		if (mask & (1u << meanings[i].pcr))
			return error_set(error, E_WRONG_PCR, "unlock key", "the TPM keeps the unlock key: PCR %u: %s",
			                 meanings[i].pcr, meanings[i].meaning);
	return -E_WRONG_PCR;
}

int unlock_release(struct tpm *tpm, unsigned key, const struct volume_list *volumes, struct bytes passphrase,
                   struct secret *ret_key, struct error *error)
{
	CLEANUP(secret_clear) struct secret secret = {0};
	int r = tpm_unseal(tpm, unlock_slot(key), passphrase, &secret, error);

	if (r == -E_WRONG_PCR)
		return explain_pcrs(tpm, unlock_slot(key), error);
	if (r == -E_NO_SECRET)
		return error_set(error, E_NO_SECRET, "unlock key", "this TPM holds no disk unlock key; make one");
	if (r < 0)
		return r;
	for (size_t i = 0; i < volumes->count && r == 0; i++)
		r = keyslot_test(&volumes->volumes[i], secret_bytes(&secret), error);
	/* A key that opens nothing is no wrong passphrase: asking again would not help. */
	if (r == -E_WRONG_AUTH) {
		if (error)
			error->code = E_REFUSED;
		return -E_REFUSED;
	}
	if (r == 0)
		*ret_key = TAKE(secret, (struct secret){0});
	return r;
}

static int forget(struct tpm *tpm, unsigned key, const struct volume_list *volumes, struct bytes owner,
                  struct error *error)
{
	int r = tpm_forget(tpm, unlock_slot(key), owner, error);

	for (size_t i = 0; i < volumes->count && r == 0; i++)
		if (volumes->volumes[i].facts.key_slots[key] != 0)
			r = keyslot_destroy(&volumes->volumes[i], volumes->volumes[i].facts.key_slots[key], error);
	return r;
}

int unlock_forget(struct tpm *tpm, unsigned key, const struct volume_list *volumes, struct bytes owner,
                  struct error *error)
{
	int r = forget(tpm, key, volumes, owner, error);

	if (r == 0)
		log_line("unlock-key forgotten disks=%zu key=%u", volumes->count, key + 1);
	return r;
}

int unlock_forget_all(struct tpm *tpm, const struct volume_list *volumes, struct bytes owner, struct error *error)
{
	int r = 0;

	for (unsigned key = 0; key < UNLOCK_KEYS && r == 0; key++)
		r = forget(tpm, key, volumes, owner, error);
	if (r == 0)
		log_line("unlock-key forgotten disks=%zu key=all", volumes->count);
	return r;
}
