/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a TPM says and signs about its PCRs (TPM2_Quote): TPMS_ATTEST of Part 2, 10.12.12, the signature, and the public
 * area of the key. From another machine: hostile input (A16). Pure. */
#ifndef HEADS_FORMAT_QUOTE_H
#define HEADS_FORMAT_QUOTE_H

#include "base/digest.h"
#include "base/error.h"

#define QUOTE_ECC_SIZE 32 /* bytes of a number of P-256 */

/* All borrow from what was parsed. */
struct quote {
	struct bytes signer; /* the qualified Name of the key */
	struct bytes nonce;
	uint64_t clock_ms;
	uint32_t reset_count, restart_count; /* as a key of the owner gets them: shifted by a secret of the TPM */
	uint64_t firmware;
	uint32_t mask;       /* PCRs of the SHA-256 bank; bit n is PCR n */
	struct bytes values; /* digest of their values, in order */
};
/* Errors: -E_MALFORMED. Bytes that a TPM has not generated as a quote of the SHA-256 bank are that. */
int quote_parse(struct bytes attest, struct quote *ret_quote, struct error *error);

/* TPMT_SIGNATURE: ECDSA with SHA-256. Both numbers have QUOTE_ECC_SIZE bytes. */
struct quote_signature {
	struct bytes r, s;
};
int quote_signature_parse(struct bytes signature, struct quote_signature *ret_signature, struct error *error);

/* TPMT_PUBLIC of a key as Heads makes it for quotes, and no other kind: it was made in a TPM, never leaves it, and
 * signs only what that TPM has generated. */
struct quote_key {
	struct bytes x, y;   /* a point of P-256 */
	struct digest name;  /* SHA-256 of the public area; its Name has 000b before it */
	struct digest chain; /* the same of its qualified Name: a primary key of the owner hierarchy */
};
int quote_key_parse(struct bytes area, struct quote_key *ret_key, struct error *error);
/* The same of a TPM2B_PUBLIC, as tpm2-tools write it; ret_area (may be NULL) is the public area in it. */
int quote_key_parse_sized(struct bytes file, struct bytes *ret_area, struct quote_key *ret_key, struct error *error);
/* The public area of such a key, appended. For the template that one is made from, y is empty and x 32 bytes that go
 * into the derivation. */
void quote_key_write(struct bytes x, struct bytes y, struct buffer *area);

#endif
