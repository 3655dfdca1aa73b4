/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LUKS headers, versions 1 and 2, and what is canonical in them (A7): what decides which data are opened with which
 * key, without device names and without the key slots that the owner may add and change. Pure.
 *
 * "LUKS On-Disk Format Specification" 1.2.3; "LUKS2 On-Disk Format Specification" 1.1.1. */
#ifndef HEADS_FORMAT_LUKS_H
#define HEADS_FORMAT_LUKS_H

#include "base/bytes.h"
#include "base/error.h"

#define LUKS_BLOCK_SIZE   4096
#define LUKS_MAX_EXTENT   ((size_t)8 << 20) /* both copies of the largest header of LUKS2 */
#define LUKS_MAX_SEGMENTS 8
#define LUKS_MAX_SLOTS    32
/* How many unlock keys there may be at once, each with a key slot of its own. */
#define LUKS_OWN_KEYS 4

enum luks_type { LUKS_TYPE_1 = 1, LUKS_TYPE_2 = 2 };

/* Why a volume is not opened by Heads; the names are in docs/formats.md. */
enum luks_refusal {
	LUKS_ACCEPTED,
	LUKS_DAMAGED,             /* no copy of the header is whole, or it contradicts itself */
	LUKS_NULL_CIPHER,         /* data or a key slot not encrypted (CVE-2025-59054, CVE-2025-58356) */
	LUKS_REENCRYPTION,        /* begun and not ended (CVE-2021-4122) */
	LUKS_UNKNOWN_REQUIREMENT, /* the header asks for what we do not know */
	LUKS_DETACHED_HEADER,     /* the data are on another device */
	LUKS_OVERSIZED_HEADER,    /* areas beyond what the specification allows */
	LUKS_UNSUPPORTED,         /* kinds of segments, slots and digests that cryptsetup does not make by itself */
	LUKS_DUPLICATE_UUID,      /* another volume has the same UUID */
	LUKS_REFUSALS
};

struct luks_segment {
	uint64_t offset;    /* bytes from the beginning of the device */
	uint64_t size;      /* bytes; 0: to the end of the device */
	uint64_t iv_tweak;  /* sectors of 512 bytes */
	unsigned sector;    /* bytes of a sector of encryption */
	char cipher[64];    /* "aes-xts-plain64" */
	char integrity[64]; /* "hmac(sha256)"; empty: none */
};

/* What recognises the volume key. */
struct luks_digest {
	char hash[16];
	unsigned iterations;
	char salt[192], digest[192]; /* hexadecimal (LUKS1) or Base64 (LUKS2), as written there */
};

struct luks_facts {
	enum luks_type type;
	char uuid[40];
	unsigned key_bits; /* of the volume key */
	struct luks_segment segments[LUKS_MAX_SEGMENTS];
	size_t segment_count;
	struct luks_digest digest;         /* of the one volume key that all segments have */
	uint32_t slots;                    /* key slots in use (bit n is slot n); not part of the canonical facts */
	uint32_t own_slots;                /* those that Heads made; likewise */
	uint32_t key_slots[LUKS_OWN_KEYS]; /* of own_slots, those of each unlock key */
	bool damaged_copy;                 /* one copy of the header is damaged or old; the other counts */
	enum luks_refusal refused;
	char reason[160]; /* where refused: what was found, in words, safe for a terminal */
};

/* PBKDF2 iterations of the key slots that Heads makes, by which it knows them again, and of which unlock key each is
 * (docs/formats.md): the key in them is random, so that there is nothing to guess, and no other program chooses these
 * numbers. key: below LUKS_OWN_KEYS. */
uint32_t luks_own_iterations(unsigned key);
/* Notes an active key slot that is PBKDF2 with so many iterations. */
void luks_note_slot(struct luks_facts *facts, unsigned slot, uint32_t iterations);

/* How many bytes from the beginning of a device luks_parse wants to see, by its first LUKS_BLOCK_SIZE bytes; 0: no LUKS
 * header begins there. */
size_t luks_extent(struct bytes block);
/* Offsets at which the second header of a LUKS2 volume can stand whose first one is gone (specification, section 2.2),
 * and whether there is one in the block read there. */
#define LUKS_SECOND_PLACES 9
uint64_t luks_second_place(unsigned index);
bool luks_is_second(struct bytes block);

/* Reads the header from the beginning of a device. Two whole copies of LUKS2: the one with the higher sequence number,
 * as cryptsetup does; one whole copy is enough. name is for the sentence.
 *
 * ret_facts  is filled where the result is 0; refused says then whether Heads opens such a volume. The fields behind
 *            type and uuid may be empty in a refused one.
 * Errors     -E_MALFORMED (no LUKS header), -E_MEMORY. */
int luks_parse(struct bytes start, const char *name, struct luks_facts *ret_facts, struct error *error);

/* The canonical facts, one a line, appended: what is measured into PCR 6. */
void luks_facts_text(const struct luks_facts *facts, struct buffer *text);
/* "null-cipher"; "" for LUKS_ACCEPTED. */
const char *luks_refusal_name(enum luks_refusal refusal);
/* The cipher of the data ("" where there are no segments). */
const char *luks_cipher(const struct luks_facts *facts);

#endif
