/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an update changed, and what it did not: the findings of a verification in groups that an owner can tell from
 * tampering before signing. Names are all that is looked at: a group says what the files are called after. Pure. */
#ifndef HEADS_BOOT_CHANGES_H
#define HEADS_BOOT_CHANGES_H

#include "boot/verify.h"
#include "format/entry.h"

/* Above so many findings versions are not looked for: no update changes as much, and work stays bounded. */
#define CHANGES_MAX_FINDINGS 2000
/* So many packages of a group are named. */
#define CHANGES_MAX_PACKAGES 8

enum change_kind {
	CHANGE_KERNEL_UPDATE,  /* one version went, another came */
	CHANGE_KERNEL_ADDED,   /* a version came */
	CHANGE_KERNEL_REMOVED, /* a version went */
	CHANGE_INITRD,         /* the initrd of a version whose kernel is as it was signed */
	CHANGE_KERNEL,         /* the kernel itself, under the same name: no update does that */
	CHANGE_CONFIGURATION,  /* what lists the boot entries */
	CHANGE_LOADER,         /* other files of a boot loader */
	CHANGE_ENTRY_FILE,     /* a file that a boot entry starts, of none of these names */
	CHANGE_UNKNOWN,        /* nothing that any entry uses */
	CHANGE_KINDS
};

struct change_group {
	enum change_kind kind;
	char version[80], previous[80]; /* of the kernel, escaped; "" where there is none */
	char sentence[1200];            /* "kernel 6.1.0-55-amd64 -> 6.1.0-56-amd64"; escaped */
	size_t *findings;               /* indices into those of the result */
	size_t count;
	const char *packages[CHANGES_MAX_PACKAGES]; /* of the findings, each once; borrowed from the result */
	size_t package_count;
};

struct changes {
	struct change_group *groups; /* in the order of enum change_kind, then of versions */
	size_t count;
};

/* entries: of the configuration as it is now, or NULL where it was not read.
 * ret_changes: release with changes_clear(), before the result. Errors: -E_MEMORY. */
int changes_group(const struct verify_result *result, const struct entry_list *entries, struct changes *ret_changes);
/* Frees; fits CLEANUP(). */
void changes_clear(struct changes *changes);
/* "kernel-update", ...: as in JSON. */
const char *change_kind_name(enum change_kind kind);

#endif
