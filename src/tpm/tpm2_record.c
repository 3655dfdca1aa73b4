/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/tpm2_nv.h"

#include <string.h>

#define RECORD_MAGIC     0x48505232u /* "HPR2" */
#define RECORD_CHECKSUM  4
#define RECORD_FIRST     0x01800000u
#define RECORD_VALUE     32
#define RECORD_NAME_SIZE 34
/* flags */
#define RECORD_APPROVED   0x01u
#define RECORD_PASSPHRASE 0x02u
#define RECORD_AT_SPARE   0x04u
/* Anybody reads it with an empty authorisation, only the owner writes it, and nothing counts towards the lockout. */
#define RECORD_ATTRIBUTES (TPMA_NV_OWNERWRITE | TPMA_NV_OWNERREAD | TPMA_NV_AUTHREAD | TPMA_NV_NO_DA)

static bool is_valid_sets(const struct tpm2_record *record)
{
	return record->sets.count >= 1 && record->sets.count <= TPM_APPROVE_MAX &&
	       record->old_sets.count <= TPM_APPROVE_MAX &&
	       (record->approved || (record->sets.count == 1 && record->old_sets.count == 0));
}

static bool is_valid_mask(uint32_t mask)
{
	return mask != 0 && mask >> TPM_PCR_COUNT == 0 && __builtin_popcount(mask) <= TPM2_RECORD_PCRS;
}

/* Always the room of TPM_APPROVE_MAX; false where a policy is none of SHA-256. */
static bool put_sets(struct tpm2_writer *writer, const struct tpm2_sets *sets)
{
	static const uint8_t nothing[RECORD_VALUE] = {0};

	for (size_t i = 0; i < TPM_APPROVE_MAX; i++) {
		if (i < sets->count && sets->policies[i].size != RECORD_VALUE)
			return false;
		tpm2_put(writer,
		         i < sets->count ? digest_bytes(&sets->policies[i]) : bytes_make(nothing, sizeof(nothing)));
	}
	return true;
}

bool tpm2_record_encode(const struct tpm2_record *record, uint8_t data[TPM2_RECORD_SIZE])
{
	static const uint8_t nothing[RECORD_VALUE] = {0};
	struct tpm2_writer writer = tpm2_writer_make(data, TPM2_RECORD_SIZE);
	const uint32_t mask = record->expected.mask;
	struct digest checksum;
	unsigned count = 0;

	if (!is_valid_mask(mask) || record->expected.bank != HASH_SHA256 || record->object.size != RECORD_NAME_SIZE ||
	    !is_valid_sets(record))
		return false;
	tpm2_put_u32(&writer, RECORD_MAGIC);
	tpm2_put_u16(&writer, (uint16_t)record->expected.bank);
	tpm2_put_u32(&writer, mask);
	tpm2_put_u8(&writer,
	            (uint8_t)((record->approved ? RECORD_APPROVED : 0) | (record->passphrase ? RECORD_PASSPHRASE : 0) |
	                      (record->at_spare ? RECORD_AT_SPARE : 0)));
	tpm2_put_u8(&writer, (uint8_t)(record->old_sets.count << 4 | record->sets.count));
	tpm2_put(&writer, tpm2_name_bytes(&record->object));
	if (!put_sets(&writer, &record->sets) || !put_sets(&writer, &record->old_sets))
		return false;
	for (unsigned pcr = 0; pcr < TPM_PCR_COUNT; pcr++) {
		if (!(mask & (1u << pcr)))
			continue;
		if (record->expected.values[pcr].size != RECORD_VALUE)
			return false;
		tpm2_put(&writer, digest_bytes(&record->expected.values[pcr]));
		count++;
	}
	for (; count < TPM2_RECORD_PCRS; count++)
		tpm2_put(&writer, bytes_make(nothing, sizeof(nothing)));
	checksum = digest_of(HASH_SHA256, tpm2_written(&writer));
	tpm2_put(&writer, bytes_make(checksum.data, RECORD_CHECKSUM));
	return !writer.failed && writer.size == TPM2_RECORD_SIZE;
}

static void get_digest(struct cursor *cursor, struct digest *ret_digest)
{
	const struct bytes value = cursor_bytes(cursor, RECORD_VALUE);

	if (cursor->failed)
		return;
	*ret_digest = (struct digest){.algorithm = HASH_SHA256, .size = value.size};
	memcpy(ret_digest->data, value.data, value.size);
}

static void get_sets(struct cursor *cursor, size_t count, struct tpm2_sets *ret_sets)
{
	ret_sets->count = count;
	for (size_t i = 0; i < TPM_APPROVE_MAX; i++)
		get_digest(cursor, &ret_sets->policies[i]);
}

/* The fields between mask and values. */
static bool get_object(struct cursor *cursor, struct tpm2_record *record)
{
	const uint8_t flags = cursor_u8(cursor);
	const uint8_t counts = cursor_u8(cursor);
	const struct bytes name = cursor_bytes(cursor, RECORD_NAME_SIZE);

	if (cursor->failed || flags & ~(RECORD_APPROVED | RECORD_PASSPHRASE | RECORD_AT_SPARE))
		return false;
	record->approved = (flags & RECORD_APPROVED) != 0;
	record->passphrase = (flags & RECORD_PASSPHRASE) != 0;
	record->at_spare = (flags & RECORD_AT_SPARE) != 0;
	record->object.size = name.size;
	memcpy(record->object.data, name.data, name.size);
	get_sets(cursor, counts & 0x0f, &record->sets);
	get_sets(cursor, counts >> 4, &record->old_sets);
	return !cursor->failed && is_valid_sets(record);
}

bool tpm2_record_decode(struct bytes data, struct tpm2_record *ret_record)
{
	struct cursor cursor = cursor_make(data);
	struct tpm2_record record = {.at_spare = false};
	struct digest checksum;

	if (data.size != TPM2_RECORD_SIZE || cursor_u32be(&cursor) != RECORD_MAGIC)
		return false;
	checksum = digest_of(HASH_SHA256, bytes_slice(data, 0, data.size - RECORD_CHECKSUM));
	if (!bytes_equal(bytes_slice(data, data.size - RECORD_CHECKSUM, RECORD_CHECKSUM),
	                 bytes_make(checksum.data, RECORD_CHECKSUM)))
		return false;
	if (cursor_u16be(&cursor) != HASH_SHA256)
		return false;
	record.expected.bank = HASH_SHA256;
	record.expected.mask = cursor_u32be(&cursor);
	if (!is_valid_mask(record.expected.mask) || !get_object(&cursor, &record))
		return false;
	for (unsigned pcr = 0; pcr < TPM_PCR_COUNT; pcr++) {
		if (record.expected.mask & (1u << pcr))
			get_digest(&cursor, &record.expected.values[pcr]);
	}
	if (cursor.failed)
		return false;
	*ret_record = record;
	return true;
}

static uint32_t record_index(enum tpm_slot slot)
{
	return RECORD_FIRST + (uint32_t)slot;
}

int tpm2_record_read(struct tpm *tpm, enum tpm_slot slot, struct error *error)
{
	const uint32_t index = record_index(slot);
	char object[16];
	struct tpm2_call call = {.code = TPM_CC_NV_Read,
	                         .doing = "read what the secret is sealed to",
	                         .object = object,
	                         .handle_count = 2,
	                         .handles = {index, index},
	                         .authorization = TPM2_AUTH_EMPTY};
	struct tpm2_writer *writer = tpm2_parameters(tpm);
	struct cursor cursor;
	int result;

	if (tpm->record_known && tpm->record_slot == slot)
		return 0;
	(void)snprintf(object, sizeof(object), "0x%08x", index);
	tpm2_put_u16(writer, TPM2_RECORD_SIZE);
	tpm2_put_u16(writer, 0);
	result = tpm2_nv_is_known_absent(tpm, index) ? -E_NOT_FOUND : tpm2_run(tpm, &call, error);
	if (result == -E_NOT_FOUND)
		return error_set(error, E_NO_SECRET, object, "the TPM holds no secret for this");
	if (result < 0)
		return result;
	cursor = cursor_make(call.answer);
	if (!tpm2_record_decode(tpm2_get_sized(&cursor), &tpm->record) || cursor.rest.size != 0)
		return error_set(error, E_MALFORMED, object,
		                 "the record of what the secret is sealed to is damaged; make a new secret");
	tpm->record_known = true;
	tpm->record_slot = slot;
	return 0;
}

static struct tpm2_nv record_nv(enum tpm_slot slot)
{
	return tpm2_nv_make(record_index(slot), RECORD_ATTRIBUTES, TPM2_RECORD_SIZE, NULL, "record of a seal");
}

int tpm2_record_write(struct tpm *tpm, struct tpm2_session *session, enum tpm_slot slot,
                      const struct tpm2_record *record, struct error *error)
{
	const struct tpm2_nv nv = record_nv(slot);
	uint8_t data[TPM2_RECORD_SIZE];
	struct tpm2_name name;
	int result;

	if (!tpm2_record_encode(record, data))
		return error_set(error, E_UNSUPPORTED, "TPM", "a seal takes one to %d PCRs of the SHA-256 bank",
		                 TPM2_RECORD_PCRS);
	tpm->record_known = false;
	result = tpm2_nv_ready(tpm, session, &nv, &name, error);
	return result < 0 ? result : tpm2_nv_change(tpm, session, &nv, &name, bytes_make(data, sizeof(data)), error);
}

int tpm2_record_remove(struct tpm *tpm, struct tpm2_session *session, enum tpm_slot slot, struct error *error)
{
	const struct tpm2_nv nv = record_nv(slot);

	tpm->record_known = false;
	return tpm2_nv_remove(tpm, session, &nv, error);
}
