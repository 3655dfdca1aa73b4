/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/why_private.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "format/settings.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SETTINGS_NAME  "heads/config.user"
#define KEY_NAME       "heads/owner.asc"
#define CBFS_MARK      "CBFS: "
#define FMAP_MARK      "FMAP: "
#define NAME_SIZE      160
#define LINE_LOOKED_AT 4096 /* of a command line; a kernel takes 2016 bytes */

static void set(struct why_cause *cause, enum why_kind kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void set(struct why_cause *cause, enum why_kind kind, const char *format, ...)
{
	va_list arguments;

	cause->kind = kind;
	va_start(arguments, format);
	(void)vsnprintf(cause->sentence, sizeof(cause->sentence), format, arguments);
	va_end(arguments);
}

static bool is(struct bytes name, const char *text)
{
	return bytes_equal(name, bytes_from_string(text));
}

/* What coreboot measures: "FMAP: COREBOOT CBFS: fallback/payload", "FMAP: FMAP". */
static const struct {
	const char *part, *words;
	enum why_kind kind;
} parts[] = {
    {"fallback/payload", "payload changed: another Heads, or another kernel of it, is in the ROM", WHY_PAYLOAD_CHANGED},
    {"bootblock", "firmware stage bootblock changed", WHY_STAGE_CHANGED},
    {"fallback/verstage", "firmware stage verstage changed", WHY_STAGE_CHANGED},
    {"fallback/romstage", "firmware stage romstage changed", WHY_STAGE_CHANGED},
    {"fallback/postcar", "firmware stage postcar changed", WHY_STAGE_CHANGED},
    {"fallback/ramstage", "firmware stage ramstage changed", WHY_STAGE_CHANGED},
    {"FMAP", "flash layout changed (the ROM's region FMAP)", WHY_FLASH_LAYOUT_CHANGED},
};

struct bytes why_rom_part(struct bytes name)
{
	size_t mark = strlen(CBFS_MARK);

	for (size_t i = 0; i + mark <= name.size; i++)
		if (memcmp(name.data + i, CBFS_MARK, mark) == 0)
			return bytes_slice(name, i + mark, name.size);
	return bytes_start_with(name, FMAP_MARK) ? bytes_slice(name, strlen(FMAP_MARK), name.size) : name;
}

static void say_firmware(enum why_change change, struct bytes name, struct why_cause *cause)
{
	struct bytes part = why_rom_part(name);
	char text[NAME_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(parts) && change == CHANGE_CONTENT; i++) {
		if (!is(part, parts[i].part))
			continue;
		set(cause, parts[i].kind, "%s", parts[i].words);
		return;
	}
	text_escape_into(part, text, sizeof(text));
	if (change == CHANGE_CONTENT)
		set(cause, WHY_ROM_PART_CHANGED, "\"%s\" in the ROM changed", text);
	else if (change == CHANGE_ADDED)
		set(cause, WHY_ROM_PART_ADDED, "the firmware measured \"%s\", which it did not before", text);
	else
		set(cause, WHY_ROM_PART_MISSING, "the firmware did not measure \"%s\", which it did before", text);
}

static bool is_content_of(struct bytes content, const struct why_item *item)
{
	for (size_t i = 0; i < item->event.digest_count; i++) {
		struct digest digest = digest_of(item->event.digests[i].algorithm, content);

		if (!digest_equal(&digest, &item->event.digests[i]))
			return false;
	}
	return true;
}

static void add_setting(struct buffer *list, const char *name, const char *before, const char *after)
{
	char old[64], new[64];

	text_escape_into(bytes_from_string(before ? before : "not set"), old, sizeof(old));
	text_escape_into(bytes_from_string(after ? after : "not set"), new, sizeof(new));
	buffer_append_format(list, "%s %s %s -> %s", list->size > 0 ? "," : ":", name, old, new);
}

/* "settings file config.user changed: CONFIG_X y -> n"; where nothing but form differs, that. */
static int say_settings(const struct why_item *before, const struct why_item *after,
                        const struct why_settings *settings, struct why_cause *cause, struct error *error)
{
	CLEANUP(settings_clear) struct settings old = {0}, new = {0};
	CLEANUP(buffer_clear) struct buffer list = {0};

	set(cause, WHY_SETTINGS_CHANGED, "settings file config.user changed");
	if (!settings || !settings->before.data || !settings->after.data)
		return 0;
	if (!is_content_of(settings->before, before) || !is_content_of(settings->after, after))
		return error_set(error, E_USAGE, "settings",
		                 "the %s settings are not those that the event log measured",
		                 is_content_of(settings->before, before) ? "later" : "earlier");
	if (settings_parse(settings->before, "settings", &old, NULL) < 0 ||
	    settings_parse(settings->after, "settings", &new, NULL) < 0)
		return 0;
	for (size_t i = 0; i < old.count; i++) {
		const char *value = settings_get(&new, old.settings[i].name);

		if (!value || strcmp(value, old.settings[i].value) != 0)
			add_setting(&list, old.settings[i].name, old.settings[i].value, value);
	}
	for (size_t i = 0; i < new.count; i++)
		if (!settings_get(&old, new.settings[i].name))
			add_setting(&list, new.settings[i].name, NULL, new.settings[i].value);
	set(cause, WHY_SETTINGS_CHANGED, "settings file config.user changed%s",
	    list.size == 0 ? ": no setting differs, only how they are written" : buffer_string(&list));
	return 0;
}

static void say_owner_file(enum why_change change, struct bytes name, struct why_cause *cause)
{
	static const char *const did[] = {"changed", "was added", "was removed"};
	char text[NAME_SIZE];

	if (is(name, SETTINGS_NAME)) {
		set(cause, change == CHANGE_ADDED ? WHY_SETTINGS_ADDED : WHY_SETTINGS_REMOVED,
		    "settings file config.user %s", did[change]);
	} else if (is(name, KEY_NAME)) {
		set(cause, (enum why_kind)(WHY_OWNER_KEY_CHANGED + (int)change), "the owner's public key %s",
		    did[change]);
	} else {
		text_escape_into(name, text, sizeof(text));
		set(cause, (enum why_kind)(WHY_OWNER_FILE_CHANGED + (int)change),
		    "the owner's file \"%s\" in the ROM %s", text, did[change]);
	}
}

static const struct {
	const char *mode, *words;
	enum why_kind kind;
} modes[] = {
    {"recovery", "recovery shell was entered", WHY_RECOVERY_ENTERED},
    {"forced", "a boot was forced although /boot did not verify", WHY_FORCED_BOOT},
    {"crash", "the menu crashed", WHY_MENU_CRASHED},
    {"usb", "a boot from USB was chosen", WHY_USB_BOOT},
    {"handover", "the machine was handed over to an operating system (or switched off): PCR 4 is capped",
     WHY_HANDED_OVER},
};

/* A mode is added or missing; it has no other content. */
static void say_mode(enum why_change change, struct bytes mode, struct why_cause *cause)
{
	char text[NAME_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(modes) && change == CHANGE_ADDED; i++) {
		if (!is(mode, modes[i].mode))
			continue;
		set(cause, modes[i].kind, "%s", modes[i].words);
		return;
	}
	text_escape_into(mode, text, sizeof(text));
	if (change == CHANGE_ADDED)
		set(cause, WHY_MODE_ADDED, "the boot mode \"%s\" was measured", text);
	else if (is(mode, "handover"))
		set(cause, WHY_NOT_HANDED_OVER, "the later log ends before the operating system: PCR 4 is not capped");
	else
		set(cause, WHY_MODE_MISSING, "the boot mode \"%s\" was measured before, and is not now", text);
}

static const struct {
	enum why_role role;
	const char *words;
	enum why_kind changed, added, missing;
} boot_files[] = {
    {ROLE_MANIFEST, "list of signed files", WHY_MANIFEST_CHANGED, WHY_MANIFEST_ADDED, WHY_MANIFEST_MISSING},
    {ROLE_KERNEL, "kernel", WHY_KERNEL_CHANGED, WHY_KERNEL_ADDED, WHY_KERNEL_MISSING},
    {ROLE_INITRD, "initrd", WHY_INITRD_CHANGED, WHY_INITRD_ADDED, WHY_INITRD_MISSING},
};

static void say_boot_file(const struct why_item *before, const struct why_item *after, struct why_cause *cause)
{
	char old[NAME_SIZE], new[NAME_SIZE];
	size_t i = 0;

	while (boot_files[i].role != (after ? after : before)->role)
		i++;
	text_escape_into(before ? before->name : BYTES_EMPTY, old, sizeof(old));
	text_escape_into(after ? after->name : BYTES_EMPTY, new, sizeof(new));
	if (!before)
		set(cause, boot_files[i].added, "the %s \"%s\" was measured as well", boot_files[i].words, new);
	else if (!after)
		set(cause, boot_files[i].missing, "the %s \"%s\" was measured before, and is not now",
		    boot_files[i].words, old);
	else if (bytes_equal(before->name, after->name))
		set(cause, boot_files[i].changed, "the %s \"%s\" changed", boot_files[i].words, new);
	else
		set(cause, boot_files[i].changed, "another %s: \"%s\", before \"%s\"", boot_files[i].words, new, old);
}

/* The next word of a command line; false at its end. */
static bool next_word(struct bytes *rest, struct bytes *word)
{
	size_t start = 0, end;

	while (start < rest->size && rest->data[start] == ' ')
		start++;
	for (end = start; end < rest->size && rest->data[end] != ' ';)
		end++;
	*word = bytes_slice(*rest, start, end - start);
	*rest = bytes_slice(*rest, end, rest->size);
	return word->size > 0;
}

static bool has_word(struct bytes line, struct bytes wanted)
{
	struct bytes word;

	while (next_word(&line, &word))
		if (bytes_equal(word, wanted))
			return true;
	return false;
}

/* Words that one has and the other has not, each behind a label. */
static void list_words(struct bytes line, struct bytes other, const char *label, struct buffer *list)
{
	struct bytes word;

	while (next_word(&line, &word)) {
		char text[NAME_SIZE];

		if (has_word(other, word))
			continue;
		buffer_append_format(list, "%s %s \"%s\"", list->size > 0 ? "," : "", label,
		                     text_escape_into(word, text, sizeof(text)));
	}
}

static void say_command(const struct why_item *before, const struct why_item *after, struct why_cause *cause)
{
	CLEANUP(buffer_clear) struct buffer list = {0};
	struct bytes old, new;
	char text[400];

	if (!before || !after) {
		text_escape_into((after ? after : before)->name, text, sizeof(text));
		set(cause, after ? WHY_COMMAND_LINE_ADDED : WHY_COMMAND_LINE_MISSING,
		    after ? "the command line \"%s\" was measured as well"
		          : "the command line \"%s\" was measured before, and is not now",
		    text);
		return;
	}
	old = bytes_slice(before->name, 0, LINE_LOOKED_AT);
	new = bytes_slice(after->name, 0, LINE_LOOKED_AT);
	list_words(new, old, "with", &list);
	list_words(old, new, "without", &list);
	set(cause, WHY_COMMAND_LINE_CHANGED, "command line changed:%s",
	    list.size > 0 && buffer_string(&list) ? buffer_string(&list)
	                                          : " the same words in another order or number");
}

static void say_other(enum why_change change, const struct why_item *item, struct why_cause *cause)
{
	char text[NAME_SIZE];

	text_escape_into(item->event.data, text, sizeof(text));
	if (change == CHANGE_CONTENT)
		set(cause, WHY_UNKNOWN_CHANGED, "what was measured into PCR %d as \"%s\" changed", cause->pcr, text);
	else if (change == CHANGE_ADDED)
		set(cause, WHY_UNKNOWN_EXTEND, "PCR %d was extended by something unknown: \"%s\"", cause->pcr, text);
	else
		set(cause, WHY_EVENT_MISSING, "PCR %d lacks an extend that was there before: \"%s\"", cause->pcr, text);
}

int why_say(const struct why_item *before, const struct why_item *after, const struct why_settings *settings,
            struct why_cause *cause, struct error *error)
{
	const struct why_item *item = after ? after : before;
	enum why_change change = !after ? CHANGE_MISSING : before ? CHANGE_CONTENT : CHANGE_ADDED;

	switch (item->role) {
	case ROLE_FIRMWARE:
		say_firmware(change, item->name, cause);
		return 0;
	case ROLE_OWNER_FILE_NAME:
	case ROLE_OWNER_FILE:
		if (change == CHANGE_CONTENT && is(item->name, SETTINGS_NAME))
			return say_settings(before, after, settings, cause, error);
		say_owner_file(change, item->name, cause);
		return 0;
	case ROLE_MODE:
		say_mode(change, item->name, cause);
		return 0;
	case ROLE_MANIFEST:
	case ROLE_KERNEL:
	case ROLE_INITRD:
		say_boot_file(before, after, cause);
		return 0;
	case ROLE_COMMAND:
		say_command(before, after, cause);
		return 0;
	case ROLE_OTHER:
		break;
	}
	say_other(change, item, cause);
	return 0;
}
