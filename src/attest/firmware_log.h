/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The firmware's own log of what it measured, out of the memory of the running machine. Whoever could change memory
 * before us could write anything into it: it explains the PCRs, it proves nothing. */
#ifndef HEADS_ATTEST_FIRMWARE_LOG_H
#define HEADS_ATTEST_FIRMWARE_LOG_H

#include "format/cbmem.h"

#define FIRMWARE_LOG_MAX_SIZE ((size_t)1 << 20)

/* Copies size bytes of physical memory to data. Returns 0 or -E_IO. */
typedef int firmware_memory(void *context, uint64_t address, void *data, size_t size, struct error *error);

struct firmware_log {
	enum cbmem_log_kind kind;
	struct buffer bytes;
};

/* Follows coreboot's table to its log and copies the log once.
 * Errors: -E_NOT_FOUND (no table, no log in it), -E_MALFORMED, -E_TOO_LARGE, -E_IO. */
int firmware_log_read(firmware_memory *memory, void *context, struct firmware_log *ret_log, struct error *error);
/* The memory of this machine, through /dev/mem; context is not used. */
int firmware_memory_of_machine(void *context, uint64_t address, void *data, size_t size, struct error *error);
void firmware_log_clear(struct firmware_log *log);

#endif
