/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compressed files: the first byte is the compression, the next two the size that is promised, the rest the data. */
#include "base/cleanup.h"
#include "format/cbfs_content.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buffer_clear) struct buffer content = {0};
	struct cbfs_file file = {.name = "fuzz"};
	struct error error;

	if (size < 3)
		return 0;
	file.compression = data[0] & 3;
	file.data = bytes_slice(bytes_make(data, size), 3, size);
	file.plain_size = file.compression == CBFS_PLAIN ? file.data.size : data[1] * (size_t)256 + data[2];
	if (cbfs_content(&file, &content, &error) == 0 && content.size != file.plain_size)
		abort();
	return 0;
}
