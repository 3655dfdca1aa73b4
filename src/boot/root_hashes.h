/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of a root filesystem, listed and compared: `kexec_root_hashes.txt` of the original (docs/formats.md). Read
 * with the snapshot's reader: each file once, on all CPUs, nothing kept. */
#ifndef HEADS_BOOT_ROOT_HASHES_H
#define HEADS_BOOT_ROOT_HASHES_H

#include "base/bytes.h"
#include "base/error.h"
#include "boot/snapshot.h"
#include "boot/verify.h"
#include "format/manifest.h"

#define ROOT_HASHES_NAME            "kexec_root_hashes.txt"
#define ROOT_HASHES_DIRECTORIES     "bin boot lib sbin usr" /* the original's CONFIG_ROOT_DIRLIST */
#define ROOT_HASHES_MAX_DIRECTORIES 64

struct root_directories {
	char *text; /* what the names point into */
	const char *names[ROOT_HASHES_MAX_DIRECTORIES];
	size_t count;
	snapshot_watcher *watch; /* told how the reading goes, or NULL */
	void *watch_context;
	bool direct; /* snapshot_read_directly: nobody has read these files before */
};

/* Reads names with spaces between them; slashes before a name are dropped. Release with root_directories_clear().
 * Errors: -E_USAGE (none, too many, one that is not plain or that lies inside another), -E_MEMORY. */
int root_directories_read(const char *list, struct root_directories *ret_directories, struct error *error);
/* Frees; fits CLEANUP(). */
void root_directories_clear(struct root_directories *directories);

/* What the original's format leaves out, so that the owner can be told. */
struct root_hashes_left_out {
	uint64_t files;  /* with kexec in their names: neither listed nor compared */
	uint64_t mounts; /* directories that another filesystem is mounted on: not entered */
	char mount[256]; /* the first of them, escaped */
};

struct root_hashes_figures {
	uint64_t files; /* listed */
	uint64_t bytes;
	struct root_hashes_left_out left_out;
};

/* Appends what `find DIRECTORIES -type f ! -name '*kexec*' -print0 | sort -z | xargs -0 sha256sum` prints in root (a
 * descriptor, borrowed): links are not followed, other filesystems are not entered. One of the
 * directories may be a link to a place in another one ("bin", which is "usr/bin"): nothing is listed by its name.
 * Errors: -E_NOT_FOUND (one of the directories), -E_REFUSED (one is a link to a place outside), -E_IO (a file or
 * directory that cannot be read, or changed meanwhile), -E_TOO_LARGE, -E_MEMORY. */
int root_hashes_make(int root, const struct root_directories *directories, struct buffer *ret_text,
                     struct root_hashes_figures *ret_figures, struct error *error);

/* Compares the files below these directories with the list: changed, added, removed, of another type, unreadable. Of
 * the result ok, files, bytes and findings are filled; whether the list is the owner's is for the signature of /boot to
 * say. Release ret_result with verify_result_clear().
 * Errors: -E_USAGE (the list has a path outside the directories), -E_NOT_FOUND (a directory that is neither there nor
 * in the list), -E_IO, -E_TOO_LARGE, -E_MEMORY. */
int root_hashes_verify(int root, const struct root_directories *directories, const struct manifest *list,
                       struct verify_result *ret_result, struct root_hashes_left_out *ret_left_out,
                       struct error *error);
/* Compares two lists: what the newer one changes, adds, removes. Fills of the result what root_hashes_verify fills but
 * the bytes; release with verify_result_clear(). Errors: -E_MEMORY. */
int root_hashes_changes(const struct manifest *older, const struct manifest *newer, struct verify_result *ret_result,
                        struct error *error);

#endif
