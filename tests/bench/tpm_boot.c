/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TPM's part of a default boot with an unlock key, as PID 1 and the menu carry it out one after the other, against
 * swtpm on this workstation: its time outside emulation (median of the starts), and its commands. Prints one JSON
 * object for tests/bench/run. */
#include "attest/measure.h"
#include "attest/totp.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "boot/handover.h"
#include "boot/seen_key.h"
#include "disk/unlock.h"
#include "integration/swtpm.h"
#include "unit/cmocka_all.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STARTS     9
#define AHEAD_DAYS 90
#define KEPT       "the list of what was measured"

struct cost {
	unsigned all, totp, unseal; /* commands */
	double ms;
};

static struct swtpm swtpm;
static int seen_fd;

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

static void measure(struct tpm *tpm, unsigned pcr, const char *what)
{
	struct error error;

	must(measure_bytes(tpm, pcr, what, bytes_from_string(what), &error), &error);
}

static struct tpm *open_as_recorded(void)
{
	struct tpm *tpm = NULL;
	uint8_t name[TPM_NAME_SIZE];
	struct error error;

	must(tpm_open_clean(swtpm.where, &tpm, &error), &error);
	must(tpm_pin_storage_key(tpm, seen_key_read(seen_fd, name), &error), &error);
	must(tpm_check_storage_key(tpm, &error), &error);
	return tpm;
}

static void close_counted(struct tpm **tpm, unsigned *commands)
{
	*commands += tpm_command_count(*tpm);
	tpm_close(tpm);
}

static void read_rom(struct cost *cost)
{
	struct tpm *tpm = open_as_recorded();

	for (int i = 0; i < 2; i++) { /* the owner's key and settings: name and content of each */
		measure(tpm, TRUST_ROM_PCR, "a name");
		measure(tpm, TRUST_ROM_PCR, "a content");
	}
	close_counted(&tpm, &cost->all);
}

static void seal(void)
{
	CLEANUP(tpm_close) struct tpm *tpm = open_as_recorded();
	CLEANUP(secret_clear) struct secret secret = {0};
	const uint8_t key[UNLOCK_KEY_SIZE] = {1, 2, 3};
	struct digest tag;
	struct tpm_pcrs pcrs;
	struct error error;

	must(totp_new(tpm, (uint64_t)time(NULL), BYTES_EMPTY, &secret, &error), &error);
	measure(tpm, TRUST_DISK_PCR, "facts");
	must(tpm_pcr_read(tpm, HASH_SHA256, UNLOCK_PCR_MASK, &pcrs, &error), &error);
	must(tpm_seal(tpm, TPM_SLOT_DISK, bytes_make(key, sizeof(key)), &pcrs, BYTES_EMPTY, BYTES_EMPTY, &error),
	     &error);
	tag = digest_of(HASH_SHA256, bytes_from_string(KEPT));
	must(tpm_baseline_write(tpm, &tag, bytes_from_string(KEPT), &error), &error);
	seen_key_write(seen_fd, tpm);
}

static void run_menu(struct cost *cost)
{
	CLEANUP(secret_clear) struct secret key = {0};
	struct tpm *tpm = open_as_recorded();
	struct tpm_since_start since;
	struct tpm_info info;
	struct totp totp = {0};
	struct digest tag;
	bool same;
	struct error error;
	unsigned before;

	must(tpm_get_info(tpm, &info, &error), &error);
	must(tpm_record_start(tpm, &info, false, 1700000000, &since, &error), &error);
	before = tpm_command_count(tpm);
	must(totp_open(tpm, (uint64_t)time(NULL), AHEAD_DAYS, &totp, &error), &error);
	cost->totp = tpm_command_count(tpm) - before;
	tag = digest_of(HASH_SHA256, bytes_from_string(KEPT));
	must(tpm_baseline_is(tpm, &tag, &same, &error), &error);
	measure(tpm, TRUST_DISK_PCR, "facts");
	before = tpm_command_count(tpm);
	must(tpm_unseal(tpm, TPM_SLOT_DISK, BYTES_EMPTY, &key, &error), &error);
	cost->unseal = tpm_command_count(tpm) - before;
	measure(tpm, TRUST_PAYLOAD_PCR, "manifest");
	measure(tpm, TRUST_PAYLOAD_PCR, "kernel");
	measure(tpm, TRUST_PAYLOAD_PCR, "initrd");
	measure(tpm, TRUST_COMMAND_PCR, "command line");
	totp_close(&totp);
	close_counted(&tpm, &cost->all);
}

static void leave(struct cost *cost)
{
	struct tpm *tpm = open_as_recorded();
	struct tpm_pcrs pcrs;
	struct error error;
	bool disabled;

	measure(tpm, TRUST_MODE_PCR, "handover");
	must(tpm_lock_platform(tpm, &disabled, &error), &error);
	must(tpm_pcr_read(tpm, HASH_SHA256, 0x3ff, &pcrs, &error), &error);
	must(tpm_shutdown(tpm, &error), &error);
	close_counted(&tpm, &cost->all);
}

static int by_ms(const void *a, const void *b)
{
	const struct cost *left = a, *right = b;

	return left->ms < right->ms ? -1 : left->ms > right->ms;
}

int main(void)
{
	struct cost costs[STARTS] = {0}, first = {0};

	digest_library_start();
	log_clear_sinks();
	swtpm_start(&swtpm);
	seen_fd = seen_key_open(NULL);
	read_rom(&first);
	seal();
	leave(&first);
	for (int i = 0; i < STARTS; i++) {
		double began;

		swtpm_power_cycle(&swtpm);
		began = now_ms();
		read_rom(&costs[i]);
		run_menu(&costs[i]);
		leave(&costs[i]);
		costs[i].ms = now_ms() - began;
	}
	swtpm_stop(&swtpm);
	(void)close(seen_fd);
	qsort(costs, STARTS, sizeof(costs[0]), by_ms);
	(void)printf("{\"tpm_boot_ms\": %.1f, \"tpm_boot_commands\": %u, \"totp_open_commands\": %u, "
	             "\"unseal_commands\": %u}\n",
	             costs[STARTS / 2].ms, costs[STARTS / 2].all, costs[STARTS / 2].totp, costs[STARTS / 2].unseal);
	return 0;
}
