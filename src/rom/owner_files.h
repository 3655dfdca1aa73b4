/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The owner's files in the ROM: raw CBFS files whose name starts with "heads/", in the newest whole one of the regions
 * OWNER_A and OWNER_B, or where neither was ever written (an image from a workstation) in COREBOOT. Each is copied out
 * of the flash once; the copy is what is measured (src/attest) and what is used. Only known names have an effect. */
#ifndef HEADS_ROM_OWNER_FILES_H
#define HEADS_ROM_OWNER_FILES_H

#include "format/cbfs.h"
#include "rom/flash.h"
#include "rom/image.h"

#define OWNER_FILES_PREFIX  "heads/"
#define OWNER_KEYS_PREFIX   "heads/keys/"
#define OWNER_KEYS_SUFFIX   ".asc"
#define OWNER_FILE_SETTINGS "heads/config.user" /* CONFIG_NAME=value lines */
#define OWNER_FILE_KEY      "heads/owner.asc"   /* the owner's public key, binary or armoured */
#define OWNER_FILE_TPM_NAME "heads/tpm-name"    /* the Name of the TPM's storage key: format/tpm_name.h */
#define OWNER_FILES_MAX     32
#define OWNER_FILE_MAX_SIZE ((size_t)1 << 20)

struct owner_file {
	char name[CBFS_NAME_SIZE];
	struct buffer content;
};

struct owner_files {
	struct owner_file files[OWNER_FILES_MAX]; /* in CBFS order */
	size_t count;
};

/* Reads them all. Errors: -E_MALFORMED (the image), -E_TOO_LARGE (a file, or too many), -E_UNSUPPORTED (compressed),
 * -E_EXISTS (one name twice: which one counts would be open). */
int owner_files_read(const struct rom_image *image, struct owner_files *ret_files, struct error *error);
/* The content of NAME; empty bytes where there is none. */
struct bytes owner_files_find(const struct owner_files *files, const char *name);
/* What a file of this name is, in words for a listing; NULL where the name has no effect. */
const char *owner_file_meaning(const char *name);
/* Whether the content is what a file of this name holds: before it is stored, because at the next start it would only
 * be reported. Names without a meaning take anything. Errors: -E_MALFORMED, -E_TOO_LARGE, -E_MEMORY. */
int owner_file_check(const char *name, struct bytes content, struct error *error);
/* The owner's public keys, each of which may sign /boot: heads/owner.asc and heads/keys/NAME.asc in CBFS order, as one
 * binary keyring, appended. A key that cannot be read is left out and error says so; the others are there all the same.
 * Errors: -E_MALFORMED, -E_TOO_LARGE, -E_UNSUPPORTED (a keybox beside other keys), -E_MEMORY. */
int owner_files_keyring(const struct owner_files *files, struct buffer *keyring, struct error *error);
/* Puts a file in the place of the one of this name, or behind the others.
 * Errors: -E_USAGE (the name), -E_TOO_LARGE, -E_MEMORY. */
int owner_files_set(struct owner_files *files, const char *name, struct bytes content, struct error *error);
/* Errors: -E_NOT_FOUND. */
int owner_files_remove(struct owner_files *files, const char *name, struct error *error);
/* Makes these the owner's files of the flash: they are written as a whole into the slot that is not in force, whose
 * mark comes last, so that a power cut leaves the old files or the new ones. watch and count as for flash_write.
 * Errors: -E_UNSUPPORTED (a layout without slots), -E_TOO_LARGE, those of flash_write. */
int owner_files_store(struct flash *flash, const struct owner_files *files, const struct flash_watch *watch,
                      struct flash_count *count, struct error *error);
/* Whether an image has slots for the owner's files, so that owner_files_change works on it. */
bool owner_files_have_slots(const struct rom_image *image);
/* Reads the owner's files of a flash, changes one (content NULL: takes it out), and stores them.
 * Errors: -E_NOT_FOUND (nothing to take out), those of owner_files_read, owner_file_check, and owner_files_store. */
int owner_files_change(struct flash *flash, const char *name, const struct bytes *content,
                       const struct flash_watch *watch, struct flash_count *count, struct error *error);
void owner_files_clear(struct owner_files *files);

#endif
