/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The header of a kernel image: what is accepted fits into the file. */
#include "base/cleanup.h"
#include "format/bzimage.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bzimage bzimage;

	if (bzimage_check(bytes_make(data, size), "kernel", &bzimage, NULL) == 0 &&
	    (bzimage.setup_size + bzimage.kernel_size > size || strlen(bzimage.version) >= sizeof(bzimage.version)))
		abort();
	return 0;
}
