/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/dpkg.h"
#include "base/text.h"
#include "format/manifest.h"
#include <string.h>

#define PLAIN "abcdefghijklmnopqrstuvwxyz0123456789+-."

bool dpkg_list_package(const char *file_name, char ret_package[DPKG_MAX_NAME])
{
	size_t size = strlen(file_name), name_size = strcspn(file_name, ":");

	if (size < 5 || strcmp(file_name + size - 5, ".list") != 0)
		return false;
	if (name_size > size - 5)
		name_size = size - 5;
	if (name_size < 2 || name_size >= DPKG_MAX_NAME || strspn(file_name, PLAIN) < name_size)
		return false;
	memcpy(ret_package, file_name, name_size);
	ret_package[name_size] = '\0';
	return true;
}

bool dpkg_list_next(struct bytes *rest, struct bytes *ret_path)
{
	while (rest->size > 0) {
		struct bytes line = text_take_field(rest, '\n');

		if (!bytes_start_with(line, "/"))
			continue;
		line = bytes_slice(line, 1, line.size);
		if (!manifest_path_is_plain(line))
			continue;
		*ret_path = line;
		return true;
	}
	return false;
}
