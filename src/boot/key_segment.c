/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/key_segment.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/encode.h"
#include "format/cpio.h"
#include <string.h>

#define TAB_NAME     "crypttab"
#define HEADER_BYTES ((size_t)256) /* more than cpio's header, name and padding have for any name of ours */

/* Where a crypttab lies, and its directory. */
static const struct {
	enum initrd_path tab, directory;
} tabs[] = {
    {INITRD_ETC_TAB, INITRD_ETC},
    {INITRD_CRYPTROOT_TAB, INITRD_CRYPTROOT},
};

static int check_places(const struct initrd *initrd, struct error *error)
{
	if (initrd->found[INITRD_KEY].type != INITRD_ABSENT)
		return error_set(error, E_EXISTS, KEY_SEGMENT_FILE,
		                 "the system's initrd has a /" KEY_SEGMENT_FILE
		                 " of its own, which the unlock key would "
		                 "replace; rename it there and sign /boot again");
	for (size_t i = 0; i < ARRAY_SIZE(tabs); i++) {
		if (initrd->found[tabs[i].directory].type > INITRD_DIRECTORY ||
		    initrd->found[tabs[i].directory].type == INITRD_FILE)
			return error_set(
			    error, E_NOT_REGULAR, initrd_path_name(tabs[i].directory),
			    "/%s of the initrd is no directory; the unlock key cannot be handed to this system",
			    initrd_path_name(tabs[i].directory));
		if (initrd->found[tabs[i].tab].type > INITRD_FILE)
			return error_set(
			    error, E_NOT_REGULAR, initrd_path_name(tabs[i].tab),
			    "/%s of the initrd is no regular file; the unlock key cannot be handed to this system",
			    initrd_path_name(tabs[i].tab));
	}
	return 0;
}

/* For an initrd that has none. */
static void make_tab(const struct crypttab_disk *disks, size_t count, struct key_segment_plan *plan,
                     struct buffer *text)
{
	for (size_t i = 0; i < count; i++) {
		if (!disks[i].uuid)
			continue;
		buffer_append_format(text, "luks-%s UUID=%s /" KEY_SEGMENT_FILE " luks\n", disks[i].uuid,
		                     disks[i].uuid);
		plan->found[i] = true;
	}
}

static int override_tab(const struct initrd *initrd, enum initrd_path tab, const struct crypttab_disk *disks,
                        size_t count, struct key_segment_plan *plan, struct error *error)
{
	bool found[CRYPTTAB_MAX_DISKS] = {false};
	int r = crypttab_override(buffer_bytes(&initrd->found[tab].content), disks, count, "/" KEY_SEGMENT_FILE,
	                          &plan->content[tab], found, error);

	for (size_t i = 0; i < count && r == 0; i++) {
		plan->used[tab] = plan->used[tab] || found[i];
		plan->found[i] = plan->found[i] || found[i];
	}
	return r;
}

static int make_tabs(const struct initrd *initrd, const struct crypttab_disk *disks, size_t count,
                     struct key_segment_plan *plan, struct error *error)
{
	bool any = false;
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(tabs) && r == 0; i++) {
		if (initrd->found[tabs[i].tab].content.size == 0)
			continue;
		any = true;
		r = override_tab(initrd, tabs[i].tab, disks, count, plan, error);
	}
	if (r == 0 && !any) {
		enum initrd_path tab =
		    initrd->found[INITRD_CRYPTROOT_RUN].type != INITRD_ABSENT ? INITRD_CRYPTROOT_TAB : INITRD_ETC_TAB;

		make_tab(disks, count, plan, &plan->content[tab]);
		plan->used[tab] = true;
	}
	for (size_t i = 0; i < count; i++)
		plan->found_count += plan->found[i];
	if (r == 0 && plan->found_count == 0)
		return error_set(
		    error, E_NOT_FOUND, "crypttab",
		    "the initrd of this entry opens none of the disks that the unlock key is for; write them into "
		    "the system's /etc/crypttab and make its initrd anew");
	return r;
}

/* One line a file, in their order in the segment. */
static int describe(struct key_segment_plan *plan, struct error *error)
{
	buffer_append_format(&plan->layout, "heads key segment 1\n0400 " KEY_SEGMENT_FILE " %zu secret\n",
	                     plan->key_size);
	for (size_t i = 0; i < ARRAY_SIZE(tabs); i++) {
		const struct buffer *content = &plan->content[tabs[i].tab];
		char hex[2 * DIGEST_MAX_SIZE + 1];
		struct digest digest;

		if (!plan->used[tabs[i].tab])
			continue;
		if (content->failed)
			return error_set(error, E_MEMORY, "crypttab", "there is not enough memory for the crypttab");
		digest = digest_of(HASH_SHA256, buffer_bytes(content));
		hex_encode(digest_bytes(&digest), hex);
		buffer_append_format(&plan->layout, "0755 %s\n0400 %s %zu %s\n", initrd_path_name(tabs[i].directory),
		                     initrd_path_name(tabs[i].tab), content->size, hex);
	}
	if (plan->layout.failed)
		return error_set(error, E_MEMORY, "initrd segment", "there is not enough memory for an initrd segment");
	return 0;
}

int key_segment_plan(const struct bytes *initrds, size_t count, const struct crypttab_disk *disks, size_t disk_count,
                     size_t key_size, struct key_segment_plan *ret_plan, struct error *error)
{
	CLEANUP(initrd_clear) struct initrd initrd = {0};
	int r = 0;

	if (count == 0 || disk_count == 0 || disk_count > CRYPTTAB_MAX_DISKS || key_size == 0 ||
	    key_size > KEY_SEGMENT_MAX_KEY)
		return error_set(error, E_USAGE, "initrd segment",
		                 "a key of %zu bytes for %zu disks cannot be put behind %zu initrds", key_size,
		                 disk_count, count);
	ret_plan->key_size = key_size;
	for (size_t i = 0; i < count && r == 0; i++)
		r = initrd_read(initrds[i], "initrd", INITRD_UNPACKED_LIMIT, &initrd, error);
	if (r == 0)
		r = check_places(&initrd, error);
	if (r == 0)
		r = make_tabs(&initrd, disks, disk_count, ret_plan, error);
	if (r == 0)
		r = describe(ret_plan, error);
	return r;
}

static size_t segment_limit(const struct key_segment_plan *plan)
{
	size_t size = HEADER_BYTES * 2 + plan->key_size;

	for (size_t i = 0; i < ARRAY_SIZE(tabs); i++)
		size += HEADER_BYTES * 2 + plan->content[tabs[i].tab].size;
	return size;
}

int key_segment_make(const struct key_segment_plan *plan, struct bytes key, struct secret *ret_segment,
                     struct error *error)
{
	CLEANUP(secret_clear) struct secret segment = {0};
	struct buffer archive;
	int r;

	if (key.size != plan->key_size)
		return error_set(error, E_USAGE, KEY_SEGMENT_FILE, "the unlock key has %zu bytes; %zu were planned",
		                 key.size, plan->key_size);
	r = secret_allocate(segment_limit(plan), &segment);
	if (r < 0)
		return error_set(error, E_MEMORY, KEY_SEGMENT_FILE, "there is no locked memory for the unlock key");
	/* There is room for all of it, so that the key is written into the locked pages and nowhere else. */
	archive = (struct buffer){.data = segment.data, .capacity = segment.capacity};
	r = cpio_add(&archive, KEY_SEGMENT_FILE, key, error);
	for (size_t i = 0; i < ARRAY_SIZE(tabs) && r == 0; i++) {
		const char *directory = initrd_path_name(tabs[i].directory);

		if (!plan->used[tabs[i].tab])
			continue;
		r = cpio_add_directory(&archive, directory, error);
		if (r == 0)
			r = cpio_add_below(&archive, directory, TAB_NAME, buffer_bytes(&plan->content[tabs[i].tab]),
			                   error);
	}
	if (r == 0)
		r = cpio_end(&archive, error);
	if (r < 0)
		return r;
	segment.size = archive.size;
	*ret_segment = TAKE(segment, ((struct secret){0}));
	return 0;
}

void key_segment_plan_clear(struct key_segment_plan *plan)
{
	for (size_t i = 0; i < INITRD_PATHS; i++)
		buffer_clear(&plan->content[i]);
	buffer_clear(&plan->layout);
	*plan = (struct key_segment_plan){0};
}
