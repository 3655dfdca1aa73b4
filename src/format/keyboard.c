/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/keyboard.h"
#include "base/cleanup.h"
#include <linux/keyboard.h>
#include <stdbool.h>
#include <string.h>

/* The keys in the order of the tables, by the kernel's number: the key below Esc and the row of digits; the row above
 * the home row; the home row with the key left of Enter, the key right of the left Shift, and the lowest row. */
static const uint8_t keys[KEYBOARD_KEYS] = {
    41, 2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, /* */
    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27,     /* */
    30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 43,     /* */
    86, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53,
};

/* A dead key stands as the combining character that it puts on the next letter. */
static const struct {
	uint32_t combining;
	uint16_t value;
} dead_keys[] = {
    {0x300, K_DGRAVE}, {0x301, K_DACUTE}, {0x302, K_DCIRCM}, {0x303, K_DTILDE}, {0x308, K_DDIERE}, {0x327, K_DCEDIL},
};

/* Each level in four rows of 13, 12, 12 and 11 characters; a space: nothing there. */
struct keyboard_layout {
	const char *name;
	const char *levels[KEYBOARD_LEVELS]; /* NULL: as the kernel has it */
};

#define DEAD_GRAVE     "\xcc\x80"
#define DEAD_ACUTE     "\xcc\x81"
#define DEAD_CIRCUM    "\xcc\x82"
#define DEAD_TILDE     "\xcc\x83"
#define DEAD_DIAERESIS "\xcc\x88"

/* clang-format off */
static const struct keyboard_layout layouts[] = {
    {"us", {"`1234567890-=" "qwertyuiop[]" "asdfghjkl;'\\" "<zxcvbnm,./",
            "~!@#$%^&*()_+" "QWERTYUIOP{}" "ASDFGHJKL:\"|" ">ZXCVBNM<>?"}},
    {"uk", {"`1234567890-=" "qwertyuiop[]" "asdfghjkl;'#"  "\\zxcvbnm,./",
            "¬!\"£$%^&*()_+" "QWERTYUIOP{}" "ASDFGHJKL:@~" "|ZXCVBNM<>?",
            "¦   €        " "  é   úíó   " "á           " "           "}},
    {"de", {DEAD_CIRCUM "1234567890ß" DEAD_ACUTE "qwertzuiopü+" "asdfghjklöä#" "<yxcvbnm,.-",
            "°!\"§$%&/()=?" DEAD_GRAVE "QWERTZUIOPÜ*" "ASDFGHJKLÖÄ'" ">YXCVBNM;:_",
            "  ²³   {[]}\\ " "@ €        ~" "            " "|      µ   "}},
    {"fr", {"²&é\"'(-è_çà)=" "azertyuiop" DEAD_CIRCUM "$" "qsdfghjklmù*" "<wxcvbn,;:!",
            "~1234567890°+" "AZERTYUIOP" DEAD_DIAERESIS "£" "QSDFGHJKLM%µ" ">WXCVBN?./§",
            "  ~#{[|`\\^@]}" "  €        ¤" "            " "           "}},
    {"es", {"º1234567890'¡" "qwertyuiop" DEAD_GRAVE "+" "asdfghjklñ" DEAD_ACUTE "ç" "<zxcvbnm,.-",
            "ª!\"·$%&/()=?¿" "QWERTYUIOP" DEAD_CIRCUM "*" "ASDFGHJKLÑ" DEAD_DIAERESIS "Ç" ">ZXCVBNM;:_",
            "\\|@#~ ¬      " "  €       []" "          {}" "           "}},
    {"it", {"\\1234567890'ì" "qwertyuiopè+" "asdfghjklòàù" "<zxcvbnm,.-",
            "|!\"£$%&/()=?^" "QWERTYUIOPé*" "ASDFGHJKLç°§" ">ZXCVBNM;:_",
            "       {[]}`~" "  €       []" "         @# " "           ",
            "             " "          {}" "            " "           "}},
    {"se", {"§1234567890+" DEAD_ACUTE "qwertyuiopå" DEAD_DIAERESIS "asdfghjklöä'" "<zxcvbnm,.-",
            "½!\"#¤%&/()=?" DEAD_GRAVE "QWERTYUIOPÅ" DEAD_CIRCUM "ASDFGHJKLÖÄ*" ">ZXCVBNM;:_",
            "  @£$€ {[]}\\ " "  €        " DEAD_TILDE "            " "|      µ   "}},
};
/* clang-format on */

static const uint8_t tables[KEYBOARD_LEVELS] = {0, 1 << KG_SHIFT, 1 << KG_ALTGR, 1 << KG_ALTGR | 1 << KG_SHIFT};

/* The next character of a table, of at most three bytes of UTF-8. */
static uint32_t next_character(const char **text)
{
	const uint8_t *byte = (const uint8_t *)*text;
	const size_t size = byte[0] < 0x80 ? 1 : byte[0] < 0xe0 ? 2 : 3;
	uint32_t code = size == 1 ? byte[0] : byte[0] & (size == 2 ? 0x1fu : 0x0fu);

	for (size_t i = 1; i < size; i++)
		code = code << 6 | (byte[i] & 0x3fu);
	*text += size;
	return code;
}

/* Whether the two stand for one letter, small and capital, which Caps Lock changes into each other. */
static bool is_pair(uint32_t small, uint32_t capital)
{
	const bool latin = (small >= 'a' && small <= 'z') || (small >= 0xe0 && small <= 0xfe && small != 0xf7);

	return latin && capital == small - 0x20;
}

/* As KDSKBENT has it: what is not in Latin-1 goes as its Unicode number. */
static uint16_t value_of(uint32_t code, bool letter)
{
	for (size_t i = 0; i < ARRAY_SIZE(dead_keys); i++)
		if (dead_keys[i].combining == code)
			return dead_keys[i].value;
	if (code > 0xff)
		return (uint16_t)(code ^ 0xf000);
	return (uint16_t)((letter ? (uint32_t)KT_LETTER : (uint32_t)KT_LATIN) << 8 | code);
}

const struct keyboard_layout *keyboard_at(size_t index)
{
	return index < ARRAY_SIZE(layouts) ? &layouts[index] : NULL;
}

const char *keyboard_name(const struct keyboard_layout *layout)
{
	return layout->name;
}

const struct keyboard_layout *keyboard_find(const char *name)
{
	const char *last = strrchr(name, '/');
	const char *file = last ? last + 1 : name;
	const size_t size = strcspn(file, "-_.");

	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++)
		if (strncmp(layouts[i].name, file, size) == 0 && layouts[i].name[size] == '\0')
			return &layouts[i];
	return NULL;
}

static void add(struct keyboard_entry *entries, size_t *count, unsigned table, uint8_t key, uint16_t value)
{
	entries[(*count)++] = (struct keyboard_entry){(uint8_t)table, key, value};
}

static void add_key(struct keyboard_entry *entries, size_t *count, unsigned level, size_t key,
                    uint32_t codes[KEYBOARD_LEVELS][KEYBOARD_KEYS])
{
	const uint32_t code = codes[level][key];
	const bool letter = level < 2 && is_pair(codes[0][key], codes[1][key]);

	if (code == ' ')
		return;
	add(entries, count, tables[level], keys[key], value_of(code, letter));
	/* Ctrl with a letter follows the letter, not the key. */
	if (letter && code < 0x80)
		add(entries, count, tables[level] | 1 << KG_CTRL, keys[key],
		    (uint16_t)((uint32_t)KT_LATIN << 8 | (code & 0x1f)));
}

size_t keyboard_entries(const struct keyboard_layout *layout, struct keyboard_entry entries[KEYBOARD_MAX_ENTRIES])
{
	uint32_t codes[KEYBOARD_LEVELS][KEYBOARD_KEYS];
	size_t count = 0;

	for (unsigned level = 0; level < KEYBOARD_LEVELS; level++) {
		const char *text = layout->levels[level];

		for (size_t key = 0; key < KEYBOARD_KEYS; key++)
			codes[level][key] = text ? next_character(&text) : ' ';
	}
	for (unsigned level = 0; level < KEYBOARD_LEVELS; level++)
		for (size_t key = 0; key < KEYBOARD_KEYS; key++)
			add_key(entries, &count, level, key, codes);
	return count;
}
