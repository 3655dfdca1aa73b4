/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Secrets: pages of their own, locked in memory, left out of core dumps, wiped on release (DESIGN rule 5). */
#ifndef HEADS_BASE_SECRET_H
#define HEADS_BASE_SECRET_H

#include "base/bytes.h"

struct secret {
	uint8_t *data;
	size_t size;     /* bytes in use */
	size_t capacity; /* bytes that can be used */
};

/* Gives *ret_secret room for capacity bytes, all zero, size 0. Release with secret_clear.
 * Errors: -E_MEMORY (no memory, or it cannot be locked and the process is allowed to lock memory). */
int secret_allocate(size_t capacity, struct secret *ret_secret);
/* Allocates and copies. */
int secret_copy(struct bytes bytes, struct secret *ret_secret);
static inline struct bytes secret_bytes(const struct secret *secret)
{
	return bytes_make(secret->data, secret->size);
}
/* Wipes, unlocks, frees, and sets everything to zero. NULL and empty are accepted; fits CLEANUP(). */
void secret_clear(struct secret *secret);

#endif
