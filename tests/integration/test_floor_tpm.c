/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The floor of firmware versions, against swtpm. */
#include "base/cleanup.h"
#include "integration/swtpm.h"
#include "unit/cmocka_all.h"

static struct swtpm swtpm;

static int setup(void **state)
{
	(void)state;
	digest_library_start();
	swtpm_start(&swtpm);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	swtpm_stop(&swtpm);
	return 0;
}

static void raise_to(struct tpm *tpm, uint64_t value)
{
	struct error error = {.code = E_NONE};

	if (tpm_floor_raise(tpm, value, BYTES_EMPTY, &error) < 0)
		fail_msg("%s", error.sentence);
}

static void test_a17_the_floor_rises_and_stays(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	uint64_t value = 0;

	(void)state;
	assert_int_equal(tpm_floor_read(tpm, &value, NULL), -E_NOT_FOUND);
	raise_to(tpm, 5);
	raise_to(tpm, (uint64_t)2 << 32 | 7);
	raise_to(tpm, 6);
	assert_int_equal(tpm_floor_read(tpm, &value, NULL), 0);
	assert_int_equal(value, (uint64_t)2 << 32 | 7);
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(tpm_floor_read(tpm, &value, NULL), 0);
	assert_int_equal(value, (uint64_t)2 << 32 | 7);
}

/* Neither an operating system nor the recovery shell changes it: PCR 4 was extended before either got the machine. */
static void test_a17_the_floor_is_fixed_after_the_cap(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct error error = {.code = E_NONE};
	uint64_t value = 0;

	(void)state;
	raise_to(tpm, 5);
	extend_text(tpm, 4, "handover");
	assert_int_equal(tpm_floor_raise(tpm, 6, BYTES_EMPTY, &error), -E_WRONG_PCR);
	assert_int_equal(tpm_floor_read(tpm, &value, NULL), 0);
	assert_int_equal(value, 5);
	tpm_close(&tpm);
	assert_int_equal(swtpm_left_open(&swtpm), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_a17_the_floor_rises_and_stays, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a17_the_floor_is_fixed_after_the_cap, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
