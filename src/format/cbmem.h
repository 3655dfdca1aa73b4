/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What coreboot leaves in memory: its table, and in CBMEM the log of its measurements. Pure readers over borrowed
 * bytes; where a field says an address, the caller decides whether to go there. coreboot 4.15,
 * src/commonlib/include/commonlib/coreboot_tables.h and tcpa_log_serialized.h. */
#ifndef HEADS_FORMAT_CBMEM_H
#define HEADS_FORMAT_CBMEM_H

#include "base/digest.h"
#include "base/error.h"

/* The table begins at a multiple of 16 bytes in one of these areas of memory. */
#define CBMEM_AREA_SIZE      4096
#define CBMEM_MAX_TABLE_SIZE ((size_t)256 << 10)

struct cbmem_table {
	size_t offset; /* of its records, from the start of the area; may lie beyond the area's end */
	size_t size;   /* of its records, at most CBMEM_MAX_TABLE_SIZE */
	uint16_t checksum;
};

/* Looks for the table's header from *position (0 at first) on, which moves behind it. Returns 1 with a header whose
 * checksum holds, 0 where there is none. */
int cbmem_find_table(struct bytes area, size_t *position, struct cbmem_table *ret_table);

enum cbmem_log_kind {
	CBMEM_LOG_NONE,
	CBMEM_LOG_COREBOOT, /* coreboot's own format: coreboot_log_next */
	CBMEM_LOG_TCG,      /* crypto-agile, as coreboot 4.19 and later can write it: format/eventlog.h */
};

/* Where the table's records point; an address of 0 is none. */
struct cbmem_places {
	uint64_t forward; /* of the table proper */
	enum cbmem_log_kind log_kind;
	uint64_t log;
	uint32_t log_size; /* 0: the log itself says it */
};

/* Reads the records. Errors: -E_MALFORMED (checksum, a record that ends outside the table). */
int cbmem_read_table(struct bytes records, const struct cbmem_table *table, struct cbmem_places *ret_places,
                     struct error *error);

#define COREBOOT_LOG_HEADER_SIZE 4
#define COREBOOT_LOG_ENTRY_SIZE  132
#define COREBOOT_LOG_NAME_SIZE   50
#define COREBOOT_LOG_MAX_ENTRIES 512 /* coreboot 4.15 makes room for 50 */

struct coreboot_event {
	uint32_t pcr;
	struct digest digest;
	char name[COREBOOT_LOG_NAME_SIZE]; /* "FMAP: COREBOOT CBFS: fallback/romstage", as coreboot wrote it */
};

/* How many bytes the log has whose first COREBOOT_LOG_HEADER_SIZE bytes these are.
 * Errors: -E_MALFORMED (more events than it has room for), -E_TOO_LARGE. */
int coreboot_log_size(struct bytes header, size_t *ret_size, struct error *error);
/* Walks coreboot's log: *position starts at 0. Returns 1 with an event, 0 at the end.
 * Errors: -E_MALFORMED (truncated, no such PCR, a hash or a length that is none). */
int coreboot_log_next(struct bytes log, size_t *position, struct coreboot_event *ret_event, struct error *error);

#endif
