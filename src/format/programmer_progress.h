/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far flashrom or flashprog is, by what it prints with -V while it erases and writes: "0xSTART-0xEND:" for each
 * block, followed by what was done with it (flashrom 1.3, walk_eraseblocks). Text arrives in pieces. Pure. */
#ifndef HEADS_FORMAT_PROGRAMMER_PROGRESS_H
#define HEADS_FORMAT_PROGRAMMER_PROGRESS_H

#include "base/bytes.h"

/* Starts zeroed but for offset and size, the range that is written. */
struct programmer_progress {
	uint64_t offset, size;
	uint64_t done;   /* bytes of the range behind which the program has got; never falls */
	unsigned state;  /* where in "0xSTART-0xEND:" the text stands */
	unsigned digits; /* of the number that is being read */
	uint64_t start, end;
};

/* The next piece of what the program prints; true where done has risen. */
bool programmer_progress_feed(struct programmer_progress *progress, struct bytes piece);

#endif
