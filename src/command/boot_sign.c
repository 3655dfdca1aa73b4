/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads boot sign --gnupghome HOME [--key FINGERPRINT] [--root-hashes FILE] DIR` */
#include "command/boot_sign.h"
#include "attest/eventlog.h"
#include "attest/keep.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "boot/root_hashes.h"
#include "boot/sign.h"
#include "command/nouns.h"
#include "format/rollback.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_number(const char *text, uint64_t *ret_value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret_value = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' && *ret_value <= ROLLBACK_MAX_VALUE;
}

int boot_sign_open(const struct sign_request *request, const char *path, struct error *error)
{
	struct stat status;
	int directory;

	if (stat(request->home, &status) != 0 || !S_ISDIR(status.st_mode))
		return error_set(error, E_USAGE, request->home, "--gnupghome %s is not a directory", request->home);
	directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return error_set_errno(error, errno == ENOENT || errno == ENOTDIR ? E_USAGE : E_IO, path, errno,
		                       "the directory %s cannot be opened", path);
	return directory;
}

void boot_sign_print(const struct command_context *context, const struct sign_result *result, const char *id)
{
	if (context->json) {
		struct json_object *object = json_object_new_object();

		json_object_object_add(object, "result", json_object_new_string("signed"));
		json_object_object_add(object, "files", json_object_new_int64((int64_t)result->files));
		json_object_object_add(object, "signer", json_object_new_string(result->signer));
		if (id)
			json_object_object_add(object, "default", json_object_new_string(id));
		command_print_json(object);
	} else if (context->verbosity >= 0) {
		(void)printf("signed: %" PRIu64 " files, by %s\n", result->files, result->signer);
	}
}

/* Signed on the machine itself: what it measured goes into the set, for the day on which the TOTP secret does not open
 * (attest/keep.h). Without it /boot is signed all the same. */
static void add_list(const struct command_context *context, struct sign_request *request, struct sign_file *files,
                     struct buffer *text)
{
	CLEANUP(buffer_clear) struct buffer settings = {0};
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct bytes measured = BYTES_EMPTY;
	struct error error;

	if (access(EVENTLOG_FILE, F_OK) != 0)
		return;
	if (keep_read_settings(&settings, &measured, &error) < 0 || tpm_open(context->tpm, &tpm, &error) < 0 ||
	    keep_text(tpm, measured, text, &error) < 0) {
		(void)fprintf(stderr, "heads: %s is not written: %s\n", KEEP_FILE, error.sentence);
		return;
	}
	files[request->file_count++] = (struct sign_file){KEEP_FILE, buffer_bytes(text)};
}

/* The list of the root's files (heads root hash), looked at before it is signed: nothing that cannot be read gets the
 * owner's signature. */
static int add_root_hashes(const char *path, struct sign_request *request, struct sign_file *files, struct buffer *text,
                           struct error *error)
{
	CLEANUP(manifest_clear) struct manifest list = {0};
	int r = file_read(path, MANIFEST_MAX_SIZE, text, error);

	if (r == 0)
		r = manifest_parse_root(buffer_bytes(text), &list, error);
	if (r < 0)
		return r;
	if (list.count == 0)
		return error_set(error, E_MALFORMED, path, "%s lists no file of the root", path);
	files[request->file_count++] = (struct sign_file){ROOT_HASHES_NAME, buffer_bytes(text)};
	return 0;
}

static int sign_path(const struct command_context *context, const struct sign_request *asked, const char *root_hashes,
                     const char *path)
{
	struct error error = {0};
	CLEANUP_CLOSE int directory = boot_sign_open(asked, path, &error);
	struct sign_request request = *asked;
	CLEANUP(buffer_clear) struct buffer list = {0}, root_list = {0};
	struct sign_result result;
	struct sign_file files[2];

	if (directory < 0)
		return command_fail(context, &error);
	request.directory = directory;
	request.files = files;
	add_list(context, &request, files, &list);
	if (root_hashes && add_root_hashes(root_hashes, &request, files, &root_list, &error) < 0)
		return command_fail(context, &error);
	if (sign_directory(&request, &result, &error) < 0)
		return command_fail(context, &error);
	boot_sign_print(context, &result, NULL);
	return 0;
}

int boot_sign_run(const struct command_context *context, int argc, char **argv)
{
	struct sign_request request = {0};
	const char *path = NULL, *root_hashes = NULL;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--gnupghome") == 0 && i + 1 < argc) {
			request.home = argv[++i];
		} else if (strcmp(argv[i], "--key") == 0 && i + 1 < argc) {
			request.key = argv[++i];
		} else if (strcmp(argv[i], "--root-hashes") == 0 && i + 1 < argc) {
			root_hashes = argv[++i];
		} else if (strcmp(argv[i], "--rollback") == 0 && i + 1 < argc) {
			if (!read_number(argv[++i], &request.rollback))
				return command_usage(context, "--rollback wants the value of a counter, not %s",
				                     argv[i]);
			request.rollback_is_set = true;
		} else if (argv[i][0] == '-') {
			return command_usage(context, "boot sign does not know the option %s, or it misses its value",
			                     argv[i]);
		} else if (path) {
			return command_usage(context, "boot sign takes one directory, not %s and %s", path, argv[i]);
		} else {
			path = argv[i];
		}
	}
	if (!path || !request.home)
		return command_usage(context, "boot sign wants --gnupghome HOME and a directory");
	if (request.key && (request.key[0] == '\0' || request.key[0] == '-'))
		return command_usage(context, "--key wants the fingerprint of a key");
	return sign_path(context, &request, root_hashes, path);
}
