/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/key_entry.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "format/cmdline.h"
#include <stdio.h>
#include <string.h>

#define TITLE_MAX 200

int key_entry_text(const struct entry *entry, const struct key_entry_words *words, struct buffer *text,
                   struct error *error)
{
	CLEANUP_FREE char *cmdline = NULL;
	int r = cmdline_build(entry->cmdline ? entry->cmdline : "", words->add, words->remove, &cmdline, error);

	if (r < 0)
		return r;
	for (size_t i = 0; i < entry->submenu_count; i++)
		buffer_append_format(text, "%s\n", entry->submenu[i]);
	buffer_append_format(text, "%s\n%s\n", entry->title ? entry->title : "", cmdline);
	return text->failed ? error_set(error, E_MEMORY, entry->id, "there is not enough memory for a boot entry") : 0;
}

static bool is_for(const struct digest *pcr, const struct volume_list *volumes, const struct entry *entry,
                   const struct key_entry_words *words)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	struct digest expected;

	if (key_entry_text(entry, words, &text, NULL) < 0)
		return false;
	expected = unlock_expected_pcr(volumes, buffer_bytes(&text));
	return digest_equal(pcr, &expected);
}

enum key_entry_kind key_entry_find(const struct digest *pcr, const struct volume_list *volumes,
                                   const struct entry_list *entries, const struct key_entry_words *words,
                                   size_t *ret_index)
{
	const struct digest all = volume_expected_pcr(volumes);

	if (digest_equal(pcr, &all))
		return KEY_ENTRY_ALL;
	for (size_t i = 0; i < entries->count; i++) {
		if (!is_for(pcr, volumes, &entries->entries[i], words))
			continue;
		*ret_index = i;
		return KEY_ENTRY_ONE;
	}
	return KEY_ENTRY_OTHER;
}

static enum key_entry_kind kind_of(const struct key_entry_place *place, unsigned key, size_t *ret_index)
{
	return key_entry_find(&place->keys->keys[key].pcr, place->volumes, place->entries, &place->words, ret_index);
}

/* The key that is there and sealed to this PCR 6; UNLOCK_KEYS: none. */
static unsigned find_pcr(const struct unlock_keys *keys, const struct digest *pcr)
{
	unsigned key = 0;

	while (key < UNLOCK_KEYS && !(keys->keys[key].there && digest_equal(&keys->keys[key].pcr, pcr)))
		key++;
	return key;
}

/* "'Debian'", "'Debian' and 'Rescue'": the entries that the keys are for; false where no key is for any. */
static bool name_entries(const struct key_entry_place *place, char *names, size_t size)
{
	size_t used = 0, count = 0;

	names[0] = '\0';
	for (unsigned key = 0; key < UNLOCK_KEYS; key++) {
		char title[TITLE_MAX];
		size_t index;

		if (!place->keys->keys[key].there || kind_of(place, key, &index) != KEY_ENTRY_ONE || used >= size)
			continue;
		(void)snprintf(
		    names + used, size - used, "%s'%s'", count++ > 0 ? " and " : "",
		    text_escape_into(bytes_from_string(place->entries->entries[index].title), title, sizeof(title)));
		used = strlen(names);
	}
	return count > 0;
}

int key_entry_select(const struct key_entry_place *place, const struct entry *entry, struct buffer *text,
                     unsigned *ret_key, struct error *error)
{
	const struct digest all = volume_expected_pcr(place->volumes);
	char names[UNLOCK_KEYS * (TITLE_MAX + 8)];
	struct digest own;
	int r = key_entry_text(entry, &place->words, text, error);

	if (r < 0)
		return r;
	own = unlock_expected_pcr(place->volumes, buffer_bytes(text));
	*ret_key = find_pcr(place->keys, &own);
	if (*ret_key < UNLOCK_KEYS)
		return 0;
	buffer_clear(text);
	*ret_key = find_pcr(place->keys, &all);
	if (*ret_key < UNLOCK_KEYS)
		return 0;
	if (name_entries(place, names, sizeof(names)))
		return error_set(error, E_REFUSED, "unlock key",
		                 place->keys->count > 1
		                     ? "the disk unlock keys are for the boot entries %s alone, and this is another one"
		                     : "the disk unlock key is for the boot entry %s alone, and this is another one",
		                 names);
	if (place->keys->problem.code != E_NONE) {
		if (error)
			*error = place->keys->problem;
		return -(int)place->keys->problem.code;
	}
	*ret_key = unlock_first(place->keys);
	return 0;
}

/* A key that is for none of the entries that there are, also one whose record is damaged. */
static unsigned find_other(const struct key_entry_place *place)
{
	unsigned key = 0;
	size_t index;

	while (key < UNLOCK_KEYS && !(place->keys->keys[key].there && kind_of(place, key, &index) == KEY_ENTRY_OTHER))
		key++;
	return key;
}

int key_entry_room(const struct key_entry_place *place, struct bytes text, unsigned *ret_key, struct error *error)
{
	const struct digest all = volume_expected_pcr(place->volumes), own = unlock_expected_pcr(place->volumes, text);
	char names[UNLOCK_KEYS * (TITLE_MAX + 8)];
	unsigned key = find_pcr(place->keys, &all);

	if (key == UNLOCK_KEYS)
		key = find_pcr(place->keys, &own);
	if (key == UNLOCK_KEYS)
		key = find_other(place);
	for (unsigned i = 0; i < UNLOCK_KEYS && key == UNLOCK_KEYS; i++)
		if (!place->keys->keys[i].there)
			key = i;
	if (key == UNLOCK_KEYS) {
		(void)name_entries(place, names, sizeof(names));
		return error_set(error, E_EXISTS, "unlock key",
		                 "there are %d disk unlock keys, as many as there can be, for the boot entries %s; "
		                 "forget one of them first",
		                 UNLOCK_KEYS, names);
	}
	*ret_key = key;
	return 0;
}

int key_entry_own(const struct key_entry_place *place, const struct entry *entry, unsigned *ret_key,
                  struct error *error)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	char title[TITLE_MAX];
	struct digest own;
	int r = key_entry_text(entry, &place->words, &text, error);

	if (r < 0)
		return r;
	own = unlock_expected_pcr(place->volumes, buffer_bytes(&text));
	*ret_key = find_pcr(place->keys, &own);
	if (*ret_key == UNLOCK_KEYS)
		return error_set(
		    error, E_NOT_FOUND, "unlock key", "no disk unlock key is for the boot entry '%s' alone",
		    text_escape_into(bytes_from_string(entry->title ? entry->title : ""), title, sizeof(title)));
	return 0;
}

enum key_entry_kind key_entry_describe(const struct key_entry_place *place, unsigned key, char *text, size_t size)
{
	char title[TITLE_MAX];
	size_t index;
	const enum key_entry_kind kind = kind_of(place, key, &index);

	if (kind == KEY_ENTRY_ALL)
		(void)snprintf(text, size, "every boot entry");
	else if (kind == KEY_ENTRY_ONE)
		(void)snprintf(
		    text, size, "the boot entry \"%s\" alone",
		    text_escape_into(bytes_from_string(place->entries->entries[index].title), title, sizeof(title)));
	else
		(void)snprintf(text, size, "other disks, or a boot entry that is not there (any more)");
	return kind;
}
