/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hid_dongle.h"
#include "descriptors.h"
#include "hid.h"

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
