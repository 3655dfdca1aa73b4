/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The record of a storage key's Name: what is accepted is written back to the same Name. */
#include "base/cleanup.h"
#include "format/tpm_name.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	uint8_t name[TPM_NAME_SIZE], again[TPM_NAME_SIZE];
	struct error error;

	if (tpm_name_parse(bytes_make(data, size), "fuzz", name, &error) < 0)
		return 0;
	tpm_name_write(bytes_make(name, sizeof(name)), &text);
	if (tpm_name_parse(buffer_bytes(&text), "fuzz", again, &error) < 0 || memcmp(name, again, sizeof(name)) != 0)
		abort();
	return 0;
}
