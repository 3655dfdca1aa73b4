/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QR codes drawn with characters. Inside src/ui only. */
#ifndef HEADS_UI_QR_H
#define HEADS_UI_QR_H

#include "ui/terminal.h"

struct qr {
	uint8_t *dark; /* side * side modules, 1 for dark */
	int side;
};

/* Where a code goes on a terminal. */
struct qr_place {
	int quiet;   /* modules of light border */
	int row;     /* first row */
	int rows;    /* height on screen */
	int columns; /* width on screen */
	bool whole;  /* so high that title and keys have to stand beside it */
};

/* The code of payload, error correction level L. Release with qr_clear.
 * Errors: -E_TOO_LARGE (nothing can hold it), -E_MEMORY. */
int qr_make(const char *payload, struct qr *ret_qr);
void qr_clear(struct qr *qr);
/* False where the code, with a column of text beside it, does not fit on the terminal. */
bool qr_fits(const struct qr *qr, const struct terminal *terminal, struct qr_place *ret_place);
/* Draws it at column 0 of its rows. */
void qr_draw(const struct qr *qr, const struct terminal *terminal, const struct qr_place *place);

#endif
