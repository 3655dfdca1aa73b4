/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stick with two small partitions that each hold a FAT: a public one that every system shows, and a private one
 * inside of LUKS2 (docs/formats.md, "Backup drive"). Made without any other program. */
#ifndef HEADS_DISK_DRIVE_H
#define HEADS_DISK_DRIVE_H

#include "base/bytes.h"
#include "base/digest.h"
#include "base/error.h"
#include <stdint.h>

#define DRIVE_MAX            8
#define DRIVE_LEAST_SIZE     ((uint64_t)32 << 20)
#define DRIVE_LEAST_PHRASE   12 /* characters: whoever finds the stick may guess for ever */
#define DRIVE_PUBLIC         "heads-public"
#define DRIVE_PRIVATE        "heads-keys"
#define DRIVE_UNFINISHED     "heads-unfinished" /* of that partition, until all of the drive was read back */
#define DRIVE_MAPPING        "heads-keys"       /* what the opened private partition is called */
#define DRIVE_MAPPING_DEVICE "/dev/mapper/" DRIVE_MAPPING

/* A whole disk that the owner carries about. */
struct drive_stick {
	char path[48];    /* "/dev/sda" */
	char model[64];   /* what its maker calls it; safe for a screen */
	uint64_t size;    /* bytes */
	bool is_drive;    /* it has a partition of the name DRIVE_PRIVATE */
	char private[48]; /* that partition */
	char public[48];  /* and the one of the name DRIVE_PUBLIC, or empty */
};

/* Lists them, large enough or not; nothing of them is read but what the kernel knows. Returns how many. */
size_t drive_list(struct drive_stick sticks[DRIVE_MAX]);

/* Destroys what is on the stick and writes it anew: the partition table, the public image, LUKS2 (AES-XTS with 512
 * bits, Argon2id) under the passphrase, the private image in it. Then opens it again and compares, and gives the
 * private partition its name: a stick with a partition DRIVE_PRIVATE is a whole drive, whatever ended its making. Takes
 * some seconds.
 *
 * device     a whole disk. The images are those of fat_make. step: called before each part with its name, or NULL.
 * Errors     -E_USAGE (a partition, the passphrase is too short), -E_UNSUPPORTED (too small, or
 *            its sectors are not of 512 bytes), -E_REFUSED (in use), -E_IO (also: it reads otherwise), -E_EXISTS (the
 *            mapping is there), -E_MEMORY. After an error the stick may hold nothing that can be read. */
int drive_make(const char *device, struct bytes passphrase, struct bytes public_image, struct bytes private_image,
               void (*step)(void *context, const char *what), void *context, struct error *error);

/* Whether drive_make could begin: the stick is a whole disk, large enough and not in use. Changes nothing.
 * ret_beginning  of its first MiB, by which a stick is known again that another one has taken the place of.
 * Errors         as of drive_make. */
int drive_look_at(const char *device, struct digest *ret_beginning, struct error *error);
/* Whether a device is this disk or one of its partitions. Pure. */
bool drive_has(const char *disk, const char *device);

/* Opens the private partition read-only as DRIVE_MAPPING_DEVICE; drive_close takes it down again.
 * Errors: -E_WRONG_AUTH, those of mapping_open. */
int drive_open(const char *partition, struct bytes passphrase, struct error *error);
void drive_close(void);

#endif
