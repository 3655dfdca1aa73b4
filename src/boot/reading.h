/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /boot is read and compared by a thread of its own, while the owner already sees his code and a menu. The thread has a
 * boot_system that nobody else looks at; it touches neither the TPM nor a screen, and what it logs waits. Whether
 * anything may be booted is decided where it always was: by boot_system_judge, on the thread that took the result. */
#ifndef HEADS_BOOT_READING_H
#define HEADS_BOOT_READING_H

#include "boot/system.h"

struct boot_reading;

/* Starts to read, as boot_system_read: saved and key are copied. No snapshot of /boot may be open. End it with
 * boot_reading_finish; a process that leaves may also simply end. Errors: -E_MEMORY. */
int boot_reading_start(const char *saved, struct bytes key, struct boot_reading **ret_reading, struct error *error);
/* Bytes read and to be read, as far as that is known; 0 of 0 at first. */
void boot_reading_progress(const struct boot_reading *reading, uint64_t *ret_done, uint64_t *ret_total);
bool boot_reading_is_over(const struct boot_reading *reading);
/* A descriptor that can be read (poll) once it is over; it stays the reading's. */
int boot_reading_fd(const struct boot_reading *reading);
/* Waits for its end, gives its lines to the log, fills boot (which is empty), judges it (boot_system_judge), and sets
 * reading to NULL. Errors: those of boot_system_read and boot_system_judge; boot->problem tells. */
int boot_reading_finish(struct boot_reading **reading, struct tpm *tpm, struct boot_system *boot);

#endif
