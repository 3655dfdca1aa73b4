/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "owner/backup.h"

#include "base/cleanup.h"
#include "base/digest.h"
#include "format/fat.h"

static const char read_me[] =
    "This is a backup of an OpenPGP key, made by Heads.\r\n"
    "owner.asc is its public half. The other partition holds the secret key and a revocation certificate.\r\n"
    "It opens with its passphrase:  cryptsetup open /dev/disk/by-partlabel/heads-keys keys\r\n"
    "                               mount -o ro /dev/mapper/keys /mnt\r\n"
    "Keep it apart from the machine and from your security dongle.\r\n";

int backup_collect(struct openpgp *session, const char *fingerprint, struct backup *backup, struct error *error)
{
	int r = openpgp_export_secret(session, fingerprint, BYTES_EMPTY, &backup->secret, error);

	if (r == 0)
		r = openpgp_revocation(session, fingerprint, BYTES_EMPTY, &backup->revocation, error);
	if (r == 0)
		r = openpgp_export_public(session, fingerprint, &backup->public, error);
	return r;
}

int backup_write(const char *device, struct bytes passphrase, const struct backup *backup,
                 void (*step)(void *context, const char *what), void *context, struct error *error)
{
	const struct fat_file public_files[] = {
	    {BACKUP_PUBLIC, buffer_bytes(&backup->public)},
	    {"readme.txt", bytes_from_string(read_me)},
	};
	const struct fat_file private_files[] = {
	    {BACKUP_SECRET, buffer_bytes(&backup->secret)},
	    {BACKUP_REVOKE, buffer_bytes(&backup->revocation)},
	    {BACKUP_PUBLIC, buffer_bytes(&backup->public)},
	};
	CLEANUP(buffer_clear) struct buffer public = {0}, private = {0};
	uint32_t serials[2];
	int r;

	random_fill(serials, sizeof(serials));
	r = fat_make("HEADS KEY", serials[0], public_files, ARRAY_SIZE(public_files), &public, error);
	if (r == 0)
		r = fat_make("HEADS KEYS", serials[1], private_files, ARRAY_SIZE(private_files), &private, error);
	if (r < 0)
		return r;
	return drive_make(device, passphrase, buffer_bytes(&public), buffer_bytes(&private), step, context, error);
}

int backup_read_secret(const char *partition, struct bytes passphrase, struct buffer *secret, struct error *error)
{
	static const struct media_file file = {.device = DRIVE_MAPPING_DEVICE, .name = BACKUP_SECRET};
	int r = drive_open(partition, passphrase, error);

	if (r < 0)
		return r;
	r = media_read(&file, OPENPGP_MAX_EXPORT, secret, error);
	drive_close();
	return r;
}

void backup_clear(struct backup *backup)
{
	buffer_clear(&backup->secret);
	buffer_clear(&backup->revocation);
	buffer_clear(&backup->public);
}
