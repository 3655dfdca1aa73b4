/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kexec_hashes.txt and kexec_root_hashes.txt: what was read is written and read again, and must be the same. */
#include "base/cleanup.h"
#include "format/manifest.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef int parser(struct bytes text, struct manifest *ret_manifest, struct error *error);

/* What the owner's files may not be called in the list. */
static bool is_foreign(const char *path, const char *prefix)
{
	return prefix[0] ? strncmp(path, "kexec", 5) == 0 : manifest_root_leaves_out(path);
}

static void check(parser *parse, const char *prefix, struct bytes data)
{
	CLEANUP(manifest_clear) struct manifest manifest = {0}, again = {0};
	CLEANUP(buffer_clear) struct buffer text = {0};
	struct error error;

	if (parse(data, &manifest, &error) < 0)
		return;
	for (size_t i = 0; i < manifest.count; i++) {
		const struct manifest_file *file = &manifest.files[i];
		char *path = NULL;

		if (asprintf(&path, "%s%s", prefix, file->path) < 0)
			abort();
		if (!manifest_path_is_plain(bytes_from_string(file->path)) || is_foreign(file->path, prefix) ||
		    manifest_find(&manifest, file->path) != file)
			abort();
		manifest_append_line(&text, file->digest, path);
		free(path);
	}
	if (parse(buffer_bytes(&text), &again, &error) < 0 || again.count != manifest.count)
		abort();
	for (size_t i = 0; i < manifest.count; i++)
		if (strcmp(manifest.files[i].path, again.files[i].path) != 0 ||
		    memcmp(manifest.files[i].digest, again.files[i].digest, MANIFEST_DIGEST_SIZE) != 0)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(manifest_parse, "./", bytes_make(data, size));
	check(manifest_parse_root, "", bytes_make(data, size));
	return 0;
}
