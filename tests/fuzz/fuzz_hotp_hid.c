/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers of a dongle: whatever is accepted has its checksum, and what is read of it lies inside. */
#include "format/hotp_hid.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t report[HOTP_HID_REPORT_SIZE];
	struct hotp_hid_identity identity;
	struct hotp_hid_answer answer;
	struct error error;

	(void)hotp_hid_decode(bytes_make(data, size), &answer, &error);
	if (size == 0)
		return 0;
	/* With a checksum that is right: else the fuzzer comes no further. */
	hotp_hid_encode((enum hotp_hid_command)data[0], bytes_make(data + 1, size - 1), report);
	if (hotp_hid_decode(bytes_make(report, sizeof(report)), &answer, &error) < 0)
		abort();
	if (answer.payload.data != report + 7 || answer.payload.size != HOTP_HID_REPORT_SIZE - 11)
		abort();
	if (hotp_hid_decode_identity(&answer, &identity, &error) < 0)
		abort();
	answer.payload.size = data[0] % (answer.payload.size + 1);
	(void)hotp_hid_decode_identity(&answer, &identity, &error);
	return 0;
}
