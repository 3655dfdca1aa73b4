/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of a card reader and answers of a Nitrokey 3: what is read of them lies inside. */
#include "format/ccid.h"
#include "format/hotp_secrets.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_answer(struct bytes answer)
{
	struct hotp_secrets_identity identity;
	struct error error;
	uint8_t major, minor;
	struct bytes content;
	uint16_t status;

	if (hotp_secrets_decode(answer, &status, &content, &error) < 0)
		return;
	if (content.size + 2 != answer.size)
		abort();
	if (hotp_secrets_decode_identity(content, &identity, &error) == 0 && content.size < 6)
		abort();
	if (hotp_secrets_decode_version(content, &major, &minor, &error) == 0 && content.size != 4)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes message = bytes_make(data, size);
	struct ccid_answer answer;
	struct error error;

	read_answer(message);
	if (ccid_decode(message, &answer, &error) < 0)
		return 0;
	if (answer.data.size + CCID_HEADER_SIZE != size)
		abort();
	read_answer(answer.data);
	return 0;
}
