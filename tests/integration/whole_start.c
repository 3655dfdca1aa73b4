/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "integration/whole_start.h"

#include "attest/eventlog.h"
#include "attest/hotp.h"
#include "attest/measure.h"
#include "attest/totp.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "boot/handover.h"
#include "boot/seen_key.h"
#include "disk/unlock.h"
#include "format/start_record.h"
#include "owner/tpm_reset.h"
#include "trust/trust.h"
#include "unit/cmocka_all.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define AHEAD_DAYS 90
#define KEPT       "the list of what was measured"
#define OWNER      "the owner's passphrase"
#define LOG_LIMIT  ((size_t)64 << 20)

static char log_path[96]; /* of the event log */

static double now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1e6;
}

static void must(int r, const struct error *error)
{
	if (r < 0)
		fail_msg("%s", error->sentence);
}

/* Commands in the log of swtpm so far. */
static unsigned commands_received(const struct swtpm *swtpm)
{
	CLEANUP(buffer_clear) struct buffer log = {0};
	unsigned count = 0;

	assert_int_equal(file_read(swtpm->log, LOG_LIMIT, &log, NULL), 0);
	for (const char *at = buffer_string(&log); at && (at = strstr(at, "SWTPM_IO_Read")) != NULL; at++)
		count++;
	return count;
}

static struct bytes owner_of(const struct whole_start_machine *machine)
{
	return machine->owned ? bytes_from_string(OWNER) : BYTES_EMPTY;
}

static void measure(struct tpm *tpm, unsigned pcr, const char *what)
{
	struct error error;

	must(measure_bytes(tpm, pcr, what, bytes_from_string(what), &error), &error);
}

static void expect_recorded(const struct whole_start_machine *machine, struct tpm *tpm)
{
	struct error error;

	if (!machine->recorded || machine->name_size == 0)
		return;
	must(tpm_pin_storage_key(tpm, bytes_make(machine->name, machine->name_size), &error), &error);
	must(tpm_check_storage_key(tpm, &error), &error);
	seen_key_write(machine->seen_fd, tpm);
}

/* A log whose firmware measured nothing, as this TPM has it from nobody. */
static void begin_log(const struct whole_start_machine *machine, const struct tpm *tpm)
{
	CLEANUP(buffer_clear) struct buffer log = {0};
	const enum hash_algorithm *banks;
	const size_t count = tpm_banks(tpm, &banks);
	struct error error;

	(void)snprintf(log_path, sizeof(log_path), "%s/eventlog", machine->swtpm->directory);
	eventlog_write_start(&log, banks, count);
	must(file_replace_path(log_path, buffer_bytes(&log), &error), &error);
	eventlog_use(log_path);
}

/* init.c: read_rom() */
static unsigned read_rom(const struct whole_start_machine *machine)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct error error;

	must(tpm_open_clean(machine->swtpm->where, &tpm, &error), &error);
	begin_log(machine, tpm);
	expect_recorded(machine, tpm);
	for (int i = 0; i < (machine->recorded ? 3 : 2); i++) { /* name and content of each file */
		measure(tpm, TRUST_ROM_PCR, "a name");
		measure(tpm, TRUST_ROM_PCR, "a content");
	}
	seen_key_hand_on(machine->seen_fd, tpm);
	return tpm_command_count(tpm);
}

static void look_at_tpm(struct tpm *tpm)
{
	struct tpm_since_start since;
	struct tpm_info info;
	struct error error;

	must(tpm_get_state(tpm, &info, &error), &error);
	must(tpm_record_start(tpm, &info, false, (uint32_t)time(NULL), &since, &error), &error);
}

/* The baseline that TAG names is kept, as keep_in_tpm() looks for it. */
static void expect_kept(struct tpm *tpm)
{
	struct digest tag = digest_of(HASH_SHA256, bytes_from_string(KEPT));
	struct error error;
	bool same = false;

	must(tpm_baseline_is(tpm, &tag, &same, &error), &error);
	assert_true(same);
}

static void unlock_disk(const struct whole_start_machine *machine, struct tpm *tpm, struct whole_start_cost *cost)
{
	CLEANUP(secret_clear) struct secret key = {0};
	struct unlock_keys keys;
	struct error error;
	unsigned before = tpm_command_count(tpm);

	must(unlock_look(tpm, false, &keys, &error), &error);
	assert_int_equal(keys.count, machine->other_key ? 2 : 1);
	assert_int_equal(keys.keys[machine->key].passphrase, machine->unlock != NULL);
	measure(tpm, TRUST_PAYLOAD_PCR, "key segment");
	measure(tpm, TRUST_DISK_PCR, "facts");
	must(tpm_unseal(tpm, unlock_slot(machine->key),
	                machine->unlock ? bytes_from_string(machine->unlock) : BYTES_EMPTY, &key, &error),
	     &error);
	cost->unseal = tpm_command_count(tpm) - before - 2;
}

static void load_kernel(struct tpm *tpm)
{
	measure(tpm, TRUST_PAYLOAD_PCR, "manifest");
	measure(tpm, TRUST_PAYLOAD_PCR, "kernel");
	measure(tpm, TRUST_PAYLOAD_PCR, "initrd");
	measure(tpm, TRUST_COMMAND_PCR, "command line");
}

static struct tpm *open_as_menu(const struct whole_start_machine *machine)
{
	struct tpm *tpm = NULL;
	struct error error;

	must(seen_key_open_tpm(machine->seen_fd, machine->swtpm->where, true, &tpm, &error), &error);
	expect_recorded(machine, tpm);
	look_at_tpm(tpm);
	return tpm;
}

static unsigned close_as_menu(const struct whole_start_machine *machine, struct tpm **tpm)
{
	unsigned commands;

	seen_key_write(machine->seen_fd, *tpm);
	seen_key_hand_on(machine->seen_fd, *tpm);
	commands = tpm_command_count(*tpm);
	tpm_close(tpm);
	return commands;
}

/* menu.c: menu_run(), menu_load() */
static void run_menu(const struct whole_start_machine *machine, struct whole_start_cost *cost)
{
	struct tpm *tpm = open_as_menu(machine);
	struct hotp_setup hotp;
	struct totp totp = {0};
	uint64_t counter;
	struct error error;
	unsigned before = tpm_command_count(tpm);

	must(totp_open(tpm, (uint64_t)time(NULL), AHEAD_DAYS, &totp, &error), &error);
	cost->totp = tpm_command_count(tpm) - before;
	expect_kept(tpm);
	must(tpm_counter_read(tpm, TPM_COUNTER_ROLLBACK, &counter, &error), &error);
	assert_int_equal(hotp_look(tpm, &hotp, NULL), -E_NO_SECRET);
	if (machine->unlock_key)
		unlock_disk(machine, tpm, cost);
	load_kernel(tpm);
	totp_close(&totp);
	cost->menu = close_as_menu(machine, &tpm);
}

/* The number in "tpm shutdown=clear commands=N". */
static void read_commands(void *context, const char *line)
{
	static const char words[] = "tpm shutdown=clear commands=";
	const char *found = strstr(line, words);

	if (found)
		*(unsigned *)context = (unsigned)strtoul(found + sizeof(words) - 1, NULL, 10);
}

/* As PID 1 does before the jump. */
static unsigned leave(const struct whole_start_machine *machine)
{
	const struct handover_start start = {.recorded =
	                                         bytes_make(machine->name, machine->recorded ? machine->name_size : 0),
	                                     .seen_fd = machine->seen_fd,
	                                     .outcome = START_BOOTED};
	struct error error;
	unsigned commands = 0;

	log_add_sink(read_commands, &commands);
	must(handover_cap(TRUST_EXIT_BOOT, machine->swtpm->where, &start, &error), &error);
	log_clear_sinks();
	return commands;
}

static void take_ownership(struct whole_start_machine *machine)
{
	CLEANUP(tpm_close) struct tpm *tpm = swtpm_open(machine->swtpm);
	struct tpm_reset_request request = {.passphrase = bytes_from_string(OWNER)};
	struct tpm_reset_result result;
	struct error error;

	must(owner_tpm_reset(tpm, &request, &result, &error), &error);
	assert_in_range(result.name.size, 1, sizeof(machine->name));
	memcpy(machine->name, result.name.data, result.name.size);
	machine->name_size = result.name.size;
}

static void seal_key(const struct whole_start_machine *machine, struct tpm *tpm)
{
	const uint8_t key[UNLOCK_KEY_SIZE] = {1, 2, 3};
	struct tpm_pcrs pcrs;
	struct error error;

	measure(tpm, TRUST_DISK_PCR, "facts");
	must(tpm_pcr_read(tpm, HASH_SHA256, UNLOCK_PCR_MASK, &pcrs, &error), &error);
	must(tpm_seal(tpm, unlock_slot(machine->key), bytes_make(key, sizeof(key)), &pcrs,
	              machine->unlock ? bytes_from_string(machine->unlock) : BYTES_EMPTY, owner_of(machine), &error),
	     &error);
	pcrs.values[TRUST_DISK_PCR] = digest_of(HASH_SHA256, bytes_from_string("another entry"));
	if (machine->other_key)
		must(tpm_seal(tpm, unlock_slot(machine->key == 0), bytes_make(key, sizeof(key)), &pcrs, BYTES_EMPTY,
		              owner_of(machine), &error),
		     &error);
}

void whole_start_prepare(struct whole_start_machine *machine)
{
	CLEANUP(secret_clear) struct secret secret = {0};
	struct digest tag = digest_of(HASH_SHA256, bytes_from_string(KEPT));
	struct tpm *tpm;
	struct error error;

	machine->seen_fd = seen_key_open(NULL);
	assert_true(machine->seen_fd >= 0);
	swtpm_start(machine->swtpm);
	if (machine->owned) {
		take_ownership(machine);
		swtpm_power_cycle(machine->swtpm); /* for the banks */
	}
	(void)read_rom(machine);
	tpm = open_as_menu(machine);
	must(totp_new(tpm, (uint64_t)time(NULL), owner_of(machine), &secret, &error), &error);
	must(tpm_baseline_write(tpm, &tag, bytes_from_string(KEPT), &error), &error);
	must(tpm_counter_create(tpm, TPM_COUNTER_ROLLBACK, owner_of(machine), &error), &error);
	if (machine->unlock_key)
		seal_key(machine, tpm);
	(void)close_as_menu(machine, &tpm);
	(void)leave(machine);
}

void whole_start_run(struct whole_start_machine *machine, struct whole_start_cost *ret_cost)
{
	struct whole_start_cost cost = {0};
	unsigned before;
	double began;

	swtpm_power_cycle(machine->swtpm);
	assert_int_equal(ftruncate(machine->seen_fd, 0), 0);
	before = commands_received(machine->swtpm);
	began = now_ms();
	cost.first = read_rom(machine);
	run_menu(machine, &cost);
	cost.cap = leave(machine);
	cost.ms = now_ms() - began;
	cost.told = cost.first + cost.menu + cost.cap;
	cost.all = commands_received(machine->swtpm) - before;
	*ret_cost = cost;
}

void whole_start_end(struct whole_start_machine *machine)
{
	swtpm_stop(machine->swtpm);
	(void)close(machine->seen_fd);
}
