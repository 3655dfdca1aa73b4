/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/predict.h"
#include "attest/eventlog.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "format/cbfs.h"
#include "rom/owner_files.h"
#include "rom/slots.h"
#include <stdio.h>
#include <string.h>

#define REGION_PREFIX "FMAP: "
#define FILE_PREFIX   " CBFS: "
#define SLOT_PREFIX   ROM_PAYLOAD_SLOTS "_"
#define PAYLOAD       "fallback/payload"

/* What an ordinary build measures, in this order. */
static const struct {
	const char *file; /* NULL: the region itself */
	const char *region;
	bool optional;
} parts[] = {
    {NULL, "FMAP", false},
    {"bootblock", ROM_REGION, false},
    {"fallback/romstage", ROM_REGION, false},
    {"fallback/postcar", ROM_REGION, true}, /* not every chipset has one */
    {"fallback/ramstage", ROM_REGION, false},
    {PAYLOAD, ROM_REGION, false}, /* of an image with slots: in one of them */
};

static void extend(struct digest *pcr, struct bytes measured)
{
	struct digest digest = digest_of(pcr->algorithm, measured);
	struct bytes both[] = {digest_bytes(pcr), digest_bytes(&digest)};

	*pcr = digest_of_parts(pcr->algorithm, both, ARRAY_SIZE(both));
}

static int find_file(const struct rom_image *image, const char *region_name, const char *name, struct bytes *ret_data,
                     struct error *error)
{
	size_t offset;
	struct cbfs_file file;
	struct bytes region;
	int r = fmap_find(image->bytes, region_name, &offset, &region, error);

	if (r < 0)
		return r;
	r = cbfs_find_file(region, name, &file, error);
	if (r == -E_NOT_FOUND)
		return error_set(error, E_NOT_FOUND, name,
		                 "the region %s of the image holds no %s, which coreboot measures", region_name, name);
	if (r == 0)
		*ret_data = file.data;
	return r;
}

/* A payload slot stands for the one that this image starts, which need not be the one that a log names. What is
 * measured of it, under the payload's name, is what its mark covers: the CBFS that holds the payload. */
static int started_slot(const struct rom_image *image, struct bytes *ret_data, struct error *error)
{
	struct rom_slots slots;
	int started, r = rom_slots_read(image, ROM_PAYLOAD_SLOTS, true, &slots, error);

	if (r < 0)
		return r;
	started = rom_slots_started(&slots);
	if (started < 0)
		return error_set(error, E_NOT_FOUND, ROM_PAYLOAD_SLOTS,
		                 "no payload slot of the image has a mark: %s is "
		                 "%s, %s is %s",
		                 slots.slots[0].name, rom_slot_state_name(slots.slots[0].state), slots.slots[1].name,
		                 rom_slot_state_name(slots.slots[1].state));
	*ret_data = bytes_slice(slots.slots[started].region, 0, slots.slots[started].used);
	return 0;
}

static int find_part(const struct rom_image *image, const char *region, const char *file, struct bytes *ret_data,
                     struct error *error)
{
	size_t offset;

	if (file && strcmp(file, PAYLOAD) == 0 && strncmp(region, SLOT_PREFIX, strlen(SLOT_PREFIX)) == 0)
		return started_slot(image, ret_data, error);
	return file ? find_file(image, region, file, ret_data, error)
	            : fmap_find(image->bytes, region, &offset, ret_data, error);
}

static bool has_slots(const struct rom_image *image)
{
	struct rom_slots slots;

	return rom_slots_read(image, ROM_PAYLOAD_SLOTS, false, &slots, NULL) == 0;
}

static int ordinary_build(const struct rom_image *image, struct digest *pcr, struct error *error)
{
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		bool in_slot = parts[i].file && strcmp(parts[i].file, PAYLOAD) == 0 && has_slots(image);
		struct bytes data = BYTES_EMPTY;
		int r = find_part(image, in_slot ? SLOT_PREFIX : parts[i].region, parts[i].file, &data, error);

		if (r == -E_NOT_FOUND && parts[i].optional)
			continue;
		if (r < 0)
			return r;
		extend(pcr, data);
	}
	return 0;
}

/* "FMAP: REGION" or "FMAP: REGION CBFS: FILE". */
static int named_part(const struct rom_image *image, struct bytes name, struct bytes *ret_data, struct error *error)
{
	CLEANUP_FREE char *text = bytes_to_string(name);
	char escaped[128], *file;

	if (!text || !bytes_start_with(name, REGION_PREFIX))
		return error_set(error, E_UNSUPPORTED, "event log",
		                 "the log's event \"%s\" of PCR %d does not name a part of a coreboot image",
		                 text_escape_into(name, escaped, sizeof(escaped)), EVENTLOG_ROM_PCR);
	file = strstr(text, FILE_PREFIX);
	if (file) {
		*file = '\0';
		file += strlen(FILE_PREFIX);
	}
	return find_part(image, text + strlen(REGION_PREFIX), file, ret_data, error);
}

static int as_logged(const struct rom_image *image, struct bytes log, struct digest *pcr, struct error *error)
{
	struct eventlog_reader reader;
	struct eventlog_event event;
	size_t count = 0;
	int r = eventlog_open(log, &reader, error);

	while (r >= 0 && (r = eventlog_next(&reader, &event, error)) > 0) {
		struct bytes data = BYTES_EMPTY;

		if (event.pcr != EVENTLOG_ROM_PCR || event.type == EVENTLOG_NO_ACTION)
			continue;
		r = named_part(image, event.data, &data, error);
		if (r < 0)
			return r;
		extend(pcr, data);
		count++;
	}
	if (r == 0 && count == 0)
		return error_set(error, E_NOT_FOUND, "event log", "the log holds no event of PCR %d to go by",
		                 EVENTLOG_ROM_PCR);
	return r;
}

int predict_firmware(const struct rom_image *image, enum hash_algorithm bank, struct bytes log, struct digest *ret_pcr,
                     struct error *error)
{
	struct digest pcr = eventlog_first_value(bank, EVENTLOG_ROM_PCR);
	int r = log.size > 0 ? as_logged(image, log, &pcr, error) : ordinary_build(image, &pcr, error);

	if (r == 0)
		*ret_pcr = pcr;
	return r;
}

int predict_owner_files(const struct rom_image *image, enum hash_algorithm bank, struct digest *ret_pcr,
                        struct error *error)
{
	struct digest pcr = eventlog_first_value(bank, 0);
	CLEANUP(owner_files_clear) struct owner_files files = {0};
	int r = owner_files_read(image, &files, error);

	if (r < 0)
		return r;
	for (size_t i = 0; i < files.count; i++) {
		extend(&pcr, bytes_from_string(files.files[i].name));
		extend(&pcr, buffer_bytes(&files.files[i].content));
	}
	*ret_pcr = pcr;
	return 0;
}
