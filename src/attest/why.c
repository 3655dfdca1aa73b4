/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/why.h"
#include "attest/eventlog.h"
#include "attest/why_private.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "trust/trust.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMAND_PREFIX "command line: "
#define MANIFEST       "kexec_hashes.txt"

/* One log, taken apart. */
struct side {
	struct eventlog_reader start; /* its banks */
	struct why_item *items;
	size_t count;
	bool firmware_absent;
	char firmware_reason[256];
	int locality;
	bool handed_over;
};

static void side_clear(struct side *side)
{
	free(side->items);
	side->items = NULL;
}

/* Whether the event was extended with the hash of these bytes: only then its data is what it says. */
static bool is_digest_of(const struct eventlog_event *event, struct bytes bytes)
{
	for (size_t i = 0; i < event->digest_count; i++) {
		struct digest digest = digest_of(event->digests[i].algorithm, bytes);

		if (!digest_equal(&digest, &event->digests[i]))
			return false;
	}
	return event->digest_count > 0;
}

bool why_same_digest(const struct eventlog_event *a, const struct eventlog_event *b)
{
	bool same = a->digest_count == 0 && b->digest_count == 0; /* of hashes that are not known */

	for (size_t i = 0; i < a->digest_count; i++) {
		const struct digest *other = eventlog_digest(b, a->digests[i].algorithm);

		if (other && !digest_equal(other, &a->digests[i]))
			return false;
		same = same || other;
	}
	return same;
}

static bool is_manifest(struct bytes name)
{
	size_t size = strlen(MANIFEST);

	return name.size >= size && memcmp(name.data + name.size - size, MANIFEST, size) == 0 &&
	       (name.size == size || name.data[name.size - size - 1] == '/');
}

/* Files of /boot come in groups: manifest, kernel, initrds, and then the command line. */
static enum why_role role_of_payload(struct bytes name, bool *kernel_is_next)
{
	if (is_manifest(name)) {
		*kernel_is_next = true;
		return ROLE_MANIFEST;
	}
	if (!*kernel_is_next)
		return ROLE_INITRD;
	*kernel_is_next = false;
	return ROLE_KERNEL;
}

static void find_role(struct why_item *item, bool *kernel_is_next)
{
	const struct eventlog_event *event = &item->event;
	struct bytes command = bytes_slice(event->data, strlen(COMMAND_PREFIX), event->data.size);

	item->role = ROLE_OTHER;
	item->name = event->data;
	if (event->pcr == EVENTLOG_ROM_PCR && event->type == EVENTLOG_POST_CODE) {
		item->role = ROLE_FIRMWARE;
		item->name = why_rom_part(event->data); /* the same payload may start from either slot */
	} else if (event->pcr == TRUST_ROM_PCR && event->type == EVENTLOG_IPL) {
		item->role = is_digest_of(event, event->data) ? ROLE_OWNER_FILE_NAME : ROLE_OWNER_FILE;
	} else if (event->pcr == TRUST_MODE_PCR && event->type == EVENTLOG_ACTION && is_digest_of(event, event->data)) {
		item->role = ROLE_MODE;
	} else if (event->pcr == TRUST_PAYLOAD_PCR && event->type == EVENTLOG_IPL) {
		item->role = role_of_payload(event->data, kernel_is_next);
	} else if (event->pcr == TRUST_COMMAND_PCR && bytes_start_with(event->data, COMMAND_PREFIX) &&
	           is_digest_of(event, command)) {
		item->role = ROLE_COMMAND;
		item->name = command;
		*kernel_is_next = true;
	}
}

static void take_note(struct side *side, const struct eventlog_event *event)
{
	int locality = eventlog_startup_locality(event);

	if (locality >= 0)
		side->locality = locality;
	if (!bytes_start_with(event->data, EVENTLOG_NO_FIRMWARE))
		return;
	side->firmware_absent = true;
	(void)text_escape_into(bytes_slice(event->data, strlen(EVENTLOG_NO_FIRMWARE), event->data.size),
	                       side->firmware_reason, sizeof(side->firmware_reason));
}

static bool is_mode(const struct why_item *item, const char *mode)
{
	return item->role == ROLE_MODE && bytes_equal(item->name, bytes_from_string(mode));
}

static int side_read(struct bytes log, struct side *side, struct error *error)
{
	const char *handover = trust_leave(TRUST_EXIT_BOOT)->mode;
	struct eventlog_reader reader;
	bool kernel_is_next = true;
	int r;

	if (log.size > WHY_MAX_SIZE)
		return error_set(error, E_TOO_LARGE, "event log", "the event log is too large to compare: %zu bytes",
		                 log.size);
	r = eventlog_open(log, &reader, error);
	if (r < 0)
		return r;
	side->start = reader;
	side->items = calloc(WHY_MAX_EVENTS, sizeof(*side->items));
	if (!side->items)
		return error_set(error, E_MEMORY, "event log", "there is not enough memory to compare event logs");
	for (;;) {
		struct why_item item = {.match = WHY_NO_MATCH};

		r = eventlog_next(&reader, &item.event, error);
		if (r <= 0)
			return r;
		if (item.event.type == EVENTLOG_NO_ACTION) {
			take_note(side, &item.event);
			continue;
		}
		if (side->count == WHY_MAX_EVENTS)
			return error_set(error, E_TOO_LARGE, "event log",
			                 "the event log has more than %d events: too many to compare", WHY_MAX_EVENTS);
		find_role(&item, &kernel_is_next);
		side->handed_over = side->handed_over || is_mode(&item, handover);
		side->items[side->count++] = item;
	}
}

static void pair(struct side *before, size_t i, struct side *after, size_t j)
{
	before->items[i].match = j;
	after->items[j].match = i;
}

static bool same_name(const struct why_item *a, const struct why_item *b)
{
	return a->role == b->role && a->event.pcr == b->event.pcr && bytes_equal(a->name, b->name);
}

/* Next event of this PCR from position on, in one direction; count where there is none. */
static size_t next_of_pcr(const struct side *side, unsigned pcr, size_t position, bool backward)
{
	while (position < side->count && side->items[position].event.pcr != pcr)
		position += backward ? SIZE_MAX : 1; /* below 0 is beyond count too */
	return position < side->count ? position : side->count;
}

/* What both begin with, or end with, belongs together: of equal events the right one is then called missing. */
static void match_ends(struct side *before, struct side *after, unsigned pcr, bool backward)
{
	size_t i = next_of_pcr(before, pcr, backward ? before->count - 1 : 0, backward);
	size_t j = next_of_pcr(after, pcr, backward ? after->count - 1 : 0, backward);

	while (i < before->count && j < after->count) {
		struct why_item *a = &before->items[i], *b = &after->items[j];

		if (a->match != WHY_NO_MATCH || b->match != WHY_NO_MATCH || !same_name(a, b) ||
		    !why_same_digest(&a->event, &b->event))
			return;
		pair(before, i, after, j);
		i = next_of_pcr(before, pcr, i + (backward ? SIZE_MAX : 1), backward);
		j = next_of_pcr(after, pcr, j + (backward ? SIZE_MAX : 1), backward);
	}
}

static bool same_thing(const struct why_item *a, const struct why_item *b)
{
	return same_name(a, b) && why_same_digest(&a->event, &b->event);
}

static bool same_content(const struct why_item *a, const struct why_item *b)
{
	return a->role == b->role && a->event.pcr == b->event.pcr && why_same_digest(&a->event, &b->event);
}

static bool same_place(const struct why_item *a, const struct why_item *b)
{
	return a->role == b->role && a->role > ROLE_NAMED;
}

static void match_rest(struct side *before, struct side *after,
                       bool (*same)(const struct why_item *a, const struct why_item *b))
{
	for (size_t i = 0; i < before->count; i++)
		for (size_t j = 0; j < after->count && before->items[i].match == WHY_NO_MATCH; j++)
			if (after->items[j].match == WHY_NO_MATCH && same(&before->items[i], &after->items[j]))
				pair(before, i, after, j);
}

static void match(struct side *before, struct side *after)
{
	for (unsigned pcr = 0; pcr < EVENTLOG_PCR_COUNT; pcr++) {
		match_ends(before, after, pcr, false);
		match_ends(before, after, pcr, true);
	}
	match_rest(before, after, same_thing);
	match_rest(before, after, same_content);
	match_rest(before, after, same_name);
	match_rest(before, after, same_place);
}

static const char *const kind_names[WHY_KINDS] = {
    [WHY_BANKS_CHANGED] = "banks-changed",
    [WHY_FIRMWARE_LOG_ABSENT] = "firmware-log-absent",
    [WHY_FIRMWARE_LOG_FOUND] = "firmware-log-found",
    [WHY_LOCALITY_CHANGED] = "locality-changed",
    [WHY_FLASH_LAYOUT_CHANGED] = "flash-layout-changed",
    [WHY_STAGE_CHANGED] = "stage-changed",
    [WHY_PAYLOAD_CHANGED] = "payload-changed",
    [WHY_ROM_PART_CHANGED] = "rom-part-changed",
    [WHY_ROM_PART_ADDED] = "rom-part-added",
    [WHY_ROM_PART_MISSING] = "rom-part-missing",
    [WHY_SETTINGS_CHANGED] = "settings-changed",
    [WHY_SETTINGS_ADDED] = "settings-added",
    [WHY_SETTINGS_REMOVED] = "settings-removed",
    [WHY_OWNER_KEY_CHANGED] = "owner-key-changed",
    [WHY_OWNER_KEY_ADDED] = "owner-key-added",
    [WHY_OWNER_KEY_REMOVED] = "owner-key-removed",
    [WHY_OWNER_FILE_CHANGED] = "owner-file-changed",
    [WHY_OWNER_FILE_ADDED] = "owner-file-added",
    [WHY_OWNER_FILE_REMOVED] = "owner-file-removed",
    [WHY_RECOVERY_ENTERED] = "recovery-entered",
    [WHY_FORCED_BOOT] = "forced-boot",
    [WHY_MENU_CRASHED] = "menu-crashed",
    [WHY_HANDED_OVER] = "handed-over",
    [WHY_NOT_HANDED_OVER] = "not-handed-over",
    [WHY_MODE_ADDED] = "mode-added",
    [WHY_MODE_MISSING] = "mode-missing",
    [WHY_MANIFEST_CHANGED] = "manifest-changed",
    [WHY_MANIFEST_ADDED] = "manifest-added",
    [WHY_MANIFEST_MISSING] = "manifest-missing",
    [WHY_KERNEL_CHANGED] = "kernel-changed",
    [WHY_KERNEL_ADDED] = "kernel-added",
    [WHY_KERNEL_MISSING] = "kernel-missing",
    [WHY_INITRD_CHANGED] = "initrd-changed",
    [WHY_INITRD_ADDED] = "initrd-added",
    [WHY_INITRD_MISSING] = "initrd-missing",
    [WHY_COMMAND_LINE_CHANGED] = "command-line-changed",
    [WHY_COMMAND_LINE_ADDED] = "command-line-added",
    [WHY_COMMAND_LINE_MISSING] = "command-line-missing",
    [WHY_UNKNOWN_CHANGED] = "unknown-changed",
    [WHY_UNKNOWN_EXTEND] = "unknown-extend",
    [WHY_EVENT_MISSING] = "event-missing",
    [WHY_ORDER_CHANGED] = "order-changed",
    [WHY_USB_BOOT] = "usb-boot",
    [WHY_LUKS_CHANGED] = "luks-changed",
    [WHY_TPM_RESET] = "tpm-reset",
    [WHY_TPM_CLEARED] = "tpm-cleared",
    [WHY_TPM_CHANGED] = "tpm-changed",
    [WHY_LOG_MISSING] = "event-log-missing",
    [WHY_LOG_DAMAGED] = "event-log-damaged",
    [WHY_NOT_EXPLAINED] = "not-explained",
};

const char *why_kind_name(enum why_kind kind)
{
	return kind_names[kind];
}

/* A cause that is there already is not told twice: an owner's file that was added is two events. */
static void add_cause(struct why *why, const struct why_cause *cause)
{
	for (size_t i = 0; i < why->count; i++)
		if (why->causes[i].kind == cause->kind && why->causes[i].pcr == cause->pcr &&
		    strcmp(why->causes[i].sentence, cause->sentence) == 0)
			return;
	if (why->count < WHY_MAX_CAUSES)
		why->causes[why->count++] = *cause;
}

void why_add(struct why *why, enum why_kind kind, int pcr, const char *format, ...)
{
	struct why_cause cause = {.kind = kind, .pcr = pcr};
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(cause.sentence, sizeof(cause.sentence), format, arguments);
	va_end(arguments);
	add_cause(why, &cause);
}

static bool has_bank(const struct side *side, uint16_t algorithm)
{
	for (size_t i = 0; i < side->start.bank_count; i++)
		if (side->start.banks[i].algorithm == algorithm)
			return true;
	return false;
}

/* Names of the banks that one has and the other has not. Returns how many both have. */
static size_t only_here(const struct side *here, const struct side *there, char *text, size_t size)
{
	size_t common = 0, used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < here->start.bank_count; i++) {
		const char *name = hash_name((enum hash_algorithm)here->start.banks[i].algorithm);

		if (has_bank(there, here->start.banks[i].algorithm))
			common += name ? 1 : 0;
		else if (used < size)
			used += (size_t)snprintf(text + used, size - used, " %s", name ? name : "unknown");
	}
	return common;
}

static int compare_banks(const struct side *before, const struct side *after, struct why *why, struct error *error)
{
	struct why_cause cause = {.kind = WHY_BANKS_CHANGED, .pcr = WHY_NO_PCR};
	char gone[128], new[128];

	(void)only_here(after, before, new, sizeof(new));
	if (only_here(before, after, gone, sizeof(gone)) == 0)
		return error_set(error, E_UNSUPPORTED, "event log", "the two event logs have no PCR bank in common");
	if (!gone[0] && !new[0])
		return 0;
	(void)snprintf(cause.sentence, sizeof(cause.sentence), "the TPM's active banks changed:%s%s%s%s%s",
	               gone[0] ? " without" : "", gone, gone[0] && new[0] ? "," : "", new[0] ? " with" : "", new);
	add_cause(why, &cause);
	return 0;
}

static void compare_notes(const struct side *before, const struct side *after, struct why *why)
{
	struct why_cause cause = {.pcr = EVENTLOG_ROM_PCR};

	if (before->locality != after->locality) {
		cause = (struct why_cause){.kind = WHY_LOCALITY_CHANGED, .pcr = 0};
		(void)snprintf(cause.sentence, sizeof(cause.sentence),
		               "the TPM was started from locality %d, before from %d", after->locality,
		               before->locality);
		add_cause(why, &cause);
	}
	if (before->firmware_absent == after->firmware_absent)
		return;
	cause = (struct why_cause){.kind = after->firmware_absent ? WHY_FIRMWARE_LOG_ABSENT : WHY_FIRMWARE_LOG_FOUND,
	                           .pcr = EVENTLOG_ROM_PCR};
	if (after->firmware_absent)
		(void)snprintf(cause.sentence, sizeof(cause.sentence),
		               "the firmware left no log of what it measured (%s): PCR 2 is not explained",
		               after->firmware_reason);
	else
		(void)snprintf(cause.sentence, sizeof(cause.sentence),
		               "the earlier log misses the firmware's part: PCR 2 cannot be compared");
	add_cause(why, &cause);
}

/* Where only one of the boots got as far, what follows from it is not told one by one. */
static bool follows_from_other(const struct side *before, const struct side *after, const struct why_item *item)
{
	if (item->role == ROLE_FIRMWARE)
		return before->firmware_absent != after->firmware_absent;
	return item->role > ROLE_NAMED && before->handed_over != after->handed_over;
}

static int say(const struct why_item *before, const struct why_item *after, const struct why_settings *settings,
               struct why *why, struct error *error)
{
	struct why_cause cause = {.pcr = WHY_NO_PCR};
	int r;

	if (before)
		cause.pcr = (int)before->event.pcr;
	if (after)
		cause.pcr = (int)after->event.pcr;
	r = why_say(before, after, settings, &cause, error);
	if (r == 0)
		add_cause(why, &cause);
	return r;
}

/* In the order of the boot: what of both logs stands at the same number comes together. */
static int compare_items(const struct side *before, const struct side *after, const struct why_settings *settings,
                         struct why *why, struct error *error)
{
	size_t count = before->count > after->count ? before->count : after->count;
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		const struct why_item *old = i < before->count ? &before->items[i] : NULL;
		const struct why_item *new = i < after->count ? &after->items[i] : NULL;

		if (old && old->match != WHY_NO_MATCH && !why_same_digest(&old->event, &after->items[old->match].event))
			r = say(old, &after->items[old->match], settings, why, error);
		else if (old && old->match == WHY_NO_MATCH && !follows_from_other(before, after, old))
			r = say(old, NULL, settings, why, error);
		if (r == 0 && new &&new->match == WHY_NO_MATCH && !follows_from_other(before, after, new))
			r = say(NULL, new, settings, why, error);
	}
	return r;
}

static void compare_order(const struct side *before, const struct side *after, struct why *why)
{
	size_t last[EVENTLOG_PCR_COUNT] = {0};

	for (size_t i = 0; i < before->count; i++) {
		const struct why_item *item = &before->items[i];
		struct why_cause cause = {.kind = WHY_ORDER_CHANGED, .pcr = (int)item->event.pcr};

		if (item->match == WHY_NO_MATCH || !why_same_digest(&item->event, &after->items[item->match].event))
			continue;
		if (item->match + 1 > last[item->event.pcr]) {
			last[item->event.pcr] = item->match + 1;
			continue;
		}
		(void)snprintf(cause.sentence, sizeof(cause.sentence),
		               "the order of what was measured into PCR %d changed", cause.pcr);
		add_cause(why, &cause);
	}
}

int why_compare(struct bytes before, struct bytes after, const struct why_settings *settings, struct why *ret_why,
                struct error *error)
{
	CLEANUP(side_clear) struct side old = {0}, new = {0};
	int r = side_read(before, &old, error);

	ret_why->count = 0;
	if (r == 0)
		r = side_read(after, &new, error);
	if (r == 0)
		r = compare_banks(&old, &new, ret_why, error);
	if (r < 0)
		return r;
	compare_notes(&old, &new, ret_why);
	match(&old, &new);
	r = compare_items(&old, &new, settings, ret_why, error);
	if (r == 0)
		compare_order(&old, &new, ret_why);
	return r;
}
