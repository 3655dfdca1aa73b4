/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kexec_hashes.txt: what was read is written and read again, and must be the same. */
#include "base/cleanup.h"
#include "format/manifest.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(manifest_clear) struct manifest manifest = {0}, again = {0};
	CLEANUP(buffer_clear) struct buffer text = {0};
	struct error error;

	if (manifest_parse(bytes_make(data, size), &manifest, &error) < 0)
		return 0;
	for (size_t i = 0; i < manifest.count; i++) {
		const struct manifest_file *file = &manifest.files[i];
		char *path = malloc(strlen(file->path) + 3);

		if (!path || !manifest_path_is_plain(bytes_from_string(file->path)) ||
		    strncmp(file->path, "kexec", 5) == 0 || manifest_find(&manifest, file->path) != file)
			abort();
		memcpy(path, "./", 2);
		memcpy(path + 2, file->path, strlen(file->path) + 1);
		manifest_append_line(&text, file->digest, path);
		free(path);
	}
	if (manifest_parse(buffer_bytes(&text), &again, &error) < 0 || again.count != manifest.count)
		abort();
	for (size_t i = 0; i < manifest.count; i++)
		if (strcmp(manifest.files[i].path, again.files[i].path) != 0 ||
		    memcmp(manifest.files[i].digest, again.files[i].digest, MANIFEST_DIGEST_SIZE) != 0)
			abort();
	return 0;
}
