/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/keep.h"
#include "attest/eventlog.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "format/settings.h"
#include "trust/trust.h"

/* PCR 4 is as the reset left it when the secret opens; its events came afterwards, as in the recovery shell. */
#define LISTED_PCR_MASK (KEEP_PCR_MASK & ~(1u << TRUST_MODE_PCR))

int keep_find_untold(struct bytes log, const struct tpm_pcrs *now, struct baseline_untold *ret_untold,
                     struct error *error)
{
	struct baseline_untold untold = {.mask = 0};
	const struct tpm_pcrs *replayed = NULL;
	struct eventlog_replay replay;
	int r = eventlog_replay(log, &replay, error);

	if (r < 0)
		return r;
	for (size_t i = 0; i < replay.bank_count; i++)
		if (replay.banks[i].bank == now->bank)
			replayed = &replay.banks[i];
	if (!replayed)
		return error_set(error, E_UNSUPPORTED, "event log", "the event log has no %s bank",
		                 hash_name(now->bank));
	for (unsigned pcr = 0; pcr < TPM_PCR_COUNT; pcr++) {
		if (!(now->mask & 1u << pcr) || digest_equal(&replayed->values[pcr], &now->values[pcr]))
			continue;
		untold.mask |= 1u << pcr;
		untold.values[pcr] = now->values[pcr];
	}
	*ret_untold = untold;
	return 0;
}

struct bytes keep_content(const struct buffer *file)
{
	return bytes_make(file->data ? file->data : (const uint8_t *)"", file->size);
}

int keep_read_settings(struct buffer *text, struct bytes *ret_settings, struct error *error)
{
	int r = file_read(KEEP_SETTINGS_FILE, SETTINGS_MAX_SIZE, text, error);

	*ret_settings = r == 0 ? keep_content(text) : BYTES_EMPTY;
	return r == -E_NOT_FOUND ? 0 : r;
}

static int write_text(struct tpm *tpm, struct bytes log, struct bytes settings, struct buffer *text,
                      struct error *error)
{
	struct baseline_untold untold;
	const struct baseline_content content = {log, LISTED_PCR_MASK, settings, &untold};
	struct tpm_pcrs now;
	int r = tpm_pcr_read(tpm, HASH_SHA256, LISTED_PCR_MASK, &now, error);

	if (r == 0)
		r = keep_find_untold(log, &now, &untold, error);
	return r < 0 ? r : baseline_write(&content, text, error);
}

int keep_text(struct tpm *tpm, struct bytes settings, struct buffer *text, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer log = {0};
	int r = eventlog_read(&log, error);

	return r < 0 ? r : write_text(tpm, buffer_bytes(&log), settings, text, error);
}

/* The events and settings alone: they name what is kept without a look at the PCRs, which the seal has checked. */
static int make_tag(struct bytes log, struct bytes settings, struct digest *ret_tag, struct error *error)
{
	const struct baseline_content content = {log, LISTED_PCR_MASK, settings, NULL};
	CLEANUP(buffer_clear) struct buffer plain = {0};
	int r = baseline_write(&content, &plain, error);

	if (r == 0)
		*ret_tag = digest_of(HASH_SHA256, buffer_bytes(&plain));
	return r;
}

int keep_in_tpm(struct tpm *tpm, struct bytes settings, bool anew, size_t *ret_size, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer log = {0}, text = {0};
	struct digest tag;
	bool same = false;
	int r = eventlog_read(&log, error);

	*ret_size = 0;
	if (r == 0)
		r = make_tag(buffer_bytes(&log), settings, &tag, error);
	if (r == 0 && !anew)
		r = tpm_baseline_is(tpm, &tag, &same, error);
	if (r < 0 || same)
		return r;
	r = write_text(tpm, buffer_bytes(&log), settings, &text, error);
	if (r == 0 && text.size > TPM_BASELINE_MAX_SIZE) {
		buffer_clear(&text);
		r = write_text(tpm, buffer_bytes(&log), BYTES_EMPTY, &text, error);
	}
	if (r == 0)
		r = tpm_baseline_write(tpm, &tag, buffer_bytes(&text), error);
	if (r == 0)
		*ret_size = text.size;
	return r;
}
