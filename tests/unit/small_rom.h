/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A coreboot image of 32 KiB, with or without slots for the owner's files, built in memory. */
#ifndef HEADS_TESTS_SMALL_ROM_H
#define HEADS_TESTS_SMALL_ROM_H

#include "rom/image.h"
#include <string.h>

#define IMAGE_SIZE   32768
#define REGION_START 4096

struct image {
	uint8_t bytes[IMAGE_SIZE];
	size_t next;
};

static inline void put(uint8_t *at, size_t size, uint32_t value, bool big)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> 8 * (big ? size - 1 - i : i));
}

/* Regions of 4096 bytes each, the last one with the rest: the place of files. */
static inline void image_map(struct image *image, const char *const *names, size_t count)
{
	memset(image->bytes, 0xff, sizeof(image->bytes));
	memset(image->bytes, 0, 56 + count * 42);
	memcpy(image->bytes, "__FMAP__", 8);
	image->bytes[8] = 1;
	put(image->bytes + 18, 4, IMAGE_SIZE, false);
	put(image->bytes + 54, 2, (uint32_t)count, false);
	for (size_t i = 0; i < count; i++) {
		uint8_t *area = image->bytes + 56 + 42 * i;
		const uint32_t start = (uint32_t)i * REGION_START;

		put(area, 4, start, false);
		put(area + 4, 4, i + 1 < count ? REGION_START : IMAGE_SIZE - start, false);
		memcpy(area + 8, names[i], strlen(names[i]));
	}
	image->next = (count - 1) * REGION_START;
}

static inline void image_start(struct image *image)
{
	static const char *const names[] = {"FMAP", "COREBOOT"};

	image_map(image, names, 2);
}

static inline void image_start_with_slots(struct image *image)
{
	static const char *const names[] = {"FMAP", "OWNER_A_MARK", "OWNER_B_MARK", "OWNER_A", "OWNER_B", "COREBOOT"};

	image_map(image, names, 6);
}

static inline void image_add(struct image *image, const char *name, uint32_t type, const char *content)
{
	uint8_t *at = image->bytes + image->next;
	uint32_t offset = 24 + (((uint32_t)strlen(name) + 16) & ~15u);

	memset(at, 0, offset);
	memcpy(at, "LARCHIVE", 8);
	put(at + 8, 4, (uint32_t)strlen(content), true);
	put(at + 12, 4, type, true);
	put(at + 20, 4, offset, true);
	memcpy(at + 24, name, strlen(name));
	memcpy(at + offset, content, strlen(content));
	image->next = (image->next + offset + strlen(content) + 63) / 64 * 64;
}

static inline void ordinary_image(struct image *image)
{
	image_start(image);
	image_add(image, "fallback/romstage", 0x11, "the romstage");
	image_add(image, "heads/owner.asc", 0x50, "a key");
	image_add(image, "fallback/ramstage", 0x11, "the ramstage");
	image_add(image, "config", 0x50, "not measured");
	image_add(image, "fallback/payload", 0x20, "the payload");
	image_add(image, "heads/config.user", 0x50, "CONFIG_X=y\n");
	image_add(image, "bootblock", 0x01, "the bootblock");
}

static inline struct rom_image rom(const struct image *image)
{
	return (struct rom_image){bytes_make(image->bytes, IMAGE_SIZE)};
}

#endif
