/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "init/slots.h"
#include "attest/eventlog.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "rom/slots.h"
#include <stdio.h>
#include <string.h>

/* The slot that coreboot measured a payload from: 0, 1, or -1 where the log does not say. */
static int started_by_log(const struct rom_slots *slots)
{
	CLEANUP(buffer_clear) struct buffer log = {0};
	struct eventlog_reader reader;
	struct eventlog_event event;
	int found = -1;

	if (file_read(EVENTLOG_FILE, EVENTLOG_MAX_SIZE, &log, NULL) < 0 ||
	    eventlog_open(buffer_bytes(&log), &reader, NULL) < 0)
		return -1;
	while (eventlog_next(&reader, &event, NULL) > 0) {
		for (int i = 0; i < 2; i++) {
			char name[32];

			(void)snprintf(name, sizeof(name), "FMAP: %s CBFS: ", slots->slots[i].name);
			if (event.pcr == EVENTLOG_ROM_PCR && bytes_start_with(event.data, name))
				found = i;
		}
	}
	return found;
}

void slots_log(const struct rom_image *image)
{
	struct rom_slots slots;
	int started;

	if (rom_slots_read(image, ROM_PAYLOAD_SLOTS, false, &slots, NULL) < 0)
		return;
	started = started_by_log(&slots);
	if (started < 0)
		started = rom_slots_started(&slots);
	if (started < 0)
		return;
	/* One that is newer and was not started cannot be whole. */
	if (slots.slots[1 - started].sequence > slots.slots[started].sequence)
		slots.slots[1 - started].state = ROM_SLOT_DAMAGED;
	log_line("rom slot=%s sequence=%u other=%s", slots.slots[started].name, slots.slots[started].sequence,
	         rom_slot_state_name(slots.slots[1 - started].state));
}
