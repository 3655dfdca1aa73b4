/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answers of a run that nobody attends: what is accepted keeps to the table's limits, and what is accepted as a
 * whole is so again when it is set answer by answer. */
#include "base/cleanup.h"
#include "format/ownership_answers.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(ownership_answers_clear) struct ownership_answers answers = {0}, again = {0};
	struct error error;
	int r;

	if (ownership_answers_parse(bytes_make(data, size), "fuzz", &answers, &error) < 0)
		return 0;
	for (int i = 0; i < ANSWERS; i++) {
		const struct answer_kind_info *info = &ownership_answer_info[i];
		const struct bytes value = ownership_answers_bytes(&answers, (enum ownership_answer)i);

		if (info->kind != ANSWER_CHOICE && value.size > 0 &&
		    (value.size < info->least || value.size > info->most))
			abort();
		if (value.size > 0 && strlen((const char *)value.data) != value.size)
			abort();
		if (ownership_answers_set(&again, (enum ownership_answer)i, value, &error) < 0)
			abort();
	}
	r = ownership_answers_check(&answers, "fuzz", &error);
	if (r != ownership_answers_check(&again, "fuzz", &error))
		abort();
	return 0;
}
