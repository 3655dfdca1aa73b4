/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "format/update_manifest.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read is written as a manifest that reads the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buffer_clear) struct buffer text = {0}, again = {0};
	struct update_manifest manifest, back;
	struct error error;

	if (update_manifest_parse(bytes_make(data, size), &manifest, &error) < 0)
		return 0;
	update_manifest_append(&manifest, &text);
	if (update_manifest_parse(buffer_bytes(&text), &back, &error) < 0 || back.number != manifest.number ||
	    back.file_count != manifest.file_count)
		abort();
	update_manifest_append(&back, &again);
	if (!bytes_equal(buffer_bytes(&text), buffer_bytes(&again)))
		abort();
	return 0;
}
