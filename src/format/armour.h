/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OpenPGP's ASCII armour (RFC 4880 section 6.2) and the outer shape of packets (section 4.2). Pure and bounded: gpgv
 * judges what the packets say. */
#ifndef HEADS_FORMAT_ARMOUR_H
#define HEADS_FORMAT_ARMOUR_H

#include "base/bytes.h"
#include "base/error.h"

enum armour_kind { ARMOUR_PUBLIC_KEY, ARMOUR_SIGNATURE, ARMOUR_SECRET_KEY };

/* Appends the packets of data to binary: of every armoured block of this kind, one after the other, or data itself
 * where it is not armoured. The checksum (CRC-24) of a block is checked where it has one. What came out must be packets
 * of this kind from end to end: a public key first and no secret one, signatures alone, or a secret key first, so that
 * neither a signed message nor a secret key passes for a public one. A keybox ("KBXf") passes as a public key unread.
 * name is for the error. Errors: -E_MALFORMED, -E_TOO_LARGE (more than 16 MiB), -E_MEMORY. */
int armour_read(struct bytes data, enum armour_kind kind, const char *name, struct buffer *binary, struct error *error);

/* Whether data is GnuPG's keybox, which holds its keys in another form. */
bool armour_is_keybox(struct bytes data);
/* Appends a binary signature as one armoured block, with its checksum. */
void armour_write_signature(struct bytes binary, struct buffer *text);
/* Takes a packet's head and body off the front (RFC 4880 section 4.2); false where there is no whole packet, or one of
 * partial or unknown length. */
bool armour_next_packet(struct cursor *cursor, unsigned *ret_tag, struct bytes *ret_body);
/* CRC-24 of RFC 4880 section 6.1. */
uint32_t armour_crc24(struct bytes data);

#endif
