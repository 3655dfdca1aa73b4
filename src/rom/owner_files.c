/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rom/owner_files.h"
#include "base/cleanup.h"
#include "format/armour.h"
#include "format/settings.h"
#include "format/tpm_name.h"
#include "rom/slots.h"
#include <stdio.h>
#include <string.h>

static int add_file(const struct cbfs_file *file, struct owner_files *files, struct error *error)
{
	struct owner_file *owner_file;

	if (files->count == OWNER_FILES_MAX)
		return error_set(error, E_TOO_LARGE, file->name, "the ROM holds more than %d files of the owner",
		                 OWNER_FILES_MAX);
	if (file->compression != 0)
		return error_set(error, E_UNSUPPORTED, file->name,
		                 "the ROM file %s is compressed (%s); store it uncompressed", file->name,
		                 cbfs_compression_name(file->compression));
	if (file->data.size > OWNER_FILE_MAX_SIZE)
		return error_set(error, E_TOO_LARGE, file->name, "the ROM file %s has %zu bytes; at most %zu are read",
		                 file->name, file->data.size, OWNER_FILE_MAX_SIZE);
	for (size_t i = 0; i < files->count; i++)
		if (strcmp(files->files[i].name, file->name) == 0)
			return error_set(error, E_EXISTS, file->name, "the ROM holds two files named %s", file->name);
	owner_file = &files->files[files->count];
	buffer_append_bytes(&owner_file->content, file->data);
	if (owner_file->content.failed)
		return error_set(error, E_MEMORY, file->name, "there is not enough memory for the ROM file %s",
		                 file->name);
	(void)snprintf(owner_file->name, sizeof(owner_file->name), "%s", file->name);
	files->count++;
	return 0;
}

/* The region that counts: the newest whole slot, or where none was ever written the firmware's own CBFS. */
static int find_region(const struct rom_image *image, struct bytes *ret_region, struct error *error)
{
	struct rom_slots slots;
	size_t offset;

	if (rom_slots_read(image, ROM_OWNER_SLOTS, true, &slots, NULL) == 0 && slots.newest >= 0) {
		*ret_region = slots.slots[slots.newest].region;
		return 0;
	}
	return cbfs_find(image->bytes, ROM_REGION, &offset, ret_region, error);
}

int owner_files_read(const struct rom_image *image, struct owner_files *ret_files, struct error *error)
{
	size_t position = 0;
	struct bytes region;
	struct cbfs_file file;
	int r = find_region(image, &region, error);

	if (r < 0)
		return r;
	while ((r = cbfs_next(region, &position, &file, error)) > 0) {
		if (file.type != CBFS_TYPE_RAW ||
		    strncmp(file.name, OWNER_FILES_PREFIX, strlen(OWNER_FILES_PREFIX)) != 0)
			continue;
		r = add_file(&file, ret_files, error);
		if (r < 0)
			break;
	}
	if (r < 0)
		owner_files_clear(ret_files);
	return r;
}

struct bytes owner_files_find(const struct owner_files *files, const char *name)
{
	for (size_t i = 0; i < files->count; i++)
		if (strcmp(files->files[i].name, name) == 0)
			return buffer_bytes(&files->files[i].content);
	return BYTES_EMPTY;
}

static bool is_key(const char *name)
{
	size_t size = strlen(name), prefix = strlen(OWNER_KEYS_PREFIX), suffix = strlen(OWNER_KEYS_SUFFIX);

	if (strcmp(name, OWNER_FILE_KEY) == 0)
		return true;
	return strncmp(name, OWNER_KEYS_PREFIX, prefix) == 0 && size > prefix + suffix && !strchr(name + prefix, '/') &&
	       strcmp(name + size - suffix, OWNER_KEYS_SUFFIX) == 0;
}

const char *owner_file_meaning(const char *name)
{
	if (strcmp(name, OWNER_FILE_SETTINGS) == 0)
		return "the owner's settings";
	if (strcmp(name, OWNER_FILE_KEY) == 0)
		return "the owner's public key";
	if (strcmp(name, OWNER_FILE_TPM_NAME) == 0)
		return "the Name of the TPM's storage key";
	return is_key(name) ? "a further public key that may sign /boot" : NULL;
}

int owner_file_check(const char *name, struct bytes content, struct error *error)
{
	if (content.size > OWNER_FILE_MAX_SIZE)
		return error_set(error, E_TOO_LARGE, name, "%s would have %zu bytes; at most %zu are read at a start",
		                 name, content.size, OWNER_FILE_MAX_SIZE);
	if (strcmp(name, OWNER_FILE_SETTINGS) == 0) {
		CLEANUP(settings_clear) struct settings settings = {0};

		return settings_parse(content, name, &settings, error);
	}
	if (strcmp(name, OWNER_FILE_TPM_NAME) == 0) {
		uint8_t tpm_name[TPM_NAME_SIZE];

		return tpm_name_parse(content, name, tpm_name, error);
	}
	if (is_key(name)) {
		CLEANUP(buffer_clear) struct buffer binary = {0};

		return armour_read(content, ARMOUR_PUBLIC_KEY, name, &binary, error);
	}
	return 0;
}

int owner_files_keyring(const struct owner_files *files, struct buffer *keyring, struct error *error)
{
	bool keybox = false;
	int result = 0;

	for (size_t i = 0; i < files->count; i++) {
		const struct owner_file *file = &files->files[i];
		CLEANUP(buffer_clear) struct buffer binary = {0};
		int r = 0;

		if (!is_key(file->name))
			continue;
		r = armour_read(buffer_bytes(&file->content), ARMOUR_PUBLIC_KEY, file->name, &binary, error);
		if (r == 0 && keyring->size > 0 && (keybox || armour_is_keybox(buffer_bytes(&binary))))
			r = error_set(error, E_UNSUPPORTED, file->name,
			              "%s is left out: a keybox stands alone; store exported keys (gpg --export)",
			              file->name);
		if (r < 0) {
			result = r;
			continue;
		}
		keybox = armour_is_keybox(buffer_bytes(&binary));
		buffer_append_bytes(keyring, buffer_bytes(&binary));
	}
	if (keyring->failed)
		return error_set(error, E_MEMORY, "keys", "there is not enough memory for the owner's keys");
	return result;
}

static struct owner_file *find(struct owner_files *files, const char *name)
{
	for (size_t i = 0; i < files->count; i++)
		if (strcmp(files->files[i].name, name) == 0)
			return &files->files[i];
	return NULL;
}

int owner_files_set(struct owner_files *files, const char *name, struct bytes content, struct error *error)
{
	struct owner_file *old = find(files, name);
	struct cbfs_file file = {.type = CBFS_TYPE_RAW, .data = content};
	struct buffer copy = {0};

	if (strncmp(name, OWNER_FILES_PREFIX, strlen(OWNER_FILES_PREFIX)) != 0 || strlen(name) >= sizeof(file.name))
		return error_set(error, E_USAGE, name,
		                 "%s cannot be a file of the owner: its name has to begin with %s and be shorter than "
		                 "%zu characters",
		                 name, OWNER_FILES_PREFIX, sizeof(file.name));
	(void)snprintf(file.name, sizeof(file.name), "%s", name);
	if (!old)
		return add_file(&file, files, error);
	if (content.size > OWNER_FILE_MAX_SIZE)
		return error_set(error, E_TOO_LARGE, name, "the ROM file %s would have %zu bytes; at most %zu are read",
		                 name, content.size, OWNER_FILE_MAX_SIZE);
	buffer_append_bytes(&copy, content);
	if (copy.failed)
		return error_set(error, E_MEMORY, name, "there is not enough memory for the ROM file %s", name);
	buffer_clear(&old->content);
	old->content = copy;
	return 0;
}

int owner_files_remove(struct owner_files *files, const char *name, struct error *error)
{
	struct owner_file *file = find(files, name);

	if (!file)
		return error_set(error, E_NOT_FOUND, name, "the ROM holds no file %s", name);
	buffer_clear(&file->content);
	files->count--;
	memmove(file, file + 1, (size_t)(&files->files[files->count] - file) * sizeof(*file));
	files->files[files->count] = (struct owner_file){0};
	return 0;
}

void owner_files_clear(struct owner_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		buffer_clear(&files->files[i].content);
	files->count = 0;
}
