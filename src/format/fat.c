/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/fat.h"

#include "base/cleanup.h"
#include <string.h>

#define SECTOR        512
#define CLUSTER       2048
#define SECTORS       (FAT_IMAGE_SIZE / SECTOR)
#define FATS          2
#define FAT_SECTORS   6
#define ROOT_ENTRIES  512
#define ENTRY_SIZE    32
#define DATA_SECTOR   (1 + FATS * FAT_SECTORS + ROOT_ENTRIES * ENTRY_SIZE / SECTOR)
#define CLUSTERS      ((SECTORS - DATA_SECTOR) * SECTOR / CLUSTER)
#define FIRST_CLUSTER 2
#define LAST_MARK     0xfffu
#define NAME_SIZE     11
#define LOWER_NAME    0x08 /* the name, its extension are shown in lower case */
#define LOWER_TYPE    0x10
#define VOLUME_LABEL  0x08
#define MEDIA         0xf8 /* a fixed disk, as partitions of sticks are */
/* 1 January 1980, the earliest date there is. */
#define FIRST_DAY 0x0021

struct image {
	uint8_t *data;
	size_t next; /* free cluster */
};

static void put(uint8_t *at, uint32_t value, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> (8 * i));
}

/* The first sector, section 3.1 and 3.2: BIOS parameter block. */
static void put_boot_sector(uint8_t *sector, const uint8_t label[NAME_SIZE], uint32_t serial)
{
	static const uint8_t jump[] = {0xeb, 0x3c, 0x90, 'H', 'E', 'A', 'D', 'S', ' ', ' ', ' '};
	static const uint8_t kind[] = {'F', 'A', 'T', '1', '2', ' ', ' ', ' '};

	memcpy(sector, jump, sizeof(jump));
	put(sector + 11, SECTOR, 2);
	put(sector + 13, CLUSTER / SECTOR, 1);
	put(sector + 14, 1, 2); /* reserved: this one */
	put(sector + 16, FATS, 1);
	put(sector + 17, ROOT_ENTRIES, 2);
	put(sector + 19, SECTORS, 2);
	put(sector + 21, MEDIA, 1);
	put(sector + 22, FAT_SECTORS, 2);
	put(sector + 24, 32, 2); /* sectors of a track, heads: nobody asks */
	put(sector + 26, 64, 2);
	put(sector + 36, 0x80, 1);
	put(sector + 38, 0x29, 1); /* the three below are there */
	put(sector + 39, serial, 4);
	memcpy(sector + 43, label, NAME_SIZE);
	memcpy(sector + 54, kind, sizeof(kind));
	put(sector + 510, 0xaa55, 2);
}

/* Twelve bits for each cluster, in both copies: section 4.1. */
static void put_fat(struct image *image, size_t cluster, unsigned value)
{
	for (size_t copy = 0; copy < FATS; copy++) {
		uint8_t *at = image->data + SECTOR * (1 + copy * FAT_SECTORS) + cluster + cluster / 2;

		if (cluster % 2 == 0) {
			at[0] = (uint8_t)value;
			at[1] = (uint8_t)((at[1] & 0xf0) | (value >> 8));
		} else {
			at[0] = (uint8_t)((at[0] & 0x0f) | (value << 4));
			at[1] = (uint8_t)(value >> 4);
		}
	}
}

static bool is_letter(char c, bool upper)
{
	return (c >= '0' && c <= '9') || c == '-' ||
	       (upper ? (c >= 'A' && c <= 'Z') || c == ' ' : (c >= 'a' && c <= 'z') || c == '_');
}

/* "owner.asc" as "OWNER   ASC". */
static bool shorten(const char *name, uint8_t ret_short[NAME_SIZE])
{
	const char *dot = strchr(name, '.');
	const size_t length = strlen(name), stem = dot ? (size_t)(dot - name) : length;

	if (stem == 0 || stem > 8 || (dot && (dot[1] == '\0' || length - stem - 1 > 3)))
		return false;
	memset(ret_short, ' ', NAME_SIZE);
	for (size_t i = 0; i < length; i++) {
		const char c = name[i];

		if (i == stem)
			continue;
		if (!is_letter(c, false))
			return false;
		ret_short[i < stem ? i : 8 + i - stem - 1] = (uint8_t)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
	}
	return true;
}

/* The content into clusters one after the other; returns the first one, 0 where there is none. */
static size_t put_content(struct image *image, struct bytes content)
{
	const size_t count = (content.size + CLUSTER - 1) / CLUSTER, first = image->next;

	if (count == 0)
		return 0;
	memcpy(image->data + (size_t)SECTOR * DATA_SECTOR + (first - FIRST_CLUSTER) * CLUSTER, content.data,
	       content.size);
	for (size_t i = 0; i < count; i++)
		put_fat(image, first + i, i + 1 < count ? (unsigned)(first + i + 1) : LAST_MARK);
	image->next += count;
	return first;
}

static int put_file(struct image *image, const struct fat_file *file, size_t place, struct error *error)
{
	uint8_t *entry = image->data + (size_t)SECTOR * (1 + FATS * FAT_SECTORS) + place * ENTRY_SIZE;
	const size_t left = FIRST_CLUSTER + CLUSTERS - image->next;

	if (!shorten(file->name, entry))
		return error_set(error, E_USAGE, file->name, "%s is no name for a file here", file->name);
	if (file->content.size > left * CLUSTER)
		return error_set(error, E_TOO_LARGE, file->name, "%s does not fit", file->name);
	put(entry + 12, LOWER_NAME | LOWER_TYPE, 1);
	put(entry + 16, FIRST_DAY, 2);
	put(entry + 18, FIRST_DAY, 2);
	put(entry + 24, FIRST_DAY, 2);
	put(entry + 26, (uint32_t)put_content(image, file->content), 2);
	put(entry + 28, (uint32_t)file->content.size, 4);
	return 0;
}

int fat_make(const char *label, uint32_t serial, const struct fat_file *files, size_t count, struct buffer *image,
             struct error *error)
{
	struct image made = {calloc(1, FAT_IMAGE_SIZE), FIRST_CLUSTER};
	uint8_t padded[NAME_SIZE];
	const size_t length = strlen(label);
	int r = 0;

	memset(padded, ' ', sizeof(padded));
	if (!made.data)
		return error_set(error, E_MEMORY, label, "there is not enough memory for a file system");
	if (length == 0 || length > NAME_SIZE || count > FAT_MAX_FILES)
		r = error_set(error, E_USAGE, label, "a small FAT has a short label and at most %d files",
		              FAT_MAX_FILES);
	for (size_t i = 0; r == 0 && i < length; i++) {
		padded[i] = (uint8_t)label[i];
		if (!is_letter(label[i], true))
			r = error_set(error, E_USAGE, label, "%s is no label of a FAT", label);
	}
	if (r == 0) {
		uint8_t *root = made.data + (size_t)SECTOR * (1 + FATS * FAT_SECTORS);

		put_boot_sector(made.data, padded, serial);
		put_fat(&made, 0, 0xf00 | MEDIA);
		put_fat(&made, 1, LAST_MARK);
		memcpy(root, padded, NAME_SIZE);
		put(root + 11, VOLUME_LABEL, 1);
		put(root + 24, FIRST_DAY, 2);
	}
	for (size_t i = 0; r == 0 && i < count; i++)
		r = put_file(&made, &files[i], i + 1, error);
	if (r == 0)
		buffer_append(image, made.data, FAT_IMAGE_SIZE);
	memory_wipe(made.data, FAT_IMAGE_SIZE);
	free(made.data);
	if (r == 0 && image->failed)
		return error_set(error, E_MEMORY, label, "there is not enough memory for a file system");
	return r;
}
