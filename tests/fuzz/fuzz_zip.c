/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/zip.h"
#include <stdlib.h>
#include <string.h>

#define LIMIT ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Files lie in the archive one after the other, have plain names, and unpack to what they say. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *behind = data;
	struct error error;
	struct zip zip;

	if (zip_read(bytes_make(data, size), &zip, &error) < 0)
		return 0;
	for (size_t i = 0; i < zip.count; i++) {
		const struct zip_file *file = &zip.files[i];
		struct buffer content = {0};

		if (zip_find(&zip, file->name) != file || strncmp(file->name, "../", 3) == 0 || file->name[0] == '/')
			abort();
		if (file->stored.size > 0 &&
		    (file->stored.data < behind || file->stored.data + file->stored.size > data + size))
			abort();
		if (file->stored.size > 0)
			behind = file->stored.data + file->stored.size;
		if (zip_content(file, LIMIT, &content, &error) == 0 &&
		    (content.size != file->size || content.size > LIMIT))
			abort();
		buffer_clear(&content);
	}
	return 0;
}
