/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/rollback.h"
#include <inttypes.h>
#include <stdio.h>

#define SAY(verdict, ...) (void)snprintf((verdict)->sentence, sizeof((verdict)->sentence), __VA_ARGS__)

/* Against our own counter. */
static void judge_counted(const struct rollback_facts *facts, struct rollback_verdict *verdict)
{
	verdict->state = VERIFY_ROLLBACK_OLD;
	verdict->refused = true;
	if (!facts->set.bound) {
		SAY(verdict,
		    "/boot is older than the last signed one: it says no value of the TPM's counter, which is at "
		    "%" PRIu64 "; if it is the owner's, sign it again with --rollback %" PRIu64,
		    facts->counter, facts->counter + 1);
	} else if (facts->set.value < facts->counter) {
		SAY(verdict,
		    "/boot is older than the last signed one (%" PRIu64 " < %" PRIu64
		    "); if it is the owner's, sign it again with --rollback %" PRIu64,
		    facts->set.value, facts->counter, facts->counter + 1);
	} else if (facts->set.value - facts->counter > ROLLBACK_MAX_AHEAD) {
		verdict->state = VERIFY_ROLLBACK_UNKNOWN;
		SAY(verdict,
		    "/boot was signed for the counter of another TPM (%" PRIu64 ", this one's is at %" PRIu64
		    "): sign it again with --rollback %" PRIu64,
		    facts->set.value, facts->counter, facts->counter + 1);
	} else {
		verdict->state = VERIFY_ROLLBACK_OK;
		verdict->refused = false;
		verdict->raise_by = facts->set.value - facts->counter;
	}
}

static void judge_original(const struct rollback_facts *facts, struct rollback_verdict *verdict)
{
	if (facts->original_state == ROLLBACK_COUNTED) {
		verdict->refused = !rollback_original_fits(&facts->set.original, facts->original_counter);
		verdict->state = verdict->refused ? VERIFY_ROLLBACK_OLD : VERIFY_ROLLBACK_OK;
		if (verdict->refused)
			SAY(verdict,
			    "/boot is older than the last signed one: the counter 0x%08" PRIx32
			    " of the original is at %" PRIu64 " now",
			    facts->set.original.index, facts->original_counter);
		return;
	}
	verdict->state = VERIFY_ROLLBACK_UNKNOWN;
	SAY(verdict, "whether /boot is the last signed one is not known: %s",
	    facts->original_state == ROLLBACK_NO_TPM ? "no counter of a TPM was read"
	                                             : "the TPM does not hold the counter that it was signed for");
}

void rollback_judge(const struct rollback_facts *facts, struct rollback_verdict *ret_verdict)
{
	*ret_verdict = (struct rollback_verdict){.state = VERIFY_ROLLBACK_ABSENT};
	if (facts->state == ROLLBACK_UNREADABLE) {
		ret_verdict->state = VERIFY_ROLLBACK_UNKNOWN;
		ret_verdict->refused = true;
		SAY(ret_verdict,
		    "the TPM does not tell its counter: an older /boot could not be told from the last one");
	} else if (facts->state == ROLLBACK_COUNTED) {
		judge_counted(facts, ret_verdict);
	} else if (facts->set.bound) {
		ret_verdict->state = VERIFY_ROLLBACK_UNKNOWN;
		SAY(ret_verdict, "whether /boot is the last signed one is not known: %s",
		    facts->state == ROLLBACK_NO_TPM ? "no counter of a TPM was read" : "the TPM holds no counter");
	}
	/* Ours binds where both are there: the original's stays as it is for who goes back. */
	if (facts->set.has_original && (ret_verdict->state == VERIFY_ROLLBACK_ABSENT ||
	                                (!ret_verdict->refused && facts->original_state == ROLLBACK_COUNTED))) {
		const struct rollback_verdict own = *ret_verdict;

		judge_original(facts, ret_verdict);
		if (!ret_verdict->refused && own.state != VERIFY_ROLLBACK_ABSENT)
			*ret_verdict = own;
	}
}

static enum rollback_counter counter_state(int result)
{
	if (result == 0)
		return ROLLBACK_COUNTED;
	return result == -E_NOT_FOUND ? ROLLBACK_NO_COUNTER : ROLLBACK_UNREADABLE;
}

static void ask_tpm(struct tpm *tpm, struct rollback_facts *facts)
{
	facts->state = counter_state(tpm_counter_read(tpm, TPM_COUNTER_ROLLBACK, &facts->counter, NULL));
	if (facts->set.has_original)
		facts->original_state = counter_state(
		    tpm_counter_read_index(tpm, facts->set.original.index, &facts->original_counter, NULL));
}

void rollback_check(struct tpm *tpm, struct verify_result *result, struct rollback_verdict *ret_verdict)
{
	struct rollback_facts facts = {
	    .set = result->rollback_set, .state = ROLLBACK_NO_TPM, .original_state = ROLLBACK_NO_TPM};

	if (tpm)
		ask_tpm(tpm, &facts);
	rollback_judge(&facts, ret_verdict);
	result->rollback = ret_verdict->state;
	if (!ret_verdict->refused)
		return;
	result->ok = false;
	if (result->reason[0] == '\0')
		(void)snprintf(result->reason, sizeof(result->reason), "%s", ret_verdict->sentence);
}

int rollback_raise(struct tpm *tpm, uint64_t times, struct error *error)
{
	uint64_t value;
	int r = 0;

	for (; r == 0 && times > 0; times--)
		r = tpm_counter_increment(tpm, TPM_COUNTER_ROLLBACK, &value, error);
	return r;
}
