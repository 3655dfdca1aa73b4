/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes as text and back: hexadecimal, Base32 (RFC 4648). */
#ifndef HEADS_BASE_ENCODE_H
#define HEADS_BASE_ENCODE_H

#include "base/bytes.h"

/* Lower case, NUL-terminated, into text which has room for 2 * size + 1. */
void hex_encode(struct bytes bytes, char *text);
/* Exactly size bytes from 2 * size hexadecimal digits of either case; false otherwise. */
bool hex_decode(struct bytes text, uint8_t *ret_data, size_t size);

#define BASE32_SIZE(bytes) (((bytes) + 4) / 5 * 8 + 1)
/* Upper case, without padding, NUL-terminated, into text which has room for BASE32_SIZE(bytes.size). */
void base32_encode(struct bytes bytes, char *text);

#endif
