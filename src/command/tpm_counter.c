/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads tpm counter`: counters that only rise, and only before the cap. */
#include "base/cleanup.h"
#include "command/nouns.h"
#include "command/passphrase.h"

#include <inttypes.h>
#include <string.h>

struct request {
	enum tpm_counter which;
	const char *owner_file; /* NULL: asked for where the TPM has an owner passphrase */
};

static const char *const names[TPM_COUNTERS] = {
    [TPM_COUNTER_ROLLBACK] = "rollback",
    [TPM_COUNTER_HOTP] = "hotp",
    [TPM_COUNTER_APPROVAL] = "approval",
};

const char *tpm_counter_word(unsigned which)
{
	return names[which];
}

static int run_read(struct tpm *tpm, const struct request *request, uint64_t *ret_value, struct error *error)
{
	return tpm_counter_read(tpm, request->which, ret_value, error);
}

static int run_increment(struct tpm *tpm, const struct request *request, uint64_t *ret_value, struct error *error)
{
	return tpm_counter_increment(tpm, request->which, ret_value, error);
}

static int run_create(struct tpm *tpm, const struct request *request, uint64_t *ret_value, struct error *error)
{
	CLEANUP(secret_clear) struct secret owner = {0};
	int result = command_owner_passphrase(tpm, request->owner_file, &owner, error);

	if (result == 0)
		result = tpm_counter_create(tpm, request->which, secret_bytes(&owner), error);
	return result < 0 ? result : tpm_counter_read(tpm, request->which, ret_value, error);
}

static int run_destroy(struct tpm *tpm, const struct request *request, uint64_t *ret_value, struct error *error)
{
	CLEANUP(secret_clear) struct secret owner = {0};
	int result = tpm_counter_read(tpm, request->which, ret_value, error);

	if (result < 0 && result != -E_FOREIGN_TPM)
		return result;
	result = command_owner_passphrase(tpm, request->owner_file, &owner, error);
	return result < 0 ? result : tpm_counter_destroy(tpm, request->which, secret_bytes(&owner), error);
}

static const struct {
	const char *name;
	const char *done; /* before the value */
	bool by_owner;
	int (*run)(struct tpm *tpm, const struct request *request, uint64_t *ret_value, struct error *error);
} actions[] = {
    {"read", "", false, run_read},
    {"create", "", true, run_create},
    {"increment", "", false, run_increment},
    {"destroy", "destroyed; it was ", true, run_destroy},
};

static int find_counter(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return -1;
}

static int find_action(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		if (strcmp(actions[i].name, name) == 0)
			return (int)i;
	return -1;
}

static void print(const struct command_context *context, int action, enum tpm_counter which, uint64_t value)
{
	if (context->json) {
		struct json_object *object = json_object_new_object();

		json_object_object_add(object, "counter", json_object_new_string(names[which]));
		json_object_object_add(object, "value", json_object_new_uint64(value));
		json_object_object_add(object, "exists", json_object_new_boolean(actions[action].run != run_destroy));
		command_print_json(object);
	} else {
		(void)printf("%s%" PRIu64 "\n", actions[action].done, value);
	}
}

int tpm_counter_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct request request = {0};
	struct error error;
	uint64_t value = 0;
	int action, which;

	if (argc != 3 && argc != 5)
		return command_usage(
		    context, "heads tpm %s wants read, create, increment or destroy, and rollback, hotp or approval",
		    argv[0]);
	action = find_action(argv[1]);
	which = find_counter(argv[2]);
	if (action < 0)
		return command_usage(context,
		                     "heads tpm %s does not know \"%s\", only read, create, increment, destroy",
		                     argv[0], argv[1]);
	if (which < 0)
		return command_usage(context, "there is no counter \"%s\", only rollback and hotp", argv[2]);
	request.which = (enum tpm_counter)which;
	if (argc == 5) {
		if (strcmp(argv[3], "--owner-passphrase") != 0 || !actions[action].by_owner)
			return command_usage(context, "heads tpm %s %s does not know \"%s\"", argv[0], argv[1],
			                     argv[3]);
		request.owner_file = argv[4];
	}
	if (tpm_open(context->tpm, &tpm, &error) < 0 || actions[action].run(tpm, &request, &value, &error) < 0)
		return command_fail(context, &error);
	print(context, action, request.which, value);
	return 0;
}
