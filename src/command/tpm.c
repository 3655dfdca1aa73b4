/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads tpm`: the TPM itself. */
#include "tpm/tpm.h"
#include "base/cleanup.h"
#include "command/nouns.h"

#include <inttypes.h>

/* What a handle holds; those of Heads are listed in docs/tpm.md. */
static const struct {
	uint32_t first, last;
	const char *meaning;
} handle_meanings[] = {
    {0x81004801, 0x81004801, "Heads: storage key"},
    {0x81004802, 0x81004802, "Heads: key for quotes"},
    {0x81004d47, 0x81004d47, "Heads: TOTP key"},
    {0x81484d47, 0x81484d47, "Heads: TOTP key, at its other place"},
    {0x01804d47, 0x01804d47, "Heads: record of the TOTP key"},
    {0x01814d47, 0x01814d47, "Heads: what the owner approved for the TOTP key"},
    {0x01834d47, 0x01834d47, "Heads: time and count of the TOTP codes"},
    {0x81004d48, 0x81004d48, "Heads: HOTP key"},
    {0x81484d48, 0x81484d48, "Heads: HOTP key, at its other place"},
    {0x01804d48, 0x01804d48, "Heads: record of the HOTP key"},
    {0x01814d48, 0x01814d48, "Heads: what the owner approved for the HOTP key"},
    {0x01834d48, 0x01834d48, "Heads: which dongle has the HOTP secret"},
    {0x81000003, 0x81000003, "Heads: disk unlock key"},
    {0x81480003, 0x81480003, "Heads: disk unlock key, at its other place"},
    {0x01800003, 0x01800003, "Heads: record of the disk unlock key"},
    {0x01810003, 0x01810003, "Heads: what the owner approved for the disk unlock key"},
    {0x81004d49, 0x81004d4b, "Heads: further disk unlock key"},
    {0x81484d49, 0x81484d4b, "Heads: further disk unlock key, at its other place"},
    {0x01804d49, 0x01804d4b, "Heads: record of a further disk unlock key"},
    {0x01814d49, 0x01814d4b, "Heads: what the owner approved for a further disk unlock key"},
    {0x01404801, 0x01404801, "Heads: record of the last starts"},
    {0x01404800, 0x014048ff, "Heads: record of the firmware"},
    {0x01804800, 0x018048ff, "Heads: counter or record of the owner"},
    {0x81000001, 0x81000001, "TCG: storage root key"},
    {0x81000000, 0x81000000, "primary key of the original Heads"},
    {0x81010001, 0x81010002, "TCG: endorsement key"},
    {0x01c00000, 0x01c07fff, "manufacturer: certificate or template"},
};

static const char *handle_meaning(uint32_t handle)
{
	for (size_t i = 0; i < ARRAY_SIZE(handle_meanings); i++) {
		if (handle >= handle_meanings[i].first && handle <= handle_meanings[i].last)
			return handle_meanings[i].meaning;
	}
	return NULL;
}

static struct json_object *handle_text(uint32_t handle)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "0x%08" PRIx32, handle);
	return json_object_new_string(text);
}

static struct json_object *handles_object(const struct tpm_info *info)
{
	struct json_object *objects = json_object_new_object();

	for (size_t i = 0; i < info->handle_count; i++) {
		const char *meaning = handle_meaning(info->handles[i]);
		char text[16];

		(void)snprintf(text, sizeof(text), "0x%08" PRIx32, info->handles[i]);
		if (meaning)
			json_object_object_add(objects, text, json_object_new_string(meaning));
	}
	return objects;
}

static struct json_object *lockout_object(const struct tpm_info *info)
{
	struct json_object *lockout = json_object_new_object();
	char text[128];

	tpm_lockout_text(info, 0, text, sizeof(text));
	json_object_object_add(lockout, "locked", json_object_new_boolean(info->in_lockout));
	json_object_object_add(lockout, "counter", json_object_new_int64(info->lockout_counter));
	json_object_object_add(lockout, "max", json_object_new_int64(info->lockout_max));
	json_object_object_add(lockout, "seconds", json_object_new_int64(info->lockout_recovery_seconds));
	json_object_object_add(lockout, "hierarchy_seconds", json_object_new_int64(info->lockout_auth_seconds));
	json_object_object_add(lockout, "sentence", json_object_new_string(text));
	return lockout;
}

/* Which hierarchies have an authorisation: "owned" is what heads tpm reset leaves. */
static const char *ownership(const struct tpm_info *info)
{
	if (!info->owner_auth_set && !info->endorsement_auth_set && !info->lockout_auth_set)
		return "none";
	return info->owner_auth_set && info->endorsement_auth_set && info->lockout_auth_set ? "owned" : "unfinished";
}

/* Those of Heads, as far as there are any. */
struct counters {
	bool known[TPM_COUNTERS];
	uint64_t values[TPM_COUNTERS];
};

static int read_counters(struct tpm *tpm, struct counters *ret_counters, struct error *error)
{
	for (unsigned i = 0; i < TPM_COUNTERS; i++) {
		int r = tpm_counter_read(tpm, (enum tpm_counter)i, &ret_counters->values[i], error);

		/* One of another kind in its place is among what the TPM holds. */
		if (r < 0 && r != -E_NOT_FOUND && r != -E_FOREIGN_TPM)
			return r;
		ret_counters->known[i] = r == 0;
	}
	return 0;
}

static struct json_object *counters_object(const struct counters *counters)
{
	struct json_object *object = json_object_new_object();

	for (unsigned i = 0; i < TPM_COUNTERS; i++)
		if (counters->known[i])
			json_object_object_add(object, tpm_counter_word(i),
			                       json_object_new_int64((int64_t)counters->values[i]));
	return object;
}

static void print_info_json(const struct tpm_info *info, const struct counters *counters)
{
	struct json_object *object = json_object_new_object(), *banks = json_object_new_array(),
	                   *open_banks = json_object_new_array(), *handles = json_object_new_array();
	char firmware[24];

	(void)snprintf(firmware, sizeof(firmware), "0x%016" PRIx64, info->firmware);
	json_object_object_add(object, "family", json_object_new_string(info->family));
	json_object_object_add(object, "manufacturer", json_object_new_string(info->manufacturer));
	json_object_object_add(object, "firmware", json_object_new_string(firmware));
	for (size_t i = 0; i < info->bank_count; i++) {
		json_object_array_add(banks, json_object_new_string(hash_name(info->banks[i])));
		if (info->banks[i] != TPM_FIRMWARE_BANK)
			json_object_array_add(open_banks, json_object_new_string(hash_name(info->banks[i])));
	}
	json_object_object_add(object, "banks", banks);
	json_object_object_add(object, "open_banks", open_banks);
	json_object_object_add(object, "ownership", json_object_new_string(ownership(info)));
	json_object_object_add(object, "lockout", lockout_object(info));
	json_object_object_add(object, "counters", counters_object(counters));
	json_object_object_add(object, "reset_count", json_object_new_int64(info->reset_count));
	json_object_object_add(object, "restart_count", json_object_new_int64(info->restart_count));
	json_object_object_add(object, "clock_ms", json_object_new_int64((int64_t)info->clock_ms));
	for (size_t i = 0; i < info->handle_count; i++)
		json_object_array_add(handles, handle_text(info->handles[i]));
	json_object_object_add(object, "handles", handles);
	json_object_object_add(object, "meanings", handles_object(info));
	command_print_json(object);
}

static void print_info_text(const struct tpm_info *info, const struct counters *counters)
{
	char lockout[128];

	tpm_lockout_text(info, 0, lockout, sizeof(lockout));
	(void)printf("TPM %s from %s, firmware %016" PRIx64 "\n", info->family, info->manufacturer, info->firmware);
	(void)printf("active banks:");
	for (size_t i = 0; i < info->bank_count; i++)
		(void)printf(" %s%s", hash_name(info->banks[i]),
		             info->banks[i] == TPM_FIRMWARE_BANK ? "" : " (open: the firmware does not extend it)");
	(void)printf("\nownership: %s (owner %s, endorsement %s, lockout %s)\n", ownership(info),
	             info->owner_auth_set ? "set" : "empty", info->endorsement_auth_set ? "set" : "empty",
	             info->lockout_auth_set ? "set" : "empty");
	(void)printf("passphrases: %s\n", lockout);
	if (info->lockout_auth_seconds > 0)
		(void)printf("lockout hierarchy: a wrong passphrase closes it for %" PRIu32 " s\n",
		             info->lockout_auth_seconds);
	else
		(void)printf("lockout hierarchy: a wrong passphrase closes it until the TPM is reset\n");
	(void)printf("resets: %" PRIu32 ", restarts: %" PRIu32 ", clock: %" PRIu64 " s\n", info->reset_count,
	             info->restart_count, info->clock_ms / 1000);
	for (unsigned i = 0; i < TPM_COUNTERS; i++)
		if (counters->known[i])
			(void)printf("counter %s: %" PRIu64 "\n", tpm_counter_word(i), counters->values[i]);
	for (size_t i = 0; i < info->handle_count; i++) {
		const char *meaning = handle_meaning(info->handles[i]);

		(void)printf("holds 0x%08" PRIx32 "%s%s\n", info->handles[i], meaning ? "  " : "",
		             meaning ? meaning : "");
	}
}

static int run_info(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct counters counters = {0};
	struct tpm_info info;
	struct error error;

	if (argc != 1)
		return command_usage(context, "heads tpm %s takes no argument", argv[0]);
	if (tpm_open(context->tpm, &tpm, &error) < 0 || tpm_get_info(tpm, &info, &error) < 0 ||
	    tpm_get_handles(tpm, &info, &error) < 0 || read_counters(tpm, &counters, &error) < 0)
		return command_fail(context, &error);
	if (context->json)
		print_info_json(&info, &counters);
	else
		print_info_text(&info, &counters);
	return 0;
}

static const struct command_verb verbs[] = {
    {"info", "", "family, banks, ownership, lockout, counters, what it holds", run_info},
    {"name", "", "the Name of the storage key, as it is recorded in the ROM or on /boot", tpm_name_run},
    {"reset", "--yes [OPTIONS]", "takes ownership: clears the TPM and gives it a new owner passphrase", tpm_reset_run},
    {"unlock", "[--owner-passphrase FILE]", "forgives the wrong passphrases that have locked the TPM", tpm_unlock_run},
    {"history", "", "the last 20 starts of the machine and how they ended", tpm_history_run},
    {"counter", "read|create|increment|destroy rollback|hotp|approval [--owner-passphrase FILE]",
     "a number that only rises, and only before the cap", tpm_counter_run},
};

const struct command_noun command_tpm = {
    "tpm",
    "the TPM itself",
    verbs,
    ARRAY_SIZE(verbs),
};
