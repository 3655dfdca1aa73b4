/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The segment with the disk unlock key: what it holds, that cpio reads it, and when there is none. */
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/encode.h"
#include "boot/key_segment.h"
#include "format/cpio.h"
#include "unit/cmocka_all.h"
#include <string.h>

#define TAB "root UUID=aa none luks,discard\nswap UUID=bb none luks\n"

static const struct crypttab_disk disk = {.uuid = "aa"}, other = {.uuid = "cc"};
static const struct bytes key = {(const uint8_t *)"0123456789abcdef", 16};

/* An initrd with directory/crypttab. */
static struct buffer make_initrd(const char *directory, const char *text)
{
	struct buffer archive = {0};

	assert_int_equal(cpio_add_directory(&archive, directory, NULL), 0);
	if (text)
		assert_int_equal(cpio_add_below(&archive, directory, "crypttab", bytes_from_string(text), NULL), 0);
	assert_int_equal(cpio_end(&archive, NULL), 0);
	return archive;
}

static void expect_layout(const struct key_segment_plan *plan, const char *directory, const char *text)
{
	CLEANUP(buffer_clear) struct buffer expected = {0};
	struct digest digest = digest_of(HASH_SHA256, bytes_from_string(text));
	char hex[2 * DIGEST_MAX_SIZE + 1];

	hex_encode(digest_bytes(&digest), hex);
	buffer_append_format(&expected,
	                     "heads key segment 1\n0400 secret.key 16 secret\n0755 %s\n0400 %s/crypttab %zu %s\n",
	                     directory, directory, strlen(text), hex);
	assert_true(bytes_equal(buffer_bytes(&plan->layout), buffer_bytes(&expected)));
}

/* The segment is read back as the system's own initrds are. */
static void expect_segment(const struct key_segment_plan *plan, enum initrd_path tab, const char *text)
{
	CLEANUP(secret_clear) struct secret segment = {0};
	CLEANUP(initrd_clear) struct initrd initrd = {0};
	struct bytes bytes;

	assert_int_equal(key_segment_make(plan, key, &segment, NULL), 0);
	bytes = secret_bytes(&segment);
	assert_int_equal(bytes.size % CPIO_ALIGNMENT, 0);
	/* the key lies behind its header, and that says mode 0400 */
	assert_true(bytes_start_with(bytes, "0707010000000000008100"));
	assert_memory_equal(bytes.data + 124, key.data, key.size);
	assert_int_equal(initrd_read(bytes, "segment", INITRD_UNPACKED_LIMIT, &initrd, NULL), 0);
	assert_int_equal(initrd.segments[0].entries, 3);
	assert_int_equal(initrd.found[INITRD_KEY].type, INITRD_FILE);
	assert_int_equal(initrd.found[tab].type, INITRD_FILE);
	assert_true(bytes_equal(buffer_bytes(&initrd.found[tab].content), bytes_from_string(text)));
}

static void test_crypttab_is_overridden(void **state)
{
	static const struct {
		const char *directory;
		enum initrd_path tab;
	} places[] = {{"cryptroot", INITRD_CRYPTROOT_TAB}, {"etc", INITRD_ETC_TAB}};
	static const char after[] = "root UUID=aa /secret.key luks,discard\nswap UUID=bb none luks\n";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		CLEANUP(buffer_clear)
		struct buffer microcode = make_initrd("kernel", NULL), initrd = make_initrd(places[i].directory, TAB);
		CLEANUP(key_segment_plan_clear) struct key_segment_plan plan = {0};
		const struct crypttab_disk both[] = {other, disk};
		const struct bytes initrds[] = {buffer_bytes(&microcode), buffer_bytes(&initrd)};

		assert_int_equal(key_segment_plan(initrds, 2, both, 2, key.size, &plan, NULL), 0);
		assert_int_equal(plan.found_count, 1);
		assert_true(!plan.found[0] && plan.found[1]);
		expect_layout(&plan, places[i].directory, after);
		expect_segment(&plan, places[i].tab, after);
	}
}

static void test_an_initrd_without_crypttab_gets_one(void **state)
{
	CLEANUP(buffer_clear) struct buffer initrd = make_initrd("etc", NULL);
	const struct bytes bytes = buffer_bytes(&initrd);
	CLEANUP(key_segment_plan_clear) struct key_segment_plan plan = {0};

	(void)state;
	assert_int_equal(key_segment_plan(&bytes, 1, &disk, 1, key.size, &plan, NULL), 0);
	assert_int_equal(plan.found_count, 1);
	expect_segment(&plan, INITRD_ETC_TAB, "luks-aa UUID=aa /secret.key luks\n");
}

static void expect_refused(const struct buffer *initrd, const struct crypttab_disk *one, int expected,
                           const char *words)
{
	CLEANUP(key_segment_plan_clear) struct key_segment_plan plan = {0};
	const struct bytes bytes = buffer_bytes(initrd);
	struct error error = {0};

	assert_int_equal(key_segment_plan(&bytes, 1, one, 1, key.size, &plan, &error), expected);
	assert_non_null(strstr(error.sentence, words));
}

static struct buffer initrd_of(const char *name, const char *mode)
{
	struct buffer archive = {0};

	assert_int_equal(cpio_add(&archive, name, BYTES_EMPTY, NULL), 0);
	memcpy(archive.data + 14, mode, 8);
	assert_int_equal(cpio_end(&archive, NULL), 0);
	return archive;
}

/* A13: the key is laid nowhere but where its name says, and replaces nothing of the system's. */
static void test_a13_links_and_keys_of_the_system_are_refused(void **state)
{
	CLEANUP(buffer_clear) struct buffer link = initrd_of("etc", "0000A1FF");
	CLEANUP(buffer_clear) struct buffer file = initrd_of("cryptroot", "000081A4");
	CLEANUP(buffer_clear) struct buffer taken = initrd_of("secret.key", "000081A4");

	(void)state;
	expect_refused(&link, &disk, -E_NOT_REGULAR, "/etc of the initrd is no directory");
	expect_refused(&file, &disk, -E_NOT_REGULAR, "/cryptroot of the initrd is no directory");
	expect_refused(&taken, &disk, -E_EXISTS, "/secret.key of its own");
}

static void test_bad(void **state)
{
	CLEANUP(buffer_clear) struct buffer initrd = make_initrd("etc", TAB);
	const struct bytes bytes = buffer_bytes(&initrd);
	CLEANUP(key_segment_plan_clear) struct key_segment_plan plan = {0};
	CLEANUP(secret_clear) struct secret segment = {0};

	(void)state;
	expect_refused(&initrd, &other, -E_NOT_FOUND, "opens none of the disks");
	assert_int_equal(key_segment_plan(&bytes, 0, &disk, 1, key.size, &plan, NULL), -E_USAGE);
	assert_int_equal(key_segment_plan(&bytes, 1, &disk, 1, KEY_SEGMENT_MAX_KEY + 1, &plan, NULL), -E_USAGE);
	assert_int_equal(key_segment_plan(&bytes, 1, &disk, 1, key.size - 1, &plan, NULL), 0);
	assert_int_equal(key_segment_make(&plan, key, &segment, NULL), -E_USAGE);
}

static int set_up(void **state)
{
	(void)state;
	digest_library_start();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_crypttab_is_overridden),
	    cmocka_unit_test(test_an_initrd_without_crypttab_gets_one),
	    cmocka_unit_test(test_a13_links_and_keys_of_the_system_are_refused),
	    cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
