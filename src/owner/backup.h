/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The owner's keys on an encrypted drive (disk/drive.h): all of the secret key and its revocation certificate in the
 * private part, the public key in the public one. It makes a new dongle of a lost one, and signs /boot without any. */
#ifndef HEADS_OWNER_BACKUP_H
#define HEADS_OWNER_BACKUP_H

#include "disk/drive.h"
#include "dongle/openpgp.h"
#include "owner/media.h"

#define BACKUP_SECRET "secret.asc"
#define BACKUP_REVOKE "revoke.asc"
#define BACKUP_PUBLIC "owner.asc"

/* Starts zeroed; release with backup_clear, which wipes. */
struct backup {
	struct buffer secret;     /* armoured, without a passphrase of its own: the drive's protects it */
	struct buffer revocation; /* armoured certificate */
	struct buffer public;     /* armoured */
};

/* Takes a secret key of the session, all of it. Errors: those of openpgp_export_secret and openpgp_revocation. */
int backup_collect(struct openpgp *session, const char *fingerprint, struct backup *backup, struct error *error);
/* Destroys what is on the device and writes the backup. Errors: those of drive_make, -E_TOO_LARGE. */
int backup_write(const char *device, struct bytes passphrase, const struct backup *backup,
                 void (*step)(void *context, const char *what), void *context, struct error *error);
/* Appends the secret key of a drive; partition: its private one. Errors: those of drive_open and media_read. */
int backup_read_secret(const char *partition, struct bytes passphrase, struct buffer *secret, struct error *error);
void backup_clear(struct backup *backup);

#endif
