/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes of TPM 2.0 structures (TCG TPM 2.0 Library, Part 2): a bounded writer, and pure parsers for what a TPM answers.
 * A parser accepts exactly what the specification allows and Heads uses, to the last byte; everything else is false
 * (A2). Slices in results point into the input. */
#ifndef HEADS_TPM_TPM2_MARSHAL_H
#define HEADS_TPM_TPM2_MARSHAL_H

#include "tpm/tpm.h"
#include "tpm/tpm2_constants.h"

/* Writes into memory of a fixed size, so that a secret is never left behind by a growing buffer. What does not fit sets
 * failed, and all later writes do nothing. */
struct tpm2_writer {
	uint8_t *data;
	size_t size;
	size_t capacity;
	bool failed;
};

static inline struct tpm2_writer tpm2_writer_make(void *data, size_t capacity)
{
	return (struct tpm2_writer){.data = data, .capacity = capacity};
}
static inline struct bytes tpm2_written(const struct tpm2_writer *writer)
{
	return bytes_make(writer->data, writer->size);
}
void tpm2_put(struct tpm2_writer *writer, struct bytes bytes);
void tpm2_put_u8(struct tpm2_writer *writer, uint8_t value);
void tpm2_put_u16(struct tpm2_writer *writer, uint16_t value);
void tpm2_put_u32(struct tpm2_writer *writer, uint32_t value);
/* A TPM2B: 16 bits of size, then the bytes. */
void tpm2_put_sized(struct tpm2_writer *writer, struct bytes bytes);
/* A TPM2B whose content is written between the two calls; begin gives the place that end takes. */
size_t tpm2_begin_sized(struct tpm2_writer *writer);
void tpm2_end_sized(struct tpm2_writer *writer, size_t place);
/* TPMS_PCR_SELECTION: the PCRs of mask in one bank. */
void tpm2_put_bank_selection(struct tpm2_writer *writer, uint16_t bank, uint32_t mask);
/* TPML_PCR_SELECTION with one bank. */
void tpm2_put_pcr_selection(struct tpm2_writer *writer, enum hash_algorithm bank, uint32_t mask);

/* A TPM2B off the front of a cursor. */
struct bytes tpm2_get_sized(struct cursor *cursor);

/* A Name: algorithm and digest of the public area; for a hierarchy or a PCR its handle (Part 1, section 16). */
struct tpm2_name {
	size_t size;
	uint8_t data[2 + DIGEST_MAX_SIZE];
};
static inline struct bytes tpm2_name_bytes(const struct tpm2_name *name)
{
	return bytes_make(name->data, name->size);
}
bool tpm2_name_equal(const struct tpm2_name *a, const struct tpm2_name *b);
struct tpm2_name tpm2_name_of_handle(uint32_t handle);
/* The Name of an object or an NV index: the SHA-256 of its public area, which must name SHA-256 as its algorithm. */
struct tpm2_name tpm2_name_of_public(struct bytes area);

struct tpm2_header {
	uint16_t tag;
	uint32_t code;
	struct bytes body; /* all behind the header */
};
bool tpm2_parse_header(struct bytes answer, struct tpm2_header *ret_header);

/* The one authorisation at the end of an answer with sessions. */
struct tpm2_answer_session {
	struct bytes nonce;
	uint8_t attributes;
	struct bytes mac;
};
bool tpm2_parse_session_area(struct bytes area, struct tpm2_answer_session *ret_session);

/* TPMT_PUBLIC of a storage key (ECC P-256 or RSA-2048, AES-128-CFB) or of a sealed object. */
struct tpm2_public {
	uint16_t type;
	uint32_t attributes;
	struct bytes policy;
	struct bytes x, y;    /* ECC */
	struct bytes modulus; /* RSA */
	struct bytes area;    /* all of it, as its Name covers it */
};
bool tpm2_parse_public(struct bytes area, struct tpm2_public *ret_public);
/* The answer of TPM2_ReadPublic, whose Name must be that of the public area. */
bool tpm2_parse_read_public(struct bytes answer, struct tpm2_public *ret_public, struct tpm2_name *ret_name);

/* TPMS_NV_PUBLIC. */
struct tpm2_nv_public {
	uint32_t index;
	uint32_t attributes;
	uint16_t size;
	struct bytes policy; /* empty: none */
};
void tpm2_put_nv_public(struct tpm2_writer *writer, const struct tpm2_nv_public *public_area);
bool tpm2_parse_nv_read_public(struct bytes answer, struct tpm2_nv_public *ret_public, struct tpm2_name *ret_name);

/* Answers of TPM2_GetCapability. */
#define TPM2_MAX_HANDLES 254
struct tpm2_handles {
	bool more;
	size_t count;
	uint32_t handles[TPM2_MAX_HANDLES];
};
bool tpm2_parse_handles(struct bytes answer, struct tpm2_handles *ret_handles);
#define TPM2_MAX_PROPERTIES 127
struct tpm2_properties {
	bool more;
	size_t count;
	struct {
		uint32_t property, value;
	} properties[TPM2_MAX_PROPERTIES];
};
bool tpm2_parse_properties(struct bytes answer, struct tpm2_properties *ret_properties);
/* All banks that the TPM can have, by TPM_ALG_ID, and the PCRs that each has. */
#define TPM2_MAX_BANKS 16
struct tpm2_allocation {
	size_t count;
	struct {
		uint16_t bank;
		uint32_t mask;
	} banks[TPM2_MAX_BANKS];
};
bool tpm2_parse_allocation(struct bytes answer, struct tpm2_allocation *ret_allocation);
/* Banks with at least one PCR, of the algorithms that Heads knows. */
bool tpm2_parse_banks(struct bytes answer, enum hash_algorithm banks[TPM_MAX_BANKS], size_t *ret_count);

/* The answer of TPM2_PCR_Read for one bank: the values of the PCRs in ret_mask, which is a part of wanted and never
 * empty. values[n] is filled for these PCRs alone. */
bool tpm2_parse_pcr_read(struct bytes answer, enum hash_algorithm bank, uint32_t wanted, uint32_t *ret_counter,
                         uint32_t *ret_mask, struct digest values[TPM_PCR_COUNT]);

struct tpm2_clock {
	uint64_t clock_ms;
	uint32_t reset_count, restart_count;
};
bool tpm2_parse_clock(struct bytes answer, struct tpm2_clock *ret_clock);

#endif
