/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads tpm`: the TPM itself. */
#include "tpm/tpm.h"
#include "base/cleanup.h"
#include "command/nouns.h"

#include <inttypes.h>

static struct json_object *handle_text(uint32_t handle)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "0x%08" PRIx32, handle);
	return json_object_new_string(text);
}

static void print_info_json(const struct tpm_info *info)
{
	struct json_object *object = json_object_new_object(), *lockout = json_object_new_object(),
	                   *banks = json_object_new_array(), *handles = json_object_new_array();
	char firmware[24];

	(void)snprintf(firmware, sizeof(firmware), "0x%016" PRIx64, info->firmware);
	json_object_object_add(object, "family", json_object_new_string(info->family));
	json_object_object_add(object, "manufacturer", json_object_new_string(info->manufacturer));
	json_object_object_add(object, "firmware", json_object_new_string(firmware));
	for (size_t i = 0; i < info->bank_count; i++)
		json_object_array_add(banks, json_object_new_string(hash_name(info->banks[i])));
	json_object_object_add(object, "banks", banks);
	json_object_object_add(lockout, "locked", json_object_new_boolean(info->in_lockout));
	json_object_object_add(lockout, "counter", json_object_new_int64(info->lockout_counter));
	json_object_object_add(lockout, "max", json_object_new_int64(info->lockout_max));
	json_object_object_add(lockout, "seconds", json_object_new_int64(info->lockout_recovery_seconds));
	json_object_object_add(object, "lockout", lockout);
	json_object_object_add(object, "reset_count", json_object_new_int64(info->reset_count));
	json_object_object_add(object, "restart_count", json_object_new_int64(info->restart_count));
	json_object_object_add(object, "clock_ms", json_object_new_int64((int64_t)info->clock_ms));
	for (size_t i = 0; i < info->handle_count; i++)
		json_object_array_add(handles, handle_text(info->handles[i]));
	json_object_object_add(object, "handles", handles);
	command_print_json(object);
}

static void print_info_text(const struct tpm_info *info)
{
	(void)printf("TPM %s from %s, firmware %016" PRIx64 "\n", info->family, info->manufacturer, info->firmware);
	(void)printf("active banks:");
	for (size_t i = 0; i < info->bank_count; i++)
		(void)printf(" %s", hash_name(info->banks[i]));
	(void)printf("\nwrong passphrases: %" PRIu32 " of %" PRIu32 "%s; one is forgiven every %" PRIu32 " s\n",
	             info->lockout_counter, info->lockout_max, info->in_lockout ? " (locked)" : "",
	             info->lockout_recovery_seconds);
	(void)printf("resets: %" PRIu32 ", restarts: %" PRIu32 ", clock: %" PRIu64 " s\n", info->reset_count,
	             info->restart_count, info->clock_ms / 1000);
	for (size_t i = 0; i < info->handle_count; i++)
		(void)printf("holds 0x%08" PRIx32 "\n", info->handles[i]);
}

static int run_info(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct tpm_info info;
	struct error error;

	if (argc != 1)
		return command_usage(context, "heads tpm %s takes no argument", argv[0]);
	if (tpm_open(context->tpm, &tpm, &error) < 0 || tpm_get_info(tpm, &info, &error) < 0 ||
	    tpm_get_handles(tpm, &info, &error) < 0)
		return command_fail(context, &error);
	if (context->json)
		print_info_json(&info);
	else
		print_info_text(&info);
	return 0;
}

static const struct command_verb verbs[] = {
    {"info", "", "family, banks, lockout, counters, what it holds", run_info},
};

const struct command_noun command_tpm = {
    "tpm",
    "the TPM itself",
    verbs,
    ARRAY_SIZE(verbs),
};
