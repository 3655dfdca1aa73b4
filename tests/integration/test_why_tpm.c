/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes that keep a secret in the TPM from opening, each made on purpose, and the cause that has to be named first.
 * Each is explained twice: from the list that the TPM keeps, and from the one that /boot holds signed. */
#include "attest/eventlog.h"
#include "attest/explain.h"
#include "attest/keep.h"
#include "attest/measure.h"
#include "attest/totp.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "integration/swtpm.h"
#include "unit/cmocka_all.h"
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CBFS     "FMAP: COREBOOT CBFS: "
#define SETTINGS "CONFIG_A=y\nCONFIG_B=1\n"
#define MOST     8

static struct swtpm swtpm;
static char path[128];

struct part {
	const char *name, *content;
};

/* What one start measures. */
struct start {
	struct part firmware[MOST], files[MOST];
};

static const struct start good = {
    {{"FMAP: FMAP", "fmap"},
     {CBFS "bootblock", "bootblock"},
     {CBFS "fallback/romstage", "romstage"},
     {CBFS "fallback/postcar", "postcar"},
     {CBFS "fallback/ramstage", "ramstage"},
     {CBFS "fallback/payload", "payload"}},
    {{"heads/config.user", SETTINGS}, {"heads/owner.asc", "key"}, {"heads/note", "note"}},
};

static int setup(void **state)
{
	(void)state;
	digest_library_start();
	swtpm_start(&swtpm);
	(void)snprintf(path, sizeof(path), "%s/eventlog", swtpm.directory);
	eventlog_use(path);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	eventlog_use(NULL);
	swtpm_stop(&swtpm);
	return 0;
}

static void start_log(struct tpm *tpm)
{
	CLEANUP(buffer_clear) struct buffer log = {0};
	CLEANUP_CLOSE int directory = open(swtpm.directory, O_RDONLY | O_DIRECTORY);
	const enum hash_algorithm *banks;
	size_t count = tpm_banks(tpm, &banks);

	eventlog_write_start(&log, banks, count);
	assert_int_equal(file_replace(directory, "eventlog", buffer_bytes(&log), 0600, NULL), 0);
}

static void measure_firmware(struct tpm *tpm, const struct part *part)
{
	struct digest digests[TPM_MAX_BANKS];
	size_t count = digests_of_text(tpm, part->content, digests);

	assert_int_equal(tpm_pcr_extend(tpm, 2, digests, count, NULL), 0);
	assert_int_equal(eventlog_append(2, EVENTLOG_POST_CODE, digests, count, bytes_from_string(part->name), NULL),
	                 0);
}

static void measure_file(struct tpm *tpm, const struct part *part)
{
	assert_int_equal(measure_bytes(tpm, 7, part->name, bytes_from_string(part->name), NULL), 0);
	assert_int_equal(measure_bytes(tpm, 7, part->name, bytes_from_string(part->content), NULL), 0);
}

static void measure_mode(const char *mode)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);

	assert_int_equal(measure_bytes(tpm, 4, mode, bytes_from_string(mode), NULL), 0);
}

/* From the first instruction until the menu asks for the secret. */
static void start_machine(const struct start *start)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);

	start_log(tpm);
	for (size_t i = 0; i < MOST && start->firmware[i].name; i++)
		measure_firmware(tpm, &start->firmware[i]);
	for (size_t i = 0; i < MOST && start->files[i].name; i++)
		measure_file(tpm, &start->files[i]);
}

static struct bytes settings_of(const struct start *start)
{
	for (size_t i = 0; i < MOST && start->files[i].name; i++)
		if (strcmp(start->files[i].name, "heads/config.user") == 0)
			return bytes_from_string(start->files[i].content);
	return BYTES_EMPTY;
}

/* A start at which the secret is sealed and opens; the list is kept in the TPM and, in list, signed on /boot. */
static void enrol(const struct start *start, struct buffer *list)
{
	CLEANUP(secret_clear) struct secret secret = {0};
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct error error = {.code = E_NONE, .sentence = ""};
	size_t size = 0;

	start_machine(start);
	tpm = swtpm_open(&swtpm);
	if (totp_new(tpm, (uint64_t)time(NULL), BYTES_EMPTY, &secret, &error) < 0 ||
	    keep_in_tpm(tpm, settings_of(start), true, &size, &error) < 0 ||
	    keep_text(tpm, settings_of(start), list, &error) < 0)
		fail_msg("%s", error.sentence);
	assert_in_range(size, 100, TPM_BASELINE_MAX_SIZE);
}

struct seed {
	const char *name;
	struct part replaced[2]; /* parts of the start: other content; content NULL: left out */
	struct part added;       /* behind the others of its kind */
	void (*act)(void);       /* once the start has measured all */
	bool swapped;            /* firmware parts 1 and 2 in each other's place */
	enum why_kind kind;
	int pcr;
	const char *sentence; /* a part of it */
	bool signed_alone;    /* the TPM keeps nothing that could tell */
};

static void recovery(void)
{
	measure_mode("recovery");
}

static void forced(void)
{
	measure_mode("forced");
}

static void usb(void)
{
	measure_mode("usb");
}

static void crash(void)
{
	measure_mode("crash");
}

static void handover(void)
{
	measure_mode("handover");
}

static void other_mode(void)
{
	measure_mode("kexec-test");
}

static void extend_untold(unsigned pcr)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);

	extend_text(tpm, pcr, "intruder");
}

static void untold_0(void)
{
	extend_untold(0);
}

static void untold_1(void)
{
	extend_untold(1);
}

static void untold_2(void)
{
	extend_untold(2);
}

static void untold_3(void)
{
	extend_untold(3);
}

static void untold_4(void)
{
	extend_untold(4);
}

static void untold_7(void)
{
	extend_untold(7);
}

static void told_1(void)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);

	assert_int_equal(measure_bytes(tpm, 1, "by hand", bytes_from_string("by hand"), NULL), 0);
}

static void reset_tpm(void)
{
	swtpm_power_cycle(&swtpm);
}

static void reset_before_files(void)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;

	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	for (size_t i = 0; i < MOST && good.files[i].name; i++) {
		extend_text(tpm, 7, good.files[i].name);
		extend_text(tpm, 7, good.files[i].content);
	}
}

static void lose_log(void)
{
	untold_2();
	assert_int_equal(unlink(path), 0);
}

static void damage_log(void)
{
	untold_2();
	assert_int_equal(truncate(path, 200), 0);
}

static void clear_tpm(void)
{
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_clear -c p"), 0);
}

/* Another TPM of the same make: it has never seen Heads. */
static void swap_tpm(void)
{
	swtpm_stop(&swtpm);
	swtpm_start(&swtpm);
	(void)snprintf(path, sizeof(path), "%s/eventlog", swtpm.directory);
	start_machine(&good);
}

/* Another TPM, with a secret of its own from another machine. */
static void swap_tpm_of_other_machine(void)
{
	static const struct start other = {{{"FMAP: FMAP", "other"}, {CBFS "fallback/payload", "other"}},
	                                   {{"heads/owner.asc", "other"}}};
	CLEANUP(buffer_clear) struct buffer list = {0};

	swtpm_stop(&swtpm);
	swtpm_start(&swtpm);
	(void)snprintf(path, sizeof(path), "%s/eventlog", swtpm.directory);
	enrol(&other, &list);
	swtpm_power_cycle(&swtpm);
	start_machine(&good);
}

static const struct seed seeds[] = {
    {.name = "flash layout",
     .replaced = {{"FMAP: FMAP", "x"}},
     .kind = WHY_FLASH_LAYOUT_CHANGED,
     .pcr = 2,
     .sentence = "flash layout changed"},
    {.name = "bootblock",
     .replaced = {{CBFS "bootblock", "x"}},
     .kind = WHY_STAGE_CHANGED,
     .pcr = 2,
     .sentence = "firmware stage bootblock changed"},
    {.name = "romstage",
     .replaced = {{CBFS "fallback/romstage", "x"}},
     .kind = WHY_STAGE_CHANGED,
     .pcr = 2,
     .sentence = "firmware stage romstage changed"},
    {.name = "postcar",
     .replaced = {{CBFS "fallback/postcar", "x"}},
     .kind = WHY_STAGE_CHANGED,
     .pcr = 2,
     .sentence = "firmware stage postcar changed"},
    {.name = "ramstage",
     .replaced = {{CBFS "fallback/ramstage", "x"}},
     .kind = WHY_STAGE_CHANGED,
     .pcr = 2,
     .sentence = "firmware stage ramstage changed"},
    {.name = "payload",
     .replaced = {{CBFS "fallback/payload", "x"}},
     .kind = WHY_PAYLOAD_CHANGED,
     .pcr = 2,
     .sentence = "payload changed"},
    {.name = "another ROM part",
     .added = {CBFS "cmos_layout.bin", "x"},
     .kind = WHY_ROM_PART_ADDED,
     .pcr = 2,
     .sentence = "the firmware measured \"cmos_layout.bin\", which it did not before"},
    {.name = "a stage less",
     .replaced = {{CBFS "fallback/postcar", NULL}},
     .kind = WHY_ROM_PART_MISSING,
     .pcr = 2,
     .sentence = "the firmware did not measure \"fallback/postcar\", which it did before"},
    {.name = "order of stages",
     .swapped = true,
     .kind = WHY_ORDER_CHANGED,
     .pcr = 2,
     .sentence = "the order of what was measured into PCR 2 changed"},
    {.name = "setting changed",
     .replaced = {{"heads/config.user", "CONFIG_A=n\nCONFIG_B=1\n"}},
     .kind = WHY_SETTINGS_CHANGED,
     .pcr = 7,
     .sentence = "settings file config.user changed: CONFIG_A y -> n"},
    {.name = "setting added",
     .replaced = {{"heads/config.user", SETTINGS "CONFIG_C=\"c d\"\n"}},
     .kind = WHY_SETTINGS_CHANGED,
     .pcr = 7,
     .sentence = "config.user changed: CONFIG_C not set -> c d"},
    {.name = "setting removed",
     .replaced = {{"heads/config.user", "CONFIG_A=y\n"}},
     .kind = WHY_SETTINGS_CHANGED,
     .pcr = 7,
     .sentence = "config.user changed: CONFIG_B 1 -> not set"},
    {.name = "settings written otherwise",
     .replaced = {{"heads/config.user", "# same\n" SETTINGS}},
     .kind = WHY_SETTINGS_CHANGED,
     .pcr = 7,
     .sentence = "no setting differs, only how they are written"},
    {.name = "settings file removed",
     .replaced = {{"heads/config.user", NULL}},
     .kind = WHY_SETTINGS_REMOVED,
     .pcr = 7,
     .sentence = "settings file config.user was removed"},
    {.name = "owner key replaced",
     .replaced = {{"heads/owner.asc", "x"}},
     .kind = WHY_OWNER_KEY_CHANGED,
     .pcr = 7,
     .sentence = "the owner's public key changed"},
    {.name = "owner key removed",
     .replaced = {{"heads/owner.asc", NULL}},
     .kind = WHY_OWNER_KEY_REMOVED,
     .pcr = 7,
     .sentence = "the owner's public key was removed"},
    {.name = "another file of the owner changed",
     .replaced = {{"heads/note", "x"}},
     .kind = WHY_OWNER_FILE_CHANGED,
     .pcr = 7,
     .sentence = "the owner's file \"heads/note\" in the ROM changed"},
    {.name = "another file of the owner removed",
     .replaced = {{"heads/note", NULL}},
     .kind = WHY_OWNER_FILE_REMOVED,
     .pcr = 7,
     .sentence = "the owner's file \"heads/note\" in the ROM was removed"},
    {.name = "another file of the owner added",
     .added = {"heads/new", "x"},
     .kind = WHY_OWNER_FILE_ADDED,
     .pcr = 7,
     .sentence = "the owner's file \"heads/new\" in the ROM was added"},
    {.name = "recovery shell",
     .act = recovery,
     .kind = WHY_RECOVERY_ENTERED,
     .pcr = 4,
     .sentence = "recovery shell was entered"},
    {.name = "forced boot", .act = forced, .kind = WHY_FORCED_BOOT, .pcr = 4, .sentence = "a boot was forced"},
    {.name = "USB boot", .act = usb, .kind = WHY_USB_BOOT, .pcr = 4, .sentence = "a boot from USB was chosen"},
    {.name = "crash of the menu", .act = crash, .kind = WHY_MENU_CRASHED, .pcr = 4, .sentence = "the menu crashed"},
    {.name = "after the cap", .act = handover, .kind = WHY_HANDED_OVER, .pcr = 4, .sentence = "PCR 4 is capped"},
    {.name = "another mode",
     .act = other_mode,
     .kind = WHY_MODE_ADDED,
     .pcr = 4,
     .sentence = "the boot mode \"kexec-test\" was measured"},
    {.name = "PCR 0 from outside",
     .act = untold_0,
     .kind = WHY_UNKNOWN_EXTEND,
     .pcr = 0,
     .sentence = "PCR 0 was extended by something unknown"},
    {.name = "PCR 1 from outside",
     .act = untold_1,
     .kind = WHY_UNKNOWN_EXTEND,
     .pcr = 1,
     .sentence = "PCR 1 was extended by something unknown"},
    {.name = "PCR 2 from outside",
     .act = untold_2,
     .kind = WHY_UNKNOWN_EXTEND,
     .pcr = 2,
     .sentence = "PCR 2 was extended by something unknown"},
    {.name = "PCR 3 from outside",
     .act = untold_3,
     .kind = WHY_UNKNOWN_EXTEND,
     .pcr = 3,
     .sentence = "PCR 3 was extended by something unknown"},
    {.name = "PCR 4 from outside",
     .act = untold_4,
     .kind = WHY_UNKNOWN_EXTEND,
     .pcr = 4,
     .sentence = "PCR 4 was extended by something unknown"},
    {.name = "PCR 7 from outside",
     .act = untold_7,
     .kind = WHY_UNKNOWN_EXTEND,
     .pcr = 7,
     .sentence = "PCR 7 was extended by something unknown"},
    {.name = "PCR 1 by heads pcr extend",
     .act = told_1,
     .kind = WHY_UNKNOWN_EXTEND,
     .pcr = 1,
     .sentence = "PCR 1 was extended by something unknown: \"by hand\""},
    {.name = "TPM reset under the menu",
     .act = reset_tpm,
     .kind = WHY_TPM_RESET,
     .pcr = 2,
     .sentence = "TPM was reset while the machine was running: PCR 2 has lost what was measured before"},
    {.name = "TPM reset before PID 1",
     .act = reset_before_files,
     .kind = WHY_TPM_RESET,
     .pcr = 2,
     .sentence = "TPM was reset while the machine was running"},
    {.name = "no event log",
     .act = lose_log,
     .kind = WHY_LOG_MISSING,
     .pcr = WHY_NO_PCR,
     .sentence = "there is no event log of this start"},
    {.name = "damaged event log",
     .act = damage_log,
     .kind = WHY_LOG_DAMAGED,
     .pcr = WHY_NO_PCR,
     .sentence = "the event log of this start is of no use"},
    {.name = "TPM cleared",
     .act = clear_tpm,
     .kind = WHY_TPM_CLEARED,
     .pcr = WHY_NO_PCR,
     .sentence = "TPM was cleared: the secret that opened before is gone"},
    {.name = "TPM swapped",
     .act = swap_tpm,
     .kind = WHY_TPM_CHANGED,
     .pcr = WHY_NO_PCR,
     .sentence = "this is another TPM than the one with which /boot was signed",
     .signed_alone = true},
    {.name = "TPM of another machine",
     .act = swap_tpm_of_other_machine,
     .kind = WHY_TPM_CHANGED,
     .pcr = WHY_NO_PCR,
     .sentence = "this is another TPM, or its secret was made in another state",
     .signed_alone = true},
};

static void replace(struct part *parts, const struct part *by)
{
	for (size_t i = 0; i < MOST && parts[i].name; i++) {
		if (strcmp(parts[i].name, by->name) != 0)
			continue;
		parts[i].content = by->content;
		if (!by->content) {
			memmove(&parts[i], &parts[i + 1], (MOST - 1 - i) * sizeof(parts[0]));
			parts[MOST - 1] = (struct part){NULL, NULL};
		}
		return;
	}
}

static void append(struct part *parts, const struct part *part)
{
	size_t i = 0;

	while (parts[i].name)
		i++;
	assert_in_range(i, 0, MOST - 2);
	parts[i] = *part;
}

static struct start changed_start(const struct seed *seed)
{
	struct start start = good;

	for (size_t i = 0; i < 2 && seed->replaced[i].name; i++) {
		replace(start.firmware, &seed->replaced[i]);
		replace(start.files, &seed->replaced[i]);
	}
	if (seed->added.name)
		append(strncmp(seed->added.name, "FMAP", 4) == 0 ? start.firmware : start.files, &seed->added);
	if (seed->swapped) {
		struct part first = start.firmware[1];

		start.firmware[1] = start.firmware[2];
		start.firmware[2] = first;
	}
	return start;
}

static void explain(enum tpm_slot slot, const struct explain_known *known, struct explanation *explanation)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);
	struct error error = {.code = E_NONE, .sentence = ""};

	if (explain_seal(tpm, slot, known, explanation, &error) < 0)
		fail_msg("%s", error.sentence);
}

static bool is_right(const struct seed *seed, const struct explanation *explanation)
{
	const struct why_cause *cause = &explanation->why.causes[0];

	return explanation->why.count > 0 && cause->kind == seed->kind && cause->pcr == seed->pcr &&
	       strstr(cause->sentence, seed->sentence);
}

static bool run_seed(const struct seed *seed, bool with_signed)
{
	CLEANUP(buffer_clear) struct buffer list = {0};
	const struct start start = changed_start(seed);
	struct explain_known known = {.settings = settings_of(&start)};
	static struct explanation explanation;
	bool right;

	(void)setup(NULL);
	enrol(&good, &list);
	/* The signed list alone; a TPM that was cleared is known by the list that it still has. */
	if (with_signed && seed->act != clear_tpm)
		assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_nvundefine -C p 0x01404802"), 0);
	swtpm_power_cycle(&swtpm);
	start_machine(&start);
	if (seed->act)
		seed->act();
	if (with_signed)
		known.signed_list = buffer_bytes(&list);
	explain(TPM_SLOT_TOTP, &known, &explanation);
	right = is_right(seed, &explanation);
	if (!right)
		print_error("%s (%s): %zu causes, first kind %s, PCR %d: %s\n", seed->name,
		            with_signed ? "signed" : "TPM", explanation.why.count,
		            why_kind_name(explanation.why.causes[0].kind), explanation.why.causes[0].pcr,
		            explanation.why.causes[0].sentence);
	(void)teardown(NULL);
	return right;
}

/* Thirty and more, each from either list: the first cause is the right one. */
static void test_seeded_changes(void **state)
{
	size_t right = 0, runs = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++) {
		for (int with_signed = seeds[i].signed_alone; with_signed < 2; with_signed++) {
			runs++;
			right += run_seed(&seeds[i], with_signed) ? 1 : 0;
		}
	}
	print_message("%zu changes, %zu of %zu explanations right\n", ARRAY_SIZE(seeds), right, runs);
	assert_true(ARRAY_SIZE(seeds) >= 30);
	assert_int_equal(right, runs);
}

static void make_again(const struct start *start)
{
	swtpm_power_cycle(&swtpm);
	start_machine(start);
}

/* The TPM's list is as young as the last opening; the one on /boot may be older than the last seal. */
static void test_which_list_is_taken(void **state)
{
	struct start updated = good, tampered = good;
	CLEANUP(buffer_clear) struct buffer old_list = {0}, list = {0};
	struct explain_known known = {.settings = settings_of(&good)};
	static struct explanation explanation;

	(void)state;
	replace(updated.firmware, &(struct part){CBFS "fallback/payload", "update"});
	replace(tampered.firmware, &(struct part){CBFS "fallback/payload", "tampered"});
	enrol(&good, &old_list);
	make_again(&tampered);
	known.signed_list = buffer_bytes(&old_list);
	explain(TPM_SLOT_TOTP, &known, &explanation);
	assert_int_equal(explanation.source, EXPLAIN_TPM);
	/* A TPM whose own list is gone. */
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_nvundefine -C p 0x01404802"), 0);
	explain(TPM_SLOT_TOTP, &known, &explanation);
	assert_int_equal(explanation.source, EXPLAIN_SIGNED);
	assert_int_equal(explanation.why.causes[0].kind, WHY_PAYLOAD_CHANGED);
	swtpm_power_cycle(&swtpm);
	updated.files[2].content = "updated";
	enrol(&updated, &list);
	tampered.files[2].content = "updated";
	make_again(&tampered);
	explain(TPM_SLOT_TOTP, &known, &explanation);
	assert_int_equal(explanation.source, EXPLAIN_TPM);
	assert_int_equal(explanation.why.count, 1);
	assert_int_equal(explanation.why.causes[0].kind, WHY_PAYLOAD_CHANGED);
	/* Neither the updated nor the old one: nothing is said that is not known. */
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_nvundefine -C p 0x01404802"), 0);
	explain(TPM_SLOT_TOTP, &known, &explanation);
	assert_int_equal(explanation.source, EXPLAIN_NOTHING);
	assert_int_equal(explanation.why.causes[0].kind, WHY_NOT_EXPLAINED);
	assert_int_equal(explanation.why.causes[0].pcr, 2);
	/* A list that somebody damaged is as good as none. */
	known.signed_list = bytes_from_string("heads baseline 1\nbanks");
	explain(TPM_SLOT_TOTP, &known, &explanation);
	assert_int_equal(explanation.source, EXPLAIN_NOTHING);
}

static void test_nothing_to_explain(void **state)
{
	CLEANUP(buffer_clear) struct buffer list = {0};
	struct explain_known known = {.settings = settings_of(&good)};
	static struct explanation explanation;

	(void)state;
	start_machine(&good);
	explain(TPM_SLOT_TOTP, &known, &explanation); /* a new machine */
	assert_int_equal(explanation.why.count, 0);
	swtpm_power_cycle(&swtpm);
	enrol(&good, &list);
	make_again(&good);
	explain(TPM_SLOT_TOTP, &known, &explanation);
	assert_int_equal(explanation.why.count, 0);
	known.foreign = true;
	explain(TPM_SLOT_TOTP, &known, &explanation);
	assert_int_equal(explanation.why.count, 1);
	assert_int_equal(explanation.why.causes[0].kind, WHY_TPM_CHANGED);
}

static void test_files_that_were_not_there(void **state)
{
	struct start bare = good;
	CLEANUP(buffer_clear) struct buffer list = {0};
	struct explain_known known = {.settings = settings_of(&good)};
	static struct explanation explanation;

	(void)state;
	memset(bare.files, 0, sizeof(bare.files));
	enrol(&bare, &list);
	make_again(&good);
	explain(TPM_SLOT_TOTP, &known, &explanation);
	assert_int_equal(explanation.why.count, 3);
	assert_int_equal(explanation.why.causes[0].kind, WHY_SETTINGS_ADDED);
	assert_int_equal(explanation.why.causes[1].kind, WHY_OWNER_KEY_ADDED);
	assert_int_equal(explanation.why.causes[2].kind, WHY_OWNER_FILE_ADDED);
	/* Settings of somebody else beside the log: the event alone is told. */
	known.settings = bytes_from_string("CONFIG_A=n\n");
	explain(TPM_SLOT_TOTP, &known, &explanation);
	assert_int_equal(explanation.why.count, 3);
}

/* The trace in the PCRs and the TPM's own count, in one sentence. */
static void test_A3_reset_in_mid_boot(void **state)
{
	const struct tpm_since_start since = {.history = TPM_HISTORY_UNUSUAL, .resets = 2};
	struct explain_known known = {.settings = settings_of(&good), .since = &since};
	CLEANUP(buffer_clear) struct buffer list = {0};
	static struct explanation explanation;

	(void)state;
	enrol(&good, &list);
	make_again(&good);
	reset_before_files();
	explain(TPM_SLOT_TOTP, &known, &explanation);
	assert_int_equal(explanation.why.count, 1);
	assert_string_equal(explanation.why.causes[0].sentence,
	                    "TPM was reset while the machine was running (resetCount +2): PCR 2 has lost what was "
	                    "measured before");
	/* An ordinary start that was broken off has the same count, and no such trace. */
	make_again(&good);
	recovery();
	explain(TPM_SLOT_TOTP, &known, &explanation);
	assert_int_equal(explanation.why.count, 1);
	assert_int_equal(explanation.why.causes[0].kind, WHY_RECOVERY_ENTERED);
}

/* Firmware that measures into PCR 0 without an event, as an authenticated code module does: no cause by itself. */
static void test_firmware_that_keeps_no_event(void **state)
{
	CLEANUP(secret_clear) struct secret secret = {0};
	struct explain_known known = {.settings = settings_of(&good)};
	static struct explanation explanation;
	size_t size;

	(void)state;
	start_machine(&good);
	untold_0();
	{
		CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);

		assert_int_equal(totp_new(tpm, (uint64_t)time(NULL), BYTES_EMPTY, &secret, NULL), 0);
		assert_int_equal(keep_in_tpm(tpm, known.settings, true, &size, NULL), 0);
	}
	make_again(&good);
	untold_0();
	recovery();
	explain(TPM_SLOT_TOTP, &known, &explanation);
	assert_int_equal(explanation.why.count, 1);
	assert_int_equal(explanation.why.causes[0].kind, WHY_RECOVERY_ENTERED);
	make_again(&good);
	explain(TPM_SLOT_TOTP, &known, &explanation);
	assert_int_equal(explanation.why.count, 1);
	assert_int_equal(explanation.why.causes[0].kind, WHY_EVENT_MISSING);
	untold_0();
	untold_0();
	explain(TPM_SLOT_TOTP, &known, &explanation);
	assert_int_equal(explanation.why.count, 1);
	assert_int_equal(explanation.why.causes[0].kind, WHY_UNKNOWN_CHANGED);
	assert_int_equal(explanation.why.causes[0].pcr, 0);
}

/* The disk's key hangs on PCR 6 too, which is not in the lists. */
static void test_A7_header_of_a_disk(void **state)
{
	CLEANUP(buffer_clear) struct buffer list = {0};
	struct explain_known known = {.settings = settings_of(&good)};
	static struct explanation explanation;
	struct tpm_pcrs pcrs;

	(void)state;
	enrol(&good, &list);
	{
		CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);

		extend_text(tpm, 6, "facts");
		assert_int_equal(tpm_pcr_read(tpm, HASH_SHA256, 0xff, &pcrs, NULL), 0);
		assert_int_equal(
		    tpm_seal(tpm, TPM_SLOT_DISK, bytes_from_string("key"), &pcrs, BYTES_EMPTY, BYTES_EMPTY, NULL), 0);
	}
	make_again(&good);
	{
		CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(&swtpm);

		extend_text(tpm, 6, "other facts");
	}
	explain(TPM_SLOT_DISK, &known, &explanation);
	assert_int_equal(explanation.why.count, 1);
	assert_int_equal(explanation.why.causes[0].kind, WHY_LUKS_CHANGED);
	assert_int_equal(explanation.why.causes[0].pcr, 6);
	/* With a signed list beside it: what that list holds is as it was, and no sign of another TPM. */
	known.signed_list = buffer_bytes(&list);
	explain(TPM_SLOT_DISK, &known, &explanation);
	assert_int_equal(explanation.why.count, 1);
	assert_int_equal(explanation.why.causes[0].kind, WHY_LUKS_CHANGED);
	extend_untold(5);
	explain(TPM_SLOT_DISK, &known, &explanation);
	assert_int_equal(explanation.why.count, 2);
	assert_int_equal(explanation.why.causes[0].pcr, 5);
}

/* The ordinary start costs one command and writes nothing. */
static void test_keeping_wears_nothing_out(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	CLEANUP(buffer_clear) struct buffer list = {0}, kept = {0}, much = {0};
	unsigned before;
	bool disabled;
	size_t size;

	(void)state;
	enrol(&good, &list);
	make_again(&good);
	tpm = swtpm_open(&swtpm);
	before = tpm_command_count(tpm);
	assert_int_equal(keep_in_tpm(tpm, settings_of(&good), false, &size, NULL), 0);
	assert_int_equal(size, 0);
	assert_int_equal(tpm_command_count(tpm) - before, 1);
	assert_int_equal(tpm_baseline_read(tpm, &kept, NULL), 0);
	assert_true(bytes_equal(buffer_bytes(&kept), buffer_bytes(&list)));
	/* Settings that have no room are left out of the TPM's list. */
	for (unsigned i = 0; i < 400; i++)
		buffer_append_format(&much, "CONFIG_%u=y\n", i);
	assert_int_equal(keep_in_tpm(tpm, buffer_bytes(&much), false, &size, NULL), 0);
	assert_in_range(size, 100, list.size);
	/* Behind Heads nobody writes it (A21). */
	assert_int_equal(tpm_lock_platform(tpm, &disabled, NULL), 0);
	assert_int_equal(keep_in_tpm(tpm, settings_of(&good), false, &size, NULL), -E_WRONG_AUTH);
	tpm_close(&tpm);
	assert_int_not_equal(swtpm_tool(&swtpm, NULL, "printf x >x && tpm2_nvwrite -C p -i x 0x01404802"), 0);
	assert_int_not_equal(swtpm_tool(&swtpm, NULL, "tpm2_nvwrite -C o -i x 0x01404802"), 0);
	assert_int_equal(swtpm_tool(&swtpm, NULL, "tpm2_nvread -C 0x01404802 -s 4 0x01404802"), 0);
}

/* Each command that fails leaves the old list, a damaged one that is told from a good one, or the new one. */
static void test_A18_write_broken_off(void **state)
{
	const struct digest tag = digest_of(HASH_SHA256, bytes_from_string("tag"));
	CLEANUP(buffer_clear) struct buffer text = {0};
	bool done = false;

	(void)state;
	for (unsigned i = 0; i < 900; i++)
		buffer_append_string(&text, "x");
	for (unsigned at = 0; at < 20 && !done; at++) {
		struct proxy proxy = {.fault = PROXY_POWER_CUT, .at = 3 + at};
		CLEANUP(buffer_clear) struct buffer kept = {0};
		struct tpm *tpm = NULL;
		int r;

		text.data[0] = (uint8_t)('a' + at);
		if (proxy_open(&proxy, &swtpm, &tpm, NULL) == 0)
			done = tpm_baseline_write(tpm, &tag, buffer_bytes(&text), NULL) == 0;
		tpm_close(&tpm);
		buffer_clear(&proxy.traffic);
		tpm = swtpm_open(&swtpm);
		r = tpm_baseline_read(tpm, &kept, NULL);
		assert_true(r == -E_NOT_FOUND || r == -E_MALFORMED || r == 0);
		if (r == 0)
			assert_true(kept.size == text.size);
		tpm_close(&tpm);
	}
	assert_true(done);
}

int main(void)
{
#define WITH_TPM(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_seeded_changes),       WITH_TPM(test_which_list_is_taken),
	    WITH_TPM(test_nothing_to_explain),           WITH_TPM(test_files_that_were_not_there),
	    WITH_TPM(test_firmware_that_keeps_no_event), WITH_TPM(test_A3_reset_in_mid_boot),
	    WITH_TPM(test_A7_header_of_a_disk),          WITH_TPM(test_keeping_wears_nothing_out),
	    WITH_TPM(test_A18_write_broken_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
