/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/tpm2_marshal.h"

#include <string.h>

#define SELECTION_SIZE (TPM_PCR_COUNT / 8)
#define ECC_SIZE       32
#define RSA_BITS       2048

void tpm2_put(struct tpm2_writer *writer, struct bytes bytes)
{
	if (writer->failed || bytes.size > writer->capacity - writer->size) {
		writer->failed = true;
		return;
	}
	if (bytes.size > 0)
		memcpy(writer->data + writer->size, bytes.data, bytes.size);
	writer->size += bytes.size;
}

void tpm2_put_u8(struct tpm2_writer *writer, uint8_t value)
{
	tpm2_put(writer, bytes_make(&value, 1));
}

void tpm2_put_u16(struct tpm2_writer *writer, uint16_t value)
{
	const uint8_t data[] = {(uint8_t)(value >> 8), (uint8_t)value};

	tpm2_put(writer, bytes_make(data, sizeof(data)));
}

void tpm2_put_u32(struct tpm2_writer *writer, uint32_t value)
{
	tpm2_put_u16(writer, (uint16_t)(value >> 16));
	tpm2_put_u16(writer, (uint16_t)value);
}

void tpm2_put_sized(struct tpm2_writer *writer, struct bytes bytes)
{
	if (bytes.size > UINT16_MAX)
		writer->failed = true;
	tpm2_put_u16(writer, (uint16_t)bytes.size);
	tpm2_put(writer, bytes);
}

size_t tpm2_begin_sized(struct tpm2_writer *writer)
{
	tpm2_put_u16(writer, 0);
	return writer->size;
}

void tpm2_end_sized(struct tpm2_writer *writer, size_t place)
{
	size_t size;

	if (writer->failed)
		return;
	size = writer->size - place;
	if (size > UINT16_MAX) {
		writer->failed = true;
		return;
	}
	writer->data[place - 2] = (uint8_t)(size >> 8);
	writer->data[place - 1] = (uint8_t)size;
}

void tpm2_put_bank_selection(struct tpm2_writer *writer, uint16_t bank, uint32_t mask)
{
	tpm2_put_u16(writer, bank);
	tpm2_put_u8(writer, SELECTION_SIZE);
	for (unsigned i = 0; i < SELECTION_SIZE; i++)
		tpm2_put_u8(writer, (uint8_t)(mask >> (8 * i)));
}

void tpm2_put_pcr_selection(struct tpm2_writer *writer, enum hash_algorithm bank, uint32_t mask)
{
	tpm2_put_u32(writer, 1);
	tpm2_put_bank_selection(writer, (uint16_t)bank, mask);
}

struct bytes tpm2_get_sized(struct cursor *cursor)
{
	return cursor_bytes(cursor, cursor_u16be(cursor));
}

static bool ended(const struct cursor *cursor)
{
	return !cursor->failed && cursor->rest.size == 0;
}

bool tpm2_name_equal(const struct tpm2_name *a, const struct tpm2_name *b)
{
	return bytes_equal(tpm2_name_bytes(a), tpm2_name_bytes(b));
}

struct tpm2_name tpm2_name_of_handle(uint32_t handle)
{
	struct tpm2_name name = {.size = 0};
	struct tpm2_writer writer = tpm2_writer_make(name.data, sizeof(name.data));

	tpm2_put_u32(&writer, handle);
	name.size = writer.size;
	return name;
}

struct tpm2_name tpm2_name_of_public(struct bytes area)
{
	const struct digest digest = digest_of(HASH_SHA256, area);
	struct tpm2_name name = {.size = 0};
	struct tpm2_writer writer = tpm2_writer_make(name.data, sizeof(name.data));

	tpm2_put_u16(&writer, HASH_SHA256);
	tpm2_put(&writer, digest_bytes(&digest));
	name.size = writer.size;
	return name;
}

bool tpm2_parse_header(struct bytes answer, struct tpm2_header *ret_header)
{
	struct cursor cursor = cursor_make(answer);
	const uint16_t tag = cursor_u16be(&cursor);
	const uint32_t size = cursor_u32be(&cursor);
	const uint32_t code = cursor_u32be(&cursor);

	if (cursor.failed || size != answer.size)
		return false;
	/* An error comes without sessions and without content; 0x00c4 is the tag of a TPM 1.2 that refuses. */
	if (tag != TPM_ST_NO_SESSIONS && tag != TPM_ST_SESSIONS && tag != 0x00c4)
		return false;
	if (tag != TPM_ST_NO_SESSIONS && (tag == 0x00c4) != (code != TPM_RC_SUCCESS))
		return false;
	if (code != TPM_RC_SUCCESS && cursor.rest.size != 0)
		return false;
	*ret_header = (struct tpm2_header){tag, code, cursor.rest};
	return true;
}

bool tpm2_parse_session_area(struct bytes area, struct tpm2_answer_session *ret_session)
{
	struct cursor cursor = cursor_make(area);

	ret_session->nonce = tpm2_get_sized(&cursor);
	ret_session->attributes = cursor_u8(&cursor);
	ret_session->mac = tpm2_get_sized(&cursor);
	return ended(&cursor);
}

/* The symmetric and asymmetric schemes of a storage key: AES-128-CFB, none. */
static bool parse_storage_scheme(struct cursor *cursor)
{
	return cursor_u16be(cursor) == TPM_ALG_AES && cursor_u16be(cursor) == 128 &&
	       cursor_u16be(cursor) == TPM_ALG_CFB && cursor_u16be(cursor) == TPM_ALG_NULL;
}

static bool parse_ecc(struct cursor *cursor, struct tpm2_public *ret_public)
{
	if (!parse_storage_scheme(cursor) || cursor_u16be(cursor) != TPM_ECC_NIST_P256 ||
	    cursor_u16be(cursor) != TPM_ALG_NULL)
		return false;
	ret_public->x = tpm2_get_sized(cursor);
	ret_public->y = tpm2_get_sized(cursor);
	return ret_public->x.size == ECC_SIZE && ret_public->y.size == ECC_SIZE;
}

static bool parse_rsa(struct cursor *cursor, struct tpm2_public *ret_public)
{
	/* Exponent 0 stands for 65537. */
	if (!parse_storage_scheme(cursor) || cursor_u16be(cursor) != RSA_BITS || cursor_u32be(cursor) != 0)
		return false;
	ret_public->modulus = tpm2_get_sized(cursor);
	return ret_public->modulus.size == RSA_BITS / 8;
}

/* Sealed data has no scheme; a TOTP key has HMAC with SHA-1. */
static bool parse_keyed_hash(struct cursor *cursor)
{
	const uint16_t scheme = cursor_u16be(cursor);

	if (scheme != TPM_ALG_NULL && (scheme != TPM_ALG_HMAC || cursor_u16be(cursor) != HASH_SHA1))
		return false;
	return tpm2_get_sized(cursor).size == hash_size(HASH_SHA256);
}

bool tpm2_parse_public(struct bytes area, struct tpm2_public *ret_public)
{
	struct cursor cursor = cursor_make(area);
	struct tpm2_public parsed = {.area = area};
	bool accepted;

	parsed.type = cursor_u16be(&cursor);
	accepted = cursor_u16be(&cursor) == HASH_SHA256;
	parsed.attributes = cursor_u32be(&cursor);
	parsed.policy = tpm2_get_sized(&cursor);
	if (!accepted || cursor.failed)
		return false;
	if (parsed.type == TPM_ALG_ECC)
		accepted = parse_ecc(&cursor, &parsed);
	else if (parsed.type == TPM_ALG_RSA)
		accepted = parse_rsa(&cursor, &parsed);
	else
		accepted = parsed.type == TPM_ALG_KEYEDHASH && parse_keyed_hash(&cursor);
	if (!accepted || !ended(&cursor))
		return false;
	*ret_public = parsed;
	return true;
}

bool tpm2_parse_read_public(struct bytes answer, struct tpm2_public *ret_public, struct tpm2_name *ret_name)
{
	struct cursor cursor = cursor_make(answer);
	const struct bytes area = tpm2_get_sized(&cursor);
	const struct bytes name = tpm2_get_sized(&cursor);

	(void)tpm2_get_sized(&cursor); /* the qualified Name */
	if (!ended(&cursor) || !tpm2_parse_public(area, ret_public))
		return false;
	*ret_name = tpm2_name_of_public(area);
	return bytes_equal(name, tpm2_name_bytes(ret_name));
}

void tpm2_put_nv_public(struct tpm2_writer *writer, const struct tpm2_nv_public *public_area)
{
	tpm2_put_u32(writer, public_area->index);
	tpm2_put_u16(writer, HASH_SHA256);
	tpm2_put_u32(writer, public_area->attributes);
	tpm2_put_sized(writer, public_area->policy);
	tpm2_put_u16(writer, public_area->size);
}

bool tpm2_parse_nv_read_public(struct bytes answer, struct tpm2_nv_public *ret_public, struct tpm2_name *ret_name)
{
	struct cursor cursor = cursor_make(answer);
	const struct bytes area = tpm2_get_sized(&cursor);
	const struct bytes name = tpm2_get_sized(&cursor);
	struct cursor inner = cursor_make(area);
	uint16_t algorithm;

	ret_public->index = cursor_u32be(&inner);
	algorithm = cursor_u16be(&inner);
	ret_public->attributes = cursor_u32be(&inner);
	ret_public->policy = tpm2_get_sized(&inner);
	ret_public->size = cursor_u16be(&inner);
	if (!ended(&cursor) || !ended(&inner) || algorithm != HASH_SHA256 ||
	    (ret_public->policy.size != 0 && ret_public->policy.size != hash_size(HASH_SHA256)))
		return false;
	*ret_name = tpm2_name_of_public(area);
	return bytes_equal(name, tpm2_name_bytes(ret_name));
}

/* moreData and the capability; the count follows. */
static bool parse_capability(struct cursor *cursor, uint32_t capability, uint32_t limit, bool *ret_more,
                             uint32_t *ret_count)
{
	const uint8_t more = cursor_u8(cursor);
	const uint32_t found = cursor_u32be(cursor);

	*ret_more = more == 1;
	*ret_count = cursor_u32be(cursor);
	return !cursor->failed && more <= 1 && found == capability && *ret_count <= limit;
}

bool tpm2_parse_handles(struct bytes answer, struct tpm2_handles *ret_handles)
{
	struct cursor cursor = cursor_make(answer);
	uint32_t count;

	if (!parse_capability(&cursor, TPM_CAP_HANDLES, TPM2_MAX_HANDLES, &ret_handles->more, &count))
		return false;
	for (uint32_t i = 0; i < count; i++)
		ret_handles->handles[i] = cursor_u32be(&cursor);
	ret_handles->count = count;
	return ended(&cursor);
}

bool tpm2_parse_properties(struct bytes answer, struct tpm2_properties *ret_properties)
{
	struct cursor cursor = cursor_make(answer);
	uint32_t count;

	if (!parse_capability(&cursor, TPM_CAP_TPM_PROPERTIES, TPM2_MAX_PROPERTIES, &ret_properties->more, &count))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		ret_properties->properties[i].property = cursor_u32be(&cursor);
		ret_properties->properties[i].value = cursor_u32be(&cursor);
	}
	ret_properties->count = count;
	return ended(&cursor);
}

/* TPMS_PCR_SELECTION: bank and mask of its first 24 PCRs. */
static bool parse_selection(struct cursor *cursor, uint16_t *ret_bank, uint32_t *ret_mask)
{
	struct bytes bits;

	*ret_bank = cursor_u16be(cursor);
	bits = cursor_bytes(cursor, cursor_u8(cursor));
	*ret_mask = 0;
	for (size_t i = 0; i < bits.size && i < SELECTION_SIZE; i++)
		*ret_mask |= (uint32_t)bits.data[i] << (8 * i);
	return !cursor->failed;
}

bool tpm2_parse_allocation(struct bytes answer, struct tpm2_allocation *ret_allocation)
{
	struct cursor cursor = cursor_make(answer);
	struct tpm2_allocation allocation = {0};
	uint32_t count;
	bool more;

	if (!parse_capability(&cursor, TPM_CAP_PCRS, TPM2_MAX_BANKS, &more, &count) || more)
		return false;
	for (; allocation.count < count; allocation.count++) {
		uint16_t bank;
		uint32_t mask;

		if (!parse_selection(&cursor, &bank, &mask))
			return false;
		for (size_t i = 0; i < allocation.count; i++) {
			if (allocation.banks[i].bank == bank)
				return false;
		}
		allocation.banks[allocation.count].bank = bank;
		allocation.banks[allocation.count].mask = mask;
	}
	*ret_allocation = allocation;
	return ended(&cursor);
}

bool tpm2_parse_banks(struct bytes answer, enum hash_algorithm banks[TPM_MAX_BANKS], size_t *ret_count)
{
	struct tpm2_allocation allocation;
	size_t active = 0;

	if (!tpm2_parse_allocation(answer, &allocation))
		return false;
	for (size_t i = 0; i < allocation.count; i++) {
		if (allocation.banks[i].mask == 0 || hash_size((enum hash_algorithm)allocation.banks[i].bank) == 0)
			continue;
		if (active == TPM_MAX_BANKS)
			return false;
		banks[active++] = (enum hash_algorithm)allocation.banks[i].bank;
	}
	*ret_count = active;
	return true;
}

bool tpm2_parse_pcr_read(struct bytes answer, enum hash_algorithm bank, uint32_t wanted, uint32_t *ret_counter,
                         uint32_t *ret_mask, struct digest values[TPM_PCR_COUNT])
{
	struct cursor cursor = cursor_make(answer);
	uint32_t selections, count, mask;
	uint16_t selected_bank;

	*ret_counter = cursor_u32be(&cursor);
	selections = cursor_u32be(&cursor);
	if (selections != 1 || !parse_selection(&cursor, &selected_bank, &mask))
		return false;
	if (selected_bank != (uint16_t)bank || mask == 0 || (mask & ~wanted) != 0)
		return false;
	count = cursor_u32be(&cursor);
	if (count != (uint32_t)__builtin_popcount(mask))
		return false;
	for (unsigned pcr = 0; pcr < TPM_PCR_COUNT; pcr++) {
		struct bytes value;

		if (!(mask & (1u << pcr)))
			continue;
		value = tpm2_get_sized(&cursor);
		if (cursor.failed || value.size != hash_size(bank))
			return false;
		values[pcr] = (struct digest){.algorithm = bank, .size = value.size};
		memcpy(values[pcr].data, value.data, value.size);
	}
	*ret_mask = mask;
	return ended(&cursor);
}

bool tpm2_parse_clock(struct bytes answer, struct tpm2_clock *ret_clock)
{
	struct cursor cursor = cursor_make(answer);

	(void)cursor_u64be(&cursor); /* time since the TPM was started */
	ret_clock->clock_ms = cursor_u64be(&cursor);
	ret_clock->reset_count = cursor_u32be(&cursor);
	ret_clock->restart_count = cursor_u32be(&cursor);
	return cursor_u8(&cursor) <= 1 && ended(&cursor);
}
