/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TCG event log: read, written, replayed, damaged. */
#include "attest/eventlog.h"
#include "attest/measure.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/file.h"
#include "unit/cmocka_all.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static int setup(void **state)
{
	(void)state;
	digest_library_start();
	return 0;
}

static const enum hash_algorithm banks[] = {HASH_SHA256, HASH_SHA1};

/* Two events: one of the firmware in one bank, one of ours in both. */
static void make_log(struct buffer *log)
{
	struct digest digests[2] = {digest_of(HASH_SHA256, bytes_from_string("stage")),
	                            digest_of(HASH_SHA1, bytes_from_string("mode"))};

	eventlog_write_start(log, banks, 2);
	eventlog_write_event(log, 2, EVENTLOG_POST_CODE, digests, 1, bytes_from_string("FMAP: FMAP"));
	digests[0] = digest_of(HASH_SHA256, bytes_from_string("mode"));
	eventlog_write_event(log, 4, EVENTLOG_ACTION, digests, 2, bytes_from_string("mode"));
	assert_false(log->failed);
}

#define FIRST_EVENT  (32 + 16 + 12 + 2 * 4 + 1)
#define SECOND_EVENT (FIRST_EVENT + 12 + 34 + 4 + 10)
#define END          (SECOND_EVENT + 12 + 34 + 22 + 4 + 4)

static void test_writes_what_it_reads(void **state)
{
	CLEANUP(buffer_clear) struct buffer log = {0};
	struct eventlog_reader reader;
	struct eventlog_event event;
	struct digest expected = digest_of(HASH_SHA1, bytes_from_string("mode"));

	(void)state;
	make_log(&log);
	assert_int_equal(log.size, END);
	assert_int_equal(eventlog_open(buffer_bytes(&log), &reader, NULL), 0);
	assert_int_equal(reader.bank_count, 2);
	assert_int_equal(eventlog_next(&reader, &event, NULL), 1);
	assert_int_equal(event.pcr, 2);
	assert_int_equal(event.number, 1);
	assert_string_equal(eventlog_type_name(event.type), "EV_POST_CODE");
	assert_int_equal(event.digest_count, 1);
	assert_null(eventlog_digest(&event, HASH_SHA1));
	assert_true(bytes_equal(event.data, bytes_from_string("FMAP: FMAP")));
	assert_int_equal(eventlog_next(&reader, &event, NULL), 1);
	assert_int_equal(event.pcr, 4);
	assert_non_null(eventlog_digest(&event, HASH_SHA1));
	assert_true(digest_equal(eventlog_digest(&event, HASH_SHA1), &expected));
	assert_int_equal(eventlog_next(&reader, &event, NULL), 0);
	assert_null(eventlog_type_name(0x12345));
}

/* The first event byte by byte, written down from the specification. */
static void test_spec_id_event(void **state)
{
	static const char expected[] = "00000000030000000000000000000000000000000000000000000000"
	                               "21000000"
	                               "53706563204944204576656e74303300" /* "Spec ID Event03" */
	                               "00000000"                         /* platform class */
	                               "00020002"                         /* 2.0, errata 0, 64 bits */
	                               "01000000"
	                               "0b002000"
	                               "00";
	CLEANUP(buffer_clear) struct buffer log = {0};
	char hex[256];

	(void)state;
	eventlog_write_start(&log, banks, 1);
	hex_encode(buffer_bytes(&log), hex);
	assert_string_equal(hex, expected);
}

static void expect_extended(const struct digest *found, enum hash_algorithm bank, const char *text)
{
	struct digest zero = eventlog_first_value(bank, 0), digest = digest_of(bank, bytes_from_string(text));
	struct bytes parts[] = {digest_bytes(&zero), digest_bytes(&digest)};
	struct digest expected = digest_of_parts(bank, parts, 2);

	assert_true(digest_equal(found, &expected));
}

static void test_replay(void **state)
{
	CLEANUP(buffer_clear) struct buffer log = {0};
	struct eventlog_replay replay;
	struct digest zero = eventlog_first_value(HASH_SHA1, 2);

	(void)state;
	make_log(&log);
	assert_int_equal(eventlog_replay(buffer_bytes(&log), &replay, NULL), 0);
	assert_int_equal(replay.events, 2);
	assert_int_equal(replay.bank_count, 2);
	assert_false(replay.firmware_absent);
	assert_int_equal(replay.banks[0].bank, HASH_SHA256);
	assert_int_equal(replay.banks[0].mask, 1 << 2 | 1 << 4);
	assert_int_equal(replay.banks[1].mask, 1 << 4);
	expect_extended(&replay.banks[0].values[2], HASH_SHA256, "stage");
	expect_extended(&replay.banks[0].values[4], HASH_SHA256, "mode");
	expect_extended(&replay.banks[1].values[4], HASH_SHA1, "mode");
	assert_true(digest_equal(&replay.banks[1].values[2], &zero));
}

/* EV_NO_ACTION extends nothing; the locality that started the TPM is where PCR 0 begins. */
static void test_startup_locality(void **state)
{
	CLEANUP(buffer_clear) struct buffer log = {0};
	struct digest zeros = eventlog_first_value(HASH_SHA256, 0);
	struct eventlog_replay replay;

	(void)state;
	eventlog_write_start(&log, banks, 1);
	eventlog_write_event(&log, 0, EVENTLOG_NO_ACTION, &zeros, 1, bytes_make("StartupLocality\0\3", 17));
	assert_int_equal(eventlog_replay(buffer_bytes(&log), &replay, NULL), 0);
	assert_int_equal(replay.banks[0].mask, 0);
	zeros.data[31] = 3;
	assert_true(digest_equal(&replay.banks[0].values[0], &zeros));
}

static void test_zeros_end_a_log(void **state)
{
	static const uint8_t zeros[4096];
	CLEANUP(buffer_clear) struct buffer log = {0};
	struct eventlog_replay replay;
	struct error error;

	(void)state;
	make_log(&log);
	buffer_append(&log, zeros, sizeof(zeros));
	assert_int_equal(eventlog_replay(buffer_bytes(&log), &replay, NULL), 0);
	assert_int_equal(replay.events, 2);
	buffer_append_byte(&log, 1);
	assert_int_equal(eventlog_replay(buffer_bytes(&log), &replay, &error), -E_MALFORMED);
	assert_string_equal(error.sentence, "event 3 of the event log has no digest");
}

static const struct damage {
	size_t at; /* of the byte that is changed */
	uint8_t value;
	size_t size; /* of the log; 0: all */
	enum error_code code;
	const char *sentence;
} damages[] = {
    {0, 1, 0, E_MALFORMED, "this is no crypto-agile event log: its first event is no \"Spec ID Event03\""},
    {4, 8, 0, E_MALFORMED, "this is no crypto-agile event log: its first event is no \"Spec ID Event03\""},
    {32 + 14, '0', 0, E_UNSUPPORTED, "this is no crypto-agile event log: its first event is no \"Spec ID Event03\""},
    {0, 0, 31, E_MALFORMED, "this is no event log: 31 bytes do not hold the first event"},
    {32 + 24, 0, 0, E_MALFORMED, "the event log's first event names no bank"},
    {32 + 24, 9, 0, E_UNSUPPORTED, "the event log names 9 banks; at most 8 are read"},
    {32 + 24, 4, 0, E_MALFORMED, "the event log ends inside its list of banks"},
    {32 + 30, 20, 0, E_MALFORMED, "the event log says that digests of the bank 0x000b have 20 bytes"},
    {32 + 36, 9, 0, E_MALFORMED, "the event log's first event ends inside the vendor's words"},
    {FIRST_EVENT, 24, 0, E_MALFORMED, "event 1 of the event log names a PCR that no TPM has"},
    {FIRST_EVENT + 8, 3, 0, E_MALFORMED, "event 1 of the event log has more digests than the log has banks"},
    {FIRST_EVENT + 8, 0, 0, E_MALFORMED, "event 1 of the event log has no digest"},
    {FIRST_EVENT + 12, 0x0c, 0, E_MALFORMED,
     "event 1 of the event log has a digest of a bank that the log does not name"},
    {FIRST_EVENT + 12 + 34 + 3, 1, 0, E_MALFORMED, "event 1 of the event log has more data than the log has bytes"},
    {SECOND_EVENT + 12 + 34, 0x0b, 0, E_MALFORMED, "event 2 of the event log has two digests of one bank"},
    {SECOND_EVENT, 4, SECOND_EVENT + 7, E_MALFORMED, "event 2 of the event log is cut off at its start"},
    {SECOND_EVENT, 4, SECOND_EVENT + 11, E_MALFORMED, "event 2 of the event log is cut off before its digests"},
    {SECOND_EVENT, 4, SECOND_EVENT + 47, E_MALFORMED, "event 2 of the event log is cut off between its digests"},
    {SECOND_EVENT, 4, SECOND_EVENT + 40, E_MALFORMED, "event 2 of the event log is cut off inside a digest"},
    {SECOND_EVENT, 4, SECOND_EVENT + 70, E_MALFORMED, "event 2 of the event log is cut off before its data"},
    {SECOND_EVENT, 4, END - 1, E_MALFORMED, "event 2 of the event log has more data than the log has bytes"},
};

static void test_bad_logs_have_their_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(damages); i++) {
		CLEANUP(buffer_clear) struct buffer log = {0};
		struct eventlog_replay replay;
		struct error error = {.sentence = ""};

		make_log(&log);
		log.data[damages[i].at] = damages[i].value;
		if (damages[i].size)
			log.size = damages[i].size;
		assert_int_equal(eventlog_replay(buffer_bytes(&log), &replay, &error), -(int)damages[i].code);
		assert_string_equal(error.sentence, damages[i].sentence);
	}
}

/* Cut off anywhere but between two events, it is refused. */
static void test_bad_truncated(void **state)
{
	CLEANUP(buffer_clear) struct buffer log = {0};
	struct eventlog_replay replay;

	(void)state;
	make_log(&log);
	for (size_t size = 0; size <= END; size++) {
		bool whole = size == FIRST_EVENT || size == SECOND_EVENT || size == END;
		int r = eventlog_replay(bytes_make(log.data, size), &replay, NULL);

		assert_int_equal(r, whole ? 0 : -E_MALFORMED);
	}
}

/* Banks of hashes that are not known here (SM3) are stepped over. */
static void test_unknown_bank(void **state)
{
	CLEANUP(buffer_clear) struct buffer log = {0};
	struct eventlog_replay replay;

	(void)state;
	make_log(&log);
	log.data[32 + 28 + 4] = 0x12; /* the second bank, 20 bytes, is none of ours */
	log.data[SECOND_EVENT + 12 + 34] = 0x12;
	assert_int_equal(eventlog_replay(buffer_bytes(&log), &replay, NULL), 0);
	assert_int_equal(replay.bank_count, 1);
	expect_extended(&replay.banks[0].values[4], HASH_SHA256, "mode");
}

static void test_without_firmware(void **state)
{
	CLEANUP(buffer_clear) struct buffer log = {0};
	struct eventlog_replay replay;

	(void)state;
	eventlog_begin_without_firmware(&log, banks, 2, "no table\x1b[2J");
	assert_int_equal(eventlog_replay(buffer_bytes(&log), &replay, NULL), 0);
	assert_true(replay.firmware_absent);
	assert_string_equal(replay.firmware_reason, "no table\\x1b[2J");
	assert_int_equal(replay.banks[0].mask | replay.banks[1].mask, 0);
}

static void test_append(void **state)
{
	char directory[] = "/tmp/heads-eventlog-XXXXXX", path[64];
	struct digest digest = digest_of(HASH_SHA256, bytes_from_string("x"));
	CLEANUP(buffer_clear) struct buffer log = {0}, read = {0};
	struct eventlog_replay replay;
	struct error error;

	(void)state;
	assert_non_null(mkdtemp(directory));
	(void)snprintf(path, sizeof(path), "%s/log", directory);
	eventlog_use(path);
	/* nobody started it: nothing happens, and no file appears */
	assert_int_equal(eventlog_append(9, EVENTLOG_IPL, &digest, 1, bytes_from_string("x"), NULL), 0);
	assert_int_not_equal(access(path, F_OK), 0);
	make_log(&log);
	{
		CLEANUP_FCLOSE FILE *file = fopen(path, "we");

		assert_non_null(file);
		assert_int_equal(fwrite(log.data, 1, log.size, file), log.size);
	}
	assert_int_equal(eventlog_append(9, EVENTLOG_IPL, &digest, 1, bytes_from_string("x"), NULL), 0);
	assert_int_equal(file_read(path, EVENTLOG_MAX_SIZE, &read, NULL), 0);
	assert_int_equal(eventlog_replay(buffer_bytes(&read), &replay, NULL), 0);
	assert_int_equal(replay.events, 3);
	expect_extended(&replay.banks[0].values[9], HASH_SHA256, "x");
	assert_int_equal(unlink(path), 0);
	/* a link is not followed */
	assert_int_equal(symlink("/dev/null", path), 0);
	assert_int_equal(eventlog_append(9, EVENTLOG_IPL, &digest, 1, bytes_from_string("x"), &error), -E_IO);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(directory), 0);
	eventlog_use(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_writes_what_it_reads),
	    cmocka_unit_test(test_spec_id_event),
	    cmocka_unit_test(test_replay),
	    cmocka_unit_test(test_startup_locality),
	    cmocka_unit_test(test_zeros_end_a_log),
	    cmocka_unit_test(test_bad_logs_have_their_sentence),
	    cmocka_unit_test(test_bad_truncated),
	    cmocka_unit_test(test_unknown_bank),
	    cmocka_unit_test(test_without_firmware),
	    cmocka_unit_test(test_append),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
