/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gpgv's status lines: a good signature always names its key, and never comes without GOODSIG and VALIDSIG. */
#include "boot/verify.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct verify_status status;

	verify_read_status(bytes_make(data, size), 0, &status);
	if (status.signature == VERIFY_GOOD &&
	    (status.signer[0] == '\0' || !memmem(data, size, "GOODSIG", 7) || !memmem(data, size, "VALIDSIG", 8)))
		abort();
	if (memchr(status.signer, '\0', sizeof(status.signer)) == NULL ||
	    memchr(status.issuer, '\0', sizeof(status.issuer)) == NULL)
		abort();
	verify_read_status(bytes_make(data, size), 1, &status);
	if (status.signature == VERIFY_GOOD)
		abort();
	return 0;
}
