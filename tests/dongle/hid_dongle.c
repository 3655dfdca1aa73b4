/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hid_dongle.h"
#include "base/cleanup.h"
#include "ccid.h"
#include "descriptors.h"
#include "hid.h"
#include <string.h>

static struct card card;

void hid_dongle_make(const char *model, uint32_t serial)
{
	card_clear(&card);
	card = (struct card){.model = model_find(model), .serial = serial};
	card_make_new(&card);
}

void hid_dongle_rename(uint32_t serial)
{
	card.serial = serial;
}

void hid_dongle_run(const uint8_t report[64], uint8_t answer[64])
{
	hid_run(&card, report, answer);
}

size_t hid_dongle_reader(const uint8_t *message, size_t size, uint8_t *answer, size_t limit)
{
	struct ccid reader = {.card = &card, .powered = true};
	CLEANUP(buffer_clear) struct buffer made = {0};
	bool unplug;

	if (!ccid_run(&reader, bytes_make(message, size), &made, &unplug) || made.size > limit)
		return 0;
	memcpy(answer, made.data, made.size);
	return made.size;
}
