/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads boot default --gnupghome HOME [--key FINGERPRINT] DIR ID` */
#include "base/cleanup.h"
#include "boot/catalogue.h"
#include "boot/default.h"
#include "boot/sign.h"
#include "command/boot_sign.h"
#include "command/nouns.h"
#include <string.h>

static int sign_default(struct sign_request *request, int directory, const char *id, struct sign_result *ret_result,
                        struct error *error)
{
	CLEANUP(boot_default_files_clear) struct boot_default_files made = {0};
	CLEANUP(catalogue_clear) struct catalogue catalogue = {0};
	const struct catalogue_source source = catalogue_directory(&directory);
	struct sign_file files[2];
	/* Nobody has verified this tree. */
	int r = catalogue_build_confined(&source, &catalogue, error);

	if (r == 0)
		r = boot_default_make(&catalogue.entries, id, &made, error);
	if (r < 0)
		return r;
	files[0] = (struct sign_file){made.name, buffer_bytes(&made.line)};
	files[1] = (struct sign_file){DEFAULT_HASHES_NAME, buffer_bytes(&made.hashes)};
	request->files = files;
	request->file_count = ARRAY_SIZE(files);
	request->directory = directory;
	r = sign_directory(request, ret_result, error);
	request->files = NULL;
	return r;
}

int boot_default_run(const struct command_context *context, int argc, char **argv)
{
	struct sign_request request = {0};
	struct sign_result result;
	struct error error = {0};
	const char *words[2];
	int count = 0;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--gnupghome") == 0 && i + 1 < argc)
			request.home = argv[++i];
		else if (strcmp(argv[i], "--key") == 0 && i + 1 < argc)
			request.key = argv[++i];
		else if (argv[i][0] == '-')
			return command_usage(
			    context, "boot default does not know the option %s, or it misses its value", argv[i]);
		else if (count == 2)
			return command_usage(
			    context, "boot default takes a directory and the ID of an entry, not %s too", argv[i]);
		else
			words[count++] = argv[i];
	}
	if (count != 2 || !request.home)
		return command_usage(context, "boot default wants --gnupghome HOME, a directory and the ID of an entry "
		                              "(heads boot list)");
	if (request.key && (request.key[0] == '\0' || request.key[0] == '-'))
		return command_usage(context, "--key wants the fingerprint of a key");
	CLEANUP_CLOSE int directory = boot_sign_open(&request, words[0], &error);
	if (directory < 0 || sign_default(&request, directory, words[1], &result, &error) < 0)
		return command_fail(context, &error);
	boot_sign_print(context, &result, words[1]);
	return 0;
}
