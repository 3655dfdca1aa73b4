/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/explain.h"
#include "attest/eventlog.h"
#include "attest/keep.h"
#include "base/cleanup.h"
#include "trust/trust.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SEAL_PCR_MASK 0xffu
#define RESET_LOOKED  64 /* events of a PCR that a reset is looked for in */

const char *explain_source_name(enum explain_source source)
{
	static const char *const names[] = {"nothing", "signed", "tpm"};

	return names[source];
}

/* A list that was kept, and the PCRs that it stands for. */
struct list {
	struct buffer text; /* of the TPM's list */
	struct baseline content;
	struct tpm_pcrs pcrs;
	bool there;
};

static void list_clear(struct list *list)
{
	baseline_clear(&list->content);
	buffer_clear(&list->text);
}

/* What is so now. */
struct now {
	struct buffer log;       /* as it is */
	struct baseline content; /* as it would be kept */
	struct buffer text;
	struct tpm_pcrs pcrs;
	uint32_t sealed_otherwise; /* PCRs whose values are not those that the secret is sealed to */
	struct error problem;      /* of the log; code E_NONE: none */
};

static void now_clear(struct now *now)
{
	baseline_clear(&now->content);
	buffer_clear(&now->text);
	buffer_clear(&now->log);
}

/* The PCRs of a list: those that its events lead to, and those that it names beside them. */
static int list_pcrs(const struct baseline *content, struct tpm_pcrs *ret_pcrs)
{
	struct eventlog_replay replay;
	int r = eventlog_replay(buffer_bytes(&content->log), &replay, NULL);

	if (r < 0)
		return r;
	for (size_t i = 0; i < replay.bank_count; i++)
		if (replay.banks[i].bank == HASH_SHA256)
			*ret_pcrs = replay.banks[i];
	for (unsigned pcr = 0; pcr < TPM_PCR_COUNT; pcr++)
		if (content->untold.mask & 1u << pcr)
			ret_pcrs->values[pcr] = content->untold.values[pcr];
	return 0;
}

static void read_list(struct bytes text, struct list *list)
{
	list->there = text.size > 0 && baseline_parse(text, &list->content, NULL) == 0 &&
	              list_pcrs(&list->content, &list->pcrs) == 0;
}

/* PCRs in which a list differs from now. */
static uint32_t differing(const struct list *list, const struct now *now)
{
	uint32_t mask = 0;

	for (unsigned pcr = 0; pcr < TPM_PCR_COUNT; pcr++)
		if (KEEP_PCR_MASK & 1u << pcr && !digest_equal(&list->pcrs.values[pcr], &now->pcrs.values[pcr]))
			mask |= 1u << pcr;
	return mask;
}

/* The log as it would be kept, so that both sides of the comparison have gone the same way. */
static int read_log(struct now *now)
{
	struct baseline_untold untold;
	struct baseline_content content = {BYTES_EMPTY, KEEP_PCR_MASK, BYTES_EMPTY, &untold};
	struct tpm_pcrs kept = now->pcrs;
	int r = eventlog_read(&now->log, &now->problem);

	kept.mask = KEEP_PCR_MASK;
	content.log = buffer_bytes(&now->log);
	if (r == 0)
		r = keep_find_untold(content.log, &kept, &untold, &now->problem);
	if (r == 0)
		r = baseline_write(&content, &now->text, &now->problem);
	if (r == 0)
		r = baseline_parse(buffer_bytes(&now->text), &now->content, &now->problem);
	return r;
}

static int read_now(struct tpm *tpm, struct now *now, struct error *error)
{
	int r = tpm_pcr_read(tpm, HASH_SHA256, SEAL_PCR_MASK, &now->pcrs, error);

	if (r == 0 && read_log(now) == -E_MEMORY)
		return error_set(error, E_MEMORY, "event log", "there is not enough memory to compare event logs");
	return r;
}

/* Whether the PCR's value is that of its last events alone: the first ones were lost, all of them perhaps (A3). */
static bool lost_its_start(struct bytes log, const struct tpm_pcrs *now, unsigned pcr)
{
	struct digest digests[RESET_LOOKED];
	struct eventlog_reader reader;
	struct eventlog_event event;
	size_t count = 0;

	if (eventlog_open(log, &reader, NULL) < 0)
		return false;
	while (eventlog_next(&reader, &event, NULL) > 0) {
		const struct digest *digest = eventlog_digest(&event, now->bank);

		if (event.pcr != pcr || event.type == EVENTLOG_NO_ACTION || !digest)
			continue;
		if (count == RESET_LOOKED)
			return false;
		digests[count++] = *digest;
	}
	for (size_t first = 1; first <= count; first++) {
		struct digest value = eventlog_first_value(now->bank, pcr);

		for (size_t i = first; i < count; i++) {
			struct bytes parts[] = {digest_bytes(&value), digest_bytes(&digests[i])};

			value = digest_of_parts(now->bank, parts, 2);
		}
		if (digest_equal(&value, &now->values[pcr]))
			return true;
	}
	return false;
}

static void say_reset(unsigned pcr, const struct tpm_since_start *since, struct why *why)
{
	char count[48] = "";

	for (size_t i = 0; i < why->count; i++)
		if (why->causes[i].kind == WHY_TPM_RESET)
			return;
	if (since && since->history == TPM_HISTORY_UNUSUAL)
		(void)snprintf(count, sizeof(count), " (resetCount +%" PRIu32 ")", since->resets);
	why_add(why, WHY_TPM_RESET, (int)pcr,
	        "TPM was reset while the machine was running%s: PCR %u has lost what was measured before", count, pcr);
}

/* PCRs that the log of now does not lead to: a reset comes first, because nothing else counts then. */
static void find_resets(const struct now *now, const struct tpm_since_start *since, struct why *why)
{
	for (unsigned pcr = 0; pcr < TPM_PCR_COUNT; pcr++)
		if (now->content.untold.mask & 1u << pcr && lost_its_start(buffer_bytes(&now->log), &now->pcrs, pcr))
			say_reset(pcr, since, why);
}

/* Values that no event leads to, before or now. list NULL: it is not known what was before. */
static void find_unknown_extends(const struct now *now, const struct list *list, struct why *why)
{
	const struct baseline_untold *after = &now->content.untold, *before = list ? &list->content.untold : NULL;

	for (unsigned pcr = 0; pcr < TPM_PCR_COUNT; pcr++) {
		bool was = before && before->mask & 1u << pcr, is = after->mask & 1u << pcr;

		if (is && lost_its_start(buffer_bytes(&now->log), &now->pcrs, pcr))
			continue;
		if (is && !was)
			why_add(why, WHY_UNKNOWN_EXTEND, (int)pcr,
			        "PCR %u was extended by something unknown, which is not in the event log", pcr);
		else if (is && !digest_equal(&after->values[pcr], &before->values[pcr]))
			why_add(why, WHY_UNKNOWN_CHANGED, (int)pcr,
			        "what is measured into PCR %u without an event is not what it was", pcr);
		else if (was && !is)
			why_add(why, WHY_EVENT_MISSING, (int)pcr,
			        "PCR %u lacks an extend without an event that was there before", pcr);
	}
}

/* Only the disk's key hangs on these two. What was measured into them is not kept. */
static void find_disk_causes(const struct now *now, struct why *why)
{
	if (now->sealed_otherwise & 1u << 5)
		why_add(why, WHY_UNKNOWN_EXTEND, 5, "PCR 5 was extended: a kernel module, or something unknown");
	if (now->sealed_otherwise & 1u << 6)
		why_add(why, WHY_LUKS_CHANGED, 6, "the LUKS header of a disk changed, or it is another disk");
}

/* earlier: the settings that belong to the list, data NULL where they are not known. */
static int compare(const struct baseline *list, struct bytes earlier, const struct now *now,
                   const struct explain_known *known, struct why *why, struct error *error)
{
	const struct bytes before = buffer_bytes(&list->log), after = buffer_bytes(&now->content.log);
	const struct why_settings settings = {earlier, known->settings};
	CLEANUP_FREE struct why *found = calloc(1, sizeof(*found));
	int r;

	if (!found)
		return error_set(error, E_MEMORY, "event log", "there is not enough memory to compare event logs");
	r = why_compare(before, after, &settings, found, error);
	if (r == -E_USAGE) /* settings that are not those that were measured: the events tell what they can */
		r = why_compare(before, after, NULL, found, error);
	for (size_t i = 0; r == 0 && i < found->count; i++)
		why_add(why, found->causes[i].kind, found->causes[i].pcr, "%s", found->causes[i].sentence);
	return r;
}

/* Without a list: what the modes in PCR 4 say by themselves. */
static int compare_with_nothing(const struct now *now, const struct explain_known *known, struct why *why,
                                struct error *error)
{
	const struct baseline_content content = {buffer_bytes(&now->log), KEEP_PCR_MASK & ~(1u << TRUST_MODE_PCR),
	                                         BYTES_EMPTY, NULL};
	CLEANUP(baseline_clear) struct baseline before = {.has_settings = false};
	CLEANUP(buffer_clear) struct buffer text = {0};
	int r = baseline_write(&content, &text, error);

	if (r == 0)
		r = baseline_parse(buffer_bytes(&text), &before, error);
	return r < 0 ? r : compare(&before, BYTES_EMPTY, now, known, why, error);
}

static void say_without_log(const struct now *now, struct why *why)
{
	if (now->problem.code == E_NOT_FOUND)
		why_add(why, WHY_LOG_MISSING, WHY_NO_PCR,
		        "there is no event log of this start: which PCRs differ is known, and not why");
	else
		why_add(why, WHY_LOG_DAMAGED, WHY_NO_PCR, "the event log of this start is of no use: %.300s",
		        now->problem.sentence);
}

static void say_unexplained(const struct now *now, struct why *why)
{
	for (unsigned pcr = 0; pcr < TPM_PCR_COUNT; pcr++)
		if (now->sealed_otherwise & 1u << pcr)
			why_add(why, WHY_NOT_EXPLAINED, (int)pcr,
			        "PCR %u differs from what the secret is sealed to, and nothing that was kept says why",
			        pcr);
}

/* The list that belongs to the seal: NULL for none. */
static const struct list *choose(const struct list *of_boot, const struct list *of_tpm, const struct now *now,
                                 enum explain_source *ret_source)
{
	const uint32_t wanted = now->sealed_otherwise & KEEP_PCR_MASK;

	*ret_source = EXPLAIN_NOTHING;
	if (of_tpm->there && differing(of_tpm, now) == wanted)
		*ret_source = EXPLAIN_TPM;
	else if (of_boot->there && differing(of_boot, now) == wanted)
		*ret_source = EXPLAIN_SIGNED;
	return *ret_source == EXPLAIN_SIGNED ? of_boot : *ret_source == EXPLAIN_TPM ? of_tpm : NULL;
}

static int explain_difference(struct now *now, const struct list *of_boot, const struct list *of_tpm,
                              const struct explain_known *known, struct explanation *explanation, struct error *error)
{
	struct why *why = &explanation->why;
	const struct list *list = choose(of_boot, of_tpm, now, &explanation->source);
	struct bytes earlier;
	int r;

	if (now->problem.code != E_NONE) {
		say_without_log(now, why);
		return 0;
	}
	find_resets(now, known->since, why);
	/* The disk's key may differ in PCRs that no list holds. */
	if (now->sealed_otherwise & KEEP_PCR_MASK && of_boot->there && differing(of_boot, now) == 0) {
		why_add(why, WHY_TPM_CHANGED, WHY_NO_PCR,
		        "this is another TPM, or its secret was made in another state of the machine: all that was "
		        "measured is as it was when /boot was signed");
		return 0;
	}
	/* The TPM's list may have had no room for the settings. */
	earlier = list && list->content.has_settings ? list->content.settings : of_boot->content.settings;
	r = list ? compare(&list->content, earlier, now, known, why, error)
	         : compare_with_nothing(now, known, why, error);
	if (r < 0)
		return r;
	find_unknown_extends(now, list, why);
	find_disk_causes(now, why);
	if (why->count == 0)
		say_unexplained(now, why);
	return 0;
}

/* Nothing is sealed: a TPM that was cleared keeps the list, another one does not. */
static void explain_no_secret(const struct list *of_boot, const struct list *of_tpm, const struct explain_known *known,
                              struct explanation *explanation)
{
	struct why *why = &explanation->why;

	explanation->source = of_tpm->there ? EXPLAIN_TPM : of_boot->there ? EXPLAIN_SIGNED : EXPLAIN_NOTHING;
	if (of_tpm->there || (known->since && known->since->history == TPM_HISTORY_CLEARED))
		why_add(why, WHY_TPM_CLEARED, WHY_NO_PCR, "TPM was cleared: the secret that opened before is gone");
	else if (of_boot->there)
		why_add(why, WHY_TPM_CHANGED, WHY_NO_PCR,
		        "this is another TPM than the one with which /boot was signed, or it was made like new: it "
		        "holds nothing of Heads");
}

int explain_seal(struct tpm *tpm, enum tpm_slot slot, const struct explain_known *known,
                 struct explanation *ret_explanation, struct error *error)
{
	CLEANUP(list_clear) struct list of_boot = {.there = false}, of_tpm = {.there = false};
	CLEANUP(now_clear) struct now now = {.problem = {.code = E_NONE}};
	int r;

	*ret_explanation = (struct explanation){.source = EXPLAIN_NOTHING};
	if (known->foreign) {
		why_add(&ret_explanation->why, WHY_TPM_CHANGED, WHY_NO_PCR,
		        "this is another TPM, or its storage key was replaced: it is not the one that was recorded");
		return 0;
	}
	read_list(known->signed_list, &of_boot);
	if (tpm_baseline_read(tpm, &of_tpm.text, NULL) == 0)
		read_list(buffer_bytes(&of_tpm.text), &of_tpm);
	r = tpm_seal_difference(tpm, slot, &now.sealed_otherwise, error);
	if (r == -E_NO_SECRET) {
		explain_no_secret(&of_boot, &of_tpm, known, ret_explanation);
		return 0;
	}
	if (r < 0 || now.sealed_otherwise == 0)
		return r;
	r = read_now(tpm, &now, error);
	return r < 0 ? r : explain_difference(&now, &of_boot, &of_tpm, known, ret_explanation, error);
}
