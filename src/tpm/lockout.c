/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dictionary-attack lockout in words. */
#include "tpm/tpm.h"

#include <inttypes.h>
#include <stdio.h>

/* "45 s", "9 min 40 s", "23 h 05 min" */
static void duration_text(uint64_t seconds, char *text, size_t size)
{
	if (seconds < 60)
		(void)snprintf(text, size, "%" PRIu64 " s", seconds);
	else if (seconds < 3600)
		(void)snprintf(text, size, "%" PRIu64 " min %02" PRIu64 " s", seconds / 60, seconds % 60);
	else
		(void)snprintf(text, size, "%" PRIu64 " h %02" PRIu64 " min", seconds / 3600, seconds / 60 % 60);
}

void tpm_lockout_text(const struct tpm_info *info, uint64_t age, char *text, size_t size)
{
	const uint32_t left = info->lockout_max > info->lockout_counter ? info->lockout_max - info->lockout_counter : 0;
	const uint32_t interval_seconds = info->lockout_recovery_seconds;
	/* While it is locked, no interval has ended since the last wrong try: so much of this one is over at least. */
	const uint64_t over = age + info->lockout_quiet_seconds;
	const uint64_t wait = interval_seconds > over ? interval_seconds - over : 0;
	char interval[32], until[32];

	duration_text(interval_seconds, interval, sizeof(interval));
	duration_text(wait, until, sizeof(until));
	if (!info->in_lockout && left > 0)
		(void)snprintf(text, size, "%" PRIu32 " of %" PRIu32 " tries left%s%s", left, info->lockout_max,
		               info->lockout_counter > 0 ? "; one comes back every " : "",
		               info->lockout_counter > 0 ? interval : "");
	else if (interval_seconds == 0)
		(void)snprintf(text, size, "LOCKED: too many wrong passphrases; only taking ownership anew opens it");
	else if (wait > 0)
		(void)snprintf(text, size, "LOCKED: too many wrong passphrases; the next try is open in at most %s",
		               until);
	else
		(void)snprintf(text, size, "LOCKED a moment ago; a try should be open now");
}
