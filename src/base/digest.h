/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hashes and HMAC (libgcrypt, which uses the CPU's SHA instructions). */
#ifndef HEADS_BASE_DIGEST_H
#define HEADS_BASE_DIGEST_H

#include "base/bytes.h"

/* The values are the TPM's algorithm identifiers (TCG Algorithm Registry, TPM_ALG_ID). */
enum hash_algorithm {
	HASH_NONE = 0,
	HASH_SHA1 = 0x0004,
	HASH_SHA256 = 0x000b,
	HASH_SHA384 = 0x000c,
	HASH_SHA512 = 0x000d,
};

#define DIGEST_MAX_SIZE 64

struct digest {
	enum hash_algorithm algorithm;
	size_t size;
	uint8_t data[DIGEST_MAX_SIZE];
};

static inline struct bytes digest_bytes(const struct digest *digest)
{
	return bytes_make(digest->data, digest->size);
}
/* Bytes of a digest; 0 for an algorithm that is not known. */
size_t hash_size(enum hash_algorithm algorithm);
/* "sha256"; NULL for an algorithm that is not known. */
const char *hash_name(enum hash_algorithm algorithm);
bool digest_equal(const struct digest *a, const struct digest *b);

/* Starts the library once for the process; called by main and by tests before anything else. */
void digest_library_start(void);

/* Hash of one piece. The algorithm must be known: anything else is a programming error and aborts. */
struct digest digest_of(enum hash_algorithm algorithm, struct bytes bytes);
/* Hash of pieces one after the other. */
struct digest digest_of_parts(enum hash_algorithm algorithm, const struct bytes *parts, size_t count);
/* HMAC (RFC 2104). */
struct digest hmac_of(enum hash_algorithm algorithm, struct bytes key, const struct bytes *parts, size_t count);

/* Streaming: hasher_open, hasher_add..., hasher_close. hasher_open gives NULL without memory. */
struct hasher;
struct hasher *hasher_open(enum hash_algorithm algorithm);
void hasher_add(struct hasher *hasher, struct bytes bytes);
/* Ends and frees. */
struct digest hasher_close(struct hasher *hasher);

/* Random bytes from the kernel (getrandom); aborts where the kernel has none. */
void random_fill(void *data, size_t size);

#endif
