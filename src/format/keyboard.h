/* SPDX-License-Identifier: GPL-2.0-or-later */
/* National keyboard layouts for the framebuffer's console, as the kernel wants them. Pure.
 *
 * The tables are this program's own, written from what the national standards print on the keys (BS 4822, DIN 2137-1,
 * SS 66 22 41, ...), with the AltGr characters that Linux consoles have; no keymap file was copied. */
#ifndef HEADS_FORMAT_KEYBOARD_H
#define HEADS_FORMAT_KEYBOARD_H

#include <stddef.h>
#include <stdint.h>

struct keyboard_layout;

/* By its name ("de"), or by the path of a keymap file as the original has it ("/usr/lib/kbd/keymaps/i386/qwertz/
 * de-latin1.map"). NULL where there is no such layout. */
const struct keyboard_layout *keyboard_find(const char *name);
const char *keyboard_name(const struct keyboard_layout *layout);
/* All of them, and then NULL. */
const struct keyboard_layout *keyboard_at(size_t index);

/* One entry for the ioctl KDSKBENT: struct kbentry of linux/kd.h. */
struct keyboard_entry {
	uint8_t table, key;
	uint16_t value;
};

#define KEYBOARD_KEYS   48
#define KEYBOARD_LEVELS 4 /* plain, Shift, AltGr, Shift and AltGr */
/* Also Ctrl and Ctrl with Shift for the letters. */
#define KEYBOARD_MAX_ENTRIES ((KEYBOARD_LEVELS + 2) * KEYBOARD_KEYS)
/* What turns the kernel's own layout, that of the United States, into this one. Gives the number of entries. */
size_t keyboard_entries(const struct keyboard_layout *layout, struct keyboard_entry entries[KEYBOARD_MAX_ENTRIES]);

#endif
