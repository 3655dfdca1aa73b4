/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TPM's storage key that this start has seen (A2): whoever salted a session to it writes its Name down, so that PID
 * 1 caps that TPM and no other one. Menu and PID 1 share the memory file; it ends with the start. */
#ifndef HEADS_BOOT_SEEN_KEY_H
#define HEADS_BOOT_SEEN_KEY_H

#include "base/error.h"
#include "format/tpm_name.h"
#include "tpm/tpm.h"

/* An empty one; a descriptor that the caller closes, and hands to the menu. Errors: -E_MEMORY. */
int seen_key_open(struct error *error);
/* Writes down the Name of the storage key that this TPM has and that the program accepts, where there is one: a pinned
 * Name that it does not have leaves what stands there. fd below 0: nowhere to write. Costs no command once a session
 * was salted to the key. */
void seen_key_write(int fd, struct tpm *tpm);
/* Writes down that this start stands in the TPM's record of the starts, so that its end may be written there too. */
void seen_start_write(int fd);
bool seen_start_is_recorded(int fd);
/* The Name, or empty where no key was seen. It borrows from name. */
struct bytes seen_key_read(int fd, uint8_t name[TPM_NAME_SIZE]);

#endif
