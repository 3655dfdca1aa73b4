/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Firmware updates (A17): a package is read and its signature checked, a plan says what would change, and the plan is
 * carried out on the flash so that a power cut leaves the old firmware or the new one (docs/updates.md). */
#ifndef HEADS_OWNER_UPDATE_H
#define HEADS_OWNER_UPDATE_H

#include "boot/verify.h"
#include "format/update_manifest.h"
#include "rom/owner_files.h"
#include "rom/slots.h"
#include "tpm/tpm.h"

#define UPDATE_MAX_SIZE (ROM_MAX_SIZE + ((size_t)8 << 20)) /* of a package: an image and what stands beside it */

/* A package whose signature, hashes and form are right, or a plain image that nobody vouches for. */
struct update {
	bool vouched;                    /* false: a plain image */
	struct update_manifest manifest; /* where vouched */
	char signer[65];
	struct rom_image image; /* borrowed */
};

/* Reads a package: archive, manifest, signature by a key of the keyring, hash of each file. Nothing of the image is
 * looked at before the signature is good. ret_update borrows from the package.
 * Errors: -E_MALFORMED (no package, damaged, cut short), -E_REFUSED (unsigned, wrong signer, a file that is not what
 * the manifest says), -E_PROCESS. */
int update_read(struct bytes package, const struct verify_keyring *keyring, struct update *ret_update,
                struct error *error);
/* A plain image. The caller has asked the owner in red. Errors: -E_MALFORMED (no image with payload slots). */
int update_read_plain(struct bytes image, struct update *ret_update, struct error *error);
/* A plain image, or one in a zip archive as the original Heads ships it (one *.rom, and sha256sum.txt whose sums are
 * compared: they show damage, and vouch for nothing). room holds the image of a zip; ret_update borrows from file or
 * room. Errors: -E_MALFORMED, -E_UNSUPPORTED (another kind of zip), -E_REFUSED (a sum that is wrong or missing),
 * -E_TOO_LARGE, -E_MEMORY, those of update_read_plain. */
int update_read_unsigned(struct bytes file, struct buffer *room, struct update *ret_update, struct error *error);
/* Whether a file begins as a package does; says nothing of its signature. */
bool update_is_package(struct bytes file);
/* Whether a file begins as a zip archive does. */
bool update_is_zip(struct bytes file);

/* What the update meets. */
struct update_target {
	const char *board;   /* CONFIG_BOARD; NULL: not known, then only a plain image is taken */
	const char *version; /* that runs */
	uint64_t floor;      /* lowest version number that may be installed; 0: none */
	struct rom_image chip;
};

#define UPDATE_MAX_CHANGES 8
struct update_plan {
	const struct update *update;
	struct rom_slots slots; /* of the chip */
	int keep;               /* the slot that is not touched */
	struct bytes payload;   /* the new content of the other one */
	size_t blocks;          /* of 4096 bytes that differ there */
	char changes[UPDATE_MAX_CHANGES]
	            [160]; /* what will change, and what will not, for the owner; safe for a terminal */
	size_t change_count;
};

/* Decides whether the update may be installed. The plan borrows from update and chip.
 * Errors: -E_REFUSED (another board, older than what runs or than the floor, coreboot's own stages differ),
 * -E_TOO_LARGE (does not fit the chip or its slot), -E_UNSUPPORTED (a chip without slots), -E_EXISTS (installed
 * already). */
int update_plan(const struct update *update, const struct update_target *target, struct update_plan *ret_plan,
                struct error *error);
/* Writes the new payload into the other slot and marks it. The slot that runs, coreboot's stages and the owner's files
 * are not touched. Errors: those of flash_write. */
int update_apply(const struct update_plan *plan, struct flash *flash, const struct flash_watch *watch,
                 struct flash_count *count, struct error *error);
/* A whole chip, coreboot's own stages and the layout included: what an update of the other slot cannot do. */
#define UPDATE_WHOLE_CHANGES 48
struct update_whole {
	char changes[UPDATE_WHOLE_CHANGES][160]; /* for the owner; safe for a terminal */
	size_t change_count;
	size_t blocks;  /* of 4096 bytes that differ, in all */
	size_t carried; /* files of the owner */
};

/* Puts the owner's files of the chip into the image, or where erase_owner is set leaves the image as it is, and says
 * what would change. Nothing is written to the chip. Where the chip's files cannot be read they are not lost silently.
 * Errors: -E_TOO_LARGE (another size than the chip's), -E_REFUSED (the owner's files cannot be read), those of
 * update_read_plain, owner_files_store and fmap_open. */
int update_whole(const struct rom_image *chip, bool erase_owner, struct buffer *image, struct update_whole *ret_whole,
                 struct error *error);

/* Makes a package of an image. bom may be empty. The signature is made by gpg with a key of request->home.
 * Errors: -E_USAGE (board or version), -E_MALFORMED (no image with a payload slot), -E_REFUSED (gpg), -E_MEMORY. */
struct update_make {
	const char *board, *version;
	struct bytes rom, bom;
	const char *home, *key; /* as for sign_directory */
};
int update_make(const struct update_make *make, struct buffer *package, char signer[65], struct error *error);

#endif
