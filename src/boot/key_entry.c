/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/key_entry.h"
#include "base/cleanup.h"
#include "format/cmdline.h"

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
