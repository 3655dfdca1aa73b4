/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client's half of the TPM's cryptography (TCG TPM 2.0 Library, Part 1, sections 11.4 and annexes B and C): key
 * derivation, salt for a session, parameter encryption, policy digests. All with SHA-256 and AES-128. */
#ifndef HEADS_TPM_TPM2_CRYPTO_H
#define HEADS_TPM_TPM2_CRYPTO_H

#include "tpm/tpm2_marshal.h"

#define TPM2_DIGEST_SIZE 32
#define TPM2_AES_SIZE    16

/* KDFa (SP 800-108 in counter mode, HMAC-SHA-256): size bytes into key, at most 8192. */
void tpm2_kdfa(struct bytes secret, const char *label, struct bytes context_u, struct bytes context_v, uint8_t *key,
               size_t size);
/* KDFe (SP 800-56A, SHA-256): 32 bytes from the x coordinate of a shared point. */
void tpm2_kdfe(struct bytes z, const char *use, struct bytes party_u, struct bytes party_v,
               uint8_t key[TPM2_DIGEST_SIZE]);
/* AES-128 in CFB mode, in place. */
void tpm2_cfb(bool encrypt, const uint8_t key[TPM2_AES_SIZE], const uint8_t iv[TPM2_AES_SIZE], uint8_t *data,
              size_t size);

/* Makes a salt that only the holder of the storage key can learn, and writes it encrypted (TPM2B_ENCRYPTED_SECRET, the
 * TPM2B included). Errors: -E_TPM_FORGED (a public key that is none), -E_SYSTEM. */
int tpm2_make_salt(const struct tpm2_public *key, uint8_t salt[TPM2_DIGEST_SIZE], struct tpm2_writer *encrypted,
                   struct error *error);

/* The policy digest that starts with nothing, then TPM2_PolicyPCR and, for a passphrase, TPM2_PolicyAuthValue. */
struct digest tpm2_seal_policy(const struct tpm_pcrs *expected, bool passphrase);
/* TPM2_PolicyPCR alone, after what a policy demanded before. */
struct digest tpm2_pcr_policy_after(const struct digest *before, const struct tpm_pcrs *expected);

/* An authValue: the passphrase itself where it has at most 32 bytes, else its SHA-256; trailing zero bytes do not count
 * (Part 1, 17.6.4.3), so they are taken away. */
struct tpm2_auth_value {
	size_t size;
	uint8_t data[TPM2_DIGEST_SIZE];
};
void tpm2_make_auth_value(struct bytes passphrase, struct tpm2_auth_value *ret_value);

#endif
