/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The update of the original Heads: a zip with one image and the SHA-256 sums of what lies beside it. The sums show
 * damage; they come with the file, so that nobody vouches for it (A17). */
#include "base/cleanup.h"
#include "format/sum_list.h"
#include "format/zip.h"
#include "owner/update.h"
#include <string.h>

#define SUMS       "sha256sum.txt"
#define SUMS_LIMIT ((size_t)64 << 10)
#define OLD_PREFIX "/tmp/verified_rom/" /* packages from before November 2023 */
#define ROM_SUFFIX ".rom"

static bool is_rom(const struct zip_file *file)
{
	size_t size = strlen(file->name), end = strlen(ROM_SUFFIX);

	return size > end && strcmp(file->name + size - end, ROM_SUFFIX) == 0;
}

static int find_rom(const struct zip *zip, const struct zip_file **ret_rom, struct error *error)
{
	const struct zip_file *rom = NULL;
	size_t count = 0;

	for (size_t i = 0; i < zip->count; i++)
		if (is_rom(&zip->files[i])) {
			rom = &zip->files[i];
			count++;
		}
	if (count != 1)
		return error_set(error, E_MALFORMED, "zip",
		                 "an update in a zip archive holds one file *.rom; this one holds %zu", count);
	*ret_rom = rom;
	return 0;
}

/* One line of the sums against the file it names; the content of the image is kept in rom. */
static int check_sum(const struct zip *zip, const struct sum_line *line, const struct zip_file *wanted,
                     struct buffer *rom, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer other = {0};
	const char *name = line->name;
	const struct zip_file *file;
	struct buffer *content;
	struct digest digest;
	int r;

	if (strncmp(name, OLD_PREFIX, strlen(OLD_PREFIX)) == 0)
		name += strlen(OLD_PREFIX);
	file = zip_find(zip, name);
	if (!file)
		return error_set(error, E_MALFORMED, SUMS, SUMS " in the zip archive lists %s, which is not there",
		                 name);
	content = file == wanted ? rom : &other;
	buffer_clear(content);
	r = zip_content(file, ROM_MAX_SIZE, content, error);
	if (r < 0)
		return r;
	digest = digest_of(HASH_SHA256, buffer_bytes(content));
	if (!digest_equal(&digest, &line->sha256))
		return error_set(error, E_REFUSED, name,
		                 "%s in the zip archive is damaged: its SHA-256 is another one than " SUMS
		                 " says; fetch the file again",
		                 name);
	return 0;
}

static int read_zip(struct bytes package, struct buffer *rom, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer sums = {0};
	const struct zip_file *wanted = NULL, *list;
	struct sum_line line;
	size_t position = 0, lines = 0;
	bool summed = false;
	struct zip zip;
	int r = zip_read(package, &zip, error);

	if (r == 0)
		r = find_rom(&zip, &wanted, error);
	if (r < 0)
		return r;
	list = zip_find(&zip, SUMS);
	if (!list)
		return error_set(error, E_MALFORMED, SUMS, "the update is incomplete: " SUMS " is missing in the zip");
	r = zip_content(list, SUMS_LIMIT, &sums, error);
	while (r == 0 && (r = sum_list_next(buffer_bytes(&sums), &position, &line, error)) > 0) {
		if (++lines > ZIP_MAX_FILES)
			return error_set(error, E_TOO_LARGE, SUMS, SUMS " lists more than %d files", ZIP_MAX_FILES);
		r = check_sum(&zip, &line, wanted, rom, error);
		summed = summed || rom->size > 0;
	}
	if (r == 0 && !summed)
		r = error_set(error, E_REFUSED, wanted->name,
		              SUMS " says nothing about %s: whether it is damaged cannot be told", wanted->name);
	return r;
}

bool update_is_zip(struct bytes file)
{
	return bytes_start_with(file, ZIP_MAGIC);
}

int update_read_unsigned(struct bytes file, struct buffer *room, struct update *ret_update, struct error *error)
{
	int r;

	if (!update_is_zip(file))
		return update_read_plain(file, ret_update, error);
	r = read_zip(file, room, error);
	return r < 0 ? r : update_read_plain(buffer_bytes(room), ret_update, error);
}
