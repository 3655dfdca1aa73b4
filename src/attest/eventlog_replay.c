/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/eventlog.h"
#include "base/text.h"
#include <stdio.h>
#include <string.h>

#define STATIC_PCRS      0x0000ffffu
#define FIRST_DRTM_PCR   17
#define LAST_DRTM_PCR    22
#define LARGEST_LOCALITY 4

struct digest eventlog_first_value(enum hash_algorithm bank, unsigned pcr)
{
	struct digest value = {.algorithm = bank, .size = hash_size(bank)};

	memset(value.data, pcr >= FIRST_DRTM_PCR && pcr <= LAST_DRTM_PCR ? 0xff : 0, value.size);
	return value;
}

static void extend(struct tpm_pcrs *pcrs, unsigned pcr, const struct digest *digest)
{
	struct bytes parts[] = {digest_bytes(&pcrs->values[pcr]), digest_bytes(digest)};

	pcrs->values[pcr] = digest_of_parts(pcrs->bank, parts, 2);
	pcrs->mask |= 1u << pcr;
}

/* What is noted but not extended. */
static void take_note(struct eventlog_replay *replay, const struct eventlog_event *event)
{
	int locality = eventlog_startup_locality(event);

	for (size_t i = 0; i < replay->bank_count && locality > 0 && locality <= LARGEST_LOCALITY; i++)
		replay->banks[i].values[0].data[replay->banks[i].values[0].size - 1] = (uint8_t)locality;
	if (bytes_start_with(event->data, EVENTLOG_NO_FIRMWARE)) {
		size_t prefix = strlen(EVENTLOG_NO_FIRMWARE);

		replay->firmware_absent = true;
		(void)text_escape_into(bytes_slice(event->data, prefix, event->data.size), replay->firmware_reason,
		                       sizeof(replay->firmware_reason));
	}
}

static void start_banks(const struct eventlog_reader *reader, struct eventlog_replay *replay)
{
	for (size_t i = 0; i < reader->bank_count && replay->bank_count < TPM_MAX_BANKS; i++) {
		enum hash_algorithm bank = (enum hash_algorithm)reader->banks[i].algorithm;
		struct tpm_pcrs *pcrs = &replay->banks[replay->bank_count];

		if (hash_size(bank) == 0)
			continue;
		pcrs->bank = bank;
		for (unsigned pcr = 0; pcr < TPM_PCR_COUNT; pcr++)
			pcrs->values[pcr] = eventlog_first_value(bank, pcr);
		replay->bank_count++;
	}
}

int eventlog_replay(struct bytes log, struct eventlog_replay *ret_replay, struct error *error)
{
	struct eventlog_replay replay = {0};
	struct eventlog_reader reader;
	struct eventlog_event event;
	int r = eventlog_open(log, &reader, error);

	if (r < 0)
		return r;
	start_banks(&reader, &replay);
	if (replay.bank_count == 0)
		return error_set(error, E_UNSUPPORTED, "event 0", "the event log names no bank that is known here");
	while ((r = eventlog_next(&reader, &event, error)) > 0) {
		replay.events++;
		if (event.type == EVENTLOG_NO_ACTION) {
			take_note(&replay, &event);
			continue;
		}
		for (size_t i = 0; i < replay.bank_count; i++) {
			const struct digest *digest = eventlog_digest(&event, replay.banks[i].bank);

			if (digest)
				extend(&replay.banks[i], event.pcr, digest);
		}
	}
	if (r == 0)
		*ret_replay = replay;
	return r;
}

static const struct tpm_pcrs *find_bank(const struct eventlog_replay *replay, enum hash_algorithm bank)
{
	for (size_t i = 0; i < replay->bank_count; i++)
		if (replay->banks[i].bank == bank)
			return &replay->banks[i];
	return NULL;
}

static void explain(const struct eventlog_replay *replay, bool known, struct eventlog_difference *difference)
{
	struct digest untouched = eventlog_first_value(difference->bank, difference->pcr);
	const char *bank = hash_name(difference->bank);

	if (replay->firmware_absent && difference->pcr == EVENTLOG_ROM_PCR)
		(void)snprintf(difference->sentence, sizeof(difference->sentence),
		               "PCR %u (%s) is not known: the log misses the firmware's part (%s)", difference->pcr,
		               bank, replay->firmware_reason);
	else if (!known)
		(void)snprintf(difference->sentence, sizeof(difference->sentence),
		               "the bank %s is active and PCR %u of it was extended, but the log does not know it",
		               bank, difference->pcr);
	else if (digest_equal(&untouched, &difference->found))
		(void)snprintf(difference->sentence, sizeof(difference->sentence),
		               "the log extends PCR %u (%s), which is untouched in the TPM", difference->pcr, bank);
	else if (digest_equal(&untouched, &difference->replayed))
		(void)snprintf(difference->sentence, sizeof(difference->sentence),
		               "PCR %u (%s) was extended, but the log holds no event for it", difference->pcr, bank);
	else
		(void)snprintf(difference->sentence, sizeof(difference->sentence),
		               "PCR %u (%s) differs: the log's events do not lead to the value in the TPM",
		               difference->pcr, bank);
}

static int compare_bank(const struct eventlog_replay *replay, struct tpm *tpm, enum hash_algorithm bank,
                        struct eventlog_difference *difference, struct error *error)
{
	const struct tpm_pcrs *replayed = find_bank(replay, bank);
	struct tpm_pcrs found;
	uint32_t mask = STATIC_PCRS | (replayed ? replayed->mask : 0);
	int r = tpm_pcr_read(tpm, bank, mask, &found, error);

	if (r < 0)
		return r;
	for (unsigned pcr = 0; pcr < TPM_PCR_COUNT; pcr++) {
		struct digest expected = replayed ? replayed->values[pcr] : eventlog_first_value(bank, pcr);

		if (!(mask & 1u << pcr) || digest_equal(&expected, &found.values[pcr]))
			continue;
		*difference = (struct eventlog_difference){bank, pcr, expected, found.values[pcr], ""};
		explain(replay, replayed != NULL, difference);
		return 1;
	}
	return 0;
}

int eventlog_compare(const struct eventlog_replay *replay, struct tpm *tpm, struct eventlog_difference *ret_difference,
                     struct error *error)
{
	const enum hash_algorithm *banks;
	size_t count = tpm_banks(tpm, &banks);

	for (size_t i = 0; i < count; i++) {
		int r = compare_bank(replay, tpm, banks[i], ret_difference, error);

		if (r != 0)
			return r;
	}
	return 0;
}
