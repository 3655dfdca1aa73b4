/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dictionary-attack lockout as the owner reads it before a passphrase is tried (A18). */
#include "tpm/tpm.h"
#include "unit/cmocka_all.h"

static void test_A18_the_lockout_in_words(void **state)
{
	static const struct {
		uint32_t counter, max, interval;
		bool locked;
		uint64_t age;
		uint32_t quiet;
		const char *text;
	} cases[] = {
	    {0, 10, 600, false, 0, 0, "10 of 10 tries left"},
	    {1, 10, 600, false, 0, 0, "9 of 10 tries left; one comes back every 10 min 00 s"},
	    {9, 10, 45, false, 30, 0, "1 of 10 tries left; one comes back every 45 s"},
	    {10, 10, 600, true, 0, 0,
	     "LOCKED: too many wrong passphrases; the next try is open in at most 10 min 00 s"},
	    {10, 10, 600, true, 555, 0, "LOCKED: too many wrong passphrases; the next try is open in at most 45 s"},
	    {10, 10, 86400, true, 3600, 0,
	     "LOCKED: too many wrong passphrases; the next try is open in at most 23 h 00 min"},
	    {10, 10, 600, true, 600, 0, "LOCKED a moment ago; a try should be open now"},
	    /* Read again: the interval has not begun anew with that. */
	    {10, 10, 600, true, 0, 590, "LOCKED: too many wrong passphrases; the next try is open in at most 10 s"},
	    {10, 10, 600, true, 300, 255, "LOCKED: too many wrong passphrases; the next try is open in at most 45 s"},
	    {10, 10, 600, true, 10, 590, "LOCKED a moment ago; a try should be open now"},
	    {1, 10, 600, false, 0, 590, "9 of 10 tries left; one comes back every 10 min 00 s"},
	    {10, 10, 0, true, 0, 0, "LOCKED: too many wrong passphrases; only taking ownership anew opens it"},
	    /* A TPM that takes no wrong passphrase at all (lockout_max 0) is always locked. */
	    {0, 0, 0, true, 0, 0, "LOCKED: too many wrong passphrases; only taking ownership anew opens it"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct tpm_info info = {.lockout_counter = cases[i].counter,
		                              .lockout_max = cases[i].max,
		                              .lockout_recovery_seconds = cases[i].interval,
		                              .lockout_quiet_seconds = cases[i].quiet,
		                              .in_lockout = cases[i].locked};
		char text[128];

		tpm_lockout_text(&info, cases[i].age, text, sizeof(text));
		assert_string_equal(text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_A18_the_lockout_in_words)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
