/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fault.h"
#include <stdlib.h>
#include <string.h>

static const char *const channels[CARD_CHANNELS] = {[CHANNEL_CARD] = "card-", [CHANNEL_HID] = "hid-"};

static bool read_count(const char *text, long *ret_count)
{
	char *end;

	*ret_count = strtol(text, &end, 10);
	return *text && !*end && *ret_count > 0;
}

/* "card-47@1" */
static bool read_place(const char *text, bool after, struct card_faults *faults)
{
	char *end;

	for (size_t i = 0; i < CARD_CHANNELS; i++) {
		const size_t size = strlen(channels[i]);

		if (strncmp(text, channels[i], size) != 0)
			continue;
		faults->unplug_at[i].instruction = (uint8_t)strtoul(text + size, &end, 16);
		faults->unplug_at[i].after = after;
		return end == text + size + 2 && *end == '@' && read_count(end + 1, &faults->unplug_at[i].count);
	}
	return false;
}

bool fault_parse(const char *text, struct card_faults *faults)
{
	char *end;

	if (strcmp(text, "wrong-pin") == 0) {
		faults->wrong_pin = true;
		return true;
	}
	if (strncmp(text, "unplug@", 7) == 0)
		return read_count(text + 7, &faults->unplug);
	if (strncmp(text, "unplug=", 7) == 0)
		return read_place(text + 7, false, faults);
	if (strncmp(text, "unplug-after=", 13) == 0)
		return read_place(text + 13, true, faults);
	if (strncmp(text, "stall@", 6) == 0)
		return read_count(text + 6, &faults->stall);
	if (strncmp(text, "status=", 7) != 0)
		return false;
	faults->status_word = (uint16_t)strtoul(text + 7, &end, 16);
	return end == text + 11 && *end == '@' && read_count(end + 1, &faults->status);
}

static bool is_due(long *count)
{
	if (*count > 0)
		return --*count == 0;
	return false;
}

enum fault fault_next(struct card_faults *faults, enum card_channel channel, uint8_t instruction)
{
	const bool card = channel == CHANNEL_CARD; /* what counts every command counts those of the card */
	bool stall, status;

	if (faults->unplugged || (card && is_due(&faults->unplug))) {
		faults->unplugged = true;
		return FAULT_UNPLUG;
	}
	if (faults->unplug_at[channel].instruction == instruction && is_due(&faults->unplug_at[channel].count)) {
		faults->unplugged = true;
		return faults->unplug_at[channel].after ? FAULT_UNPLUG_AFTER : FAULT_UNPLUG;
	}
	stall = card && is_due(&faults->stall);
	status = card && is_due(&faults->status);
	return stall ? FAULT_STALL : status ? FAULT_STATUS : FAULT_NONE;
}

uint8_t fault_instruction(struct bytes apdu)
{
	return apdu.size > 1 ? apdu.data[1] : 0;
}
