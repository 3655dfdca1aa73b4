/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/sum_list.h"
#include "base/encode.h"
#include <string.h>

#define DIGITS 64
#define GAP    2

static bool read_line(struct bytes line, struct sum_line *ret_line)
{
	struct bytes name = bytes_slice(line, DIGITS + GAP, line.size);

	if (name.size == 0 || name.size >= SUM_NAME_SIZE || line.data[DIGITS] != ' ' ||
	    (line.data[DIGITS + 1] != ' ' && line.data[DIGITS + 1] != '*'))
		return false;
	for (size_t i = 0; i < name.size; i++)
		if (name.data[i] < ' ' || name.data[i] > '~')
			return false;
	ret_line->sha256 = (struct digest){.algorithm = HASH_SHA256, .size = DIGITS / 2};
	if (!hex_decode(bytes_slice(line, 0, DIGITS), ret_line->sha256.data, DIGITS / 2))
		return false;
	memcpy(ret_line->name, name.data, name.size);
	ret_line->name[name.size] = '\0';
	return true;
}

int sum_list_next(struct bytes text, size_t *position, struct sum_line *ret_line, struct error *error)
{
	struct bytes rest = bytes_slice(text, *position, text.size);
	const uint8_t *end;
	size_t size;

	if (rest.size == 0)
		return 0;
	end = memchr(rest.data, '\n', rest.size);
	size = end ? (size_t)(end - rest.data) : rest.size;
	if (!read_line(bytes_slice(rest, 0, size), ret_line))
		return error_set(error, E_MALFORMED, "sums",
		                 "the list of SHA-256 sums is damaged at byte %zu: expected 64 hexadecimal digits, two "
		                 "spaces and a name",
		                 *position);
	*position += size + (end ? 1 : 0);
	return 1;
}
