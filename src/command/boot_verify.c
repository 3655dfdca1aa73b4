/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads boot verify --keyring FILE... DIR` */
#include "base/cleanup.h"
#include "base/file.h"
#include "boot/catalogue.h"
#include "boot/packages.h"
#include "boot/report.h"
#include "boot/rollback.h"
#include "boot/verify.h"
#include "command/findings.h"
#include "command/nouns.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define KEYRING_LIMIT ((size_t)16 << 20)

/* null where the OS left no package database. */
static struct json_object *packages(const struct verify_result *result, const struct change_group *group)
{
	struct json_object *array;

	if (!result->packages_known)
		return NULL;
	array = json_object_new_array();
	for (size_t i = 0; i < group->package_count; i++)
		json_object_array_add(array, json_object_new_string(group->packages[i]));
	return array;
}

static struct json_object *groups(const struct verify_result *result, const struct entry_list *entries)
{
	CLEANUP(changes_clear) struct changes changes = {0};
	struct json_object *array = json_object_new_array();

	if (changes_group(result, entries, &changes) < 0)
		return array;
	for (size_t i = 0; i < changes.count; i++) {
		const struct change_group *group = &changes.groups[i];
		struct json_object *object = json_object_new_object(), *paths = json_object_new_array();

		for (size_t j = 0; j < group->count; j++)
			json_object_array_add(paths, findings_path_json(result->findings[group->findings[j]].path));
		json_object_object_add(object, "kind", json_object_new_string(change_kind_name(group->kind)));
		json_object_object_add(object, "version",
		                       group->version[0] ? json_object_new_string(group->version) : NULL);
		json_object_object_add(object, "previous",
		                       group->previous[0] ? json_object_new_string(group->previous) : NULL);
		json_object_object_add(object, "sentence", json_object_new_string(group->sentence));
		json_object_object_add(object, "paths", paths);
		json_object_object_add(object, "packages", packages(result, group));
		json_object_array_add(array, object);
	}
	return array;
}

static void print_json(const struct verify_result *result, const struct entry_list *entries)
{
	struct json_object *object = json_object_new_object();
	struct json_object *unsigned_files = json_object_new_array();

	json_object_object_add(object, "result", json_object_new_string(result->ok ? "ok" : "refused"));
	json_object_object_add(object, "signature", json_object_new_string(verify_signature_name(result->signature)));
	json_object_object_add(object, "signer", result->signer[0] ? json_object_new_string(result->signer) : NULL);
	json_object_object_add(object, "files", json_object_new_int64((int64_t)result->files));
	json_object_object_add(object, "bytes", json_object_new_int64((int64_t)result->bytes));
	findings_add_json(result, object);
	json_object_object_add(object, "groups", groups(result, entries));
	if (result->counter_file)
		json_object_array_add(unsigned_files, json_object_new_string("/kexec_hotp_counter"));
	json_object_object_add(object, "unsigned", unsigned_files);
	json_object_object_add(object, "interrupted",
	                       result->interrupted == VERIFY_NOT_INTERRUPTED
	                           ? NULL
	                           : json_object_new_string(verify_interrupted_name(result->interrupted)));
	json_object_object_add(object, "rollback", json_object_new_string(verify_rollback_name(result->rollback)));
	json_object_object_add(object, "types", json_object_new_boolean(result->has_types));
	json_object_object_add(object, "reason", result->reason[0] ? json_object_new_string(result->reason) : NULL);
	command_print_json(object);
}

static void print_lines(const struct command_context *context, const struct verify_result *result,
                        const struct entry_list *entries)
{
	CLEANUP(report_clear) struct report report = {0};

	if (report_make(result, entries, &report) < 0)
		return;
	for (size_t i = 0; i < report.count; i++)
		if (context->verbosity >= 0 || i == 0)
			(void)puts(report.lines[i]);
}

static int add_keyring(struct verify_keyring *keyring, const char *path, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer data = {0};
	int r = file_read(path, KEYRING_LIMIT, &data, error);

	if (r < 0)
		return r;
	return verify_keyring_add(keyring, buffer_bytes(&data), path, error);
}

/* Only where a TPM is named: a workstation's own says nothing of this directory. */
static int check_age(const struct command_context *context, struct verify_result *result, struct error *error)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct rollback_verdict verdict;
	int r = tpm_open(context->tpm, &tpm, error);

	if (r == 0)
		rollback_check(tpm, result, &verdict);
	return r;
}

static int verify_path(const struct command_context *context, const struct verify_keyring *keyring, const char *path)
{
	CLEANUP(verify_result_clear) struct verify_result result = {0};
	CLEANUP(catalogue_clear) struct catalogue catalogue = {0};
	CLEANUP_CLOSE int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct catalogue_source source = catalogue_directory(&directory);
	const struct entry_list *entries = NULL;
	struct error error = {0};

	if (directory < 0) {
		(void)error_set_errno(&error, errno == ENOENT || errno == ENOTDIR ? E_USAGE : E_IO, path, errno,
		                      "the directory %s cannot be opened", path);
		return command_fail(context, &error);
	}
	if (verify_directory(directory, keyring, &result, &error) < 0)
		return command_fail(context, &error);
	if (context->tpm && check_age(context, &result, &error) < 0)
		return command_fail(context, &error);
	/* Only for the words of the groups; nobody has verified this tree. */
	if (result.finding_count > 0 && catalogue_build_confined(&source, &catalogue, NULL) == 0)
		entries = &catalogue.entries;
	(void)packages_name(directory, &result);
	if (context->json)
		print_json(&result, entries);
	else
		print_lines(context, &result, entries);
	return result.ok ? 0 : 1;
}

int boot_verify_run(const struct command_context *context, int argc, char **argv)
{
	CLEANUP(verify_keyring_clear) struct verify_keyring keyring = {0};
	struct error error = {0};
	const char *path = NULL;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--keyring") == 0 && i + 1 < argc) {
			if (add_keyring(&keyring, argv[++i], &error) < 0)
				return command_fail(context, &error);
		} else if (argv[i][0] == '-') {
			return command_usage(context, "boot verify does not know the option %s, or it misses its value",
			                     argv[i]);
		} else if (path) {
			return command_usage(context, "boot verify takes one directory, not %s and %s", path, argv[i]);
		} else {
			path = argv[i];
		}
	}
	if (!path || keyring.count == 0)
		return command_usage(context, "boot verify wants --keyring FILE and a directory");
	return verify_path(context, &keyring, path);
}
