/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads boot sign --gnupghome HOME [--key FINGERPRINT] DIR` */
#include "command/boot_sign.h"
#include "base/cleanup.h"
#include "boot/sign.h"
#include "command/nouns.h"
#include "format/rollback.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

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

static int sign_path(const struct command_context *context, struct sign_request *request, const char *path)
{
	struct error error = {0};
	CLEANUP_CLOSE int directory = boot_sign_open(request, path, &error);
	struct sign_result result;

	if (directory < 0)
		return command_fail(context, &error);
	request->directory = directory;
	if (sign_directory(request, &result, &error) < 0)
		return command_fail(context, &error);
	boot_sign_print(context, &result, NULL);
	return 0;
}

int boot_sign_run(const struct command_context *context, int argc, char **argv)
{
	struct sign_request request = {0};
	const char *path = NULL;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--gnupghome") == 0 && i + 1 < argc) {
			request.home = argv[++i];
		} else if (strcmp(argv[i], "--key") == 0 && i + 1 < argc) {
			request.key = argv[++i];
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
	return sign_path(context, &request, path);
}
