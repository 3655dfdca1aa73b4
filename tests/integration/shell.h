/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of shell that make what a test needs, with the programs of others. */
#ifndef HEADS_TESTS_INTEGRATION_SHELL_H
#define HEADS_TESTS_INTEGRATION_SHELL_H

/* Runs a line in a directory; what it prints is in the file "log" there. Returns its exit status, -1 where it was ended
 * by a signal. */
int shell_run(const char *directory, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
