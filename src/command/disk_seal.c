/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads disk seal|unseal|forget|status`: the unlock keys, from making one to removing it. */
#include "base/cleanup.h"
#include "base/file.h"
#include "command/disk_entry.h"
#include "command/nouns.h"
#include "command/passphrase.h"
#include "disk/keyslot.h"
#include "disk/unlock.h"
#include <string.h>

/* What the command line says, and what it leads to. Starts zeroed. */
struct disk_job {
	const char *passphrase_file, *unlock_file, *owner_file, *key_fd, *entry_name, *boot;
	bool measure;
	struct volume_list volumes;
	struct disk_entries entries;
	const struct entry *entry; /* of entries; NULL: all */
	struct unlock_keys keys;   /* what the TPM holds */
	struct secret passphrase, unlock, owner;
	struct tpm *tpm;
};

static void job_clear(struct disk_job *job)
{
	volume_list_clear(&job->volumes);
	disk_entries_clear(&job->entries);
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

static const char **place_of(struct disk_job *job, const char *option)
{
	const struct {
		const char *option, **value;
	} options[] = {{"--passphrase", &job->passphrase_file},
	               {"--unlock-passphrase", &job->unlock_file},
	               {"--owner-passphrase", &job->owner_file},
	               {"--entry", &job->entry_name},
	               {"--boot", &job->boot}};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (strcmp(options[i].option, option) == 0)
			return options[i].value;
	return &job->key_fd;
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
			*place_of(job, argv[i]) = argv[i + 1];
			i++;
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

/* The boot entries, and the one that --entry names. */
static int read_entries(const struct command_context *context, struct disk_job *job, struct error *error)
{
	int r = disk_entries_read(context, job->boot ? job->boot : "/boot", &job->entries, error);

	return r < 0 || !job->entry_name ? r : disk_entries_find(&job->entries, job->entry_name, &job->entry, error);
}

/* What all verbs begin with. Returns 0, or the exit status of an error that was printed. */
static int begin(const struct command_context *context, struct disk_job *job, bool volumes, struct error *error)
{
	if ((volumes && choose_volumes(job, error) < 0) || (job->entry_name && read_entries(context, job, error) < 0) ||
	    tpm_open(context->tpm, &job->tpm, error) < 0 || unlock_look(job->tpm, true, &job->keys, error) < 0)
		return command_fail(context, error);
	return 0;
}

static struct key_entry_place place_of_keys(const struct disk_job *job)
{
	return (struct key_entry_place){.keys = &job->keys,
	                                .volumes = &job->volumes,
	                                .entries = &job->entries.catalogue.entries,
	                                .words = disk_entries_words(&job->entries)};
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

static int seal(struct disk_job *job, unsigned key, struct bytes text, struct error *error)
{
	struct secret *keys = calloc(job->volumes.count, sizeof(*keys));
	int r = keys ? open_volumes(job, keys, error)
	             : error_set(error, E_MEMORY, "disk", "there is not enough memory for the volume keys");

	if (r == 0)
		r = unlock_make(job->tpm, key, &job->volumes, keys, text, secret_bytes(&job->unlock),
		                secret_bytes(&job->owner), error);
	for (size_t i = 0; keys && i < job->volumes.count; i++)
		secret_clear(&keys[i]);
	free(keys);
	return r;
}

int disk_seal_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(job_clear) struct disk_job job = {0};
	CLEANUP(buffer_clear) struct buffer text = {0};
	struct key_entry_place place;
	struct error error;
	unsigned key = 0;
	int status = read_arguments(context, argc, argv,
	                            "--passphrase --unlock-passphrase --owner-passphrase --entry --boot", &job, &error);

	if (status == 0)
		status = begin(context, &job, true, &error);
	if (status != 0)
		return status;
	place = place_of_keys(&job);
	if ((job.entry && (key_entry_text(job.entry, &place.words, &text, &error) < 0 ||
	                   key_entry_room(&place, buffer_bytes(&text), &key, &error) < 0)) ||
	    read_secrets(&job, true, &error) < 0 || seal(&job, key, buffer_bytes(&text), &error) < 0)
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
	CLEANUP(secret_clear) struct secret secret = {0};
	CLEANUP(buffer_clear) struct buffer text = {0};
	struct unlock_measured measured = {0};
	struct key_entry_place place;
	struct error error;
	unsigned key = 0;
	int status = read_arguments(context, argc, argv, "--unlock-passphrase --key-fd --entry --boot", &job, &error);

	if (status == 0)
		status = begin(context, &job, true, &error);
	if (status != 0)
		return status;
	place = place_of_keys(&job);
	/* As a boot of that entry chooses; without --entry the first key. */
	if (job.keys.count > 0)
		key = unlock_first(&job.keys);
	if ((job.entry && job.keys.count > 0 && key_entry_select(&place, job.entry, &text, &key, &error) < 0) ||
	    read_secrets(&job, false, &error) < 0 ||
	    (job.measure && unlock_measure(job.tpm, &job.volumes, buffer_bytes(&text), &measured, &error) < 0) ||
	    unlock_release(job.tpm, key, &job.volumes, secret_bytes(&job.unlock), &secret, &error) < 0)
		return command_fail(context, &error);
	if (job.key_fd && write_key(job.key_fd, secret_bytes(&secret), &error) < 0)
		return command_fail(context, &error);
	return done(context, "opens", job.volumes.count);
}

static int forget(struct disk_job *job, struct error *error)
{
	const struct key_entry_place place = place_of_keys(job);
	unsigned key;
	int r;

	if (!job->entry)
		return unlock_forget_all(job->tpm, &job->volumes, secret_bytes(&job->owner), error);
	r = key_entry_own(&place, job->entry, &key, error);
	return r < 0 ? r : unlock_forget(job->tpm, key, &job->volumes, secret_bytes(&job->owner), error);
}

int disk_forget_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(job_clear) struct disk_job job = {0};
	struct error error;
	int status = read_arguments(context, argc, argv, "--owner-passphrase --entry --boot", &job, &error);

	/* Whose key is whose, only the disks' facts tell. */
	if (status == 0)
		status = begin(context, &job, job.volumes.count > 0 || job.entry_name, &error);
	if (status != 0)
		return status;
	if (read_secrets(&job, true, &error) < 0 || forget(&job, &error) < 0)
		return command_fail(context, &error);
	return done(context, "forgotten", job.volumes.count);
}

static void print_key(const struct command_context *context, const struct disk_job *job, unsigned key)
{
	static const char *const kinds[] = {"all", "one", "other"};
	const struct key_entry_place place = place_of_keys(job);
	const struct unlock_key *found = &job->keys.keys[key];
	char whom[256];
	const enum key_entry_kind kind = key_entry_describe(&place, key, whom, sizeof(whom));
	struct json_object *object;

	if (!context->json) {
		(void)printf("%u  for %s, %s\n", key + 1, whom,
		             found->passphrase ? "with an unlock passphrase" : "without a passphrase");
		return;
	}
	object = json_object_new_object();
	json_object_object_add(object, "key", json_object_new_int((int)key + 1));
	json_object_object_add(object, "entries", json_object_new_string(kinds[kind]));
	json_object_object_add(object, "for", json_object_new_string(whom));
	json_object_object_add(object, "passphrase", json_object_new_boolean(found->passphrase));
	command_print_json(object);
}

int disk_status_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(job_clear) struct disk_job job = {0};
	struct error error;
	int status = read_arguments(context, argc, argv, "--boot", &job, &error);

	if (status == 0)
		status = begin(context, &job, true, &error);
	if (status != 0)
		return status;
	if (read_entries(context, &job, &error) < 0)
		return command_fail(context, &error);
	for (unsigned key = 0; key < UNLOCK_KEYS; key++)
		if (job.keys.keys[key].there && job.keys.keys[key].pcr.size > 0)
			print_key(context, &job, key);
	if (job.keys.problem.code != E_NONE)
		return command_fail(context, &job.keys.problem);
	if (job.keys.count == 0 && !context->json)
		(void)printf("this TPM holds no disk unlock key\n");
	return 0;
}
