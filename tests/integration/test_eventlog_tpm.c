/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event log beside a TPM: what leads to the PCRs is what was extended, and tpm2_eventlog says the same. */
#include "attest/eventlog.h"
#include "attest/measure.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/file.h"
#include "boot/load.h"
#include "boot/log_segment.h"
#include "format/cpio.h"
#include "integration/swtpm.h"
#include "unit/cmocka_all.h"
#include "unit/coreboot_memory.h"
#include <fcntl.h>
#include <json-c/json.h>
#include <string.h>
#include <sys/stat.h>

static struct swtpm swtpm;
static struct memory memory;
static char path[128];

static int setup(void **state)
{
	(void)state;
	digest_library_start();
	swtpm_start(&swtpm);
	memory.bytes = calloc(1, MEMORY_SIZE);
	put_machine(&memory);
	(void)snprintf(path, sizeof(path), "%s/eventlog", swtpm.directory);
	eventlog_use(path);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	eventlog_use(NULL);
	free(memory.bytes);
	swtpm_stop(&swtpm);
	return 0;
}

/* As coreboot does it: the SHA-256 bank alone. */
static void extend_as_firmware(const char *text)
{
	struct digest digest = digest_of(HASH_SHA256, bytes_from_string(text));
	char hex[2 * DIGEST_MAX_SIZE + 1];

	hex_encode(digest_bytes(&digest), hex);
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_pcrextend 2:sha256=%s", hex), 0);
}

/* Firmware, the ROM's files, and a whole boot, in two processes' manner. */
static void measured_boot(void)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct digest kernel = digest_of(HASH_SHA256, bytes_from_string("kernel"));

	extend_as_firmware("fmap");
	extend_as_firmware("payload");
	tpm = swtpm_open(&swtpm);
	assert_int_equal(eventlog_start(path, tpm, read_memory, &memory, NULL), 0);
	assert_int_equal(measure_bytes(tpm, 7, "heads/config.user", bytes_from_string("heads/config.user"), NULL), 0);
	assert_int_equal(measure_bytes(tpm, 7, "heads/config.user", bytes_from_string("CONFIG_X=y\n"), NULL), 0);
	tpm_close(&tpm);
	tpm = swtpm_open(&swtpm);
	assert_int_equal(measure_hashed(tpm, 9, "/vmlinuz", bytes_from_string("kernel"), &kernel, NULL), 0);
	assert_int_equal(measure_bytes(tpm, 8, "command line", bytes_from_string("root=/dev/x\x1b quiet"), NULL), 0);
	assert_int_equal(measure_bytes(tpm, 4, "handover", bytes_from_string("handover"), NULL), 0);
}

static int compare(struct eventlog_difference *difference)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	CLEANUP(buffer_clear) struct buffer log = {0};
	struct eventlog_replay replay;
	struct error error;

	assert_int_equal(file_read(path, EVENTLOG_MAX_SIZE, &log, &error), 0);
	assert_int_equal(eventlog_replay(buffer_bytes(&log), &replay, &error), 0);
	return eventlog_compare(&replay, tpm, difference, &error);
}

static void test_log_leads_to_the_pcrs(void **state)
{
	struct eventlog_difference difference;
	struct stat status;

	(void)state;
	measured_boot();
	assert_int_equal(compare(&difference), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
}

/* Every PCR of both banks that tpm2_eventlog computes is the one that tpm2_pcrread reads. */
static void test_witness_agrees(void **state)
{
	static const char *const script =
	    "tpm2_eventlog eventlog >events && tpm2_pcrread >pcrs && "
	    "sed -n '/^pcrs:/,$p' events | awk '/sha/{b=$1} /0x/{print b, $1, tolower($NF)}' | tr -d : | sort >theirs "
	    "&& "
	    "awk '/sha/{b=$1} /0x/{print b, $1, tolower($NF)}' pcrs | sed 's/://g;s/  */ /g' | sort >ours && "
	    "test $(wc -l <theirs) -ge 9 && test -z \"$(comm -23 theirs ours)\" && grep -q '^sha1 8 ' theirs";
	CLEANUP(buffer_clear) struct buffer events = {0};

	(void)state;
	measured_boot();
	assert_int_equal(swtpm_tool(&swtpm, NULL, "%s", script), 0);
	assert_int_equal(swtpm_tool(&swtpm, &events, "cat events"), 0);
	assert_true(bytes_contain(buffer_bytes(&events), bytes_from_string("EV_POST_CODE")));
	assert_true(bytes_contain(buffer_bytes(&events), bytes_from_string("EV_ACTION")));
	assert_true(bytes_contain(buffer_bytes(&events), bytes_from_string("EV_IPL")));
}

static void test_bad_extend_that_no_event_tells(void **state)
{
	struct eventlog_difference difference;

	(void)state;
	measured_boot();
	assert_int_equal(swtpm_tool(&swtpm, NULL, "printf x >x && tpm2_pcrevent 1 x"), 0);
	assert_int_equal(compare(&difference), 1);
	assert_int_equal(difference.pcr, 1);
	assert_non_null(strstr(difference.sentence, "was extended, but the log holds no event for it"));
}

static void test_bad_event_that_was_not_extended(void **state)
{
	struct digest digest = digest_of(HASH_SHA256, bytes_from_string("x"));
	struct eventlog_difference difference;

	(void)state;
	measured_boot();
	assert_int_equal(eventlog_append(5, EVENTLOG_IPL, &digest, 1, bytes_from_string("x"), NULL), 0);
	assert_int_equal(compare(&difference), 1);
	assert_int_equal(difference.pcr, 5);
	assert_int_equal(difference.bank, HASH_SHA256);
	assert_string_equal(difference.sentence, "the log extends PCR 5 (sha256), which is untouched in the TPM");
}

/* The TPM was reset while the machine ran: everything is untouched. */
static void test_A3_tpm_reset(void **state)
{
	struct eventlog_difference difference;

	(void)state;
	measured_boot();
	swtpm_power_cycle(&swtpm);
	assert_int_equal(compare(&difference), 1);
	assert_non_null(strstr(difference.sentence, "untouched in the TPM"));
}

/* The boot goes on without the firmware's log; the replay says that PCR 2 is not known, and fails. */
static void test_firmware_log_absent(void **state)
{
	struct eventlog_difference difference;

	(void)state;
	memset(memory.bytes, 0, MEMORY_SIZE);
	measured_boot();
	assert_int_equal(compare(&difference), 1);
	assert_int_equal(difference.pcr, 2);
	assert_non_null(
	    strstr(difference.sentence, "the log misses the firmware's part (the firmware left no coreboot"));
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_eventlog eventlog"), 0);
}

/* A bank that the firmware's log cannot know stays closed, or the replay fails (A20). */
static void test_A20_bank_that_the_log_does_not_know(void **state)
{
	static const enum hash_algorithm banks[] = {HASH_SHA256};
	struct eventlog_difference difference;
	struct buffer log = {0};
	FILE *file;

	(void)state;
	extend_as_firmware("fmap");
	extend_as_firmware("payload");
	{
		CLEANUP(firmware_log_clear) struct firmware_log firmware = {0};
		size_t events;

		assert_int_equal(firmware_log_read(read_memory, &memory, &firmware, NULL), 0);
		assert_int_equal(eventlog_begin(&log, banks, 1, &firmware, &events, NULL), 0);
	}
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(log.data, 1, log.size, file), log.size);
	assert_int_equal(fclose(file), 0);
	buffer_clear(&log);
	assert_int_equal(compare(&difference), 0);
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_pcrextend 2:sha1=%040d", 1), 0);
	assert_int_equal(compare(&difference), 1);
	assert_int_equal(difference.bank, HASH_SHA1);
	assert_string_equal(difference.sentence,
	                    "the bank sha1 is active and PCR 2 of it was extended, but the log does not know it");
}

static int heads(const char *arguments, struct buffer *output)
{
	return swtpm_tool(&swtpm, output, "%s --json --tpm %s %s", TEST_HEADS, swtpm.where, arguments);
}

static void test_commands(void **state)
{
	CLEANUP(buffer_clear) struct buffer equal = {0}, different = {0}, lines = {0}, bad = {0}, why = {0};
	struct json_object *object;

	(void)state;
	measured_boot();
	assert_int_equal(heads("pcr replay eventlog", &equal), 0);
	object = json_tokener_parse(buffer_string(&equal));
	assert_non_null(object);
	assert_string_equal(json_object_get_string(json_object_object_get(object, "result")), "equal");
	assert_true(json_object_object_get_ex(object, "first_difference", NULL));
	assert_null(json_object_object_get(object, "first_difference"));
	assert_int_equal(json_object_object_length(json_object_object_get(object, "sha256")), 5);
	json_object_put(object);
	assert_int_equal(heads("pcr extend 9 x >/dev/null", NULL), 0);
	assert_int_equal(heads("pcr replay eventlog", &different), 1);
	object = json_tokener_parse(buffer_string(&different));
	assert_non_null(object);
	assert_string_equal(json_object_get_string(json_object_object_get(object, "result")), "different");
	assert_int_equal(
	    json_object_get_int(json_object_object_get(json_object_object_get(object, "first_difference"), "pcr")), 9);
	json_object_put(object);
	assert_int_equal(heads("pcr log eventlog", &lines), 0);
	assert_non_null(strstr(buffer_string(&lines), "\"type\":\"EV_IPL\""));
	assert_non_null(strstr(buffer_string(&lines), "command line: root=/dev/x\\\\x1b quiet"));
	assert_int_equal(heads("pcr replay log", &bad), 2);
	assert_non_null(strstr(buffer_string(&bad), "this is no"));
	assert_int_equal(heads("pcr why eventlog eventlog", &why), 0);
	assert_non_null(strstr(buffer_string(&why), "{\"causes\":[]}"));
	buffer_clear(&why);
	{
		CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
		CLEANUP_CLOSE int fd = open(swtpm.directory, O_RDONLY | O_DIRECTORY);

		buffer_clear(&lines);
		assert_int_equal(eventlog_read(&lines, NULL), 0);
		assert_int_equal(file_replace(fd, "before", buffer_bytes(&lines), 0600, NULL), 0);
		assert_int_equal(measure_bytes(tpm, 4, "recovery", bytes_from_string("recovery"), NULL), 0);
	}
	assert_int_equal(heads("pcr why before eventlog", &why), 1);
	assert_non_null(strstr(buffer_string(&why), "{\"causes\":[{\"kind\":\"recovery-entered\",\"pcr\":4,"
	                                            "\"sentence\":\"recovery shell was entered\"}]}"));
	buffer_clear(&why);
	assert_int_equal(heads("pcr why before", &why), 2);
}

/* The log that the OS gets is made before the cap; after the cap it is byte for byte the log, and leads to the PCRs.
 * The initrd's bytes stay, and the segment begins where the kernel looks for one. */
static void test_A13_log_is_handed_over_as_it_will_be(void **state)
{
	const struct bytes initrd = bytes_from_string("initrd");
	CLEANUP(buffer_clear) struct buffer content = {0}, archive = {0}, log = {0}, segment = {0};
	CLEANUP(load_initrd_wipe) struct load_initrd joined = {.fd = -1};
	struct eventlog_difference difference;
	struct error error;

	(void)state;
	measured_boot();
	{
		CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);

		assert_int_equal(log_segment_make(tpm, &segment, &error), 0);
		assert_int_equal(load_initrd_join(&initrd, 1, 4096, &joined, &error), 0);
		assert_int_equal(load_initrd_add(&joined, buffer_bytes(&segment), &error), 0);
		assert_int_equal(measure_bytes(tpm, 4, "handover", bytes_from_string("handover"), NULL), 0);
	}
	assert_int_equal(eventlog_read(&log, NULL), 0);
	assert_int_equal(compare(&difference), 0);
	assert_int_equal(cpio_add(&archive, "heads-eventlog", buffer_bytes(&log), NULL), 0);
	assert_int_equal(cpio_end(&archive, NULL), 0);
	assert_int_equal(lseek(joined.fd, 0, SEEK_SET), 0);
	assert_int_equal(file_read_fd(joined.fd, "joined", EVENTLOG_MAX_SIZE, &content, NULL), 0);
	assert_int_equal(content.size, 12 + archive.size);
	assert_memory_equal(content.data, "initrd\0\0\0\0\0\0", 12);
	assert_memory_equal(content.data + 12, archive.data, archive.size);
}

static void test_bad_log_is_not_handed_over(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(buffer_clear) struct buffer segment = {0};
	struct error error;

	(void)state;
	measured_boot();
	tpm = swtpm_open(&swtpm);
	assert_int_equal(truncate(path, 200), 0);
	assert_int_equal(log_segment_make(tpm, &segment, &error), -E_MALFORMED);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(log_segment_make(tpm, &segment, &error), -E_NOT_FOUND);
	assert_int_equal(segment.size, 0);
}

int main(void)
{
#define WITH_TPM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	    WITH_TPM(test_log_leads_to_the_pcrs),
	    WITH_TPM(test_witness_agrees),
	    WITH_TPM(test_bad_extend_that_no_event_tells),
	    WITH_TPM(test_bad_event_that_was_not_extended),
	    WITH_TPM(test_A3_tpm_reset),
	    WITH_TPM(test_firmware_log_absent),
	    WITH_TPM(test_A20_bank_that_the_log_does_not_know),
	    WITH_TPM(test_A13_log_is_handed_over_as_it_will_be),
	    WITH_TPM(test_bad_log_is_not_handed_over),
	    WITH_TPM(test_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
