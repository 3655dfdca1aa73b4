/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fault.h"
#include <stdlib.h>
#include <string.h>

static bool read_count(const char *text, long *ret_count)
{
	char *end;

	*ret_count = strtol(text, &end, 10);
	return *text && !*end && *ret_count > 0;
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

enum fault fault_next(struct card_faults *faults)
{
	bool stall, status;

	if (faults->unplugged || is_due(&faults->unplug)) {
		faults->unplugged = true;
		return FAULT_UNPLUG;
	}
	stall = is_due(&faults->stall);
	status = is_due(&faults->status);
	return stall ? FAULT_STALL : status ? FAULT_STATUS : FAULT_NONE;
}
