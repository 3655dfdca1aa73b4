/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far flashrom or flashprog is, by what it prints while it erases and writes. Text arrives in pieces. Pure.
 *
 * flashrom -V           "0xSTART-0xEND:" for each block, followed by what was done with it (1.3, walk_eraseblocks);
 * flashprog --progress  "\rWriting... [====>   ]  42% " (cli_output.c) once the whole range is erased. It is not asked
 *                       for -V: it would name each block when it erases it, and the range before it writes. */
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
	unsigned matched; /* of what stands before a bar of flashprog */
	unsigned percent; /* the number that is being read behind it */
};

/* The next piece of what the program prints; true where done has risen. */
bool programmer_progress_feed(struct programmer_progress *progress, struct bytes piece);

#endif
