/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a card reader sends: the size that its first bytes tell, and the message; and that what is sent to it is as long
 * as it says. */
#include "base/cleanup.h"
#include "format/ccid.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buffer_clear) struct buffer sent = {0};
	const struct bytes message = bytes_make(data, size);
	struct ccid_answer answer;
	struct error error;
	size_t told;
	int r = ccid_size(message, &told, &error);

	if (r == 0 && (told < CCID_HEADER_SIZE || told > CCID_HEADER_SIZE + CCID_MAX_DATA))
		abort();
	if (ccid_decode(message, &answer, &error) == 0) {
		if (r < 0 || told != size || answer.data.size + CCID_HEADER_SIZE != size)
			abort();
		if (size > CCID_HEADER_SIZE && answer.data.data != data + CCID_HEADER_SIZE)
			abort();
	}
	if (size > CCID_MAX_DATA)
		return 0;
	ccid_encode(CCID_TRANSFER, size > 0 ? data[0] : 0, message, &sent);
	if (ccid_size(buffer_bytes(&sent), &told, &error) < 0 || told != sent.size ||
	    sent.size != size + CCID_HEADER_SIZE || memcmp(sent.data + CCID_HEADER_SIZE, data, size) != 0)
		abort();
	return 0;
}
