/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the walk (snapshot.c) and the reading (snapshot_read.c) share. Nobody else includes it. */
#ifndef HEADS_BOOT_SNAPSHOT_PRIVATE_H
#define HEADS_BOOT_SNAPSHOT_PRIVATE_H

#include "boot/snapshot.h"

#define MAX_NAME 255
#define MAX_PATH 4095

struct snapshot_map {
	void *data;
	size_t size;
};

struct snapshot {
	int root;
	struct snapshot_entry *entries;
	size_t count;
	size_t capacity;
	size_t limit; /* of entries */
	struct snapshot_map *maps;
	size_t map_count;
	uint64_t keep_limit;
	uint64_t kept;
	size_t kept_count;
	uint64_t bytes_read;
	bool direct;             /* past the page cache */
	snapshot_watcher *watch; /* or NULL */
	void *watch_context;
};

/* The entry of this path, or NULL. */
struct snapshot_entry *snapshot_entry(const struct snapshot *snapshot, const char *path);
/* Opens a path of the snapshot part by part, so that no link is followed anywhere in it. -1 and errno. */
int snapshot_open_path(const struct snapshot *snapshot, const char *path, int flags);
/* Marks an entry as failed: sentence, and the text of errno_value where it is not 0. */
void snapshot_fail(struct snapshot_entry *entry, int errno_value, const char *sentence);
/* Wipes and frees the room behind a file, which may be NULL. */
void snapshot_drop_room(struct snapshot_entry *entry);

#endif
