/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GnuPG's own programs on the virtual dongle: tests/dongle/with-gpg says what each case does. */
#include "unit/cmocka_all.h"
#include <stdio.h>
#include <stdlib.h>

static void run(const char *words)
{
	char command[1024];

	(void)snprintf(command, sizeof(command), "tests/dongle/with-gpg build/tests/dongle/pcsc.so %s >&2 2>&1", words);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c,concurrency-mt-unsafe) */
}

static void test_each_algorithm_is_made_on_the_card(void **state)
{
	(void)state;
	run("algorithm 1,2048 rsa2048");
	run("algorithm 2,1 ed25519");
	run("algorithm 2,3 nistp256");
	run("algorithm 2,4 nistp384");
}

static void test_keys_are_moved_to_the_card(void **state)
{
	(void)state;
	run("import RSA,Key-Length:3072 RSA,Subkey-Length:3072 1,3072,12345678,1,3072,12345678,1,3072,12345678");
	run("import EDDSA,Key-Curve:ed25519 ECDH,Subkey-Curve:cv25519 2,1,12345678,2,1,12345678,2,1,12345678");
	run("import ECDSA,Key-Curve:nistp256 ECDH,Subkey-Curve:nistp256 2,3,12345678,2,3,12345678,2,3,12345678");
}

static void test_wrong_pins_are_counted(void **state)
{
	(void)state;
	run("wrong-pin");
}

static void test_factory_reset(void **state)
{
	(void)state;
	run("factory-reset");
}

static void test_faults_are_errors(void **state)
{
	(void)state;
	run("fault wrong-pin");
	run("fault unplug@3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_algorithm_is_made_on_the_card),
	    cmocka_unit_test(test_keys_are_moved_to_the_card),
	    cmocka_unit_test(test_wrong_pins_are_counted),
	    cmocka_unit_test(test_factory_reset),
	    cmocka_unit_test(test_faults_are_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
