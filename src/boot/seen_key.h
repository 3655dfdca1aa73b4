/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What PID 1 and the menu tell each other about the TPM, in a memory file that both share and that ends with the start:
 * the storage key that was seen (A2), so that PID 1 caps that TPM and no other one; and the session that the one leaves
 * open for the other. */
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

/* Leaves the session of extends and reads open for whoever comes next, and writes it down (tpm_hand_on). tpm_close
 * follows. fd below 0: it is closed. */
void seen_key_hand_on(int fd, struct tpm *tpm);
/* Opens the TPM with that session, which is no longer written down then: nobody else takes it. Where none was left it
 * is opened anew. in_order: whoever had the TPM before has closed it; false (a crash, a shell): nothing of what was
 * left is used, and the TPM is swept. Errors: as tpm_open. */
int seen_key_open_tpm(int fd, const char *where, bool in_order, struct tpm **ret_tpm, struct error *error);

#endif
