/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's command line in its canonical form: words separated by one space, as the kernel splits them
 * (lib/cmdline.c of Linux, next_arg: white space outside double quotes; there is no escape character). */
#ifndef HEADS_FORMAT_CMDLINE_H
#define HEADS_FORMAT_CMDLINE_H

#include "base/bytes.h"
#include "base/error.h"

/* Characters without the NUL. kexec_file_load takes 2017 bytes with it, COMMAND_LINE_SIZE of the boot protocol less
 * what the kernel itself puts in front. */
#define CMDLINE_LIMIT 2016

/* Appends words, as a boot loader's lexer left them, to out as one canonical line. A word with white space in it is put
 * in double quotes ("name=with space"), which is what GRUB does and the kernel understands. Empty words and "---" (a
 * mark of the Debian installer that is no parameter) are left out. Errors: -E_MALFORMED for a control character, and
 * for a word that needs quotes and has one of its own. */
int cmdline_join(const char *const *words, size_t count, struct buffer *out, struct error *error);

/* Makes the line that is booted: base in canonical form, without the words of remove (compared whole, all occurrences),
 * then each word of add that is not there yet. add and remove are lists of words in the same syntax and may be NULL.
 * ret_cmdline is owned by the caller.
 * Errors: -E_MALFORMED (control character, quote that does not end), -E_TOO_LARGE (more than CMDLINE_LIMIT
 * characters; the sentence names both), -E_MEMORY. */
int cmdline_build(const char *base, const char *add, const char *remove, char **ret_cmdline, struct error *error);

/* Only the test of length: 0 or -E_TOO_LARGE. */
int cmdline_check_length(size_t length, struct error *error);

#endif
