/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The note beside a slot: 8 bytes in NV memory, of no secrecy, that only the firmware to which the slot opens writes.
 */
#include "tpm/tpm2_nv.h"

#define NOTE_FIRST      0x01830000u
#define NOTE_SIZE       8
#define NOTE_ATTRIBUTES (TPMA_NV_POLICYWRITE | TPMA_NV_OWNERREAD | TPMA_NV_AUTHREAD | TPMA_NV_NO_DA)

/* Its policy is the object's, so it depends on the record, which is read first. */
static int note_index(struct tpm *tpm, enum tpm_slot slot, struct tpm2_nv *ret_nv, struct error *error)
{
	struct digest policy;
	int result = tpm2_record_read(tpm, slot, error);

	if (result < 0)
		return result;
	policy = tpm2_object_policy(slot, &tpm->record, false);
	*ret_nv =
	    tpm2_nv_make(NOTE_FIRST + (uint32_t)slot, NOTE_ATTRIBUTES, NOTE_SIZE, &policy, "note beside the secret");
	return 0;
}

int tpm_note_read(struct tpm *tpm, enum tpm_slot slot, uint64_t *ret_note, struct error *error)
{
	uint8_t data[NOTE_SIZE];
	struct cursor cursor = cursor_make(bytes_make(data, sizeof(data)));
	struct tpm2_nv nv;
	int result = note_index(tpm, slot, &nv, error);

	if (result == 0)
		result = tpm2_nv_read(tpm, &nv, data, error);
	if (result == 0)
		*ret_note = cursor_u64be(&cursor);
	return result;
}

/* name: the index's Name as it is now, which changes when it is written for the first time. */
static int write_note(struct tpm *tpm, enum tpm_slot slot, const struct tpm2_nv *nv, const struct tpm2_name *name,
                      uint64_t note, struct error *error)
{
	uint8_t data[NOTE_SIZE];
	struct tpm2_writer writer = tpm2_writer_make(data, sizeof(data));
	int result = tpm2_policy_satisfy(tpm, slot, false, error);

	if (result < 0)
		return result;
	tpm2_put_u32(&writer, (uint32_t)(note >> 32));
	tpm2_put_u32(&writer, (uint32_t)note);
	result = tpm2_nv_change(tpm, tpm->policy, nv, name, tpm2_written(&writer), error);
	if (result < 0)
		tpm2_session_close(&tpm->policy);
	return result;
}

int tpm_note_write(struct tpm *tpm, enum tpm_slot slot, uint64_t note, struct error *error)
{
	struct tpm2_name name;
	struct tpm2_nv nv;
	int result = note_index(tpm, slot, &nv, error);

	if (result < 0)
		return result;
	name = tpm2_nv_name(&nv);
	return write_note(tpm, slot, &nv, &name, note, error);
}

static int make(struct tpm *tpm, enum tpm_slot slot, uint64_t note, struct error *error)
{
	CLEANUP(tpm2_session_close) struct tpm2_session *session = NULL;
	struct tpm2_name name;
	struct tpm2_nv nv;
	int result = note_index(tpm, slot, &nv, error);

	if (result == 0)
		result = tpm2_storage_ready(tpm, error);
	if (result == 0)
		result = tpm2_session_open(tpm, TPM_SE_HMAC, &tpm->storage, &session, error);
	if (result == 0)
		result = tpm2_nv_ready(tpm, session, &nv, &name, error);
	return result < 0 ? result : write_note(tpm, slot, &nv, &name, note, error);
}

int tpm_note_make(struct tpm *tpm, enum tpm_slot slot, uint64_t note, struct bytes owner, struct error *error)
{
	int result;

	tpm2_make_auth_value(owner, &tpm->owner);
	result = make(tpm, slot, note, error);
	tpm2_wipe_auth_values(tpm);
	return result;
}
