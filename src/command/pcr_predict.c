/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads pcr predict`: the PCRs that a ROM file leads to. */
#include "attest/eventlog.h"
#include "attest/predict.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/file.h"
#include "command/pcr.h"
#include "trust/trust.h"
#include <stdio.h>
#include <string.h>

static const enum hash_algorithm banks[] = {HASH_SHA1, HASH_SHA256};

static void add(struct json_object *object, const struct digest *value, unsigned pcr)
{
	char hex[2 * DIGEST_MAX_SIZE + 1], number[8];

	hex_encode(digest_bytes(value), hex);
	(void)snprintf(number, sizeof(number), "%u", pcr);
	if (object)
		json_object_object_add(object, number, json_object_new_string(hex));
	else
		(void)printf("%s %2u %s\n", hash_name(value->algorithm), pcr, hex);
}

int pcr_predict_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(rom_close) struct rom_image image = {BYTES_EMPTY};
	CLEANUP(buffer_clear) struct buffer log = {0};
	bool with_log = argc == 4 && strcmp(argv[1], "--log") == 0;
	struct digest firmware[ARRAY_SIZE(banks)], files[ARRAY_SIZE(banks)];
	struct json_object *object;
	struct error error;

	if (argc != 2 && !with_log)
		return command_usage(context, "usage: heads pcr predict [--log LOG] ROM");
	if (with_log && file_read(argv[2], EVENTLOG_MAX_SIZE, &log, &error) < 0)
		return command_fail(context, &error);
	if (with_log && log.size == 0) {
		(void)error_set(&error, E_MALFORMED, argv[2], "the event log %s is empty", argv[2]);
		return command_fail(context, &error);
	}
	if (rom_open_file(argv[argc - 1], &image, &error) < 0)
		return command_fail(context, &error);
	for (size_t i = 0; i < ARRAY_SIZE(banks); i++)
		if (predict_firmware(&image, banks[i], buffer_bytes(&log), &firmware[i], &error) < 0 ||
		    predict_owner_files(&image, banks[i], &files[i], &error) < 0)
			return command_fail(context, &error);
	object = context->json ? json_object_new_object() : NULL;
	for (size_t i = 0; i < ARRAY_SIZE(banks); i++) {
		struct json_object *bank = object ? json_object_new_object() : NULL;

		add(bank, &firmware[i], EVENTLOG_ROM_PCR);
		add(bank, &files[i], TRUST_ROM_PCR);
		if (bank)
			json_object_object_add(object, hash_name(banks[i]), bank);
	}
	if (object)
		command_print_json(object);
	return 0;
}
