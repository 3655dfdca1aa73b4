/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of the two payloads runs, and what became of the other one: one line on the console log. */
#ifndef HEADS_INIT_SLOTS_H
#define HEADS_INIT_SLOTS_H

#include "rom/image.h"

/* Says nothing of an image without slots. The firmware's own log, where there is one, knows what was started; otherwise
 * the marks tell. */
void slots_log(const struct rom_image *image);

#endif
