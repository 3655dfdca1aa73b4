/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "trust/trust.h"
#include "unit/cmocka_all.h"
#include <string.h>

static struct trust after(const enum trust_event *events, size_t count)
{
	struct trust trust = {TRUST_STARTED};

	for (size_t i = 0; i < count; i++)
		assert_int_equal(trust_step(&trust, events[i], NULL), 0);
	return trust;
}

static void test_verified_boot_goes_all_the_way(void **state)
{
	static const enum trust_event way[] = {TRUST_DID_READ, TRUST_DID_VERIFY, TRUST_DID_MEASURE, TRUST_DID_RELEASE,
	                                       TRUST_DID_LOAD};
	struct trust trust = after(way, ARRAY_SIZE(way));

	(void)state;
	assert_int_equal(trust.state, TRUST_LOADED);
	for (int event = 0; event < TRUST_EVENTS; event++)
		assert_false(trust_may(&trust, (enum trust_event)event));
}

/* A5: whatever sequence of events, a state in which a secret may be released was reached through a verification that no
 * force, refusal or new start came after. Every sequence of up to eight events is tried. */
static void try_all(struct trust trust, bool verified, unsigned depth)
{
	if (depth == 0)
		return;
	for (int i = 0; i < TRUST_EVENTS; i++) {
		enum trust_event event = (enum trust_event)i;
		struct trust next = trust;
		bool next_verified = verified;

		if (trust_step(&next, event, NULL) < 0) {
			assert_int_equal(next.state, trust.state);
			continue;
		}
		if (event == TRUST_DID_VERIFY)
			next_verified = true;
		if (event == TRUST_DID_REFUSE || event == TRUST_DID_FORCE || event == TRUST_DID_START_OVER)
			next_verified = false;
		if (event == TRUST_DID_RELEASE)
			assert_true(verified);
		if (next.state == TRUST_RELEASED || next.state == TRUST_MEASURED || next.state == TRUST_VERIFIED)
			assert_true(next_verified);
		try_all(next, next_verified, depth - 1);
	}
}

static void test_A5_no_release_without_verification(void **state)
{
	(void)state;
	try_all((struct trust){TRUST_STARTED}, false, 8);
}

static void test_A5_forced_boot_never_releases(void **state)
{
	static const enum trust_event way[] = {TRUST_DID_READ, TRUST_DID_REFUSE, TRUST_DID_FORCE, TRUST_DID_MEASURE};
	struct trust trust = after(way, ARRAY_SIZE(way));
	struct error error;

	(void)state;
	assert_false(trust_may(&trust, TRUST_DID_RELEASE));
	assert_int_equal(trust_step(&trust, TRUST_DID_RELEASE, &error), -E_ORDER);
	assert_int_equal(trust.state, TRUST_MEASURED_FORCED);
	assert_int_equal(trust_step(&trust, TRUST_DID_LOAD, &error), 0);
}

static void test_A19_refused_is_not_booted_without_force(void **state)
{
	static const enum trust_event way[] = {TRUST_DID_READ, TRUST_DID_REFUSE};
	struct trust trust = after(way, ARRAY_SIZE(way));

	(void)state;
	assert_false(trust_may(&trust, TRUST_DID_MEASURE));
	assert_false(trust_may(&trust, TRUST_DID_LOAD));
	assert_false(trust_may(&trust, TRUST_DID_VERIFY));
}

/* A5: there is no way out that leaves PCR 4 as it was. */
static void test_A5_every_exit_is_capped(void **state)
{
	(void)state;
	for (int exit = 0; exit < TRUST_EXITS; exit++) {
		const struct trust_way_out *way = trust_leave((enum trust_exit)exit);

		assert_non_null(way->mode);
		assert_true(strlen(way->mode) > 0);
		assert_non_null(way->name);
	}
	assert_true(trust_leave(TRUST_EXIT_BOOT)->needs_kernel);
	assert_string_equal(trust_leave(TRUST_EXIT_BOOT)->mode, "handover");
	assert_string_equal(trust_leave(TRUST_EXIT_RECOVERY)->mode, "recovery");
}

/* A4, A18: where the machine or the OS goes on without us, the TPM is shut down in order. */
static void test_A4_A18_orderly_shutdown(void **state)
{
	(void)state;
	assert_true(trust_leave(TRUST_EXIT_BOOT)->shutdown);
	assert_true(trust_leave(TRUST_EXIT_REBOOT)->shutdown);
	assert_true(trust_leave(TRUST_EXIT_POWER_OFF)->shutdown);
}

/* A21: no operating system gets a platform hierarchy that is open. */
static void test_A21_every_boot_locks_the_platform(void **state)
{
	(void)state;
	for (int exit = 0; exit < TRUST_EXITS; exit++) {
		const struct trust_way_out *way = trust_leave((enum trust_exit)exit);

		assert_true(way->lock_platform == way->needs_kernel);
	}
	assert_true(trust_leave(TRUST_EXIT_BOOT)->lock_platform);
}

static void test_every_state_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < TRUST_STATES; i++)
		assert_non_null(trust_state_name((enum trust_state)i));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_verified_boot_goes_all_the_way),
	    cmocka_unit_test(test_A5_no_release_without_verification),
	    cmocka_unit_test(test_A5_forced_boot_never_releases),
	    cmocka_unit_test(test_A19_refused_is_not_booted_without_force),
	    cmocka_unit_test(test_A5_every_exit_is_capped),
	    cmocka_unit_test(test_A4_A18_orderly_shutdown),
	    cmocka_unit_test(test_A21_every_boot_locks_the_platform),
	    cmocka_unit_test(test_every_state_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
