/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An operating system's initrd: what matters of it for the disk unlock key. It may be an uncompressed microcode
 * archive, zeros, and archives compressed or not, one behind the other; later files override earlier ones (A13), so all
 * of it is read, piece by piece. Pure and bounded. */
#ifndef HEADS_FORMAT_INITRD_H
#define HEADS_FORMAT_INITRD_H

#include "format/decompress.h"

#define INITRD_MAX_SEGMENTS   64
#define INITRD_UNPACKED_LIMIT ((uint64_t)2 << 30)

/* What is looked for. */
enum initrd_path {
	INITRD_KEY,           /* secret.key: ours, and nobody else's */
	INITRD_ETC,           /* etc */
	INITRD_CRYPTROOT,     /* cryptroot */
	INITRD_ETC_TAB,       /* etc/crypttab: dracut, mkinitcpio (sd-encrypt), dom0 of Qubes */
	INITRD_CRYPTROOT_TAB, /* cryptroot/crypttab: initramfs-tools */
	INITRD_CRYPTROOT_RUN, /* scripts/local-top/cryptroot: initramfs-tools can open disks */
	INITRD_PATHS
};

enum initrd_type { INITRD_ABSENT, INITRD_FILE, INITRD_DIRECTORY, INITRD_OTHER };

struct initrd_found {
	enum initrd_type type;
	struct buffer content; /* of a crypttab */
};

struct initrd_segment {
	uint64_t offset, size; /* bytes in the initrd, the zeros around it left out */
	bool compressed;
	enum compression compression;
	uint64_t entries;
};

/* Starts zeroed. */
struct initrd {
	struct initrd_found found[INITRD_PATHS];
	struct initrd_segment segments[INITRD_MAX_SEGMENTS];
	size_t segment_count;
	uint64_t unpacked; /* bytes of all archives */
};

/* "etc/crypttab". */
const char *initrd_path_name(enum initrd_path path);
/* Reads one initrd; called for each of an entry's initrds in their order, it adds up what they are together. limit is
 * for the bytes of all unpacked archives. name is for sentences.
 *
 * initrd  release with initrd_clear(), after an error too.
 * Errors  -E_MALFORMED (what Linux would not unpack), -E_UNSUPPORTED (unknown compression), -E_TOO_LARGE (the limit,
 * the segments, a crypttab above 64 KiB), -E_MEMORY. */
int initrd_read(struct bytes bytes, const char *name, uint64_t limit, struct initrd *initrd, struct error *error);
void initrd_clear(struct initrd *initrd);

#endif
