/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes a partition table (UEFI Specification 2.10, section 5) for a disk of 512-byte sectors: what stands at its
 * beginning and at its end. Pure. */
#ifndef HEADS_FORMAT_GPT_H
#define HEADS_FORMAT_GPT_H

#include "base/bytes.h"
#include "base/error.h"

#define GPT_SECTOR       512
#define GPT_HEAD_SECTORS 34 /* protective MBR, header, 128 entries */
#define GPT_TAIL_SECTORS 33 /* entries, header */
#define GPT_MAX_ENTRIES  128
#define GPT_NAME_MAX     35 /* characters of a partition's name */
#define GPT_GUID_SIZE    16 /* as it lies on the disk: the first three fields little-endian */

extern const uint8_t gpt_type_data[GPT_GUID_SIZE]; /* EBD0A0A2-...: what every system shows its user */
extern const uint8_t gpt_type_luks[GPT_GUID_SIZE]; /* CA7D7CCB-...: opened with a passphrase */

struct gpt_partition {
	const uint8_t *type;       /* GPT_GUID_SIZE bytes */
	uint8_t id[GPT_GUID_SIZE]; /* random */
	uint64_t first, last;      /* sectors, both of them its own */
	const char *name;          /* ASCII */
};

/* Makes of 16 random bytes a GUID of version 4 (RFC 9562, section 5.4). */
void gpt_mark_random(uint8_t id[GPT_GUID_SIZE]);
/* sectors: of the disk. Appends GPT_HEAD_SECTORS for its beginning and GPT_TAIL_SECTORS for its end.
 * Errors: -E_USAGE (partitions that overlap or lie outside, a name that is too long or not ASCII, too many),
 * -E_MEMORY. */
int gpt_make(uint64_t sectors, const uint8_t disk_id[GPT_GUID_SIZE], const struct gpt_partition *partitions,
             size_t count, struct buffer *head, struct buffer *tail, struct error *error);

#endif
