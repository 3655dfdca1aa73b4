/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A list of dpkg: the first line as a file name, all of it as a list. */
#include "format/dpkg.h"
#include "format/manifest.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes rest = bytes_make(data, size), path;
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	char *name = bytes_to_string(bytes_make(data, end ? (size_t)(end - data) : size));
	char package[DPKG_MAX_NAME];

	if (name && dpkg_list_package(name, package) && (strlen(package) < 2 || strlen(package) >= strlen(name)))
		abort();
	free(name);
	while (dpkg_list_next(&rest, &path))
		if (!manifest_path_is_plain(path) || path.data <= data || path.data + path.size > data + size)
			abort();
	return 0;
}
