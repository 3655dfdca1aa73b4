/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/tpm_name.h"
#include "base/encode.h"
#include <string.h>

int tpm_name_parse(struct bytes text, const char *where, uint8_t ret_name[TPM_NAME_SIZE], struct error *error)
{
	static const uint8_t sha256[] = {0x00, 0x0b};
	uint8_t name[TPM_NAME_SIZE];

	if (text.size > 0 && text.data[text.size - 1] == '\n')
		text.size--;
	if (text.size != 2 * sizeof(name) || !hex_decode(text, name, sizeof(name)) ||
	    memcmp(name, sha256, sizeof(sha256)) != 0)
		return error_set(
		    error, E_MALFORMED, where,
		    "%s does not hold the Name of a TPM's storage key: expected one line of %d hexadecimal "
		    "digits that begins with 000b, as heads tpm name prints it",
		    where, 2 * TPM_NAME_SIZE);
	memcpy(ret_name, name, sizeof(name));
	return 0;
}

void tpm_name_write(struct bytes name, struct buffer *text)
{
	char hex[2 * TPM_NAME_SIZE + 1];

	hex_encode(bytes_slice(name, 0, TPM_NAME_SIZE), hex);
	buffer_append_string(text, hex);
	buffer_append_byte(text, '\n');
}
