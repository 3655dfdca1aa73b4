/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TPM's part of a default boot against swtpm on this workstation: its time outside emulation (median of the
 * starts), and its commands, with ownership taken, settings, and a disk unlock key with a passphrase; and the commands
 * of the machine that needs the most, whose ROM records the TPM, too. Prints one JSON object for tests/bench/run. */
#include "base/log.h"
#include "integration/whole_start.h"
#include <stdio.h>
#include <stdlib.h>

#define STARTS 9

static int by_ms(const void *a, const void *b)
{
	const struct whole_start_cost *left = a, *right = b;

	return left->ms < right->ms ? -1 : left->ms > right->ms;
}

int main(void)
{
	struct swtpm swtpm;
	struct whole_start_machine machine = {
	    .owned = true, .unlock_key = true, .unlock = "unlock it", .swtpm = &swtpm};
	struct whole_start_machine recorded = machine;
	struct whole_start_cost costs[STARTS], most;
	const struct whole_start_cost *middle = &costs[STARTS / 2];

	digest_library_start();
	log_clear_sinks();
	whole_start_prepare(&machine);
	for (int i = 0; i < STARTS; i++)
		whole_start_run(&machine, &costs[i]);
	whole_start_end(&machine);
	recorded.recorded = true;
	whole_start_prepare(&recorded);
	whole_start_run(&recorded, &most);
	whole_start_end(&recorded);
	qsort(costs, STARTS, sizeof(costs[0]), by_ms);
	(void)printf("{\"tpm_boot_ms\": %.1f, \"tpm_boot_commands\": %u, \"tpm_boot_most_commands\": %u, "
	             "\"totp_open_commands\": %u, \"unseal_commands\": %u}\n",
	             middle->ms, middle->all, most.all, middle->totp, middle->unseal);
	return 0;
}
