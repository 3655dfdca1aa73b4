/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of events that is kept for the next time: what is written is read back as an event log that leads to the
 * same PCRs, and every kind of damage is refused. */
#include "attest/eventlog.h"
#include "base/cleanup.h"
#include "format/baseline.h"
#include "unit/cmocka_all.h"
#include <string.h>

#define MASK     0x9fu
#define SETTINGS "CONFIG_A=y\n# \x01\n"
#define HEX      "c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2"

static const enum hash_algorithm banks[] = {HASH_SHA256, HASH_SHA1};

static void add(struct buffer *log, uint32_t pcr, uint32_t type, const char *content, struct bytes data)
{
	struct digest digests[] = {digest_of(HASH_SHA256, bytes_from_string(content)),
	                           digest_of(HASH_SHA1, bytes_from_string(content))};

	eventlog_write_event(log, pcr, type, digests, 2, data);
}

static void make_log(struct buffer *log)
{
	char much[300];
	struct digest sha1 = digest_of(HASH_SHA1, bytes_from_string("x"));

	memset(much, 'm', sizeof(much));
	eventlog_write_start(log, banks, 2);
	add(log, 2, EVENTLOG_POST_CODE, "foobar", bytes_from_string("FMAP: FMAP"));
	add(log, 7, EVENTLOG_IPL, "heads/config.user", bytes_from_string("heads/config.user"));
	add(log, 7, EVENTLOG_IPL, SETTINGS, bytes_from_string("heads/config.user"));
	add(log, 9, EVENTLOG_IPL, "not in the mask", bytes_from_string("vmlinuz"));
	eventlog_write_event(log, 1, EVENTLOG_IPL, &sha1, 1, bytes_from_string("no SHA-256"));
	add(log, 0, 0x80000001u, "much", bytes_make(much, sizeof(much)));
	add(log, 0, EVENTLOG_NO_ACTION, "", bytes_make("StartupLocality\0\x03", 17));
	add(log, 4, EVENTLOG_ACTION, "odd \\\n\xff", bytes_from_string("odd \\\n\xff"));
}

static const char written[] = "heads baseline 1\n"
                              "banks sha256 sha1\n"
                              "pcr 1 " HEX "\n"
                              "event 2 1 " HEX " FMAP: FMAP\n"
                              "event 7 13 data heads/config.user\n";

static int write_text(const struct buffer *log, struct bytes settings, struct buffer *text)
{
	struct baseline_untold untold = {.mask = 1u << 1 | 1u << 9};
	struct baseline_content content = {buffer_bytes(log), MASK, settings, &untold};

	untold.values[1] = untold.values[9] = digest_of(HASH_SHA256, bytes_from_string("foobar"));
	return baseline_write(&content, text, NULL);
}

static void test_is_text_and_comes_back(void **state)
{
	CLEANUP(buffer_clear) struct buffer log = {0}, text = {0}, again = {0};
	CLEANUP(baseline_clear) struct baseline baseline = {.has_settings = false};
	struct eventlog_replay before, after;
	const char *string;

	(void)state;
	make_log(&log);
	assert_int_equal(write_text(&log, bytes_from_string(SETTINGS), &text), 0);
	string = buffer_string(&text);
	assert_memory_equal(string, written, strlen(written));
	assert_non_null(strstr(string, "\nevent 0 3 none StartupLocality\\x00\\x03\n"));
	assert_non_null(strstr(string, "\nevent 4 5 data odd \\x5c\\x0a\\xff\nsettings 15\n" SETTINGS));
	assert_null(strstr(string, "vmlinuz"));
	assert_int_equal(baseline_parse(buffer_bytes(&text), &baseline, NULL), 0);
	assert_true(baseline.has_settings);
	assert_true(bytes_equal(baseline.settings, bytes_from_string(SETTINGS)));
	assert_int_equal(baseline.untold.mask, 1u << 1); /* PCR 9 is not asked for */
	assert_int_equal(baseline.untold.values[1].data[0], 0xc3);
	assert_int_equal(eventlog_replay(buffer_bytes(&log), &before, NULL), 0);
	assert_int_equal(eventlog_replay(buffer_bytes(&baseline.log), &after, NULL), 0);
	assert_int_equal(after.bank_count, 2);
	for (unsigned pcr = 0; pcr < 8; pcr++)
		assert_true(digest_equal(&before.banks[0].values[pcr], &after.banks[0].values[pcr]));
	assert_int_equal(write_text(&baseline.log, baseline.settings, &again), 0);
	assert_true(bytes_equal(buffer_bytes(&text), buffer_bytes(&again)));
}

static void test_without_settings(void **state)
{
	CLEANUP(buffer_clear) struct buffer log = {0}, text = {0};
	CLEANUP(baseline_clear) struct baseline baseline = {.has_settings = true};

	(void)state;
	make_log(&log);
	assert_int_equal(write_text(&log, BYTES_EMPTY, &text), 0);
	assert_int_equal(baseline_parse(buffer_bytes(&text), &baseline, NULL), 0);
	assert_false(baseline.has_settings);
	baseline_clear(&baseline);
	/* A settings file that is there and empty is another thing. */
	buffer_clear(&text);
	assert_int_equal(write_text(&log, bytes_make("", 0), &text), 0);
	assert_int_equal(baseline_parse(buffer_bytes(&text), &baseline, NULL), 0);
	assert_true(baseline.has_settings);
	assert_int_equal(baseline.settings.size, 0);
}

static void test_bad_logs(void **state)
{
	static const enum hash_algorithm sha1[] = {HASH_SHA1};
	CLEANUP(buffer_clear) struct buffer log = {0}, text = {0};

	(void)state;
	buffer_append_string(&log, "x");
	assert_int_equal(write_text(&log, BYTES_EMPTY, &text), -E_MALFORMED);
	buffer_clear(&log);
	eventlog_write_start(&log, sha1, 1);
	assert_int_equal(write_text(&log, BYTES_EMPTY, &text), -E_UNSUPPORTED);
	buffer_clear(&log);
	eventlog_write_start(&log, banks, 2);
	for (unsigned i = 0; i <= BASELINE_MAX_EVENTS; i++)
		add(&log, 2, EVENTLOG_IPL, "x", bytes_from_string("y"));
	assert_int_equal(write_text(&log, BYTES_EMPTY, &text), -E_TOO_LARGE);
}

#define HEAD "heads baseline 1\nbanks sha256\n"

static void test_bad_texts(void **state)
{
	static const char *const bad[] = {
	    "",
	    "heads baseline 2\nbanks sha256\n",
	    "heads baseline 1\n",
	    "heads baseline 1\nbanks\n",
	    "heads baseline 1\nbanks sha1\n",
	    "heads baseline 1\nbanks sha256 sha256\n",
	    "heads baseline 1\nbanks sha256 md5\n",
	    "heads baseline 1\nbanks  sha256\n",
	    HEAD "\n",
	    HEAD "event\n",
	    HEAD "event 24 1 data x\n",
	    HEAD "event -1 1 data x\n",
	    HEAD "event 02 1 data x\n",
	    HEAD "event 2 4294967296 data x\n",
	    HEAD "event 2 99999999999 data x\n",
	    HEAD "event 2 1 none x\n",
	    HEAD "event 2 3 data x\n",
	    HEAD "event 2 1 c3ab x\n",
	    HEAD "event 2 1 " HEX "0 x\n",
	    HEAD "event 2 1 " HEX " x\\y\n",
	    HEAD "event 2 1 " HEX " x\\x0\n",
	    HEAD "event 2 1 " HEX " \x7f\n",
	    HEAD "pcr 24 " HEX "\n",
	    HEAD "pcr 1 " HEX "0\n",
	    HEAD "pcr 1 " HEX "\npcr 1 " HEX "\n",
	    HEAD "settings \n",
	    HEAD "settings 3\nab",
	    HEAD "settings 1\nab",
	    HEAD "settings -1\n",
	    HEAD "settings 99999999\n",
	};
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct baseline baseline;

		if (baseline_parse(bytes_from_string(bad[i]), &baseline, &error) != -E_MALFORMED)
			fail_msg("accepted: %s", bad[i]);
		assert_non_null(strstr(error.sentence, "cannot be read"));
	}
}

static void test_bad_sizes(void **state)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	struct baseline baseline;

	(void)state;
	buffer_append_string(&text, HEAD);
	for (unsigned i = 0; i < BASELINE_MAX_EVENTS + EVENTLOG_PCR_COUNT + 2; i++)
		buffer_append_string(&text, "event 2 1 data x\n");
	assert_int_equal(baseline_parse(buffer_bytes(&text), &baseline, NULL), -E_TOO_LARGE);
	while (text.size <= BASELINE_MAX_SIZE)
		buffer_append_string(&text, "event 2 1 data x\n");
	assert_int_equal(baseline_parse(buffer_bytes(&text), &baseline, NULL), -E_TOO_LARGE);
	buffer_clear(&text);
	buffer_append_string(&text, HEAD "event 2 1 data ");
	for (unsigned i = 0; i <= BASELINE_MAX_DATA; i++)
		buffer_append_string(&text, "x");
	assert_int_equal(baseline_parse(buffer_bytes(&text), &baseline, NULL), -E_MALFORMED);
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
	    cmocka_unit_test(test_is_text_and_comes_back),
	    cmocka_unit_test(test_without_settings),
	    cmocka_unit_test(test_bad_logs),
	    cmocka_unit_test(test_bad_texts),
	    cmocka_unit_test(test_bad_sizes),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
