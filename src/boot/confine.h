/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A child for reading input that nobody has verified (DESIGN rule 7, A11). */
#ifndef HEADS_BOOT_CONFINE_H
#define HEADS_BOOT_CONFINE_H

#include "base/bytes.h"
#include "base/error.h"
#include <sys/types.h>

/* Takes away from this process, for ever, every system call but those that compute on memory and read and write open
 * descriptors (seccomp; any other ends the process), every descriptor but one, which becomes number 0, and the right to
 * gain privileges. Errors: -E_SYSTEM: then nothing may be parsed. */
int confine_self(int descriptor, struct error *error);

/* Forks a child that runs body(socket, context) confined, and ends. ret_socket is the parent's end of a stream socket
 * to it. The caller closes ret_socket and calls confine_wait. Errors: -E_SYSTEM. */
int confine_start(void (*body)(int socket, void *context), void *context, int *ret_socket, pid_t *ret_pid,
                  struct error *error);
/* Ends the confined child itself, and does not return. It is not declared so because an instrumented build makes other
 * system calls before whatever is, _exit included. */
void confine_exit(int status);
/* Ends the child where it still runs, and collects it. True where it had ended by itself with status 0. */
bool confine_wait(pid_t pid);

#endif
