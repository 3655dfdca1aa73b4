/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes between two boots, each made on purpose in a log, and the cause that has to be named: this one and no other.
 */
#include "attest/eventlog.h"
#include "attest/why.h"
#include "base/cleanup.h"
#include "unit/cmocka_all.h"
#include <stdio.h>
#include <string.h>

static const enum hash_algorithm banks[] = {HASH_SHA256, HASH_SHA1};

struct made {
	uint32_t pcr, type;
	const char *data, *content; /* what is hashed; NULL: the data */
};

#define POST EVENTLOG_POST_CODE
#define IPL  EVENTLOG_IPL
#define ACT  EVENTLOG_ACTION
#define CBFS "FMAP: COREBOOT CBFS: "

#define SETTINGS "CONFIG_A=y\nCONFIG_B=1\n"

/* A whole boot. The numbers are used below. */
static const struct made whole[] = {
    {2, POST, "FMAP: FMAP", "fmap"},
    {2, POST, CBFS "bootblock", "bootblock"},
    {2, POST, CBFS "fallback/romstage", "romstage"},
    {2, POST, CBFS "fallback/postcar", "postcar"},
    {2, POST, CBFS "fallback/ramstage", "ramstage"},
    {2, POST, CBFS "fallback/payload", "payload"},
    {7, IPL, "heads/config.user", NULL}, /* 6 */
    {7, IPL, "heads/config.user", SETTINGS},
    {7, IPL, "heads/owner.asc", NULL}, /* 8 */
    {7, IPL, "heads/owner.asc", "key"},
    {9, IPL, "kexec_hashes.txt", "hashes"}, /* 10 */
    {9, IPL, "vmlinuz", "kernel"},
    {9, IPL, "initrd.img", "initrd"}, /* 12 */
    {8, IPL, "command line: root=/dev/x quiet", "root=/dev/x quiet"},
    {4, ACT, "handover", NULL}, /* 14 */
};
#define WHOLE 15

enum edit_kind { NONE, SET, INSERT, REMOVE, CUT, SWAP };

struct edit {
	enum edit_kind kind;
	size_t at;
	struct made event;
};

static size_t apply(struct made *events, size_t count, const struct edit *edit)
{
	struct made *place = &events[edit->at];

	switch (edit->kind) {
	case SET:
		*place = edit->event;
		return count;
	case INSERT:
		memmove(place + 1, place, (count - edit->at) * sizeof(*place));
		*place = edit->event;
		return count + 1;
	case REMOVE:
		memmove(place, place + 1, (count - edit->at - 1) * sizeof(*place));
		return count - 1;
	case CUT:
		return edit->at;
	case SWAP: {
		struct made first = place[0];

		place[0] = place[1];
		place[1] = first;
		return count;
	}
	case NONE:
		break;
	}
	return count;
}

/* As the machine writes it: the firmware extends one bank alone. */
static void write_log(struct buffer *log, const struct made *events, size_t count)
{
	eventlog_write_start(log, banks, 2);
	for (size_t i = 0; i < count; i++) {
		const char *content = events[i].content ? events[i].content : events[i].data;
		struct digest digests[2] = {digest_of(HASH_SHA256, bytes_from_string(content)),
		                            digest_of(HASH_SHA1, bytes_from_string(content))};

		eventlog_write_event(log, events[i].pcr, events[i].type, digests, events[i].pcr == 2 ? 1 : 2,
		                     bytes_from_string(events[i].data));
	}
	assert_false(log->failed);
}

struct expected {
	const char *kind;
	int pcr;
	const char *sentence;
};

struct change {
	struct edit edits[5];
	struct expected expected[3];
};

static const struct change changes[] = {
    {{{SET, 0, {2, POST, "FMAP: FMAP", "x"}}},
     {{"flash-layout-changed", 2, "flash layout changed (the ROM's region FMAP)"}}},
    {{{SET, 1, {2, POST, CBFS "bootblock", "x"}}}, {{"stage-changed", 2, "firmware stage bootblock changed"}}},
    {{{SET, 2, {2, POST, CBFS "fallback/romstage", "x"}}}, {{"stage-changed", 2, "firmware stage romstage changed"}}},
    {{{SET, 3, {2, POST, CBFS "fallback/postcar", "x"}}}, {{"stage-changed", 2, "firmware stage postcar changed"}}},
    {{{SET, 4, {2, POST, CBFS "fallback/ramstage", "x"}}}, {{"stage-changed", 2, "firmware stage ramstage changed"}}},
    {{{SET, 5, {2, POST, CBFS "fallback/payload", "x"}}},
     {{"payload-changed", 2, "payload changed: another Heads, or another kernel of it, is in the ROM"}}},
    {{{SET, 5, {2, POST, "FMAP: SLOT_B CBFS: fallback/payload", "x"}}},
     {{"payload-changed", 2, "payload changed: another Heads, or another kernel of it, is in the ROM"}}},
    {{{INSERT, 5, {2, POST, CBFS "cmos_layout.bin", "x"}}},
     {{"rom-part-added", 2, "the firmware measured \"cmos_layout.bin\", which it did not before"}}},
    {{{REMOVE, 3, {0}}},
     {{"rom-part-missing", 2, "the firmware did not measure \"fallback/postcar\", which it did before"}}},
    {{{SWAP, 3, {0}}}, {{"order-changed", 2, "the order of what was measured into PCR 2 changed"}}},
    {{{SET, 4, {2, POST, CBFS "fallback/ramstage", "x"}}, {SET, 5, {2, POST, CBFS "fallback/payload", "x"}}},
     {{"stage-changed", 2, "firmware stage ramstage changed"},
      {"payload-changed", 2, "payload changed: another Heads, or another kernel of it, is in the ROM"}}},
    {{{SET, 7, {7, IPL, "heads/config.user", "CONFIG_A=n\n"}}},
     {{"settings-changed", 7, "settings file config.user changed"}}},
    {{{REMOVE, 6, {0}}, {REMOVE, 6, {0}}}, {{"settings-removed", 7, "settings file config.user was removed"}}},
    {{{SET, 9, {7, IPL, "heads/owner.asc", "x"}}}, {{"owner-key-changed", 7, "the owner's public key changed"}}},
    {{{REMOVE, 8, {0}}, {REMOVE, 8, {0}}}, {{"owner-key-removed", 7, "the owner's public key was removed"}}},
    {{{INSERT, 8, {7, IPL, "heads/x", NULL}}, {INSERT, 9, {7, IPL, "heads/x", "1"}}},
     {{"owner-file-added", 7, "the owner's file \"heads/x\" in the ROM was added"}}},
    /* 16 */
    {{{INSERT, 10, {4, ACT, "forced", NULL}}}, {{"forced-boot", 4, "a boot was forced although /boot did not verify"}}},
    {{{INSERT, 10, {4, ACT, "recovery", NULL}}}, {{"recovery-entered", 4, "recovery shell was entered"}}},
    {{{INSERT, 10, {4, ACT, "crash", NULL}}}, {{"menu-crashed", 4, "the menu crashed"}}},
    {{{INSERT, 10, {4, ACT, "usb", NULL}}}, {{"usb-boot", 4, "a boot from USB was chosen"}}},
    {{{INSERT, 10, {4, ACT, "other", NULL}}}, {{"mode-added", 4, "the boot mode \"other\" was measured"}}},
    {{{INSERT, 10, {4, ACT, "crash", NULL}}, {INSERT, 11, {4, ACT, "recovery", NULL}}, {CUT, 12, {0}}},
     {{"menu-crashed", 4, "the menu crashed"},
      {"recovery-entered", 4, "recovery shell was entered"},
      {"not-handed-over", 4, "the later log ends before the operating system: PCR 4 is not capped"}}},
    {{{CUT, 10, {0}}}, {{"not-handed-over", 4, "the later log ends before the operating system: PCR 4 is not capped"}}},
    /* an extend of PCR 4 that only says that it is a mode */
    {{{INSERT, 10, {4, ACT, "handover", "x"}}},
     {{"unknown-extend", 4, "PCR 4 was extended by something unknown: \"handover\""}}},
    {{{SET, 10, {9, IPL, "kexec_hashes.txt", "x"}}},
     {{"manifest-changed", 9, "the list of signed files \"kexec_hashes.txt\" changed"}}},
    {{{SET, 11, {9, IPL, "vmlinuz", "x"}}}, {{"kernel-changed", 9, "the kernel \"vmlinuz\" changed"}}},
    {{{SET, 11, {9, IPL, "vmlinuz-2", "x"}}},
     {{"kernel-changed", 9, "another kernel: \"vmlinuz-2\", before \"vmlinuz\""}}},
    {{{SET, 12, {9, IPL, "initrd.img", "x"}}}, {{"initrd-changed", 9, "the initrd \"initrd.img\" changed"}}},
    {{{INSERT, 12, {9, IPL, "microcode", "x"}}},
     {{"initrd-added", 9, "the initrd \"microcode\" was measured as well"}}},
    {{{REMOVE, 12, {0}}}, {{"initrd-missing", 9, "the initrd \"initrd.img\" was measured before, and is not now"}}},
    {{{SET, 13, {8, IPL, "command line: root=/dev/x init=/bin/sh", "root=/dev/x init=/bin/sh"}}},
     {{"command-line-changed", 8, "command line changed: with \"init=/bin/sh\", without \"quiet\""}}},
    {{{SET, 13, {8, IPL, "command line: quiet root=/dev/x", "quiet root=/dev/x"}}},
     {{"command-line-changed", 8, "command line changed: the same words in another order or number"}}},
    {{{SET, 13, {8, IPL, "command line: \x1b[2J", "\x1b[2J"}}},
     {{"command-line-changed", 8,
       "command line changed: with \"\\x1b[2J\", without \"root=/dev/x\", without \"quiet\""}}},
    /* 32: another entry first, which the kernel refused */
    {{{INSERT, 10, {9, IPL, "vmlinuz-bad", "bad"}}, {INSERT, 11, {8, IPL, "command line: bad", "bad"}}},
     {{"kernel-added", 9, "the kernel \"vmlinuz-bad\" was measured as well"},
      {"command-line-added", 8, "the command line \"bad\" was measured as well"}}},
    {{{INSERT, 10, {1, IPL, "intruder\n", NULL}}},
     {{"unknown-extend", 1, "PCR 1 was extended by something unknown: \"intruder\\x0a\""}}},
    {{{INSERT, 0, {0, 8, "S-CRTM", NULL}}},
     {{"unknown-extend", 0, "PCR 0 was extended by something unknown: \"S-CRTM\""}}},
    {{{INSERT, 6, {5, IPL, "heads/config.user", "x"}}},
     {{"unknown-extend", 5, "PCR 5 was extended by something unknown: \"heads/config.user\""}}},
    {{{SET, 13, {8, IPL, "command line: root=/dev/x quiet", "something else"}}},
     {{"command-line-missing", 8, "the command line \"root=/dev/x quiet\" was measured before, and is not now"},
      {"unknown-extend", 8, "PCR 8 was extended by something unknown: \"command line: root=/dev/x quiet\""}}},
    {{{NONE, 0, {0}}}, {{NULL, 0, NULL}}},
};

static size_t expected_count(const struct change *change)
{
	size_t count = 0;

	while (count < ARRAY_SIZE(change->expected) && change->expected[count].kind)
		count++;
	return count;
}

static void expect(const struct why *why, const struct change *change, size_t number)
{
	size_t count = expected_count(change);

	for (size_t i = 0; i < why->count; i++) {
		const struct why_cause *cause = &why->causes[i];
		const struct expected *expected = &change->expected[i];

		if (i >= count || strcmp(why_kind_name(cause->kind), expected->kind) != 0 ||
		    cause->pcr != expected->pcr || strcmp(cause->sentence, expected->sentence) != 0)
			fail_msg("change %zu, cause %zu: %s, PCR %d: %s", number, i, why_kind_name(cause->kind),
			         cause->pcr, cause->sentence);
	}
	if (why->count != count)
		fail_msg("change %zu: %zu causes, not %zu", number, why->count, count);
}

static void test_each_change_has_its_cause(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		CLEANUP(buffer_clear) struct buffer before = {0}, after = {0};
		struct made events[WHOLE + 8];
		size_t count = WHOLE;
		struct why why;

		memcpy(events, whole, sizeof(whole));
		for (size_t j = 0; j < ARRAY_SIZE(changes[i].edits); j++)
			count = apply(events, count, &changes[i].edits[j]);
		write_log(&before, whole, WHOLE);
		write_log(&after, events, count);
		assert_int_equal(why_compare(buffer_bytes(&before), buffer_bytes(&after), NULL, &why, NULL), 0);
		expect(&why, &changes[i], i);
		/* the other way round something differs too */
		assert_int_equal(why_compare(buffer_bytes(&after), buffer_bytes(&before), NULL, &why, NULL), 0);
		assert_int_equal(why.count > 0, expected_count(&changes[i]) > 0);
	}
}

static void compare_settings(const char *old, const char *new, const char *said_old, int result, const char *sentence)
{
	CLEANUP(buffer_clear) struct buffer before = {0}, after = {0};
	struct why_settings settings = {bytes_from_string(said_old), bytes_from_string(new)};
	struct made events[WHOLE];
	struct error error = {.sentence = ""};
	struct why why;

	memcpy(events, whole, sizeof(whole));
	events[7].content = old;
	write_log(&before, events, WHOLE);
	events[7].content = new;
	write_log(&after, events, WHOLE);
	assert_int_equal(why_compare(buffer_bytes(&before), buffer_bytes(&after), &settings, &why, &error), result);
	if (result < 0) {
		assert_string_equal(error.sentence, sentence);
		return;
	}
	assert_int_equal(why.count, 1);
	assert_int_equal(why.causes[0].kind, WHY_SETTINGS_CHANGED);
	assert_string_equal(why.causes[0].sentence, sentence);
}

static void test_settings_by_name(void **state)
{
	(void)state;
	compare_settings(
	    SETTINGS, "CONFIG_A=n\nCONFIG_C=2\n", SETTINGS, 0,
	    "settings file config.user changed: CONFIG_A y -> n, CONFIG_B 1 -> not set, CONFIG_C not set -> 2");
	compare_settings(SETTINGS, "# same\n" SETTINGS, SETTINGS, 0,
	                 "settings file config.user changed: no setting differs, only how they are written");
	compare_settings(SETTINGS, "no setting", SETTINGS, 0, "settings file config.user changed");
	compare_settings(SETTINGS, "CONFIG_A=n\n", "CONFIG_A=m\n", -E_USAGE,
	                 "the earlier settings are not those that the event log measured");
}

static void expect_one(struct bytes before, struct bytes after, enum why_kind kind, const char *sentence)
{
	struct why why;

	assert_int_equal(why_compare(before, after, NULL, &why, NULL), 0);
	assert_int_equal(why.count, 1);
	assert_string_equal(why.causes[0].sentence, sentence);
	assert_int_equal(why.causes[0].kind, kind);
}

/* Without the firmware's part that is told, once, and not each of its events. */
static void test_firmware_log_absent(void **state)
{
	CLEANUP(buffer_clear) struct buffer before = {0}, after = {0}, ours = {0};
	size_t start;

	(void)state;
	eventlog_write_start(&ours, banks, 2);
	start = ours.size;
	buffer_clear(&ours);
	write_log(&before, whole, WHOLE);
	write_log(&ours, whole + 6, WHOLE - 6);
	eventlog_begin_without_firmware(&after, banks, 2, "no table");
	buffer_append_bytes(&after, bytes_slice(buffer_bytes(&ours), start, ours.size));
	expect_one(buffer_bytes(&before), buffer_bytes(&after), WHY_FIRMWARE_LOG_ABSENT,
	           "the firmware left no log of what it measured (no table): PCR 2 is not explained");
	expect_one(buffer_bytes(&after), buffer_bytes(&before), WHY_FIRMWARE_LOG_FOUND,
	           "the earlier log misses the firmware's part: PCR 2 cannot be compared");
}

static void test_locality_and_banks(void **state)
{
	CLEANUP(buffer_clear) struct buffer one = {0}, both = {0}, other = {0}, moved = {0};
	struct digest zeros = eventlog_first_value(HASH_SHA256, 0);
	struct error error;
	struct why why;

	(void)state;
	eventlog_write_start(&one, banks, 1);
	eventlog_write_start(&both, banks, 2);
	eventlog_write_start(&other, banks + 1, 1);
	buffer_append_bytes(&moved, buffer_bytes(&one));
	eventlog_write_event(&moved, 0, EVENTLOG_NO_ACTION, &zeros, 1, bytes_make("StartupLocality\0\3", 17));
	expect_one(buffer_bytes(&one), buffer_bytes(&both), WHY_BANKS_CHANGED,
	           "the TPM's active banks changed: with sha1");
	expect_one(buffer_bytes(&both), buffer_bytes(&other), WHY_BANKS_CHANGED,
	           "the TPM's active banks changed: without sha256");
	expect_one(buffer_bytes(&one), buffer_bytes(&moved), WHY_LOCALITY_CHANGED,
	           "the TPM was started from locality 3, before from 0");
	assert_int_equal(why_compare(buffer_bytes(&one), buffer_bytes(&other), NULL, &why, &error), -E_UNSUPPORTED);
	assert_string_equal(error.sentence, "the two event logs have no PCR bank in common");
}

/* Of equal events, the one that is there more often is named once, and no order is said to have changed. */
static void test_repeated_events(void **state)
{
	static const struct made events[] = {
	    {4, ACT, "recovery", NULL}, {4, ACT, "crash", NULL}, {4, ACT, "recovery", NULL}};
	CLEANUP(buffer_clear) struct buffer three = {0}, two = {0};

	(void)state;
	write_log(&three, events, 3);
	write_log(&two, events + 1, 2);
	expect_one(buffer_bytes(&three), buffer_bytes(&two), WHY_MODE_MISSING,
	           "the boot mode \"recovery\" was measured before, and is not now");
	expect_one(buffer_bytes(&two), buffer_bytes(&three), WHY_RECOVERY_ENTERED, "recovery shell was entered");
}

static void test_bad_logs(void **state)
{
	CLEANUP(buffer_clear) struct buffer good = {0}, many = {0}, large = {0};
	struct digest digest = digest_of(HASH_SHA256, BYTES_EMPTY);
	struct why why;

	(void)state;
	write_log(&good, whole, WHOLE);
	eventlog_write_start(&many, banks, 1);
	for (uint32_t i = 0; i < WHY_MAX_EVENTS; i++)
		eventlog_write_event(&many, i % 24, IPL, &digest, 1, BYTES_EMPTY);
	assert_int_equal(why_compare(buffer_bytes(&good), buffer_bytes(&many), NULL, &why, NULL), 0);
	assert_true(why.count > 0 && why.count <= WHY_MAX_CAUSES);
	eventlog_write_event(&many, 0, IPL, &digest, 1, BYTES_EMPTY);
	assert_int_equal(why_compare(buffer_bytes(&good), buffer_bytes(&many), NULL, &why, NULL), -E_TOO_LARGE);
	assert_int_equal(why_compare(BYTES_EMPTY, buffer_bytes(&good), NULL, &why, NULL), -E_MALFORMED);
	assert_int_equal(
	    why_compare(buffer_bytes(&good), bytes_slice(buffer_bytes(&good), 0, good.size - 1), NULL, &why, NULL),
	    -E_MALFORMED);
	while (large.size <= WHY_MAX_SIZE)
		buffer_append_bytes(&large, buffer_bytes(&good));
	assert_int_equal(why_compare(buffer_bytes(&large), buffer_bytes(&good), NULL, &why, NULL), -E_TOO_LARGE);
}

static void test_every_kind_has_its_own_name(void **state)
{
	(void)state;
	for (int i = 0; i < WHY_KINDS; i++) {
		assert_non_null(why_kind_name((enum why_kind)i));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(why_kind_name((enum why_kind)i), why_kind_name((enum why_kind)j));
	}
}

static int setup(void **state)
{
	(void)state;
	digest_library_start();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_change_has_its_cause),
	    cmocka_unit_test(test_settings_by_name),
	    cmocka_unit_test(test_firmware_log_absent),
	    cmocka_unit_test(test_locality_and_banks),
	    cmocka_unit_test(test_repeated_events),
	    cmocka_unit_test(test_bad_logs),
	    cmocka_unit_test(test_every_kind_has_its_own_name),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
