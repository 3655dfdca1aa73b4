/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads disk seal|unseal|forget`: the unlock key, from making it to removing it. */
#include "base/cleanup.h"
#include "base/file.h"
#include "command/nouns.h"
#include "command/passphrase.h"
#include "disk/keyslot.h"
#include "disk/unlock.h"
#include <string.h>

/* What the command line says, and what it leads to. Starts zeroed. */
struct disk_job {
	const char *passphrase_file, *unlock_file, *owner_file, *key_fd;
	bool measure;
	struct volume_list volumes;
	struct secret passphrase, unlock, owner;
	struct tpm *tpm;
};

static void job_clear(struct disk_job *job)
{
	volume_list_clear(&job->volumes);
	secret_clear(&job->passphrase);
	secret_clear(&job->unlock);
	secret_clear(&job->owner);
	tpm_close(&job->tpm);
}

static bool takes_value(const char *option, const char *allowed)
{
	const char *found = strstr(allowed, option);

	return found && (found[strlen(option)] == ' ' || found[strlen(option)] == '\0');
}

/* allowed: the options of the verb that take a value, with a space between. Returns 0, or the exit status of an error
 * that was printed. */
static int read_arguments(const struct command_context *context, int argc, char **argv, const char *allowed,
                          struct disk_job *job, struct error *error)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--measure") == 0 && strcmp(argv[0], "unseal") == 0) {
			job->measure = true;
		} else if (argv[i][0] == '-') {
			if (!takes_value(argv[i], allowed))
				return command_usage(context, "heads disk %s does not know \"%s\"", argv[0], argv[i]);
			if (i + 1 == argc)
				return command_usage(context, "%s misses its value", argv[i]);
			if (strcmp(argv[i], "--passphrase") == 0)
				job->passphrase_file = argv[++i];
			else if (strcmp(argv[i], "--unlock-passphrase") == 0)
				job->unlock_file = argv[++i];
			else if (strcmp(argv[i], "--owner-passphrase") == 0)
				job->owner_file = argv[++i];
			else
				job->key_fd = argv[++i];
		} else if (volume_add(&job->volumes, argv[i], error) < 0) {
			return command_fail(context, error);
		}
	}
	return 0;
}

/* All that was named, refused ones refused, in the order in which they are measured. */
static int choose_volumes(struct disk_job *job, struct error *error)
{
	CLEANUP(volume_list_clear) struct volume_list all = TAKE(job->volumes, (struct volume_list){0});
	CLEANUP(buffer_clear) struct buffer names = {0};

	if (all.count == 0)
		return error_set(error, E_USAGE, "disk", "the devices or files of the disks are missing");
	volume_refuse_duplicates(&all);
	for (size_t i = 0; i < all.count; i++) {
		if (volume_check(&all.volumes[i], error) < 0)
			return -E_REFUSED;
		buffer_append_format(&names, "- %s\n", all.volumes[i].facts.uuid);
	}
	return volume_choose(&all, buffer_bytes(&names), &job->volumes, error);
}

static int read_secrets(struct disk_job *job, bool owner, struct error *error)
{
	int r = 0;

	if (job->unlock_file)
		r = command_passphrase_read(job->unlock_file, &job->unlock, error);
	if (r == 0 && owner)
		r = command_owner_passphrase(job->tpm, job->owner_file, &job->owner, error);
	return r;
}

static int done(const struct command_context *context, const char *result, size_t disks)
{
	struct json_object *object;

	if (context->json) {
		object = json_object_new_object();
		json_object_object_add(object, "result", json_object_new_string(result));
		json_object_object_add(object, "disks", json_object_new_int((int)disks));
		command_print_json(object);
	} else {
		(void)printf("%s, disks: %zu\n", result, disks);
	}
	return 0;
}

static int open_volumes(struct disk_job *job, struct secret *keys, struct error *error)
{
	int r = job->passphrase_file ? command_passphrase_read(job->passphrase_file, &job->passphrase, error)
	                             : command_passphrase_ask("passphrase of the disks", &job->passphrase, error);

	for (size_t i = 0; i < job->volumes.count && r == 0; i++)
		r = keyslot_open(&job->volumes.volumes[i], secret_bytes(&job->passphrase), &keys[i], error);
	return r;
}

static int seal(struct disk_job *job, struct error *error)
{
	struct secret *keys = calloc(job->volumes.count, sizeof(*keys));
	int r = keys ? open_volumes(job, keys, error)
	             : error_set(error, E_MEMORY, "disk", "there is not enough memory for the volume keys");

	if (r == 0)
		r = unlock_make(job->tpm, &job->volumes, keys, BYTES_EMPTY, secret_bytes(&job->unlock),
		                secret_bytes(&job->owner), error);
	for (size_t i = 0; keys && i < job->volumes.count; i++)
		secret_clear(&keys[i]);
	free(keys);
	return r;
}

int disk_seal_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(job_clear) struct disk_job job = {0};
	struct error error;
	int status =
	    read_arguments(context, argc, argv, "--passphrase --unlock-passphrase --owner-passphrase", &job, &error);

	if (status != 0)
		return status;
	if (choose_volumes(&job, &error) < 0 || tpm_open(context->tpm, &job.tpm, &error) < 0 ||
	    read_secrets(&job, true, &error) < 0 || seal(&job, &error) < 0)
		return command_fail(context, &error);
	return done(context, "sealed", job.volumes.count);
}

/* To a descriptor that the caller opened: a pipe to cryptsetup, never a file of ours. */
static int write_key(const char *descriptor, struct bytes key, struct error *error)
{
	char *end = NULL;
	const long fd = strtol(descriptor, &end, 10);

	if (*descriptor == '\0' || *end != '\0' || fd < 3 || fd > 1023)
		return error_set(error, E_USAGE, "--key-fd",
		                 "--key-fd wants the number of an open descriptor, from 3 on");
	return file_write_all((int)fd, "--key-fd", key, error);
}

int disk_unseal_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(job_clear) struct disk_job job = {0};
	CLEANUP(secret_clear) struct secret key = {0};
	struct unlock_measured measured = {0};
	struct error error;
	int status = read_arguments(context, argc, argv, "--unlock-passphrase --key-fd", &job, &error);

	if (status != 0)
		return status;
	if (choose_volumes(&job, &error) < 0 || tpm_open(context->tpm, &job.tpm, &error) < 0 ||
	    read_secrets(&job, false, &error) < 0 ||
	    (job.measure && unlock_measure(job.tpm, &job.volumes, BYTES_EMPTY, &measured, &error) < 0) ||
	    unlock_release(job.tpm, &job.volumes, secret_bytes(&job.unlock), &key, &error) < 0)
		return command_fail(context, &error);
	if (job.key_fd && write_key(job.key_fd, secret_bytes(&key), &error) < 0)
		return command_fail(context, &error);
	return done(context, "opens", job.volumes.count);
}

int disk_forget_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(job_clear) struct disk_job job = {0};
	struct error error;
	int status = read_arguments(context, argc, argv, "--owner-passphrase", &job, &error);

	if (status != 0)
		return status;
	if ((job.volumes.count > 0 && choose_volumes(&job, &error) < 0) ||
	    tpm_open(context->tpm, &job.tpm, &error) < 0 || read_secrets(&job, true, &error) < 0 ||
	    unlock_forget(job.tpm, &job.volumes, secret_bytes(&job.owner), &error) < 0)
		return command_fail(context, &error);
	return done(context, "forgotten", job.volumes.count);
}
