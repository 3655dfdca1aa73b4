/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text that sha256sum writes (GNU coreutils): "<64 hexadecimal digits>  <name>" a line, or " *" before the name.
 * Escaped names (a line that begins with a backslash) are refused. Pure. */
#ifndef HEADS_FORMAT_SUM_LIST_H
#define HEADS_FORMAT_SUM_LIST_H

#include "base/digest.h"
#include "base/error.h"

#define SUM_NAME_SIZE 256 /* with the NUL */

struct sum_line {
	struct digest sha256;
	char name[SUM_NAME_SIZE]; /* as it stands there; safe for a terminal */
};

/* Walks the lines: *position starts at 0. Returns 1 with a line, 0 at the end, -E_MALFORMED (with the number of its
 * first byte). */
int sum_list_next(struct bytes text, size_t *position, struct sum_line *ret_line, struct error *error);

#endif
