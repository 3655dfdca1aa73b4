/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boot filesystem, read once (A6): a walk that records every path, and each regular file opened and read a single
 * time, hashed, and where wanted kept in a sealed memfd that holds the very bytes that were hashed.
 *
 * The order of work at boot, so that nothing unverified has to be parsed:
 *   snapshot_open       walks
 *   verify_begin        reads kexec*.txt and kexec.sig, starts gpgv (boot/verify.h)
 *   snapshot_read       the boot loaders' configuration, kept; more may be hashed while gpgv works
 *   verify_trusts       of each configuration file before it is parsed
 *   snapshot_read       all the rest; kernels and initrds of the entries that may be booted are kept
 *   verify_finish       compares everything with the manifest
 *   snapshot_find       gives the memfds to measure and to boot */
#ifndef HEADS_BOOT_SNAPSHOT_H
#define HEADS_BOOT_SNAPSHOT_H

#include "base/digest.h"
#include "base/error.h"
#include "base/memfd.h"
#include "format/tree.h"
#include <sys/types.h>

#define SNAPSHOT_MAX_ENTRIES      200000
#define SNAPSHOT_MAX_ROOT_ENTRIES 1000000 /* of a root filesystem */
#define SNAPSHOT_MAX_DEPTH        64
#define SNAPSHOT_MAX_KEPT         512 /* memfds */

enum snapshot_state {
	SNAPSHOT_UNREAD,
	SNAPSHOT_READ,   /* digest is valid, fd too where the bytes were kept */
	SNAPSHOT_FAILED, /* could not be read, or changed meanwhile: problem says how */
};

struct snapshot_entry {
	char *path;          /* below the root, without a leading slash: "grub/grub.cfg"; raw bytes */
	enum tree_type type; /* never TREE_UNKNOWN */
	uint64_t size;       /* of a regular file, in bytes */
	char *target;        /* of a link, raw bytes */
	enum snapshot_state state;
	char *problem; /* of a file that failed, and of a directory that cannot be listed */
	bool mounted;  /* a directory that another filesystem is mounted on: not entered */
	uint8_t digest[32];
	int fd; /* the sealed memfd, or -1; stays owned by the snapshot. It begins with the size bytes of the file */
	struct memfd_room *room; /* behind them, where it was kept so; or NULL */
	dev_t device;
	ino_t inode;
};

struct snapshot;

/* Walks all below directory (a descriptor, duplicated; borrowed) without following links and without entering other
 * filesystems that are mounted there; no file is opened. keep_limit is how many bytes may be kept in memory altogether.
 *
 * ret_snapshot  release with snapshot_close().
 * Errors        -E_IO (the root cannot be listed), -E_TOO_LARGE (more than the limits above), -E_MEMORY. */
int snapshot_open(int directory, uint64_t keep_limit, struct snapshot **ret_snapshot, struct error *error);
/* As snapshot_open, for a root filesystem of which only these paths (without a leading slash, none inside another) are
 * recorded and walked; nothing is kept. One that is not there, or that only a link leads to, is left out.
 * Errors: as snapshot_open. */
int snapshot_open_paths(int directory, const char *const *paths, size_t count, struct snapshot **ret_snapshot,
                        struct error *error);
/* Closes every memfd and frees; sets *snapshot to NULL; fits CLEANUP(). */
void snapshot_close(struct snapshot **snapshot);

/* The entries, sorted by path in the order of strcmp. */
size_t snapshot_count(const struct snapshot *snapshot);
const struct snapshot_entry *snapshot_at(const struct snapshot *snapshot, size_t index);
/* The entry of this path (without a leading slash), or NULL. */
const struct snapshot_entry *snapshot_find(const struct snapshot *snapshot, const char *path);
/* As snapshot_find for a path as a boot loader writes it ("/vmlinuz", "//boot/../vmlinuz"): links below the root are
 * followed as the walk recorded them, ".." never leaves the root. NULL where it leads nowhere or in circles. */
const struct snapshot_entry *snapshot_resolve(const struct snapshot *snapshot, const char *path);

/* With room: something can still be put behind the file in memory, so that it need not be copied for that. */
enum snapshot_choice { SNAPSHOT_SKIP, SNAPSHOT_HASH, SNAPSHOT_KEEP, SNAPSHOT_KEEP_WITH_ROOM };
#define SNAPSHOT_ROOM ((size_t)1 << 20) /* bytes */
typedef enum snapshot_choice snapshot_chooser(const struct snapshot_entry *entry, void *context);

/* Reads every regular file that was not read yet and that choose does not skip, on all CPUs, the largest first. choose
 * is called from the calling thread alone. A file beyond the limit of kept bytes is hashed and not kept. A file that
 * cannot be read is SNAPSHOT_FAILED and does not stop the others. Errors: -E_MEMORY. */
int snapshot_read(struct snapshot *snapshot, snapshot_chooser *choose, void *context, struct error *error);
/* From then on files are read past the page cache (O_DIRECT), where their filesystem can: of a disk that is read once,
 * the kernel's copy of each page is memory and time for nothing. */
void snapshot_read_directly(struct snapshot *snapshot);
/* Called from then on by the thread that calls snapshot_read, between two files: how many bytes were read of how many.
 * The context is borrowed. */
typedef void snapshot_watcher(void *context, uint64_t done, uint64_t total);
void snapshot_watch(struct snapshot *snapshot, snapshot_watcher *watch, void *context);
/* Reads one file, kept. Does nothing where it is kept already.
 * Errors: -E_NOT_FOUND, -E_NOT_REGULAR, -E_IO (unreadable, or changed meanwhile), -E_TOO_LARGE (the limit of kept
 * bytes), -E_ORDER (it was hashed before and not kept: snapshot_keep_verified). */
int snapshot_read_one(struct snapshot *snapshot, const char *path, struct error *error);
/* For a file that was hashed and not kept, an entry that is not the default: reads it again into a sealed memfd, and
 * takes it only if the bytes there have the digest of the first reading. It does not count against the limit. how: one
 * of the two SNAPSHOT_KEEP. Errors: as snapshot_read_one, -E_REFUSED (other bytes than the first time, A6). */
int snapshot_keep_verified(struct snapshot *snapshot, const char *path, enum snapshot_choice how, struct error *error);
/* The room behind a file that was kept with it, to be used and wiped by one boot; NULL where there is none (any more).
 */
struct memfd_room *snapshot_room(const struct snapshot_entry *entry);

/* Maps what was kept of the file, read-only; valid until snapshot_close.
 * Errors: -E_NOT_FOUND (not kept), -E_TOO_LARGE (more than limit bytes), -E_MEMORY. */
int snapshot_bytes(struct snapshot *snapshot, const char *path, size_t limit, struct bytes *ret_bytes,
                   struct error *error);

/* What was read so far, and what /boot holds: for `boot_read_ratio` and the console log. */
struct snapshot_figures {
	size_t files;
	uint64_t bytes;      /* of all regular files, as the walk found them */
	uint64_t bytes_read; /* from the filesystem */
	uint64_t bytes_kept;
};
struct snapshot_figures snapshot_figures(const struct snapshot *snapshot);

#endif
