/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "owner/machine.h"
#include "unit/boot_fixture.h"

static void put(const char *path, const char *text)
{
	assert_int_equal(shell("cd %s; mkdir -p $(dirname %s); printf '%s' >%s", fixture_root, path, text, path), 0);
}

static void test_batteries(void **state)
{
	struct machine_battery batteries[MACHINE_MAX_BATTERY];

	(void)state;
	assert_int_equal(machine_batteries(at("nothing"), batteries), 0);
	put("sys/class/power_supply/AC/type", "Mains\\n");
	put("sys/class/power_supply/BAT1/type", "Battery\\n");
	put("sys/class/power_supply/BAT1/capacity", "7\\n");
	put("sys/class/power_supply/BAT0/type", "Battery\\n");
	put("sys/class/power_supply/BAT0/capacity", "100\\n");
	put("sys/class/power_supply/BAT0/status", "Not charging\\n");
	put("sys/class/power_supply/BAT2/type", "Battery\\n"); /* tells no charge */
	put("sys/class/power_supply/BAT3/type", "Battery\\n");
	put("sys/class/power_supply/BAT3/capacity", "101\\n");
	assert_int_equal(machine_batteries(at("sys"), batteries), 2);
	assert_string_equal(batteries[0].name, "BAT0");
	assert_string_equal(batteries[0].state, "Not charging");
	assert_int_equal(batteries[0].capacity, 100);
	assert_string_equal(batteries[1].name, "BAT1");
	assert_string_equal(batteries[1].state, "");
	assert_int_equal(batteries[1].capacity, 7);
}

/* A stick names itself: what it says goes to a terminal (A11). */
static void test_disks(void **state)
{
	struct machine_disk disk;

	(void)state;
	put("sys/class/block/sda/size", "4096\\n");
	put("sys/class/block/sda/removable", "1\\n");
	put("sys/class/block/sda/device/model", "Evil\\033[2J    \\nmore\\n");
	assert_true(machine_disk(at("sys"), "sda", &disk));
	assert_int_equal(disk.bytes, 4096 * 512);
	assert_true(disk.removable);
	assert_string_equal(disk.model, "Evil\\x1b[2J");
	put("sys/class/block/vda/size", "1\\n");
	assert_true(machine_disk(at("sys"), "vda", &disk));
	assert_string_equal(disk.model, "");
	assert_false(disk.removable);
	put("sys/class/block/odd/size", "99999999999999999999\\n");
	assert_false(machine_disk(at("sys"), "odd", &disk));
	put("sys/class/block/odd/size", "");
	assert_false(machine_disk(at("sys"), "odd", &disk));
	assert_false(machine_disk(at("sys"), "sdz", &disk));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_batteries),
	    cmocka_unit_test(test_disks),
	};
	int failed;

	fixture_start();
	failed = cmocka_run_group_tests_name("machine", tests, NULL, NULL);
	fixture_end();
	return failed;
}
