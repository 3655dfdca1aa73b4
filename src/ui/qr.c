/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ui/qr.h"
#include "ui/paint.h"
#include "ui/view.h"
#include <errno.h>
#include <qrencode.h>
#include <stdio.h>
#include <stdlib.h>

/* The standard asks for 4 light modules around the code; readers manage with 2. */
#define QUIET_FULL   4
#define QUIET_ENOUGH 2
/* The narrowest column of text that is worth reading. */
#define TEXT_COLUMNS 20

int qr_make(const char *payload, struct qr *ret_qr)
{
	QRcode *code = QRcode_encodeString8bit(payload, 0, QR_ECLEVEL_L);
	size_t count;

	if (!code)
		return errno == ENOMEM ? -E_MEMORY : -E_TOO_LARGE;
	count = (size_t)code->width * (size_t)code->width;
	*ret_qr = (struct qr){.dark = malloc(count), .side = code->width};
	for (size_t i = 0; ret_qr->dark && i < count; i++)
		ret_qr->dark[i] = code->data[i] & 1;
	memory_wipe(code->data, count);
	QRcode_free(code);
	return ret_qr->dark ? 0 : -E_MEMORY;
}

void qr_clear(struct qr *qr)
{
	if (qr->dark)
		memory_wipe(qr->dark, (size_t)qr->side * (size_t)qr->side);
	free(qr->dark);
	*qr = (struct qr){0};
}

bool qr_fits(const struct qr *qr, const struct terminal *terminal, struct qr_place *ret_place)
{
	/* First the full border between title and keys, then less of it, then the whole height of the screen. */
	static const struct {
		int quiet;
		bool whole;
	} tries[] = {{QUIET_FULL, false}, {QUIET_ENOUGH, false}, {QUIET_ENOUGH, true}};

	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		int side = qr->side + 2 * tries[i].quiet;
		struct qr_place place = {.quiet = tries[i].quiet, .whole = tries[i].whole};
		int room = terminal->rows - (place.whole ? 0 : 2);

		place.rows = terminal->utf8 ? (side + 1) / 2 : side;
		place.columns = terminal->utf8 ? side : 2 * side;
		place.row = place.whole ? 0 : 1;
		if (place.rows <= room && place.columns + TEXT_COLUMNS + 3 <= terminal->columns) {
			*ret_place = place;
			return true;
		}
	}
	return false;
}

/* Column and row count from the corner of the border. */
static bool qr_light(const struct qr *qr, int quiet, int row, int column)
{
	row -= quiet;
	column -= quiet;
	return row < 0 || column < 0 || row >= qr->side || column >= qr->side ||
	       !qr->dark[(size_t)row * (size_t)qr->side + (size_t)column];
}

void qr_draw(const struct qr *qr, const struct terminal *terminal, const struct qr_place *place)
{
	int side = qr->side + 2 * place->quiet;

	/* Light modules are drawn and dark ones left out, so that it is right on a dark screen without colours too. */
	for (int row = 0; row < place->rows; row++) {
		for (int column = 0; column < side; column++) {
			bool top = qr_light(qr, place->quiet, terminal->utf8 ? 2 * row : row, column);
			bool bottom = terminal->utf8 ? qr_light(qr, place->quiet, 2 * row + 1, column) : top;
			enum paint_sign sign = top && bottom ? SIGN_BLOCK : top ? SIGN_BLOCK_TOP : SIGN_BLOCK_BOTTOM;
			struct bytes drawn = bytes_from_string(top || bottom ? paint_sign(terminal, sign) : " ");

			if (terminal->utf8)
				(void)paint_text(terminal, place->row + row, column, 1, LOOK_QR, drawn);
			else
				paint_fill(terminal, place->row + row, 2 * column, 2,
				           top ? LOOK_SELECTED : LOOK_NORMAL);
		}
	}
}

void ui_print_qr(const char *payload)
{
	/* Light modules in white on black, whatever the terminal's own colours are. */
	static const char *const halves[2][2] = {{" ", "\u2584"}, {"\u2580", "\u2588"}};
	struct qr qr = {0};
	int side;

	if (!terminal_locale_is_utf8() || qr_make(payload, &qr) < 0)
		return;
	side = qr.side + 2 * QUIET_ENOUGH;
	for (int row = 0; row < side; row += 2) {
		(void)fputs("\x1b[37;40m", stdout);
		for (int column = 0; column < side; column++)
			(void)fputs(halves[qr_light(&qr, QUIET_ENOUGH, row, column)]
			                  [qr_light(&qr, QUIET_ENOUGH, row + 1, column)],
			            stdout);
		(void)fputs("\x1b[m\n", stdout);
	}
	qr_clear(&qr);
}

bool ui_show_qr(struct ui *ui, const char *title, const char *payload, const struct ui_text *text)
{
	struct qr qr = {0};
	struct view view = {.title = title, .text = text, .keys = "^ scroll   Enter continue"};
	bool shown = false;
	enum press press;

	if (qr_make(payload, &qr) == 0)
		view.qr = &qr;
	do {
		uint8_t byte;

		press = ui_next(ui, &view, &byte);
		shown = shown || view.qr_shown;
		(void)view_scroll_press(&view, press);
	} while (press != PRESS_ENTER && press != PRESS_ESCAPE && press != PRESS_GONE);
	view_clear(&view);
	qr_clear(&qr);
	return shown;
}
