/* SPDX-License-Identifier: GPL-2.0-or-later */
/* crypttab: a text and the text that it must become. */
#include "base/cleanup.h"
#include "format/crypttab.h"
#include "unit/cmocka_all.h"
#include <string.h>

#define UUID "6e2b4b62-0b03-4c1e-9d5e-0a4f0c3d0b03"

static const struct crypttab_disk disks[] = {
    {.uuid = UUID, .partuuid = "0badcafe-02", .label = "root disk", .partlabel = "root", .path = "/dev/vda2"},
    {.uuid = "11111111-2222-3333-4444-555555555555", .path = "/dev/mapper/my--group-my--root"},
};

struct example {
	const char *before, *after;
	bool first, second;
};

static void check(const struct example *example)
{
	CLEANUP(buffer_clear) struct buffer result = {0};
	bool found[2] = {false};

	assert_int_equal(
	    crypttab_override(bytes_from_string(example->before), disks, 2, "/secret.key", &result, found, NULL), 0);
	assert_string_equal(buffer_string(&result), example->after);
	assert_int_equal(found[0], example->first);
	assert_int_equal(found[1], example->second);
}

static void test_lines(void **state)
{
	static const struct example examples[] = {
	    {"", "", false, false},
	    {"# nothing\n\n", "# nothing\n\n", false, false},
	    /* as Debian's initramfs-tools writes it */
	    {"vda2_crypt UUID=" UUID " none luks,discard,initramfs\n",
	     "vda2_crypt UUID=" UUID " /secret.key luks,discard,initramfs\n", true, false},
	    /* other disks stay, byte for byte, comments too */
	    {"# a\n swap\t/dev/vdb  /dev/urandom  swap # b\nroot UUID=" UUID "\tnone\tluks\n",
	     "# a\n swap\t/dev/vdb  /dev/urandom  swap # b\nroot UUID=" UUID " /secret.key luks\n", true, false},
	    /* every way to name a disk */
	    {"r PARTUUID=0BADCAFE-02 none luks\n", "r PARTUUID=0BADCAFE-02 /secret.key luks\n", true, false},
	    {"r LABEL=root\\040disk none luks\n", "r LABEL=root\\040disk /secret.key luks\n", true, false},
	    {"r PARTLABEL=root none luks\n", "r PARTLABEL=root /secret.key luks\n", true, false},
	    {"r UUID=\"" UUID "\" none luks\n", "r UUID=\"" UUID "\" /secret.key luks\n", true, false},
	    {"r /dev/disk/by-uuid/" UUID " none luks\n", "r /dev/disk/by-uuid/" UUID " /secret.key luks\n", true,
	     false},
	    {"r /dev/vda2 - luks\n", "r /dev/vda2 /secret.key luks\n", true, false},
	    /* a logical volume by its two names, and others that are not it */
	    {"r /dev/mapper/my--group-my--root none luks\n", "r /dev/mapper/my--group-my--root /secret.key luks\n",
	     false, true},
	    {"r /dev/my-group/my-root none luks\n", "r /dev/my-group/my-root /secret.key luks\n", false, true},
	    {"r /dev/my/group-my-root none luks\n", "r /dev/my/group-my-root none luks\n", false, false},
	    {"r /dev/my-group none luks\n", "r /dev/my-group none luks\n", false, false},
	    /* fields that are missing */
	    {"r UUID=" UUID, "r UUID=" UUID " /secret.key luks\n", true, false},
	    {"r UUID=" UUID " none\n", "r UUID=" UUID " /secret.key luks\n", true, false},
	    {"r\n", "r\n", false, false},
	    /* what was said of the owner's own key does not hold for ours; the rest does */
	    {"r UUID=" UUID " key luks,keyscript=decrypt_keyctl,discard,key-slot=1,keyfile-size=64,tpm2-device=auto\n",
	     "r UUID=" UUID " /secret.key luks,discard\n", true, false},
	    {"r UUID=" UUID " none keyslot=2\n", "r UUID=" UUID " /secret.key luks\n", true, false},
	    /* both disks */
	    {"a UUID=11111111-2222-3333-4444-555555555555 none luks\nb UUID=" UUID " none x-initrd.attach\n",
	     "a UUID=11111111-2222-3333-4444-555555555555 /secret.key luks\nb UUID=" UUID
	     " /secret.key x-initrd.attach\n",
	     true, true},
	    /* a name that only begins alike */
	    {"r UUID=" UUID "0 none luks\nr /dev/vda22 none luks\nr LABEL=Root\\040disk none luks\n",
	     "r UUID=" UUID "0 none luks\nr /dev/vda22 none luks\nr LABEL=Root\\040disk none luks\n", false, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++)
		check(&examples[i]);
}

static void test_next(void **state)
{
	struct bytes text = bytes_from_string("# x\n\n  a b\nc d e f g\n");
	struct crypttab_line line;

	(void)state;
	assert_true(crypttab_next(&text, &line));
	assert_true(bytes_equal(line.name, bytes_from_string("a")) && bytes_equal(line.source, bytes_from_string("b")));
	assert_int_equal(line.key.size, 0);
	assert_true(crypttab_next(&text, &line));
	assert_true(bytes_equal(line.key, bytes_from_string("e")) && bytes_equal(line.options, bytes_from_string("f")));
	assert_false(crypttab_next(&text, &line));
}

static void test_bad(void **state)
{
	static char large[CRYPTTAB_MAX_SIZE + 1];
	CLEANUP(buffer_clear) struct buffer result = {0};
	bool found[2];
	struct error error;

	(void)state;
	memset(large, '\n', sizeof(large));
	assert_int_equal(crypttab_override(bytes_make(large, sizeof(large)), disks, 2, "/k", &result, found, &error),
	                 -E_TOO_LARGE);
	assert_int_equal(crypttab_override(bytes_make("a\0b\n", 4), disks, 2, "/k", &result, found, &error),
	                 -E_MALFORMED);
	assert_non_null(strstr(error.sentence, "crypttab is no text"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_next),
	    cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
