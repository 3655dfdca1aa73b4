/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The owner's passphrase of a volume: another one in its place. */
#include "base/cleanup.h"
#include "disk/keyslot.h"
#include "disk/keyslot_private.h"
#include <errno.h>

/* The slot that a passphrase opens; -EPERM where none. */
static int find_slot(struct crypt_device *device, struct bytes passphrase)
{
	int slot = crypt_activate_by_passphrase(device, NULL, CRYPT_ANY_SLOT, (const char *)passphrase.data,
	                                        passphrase.size, 0);

	return slot == -ENOENT ? -EPERM : slot;
}

int keyslot_opens(const struct volume *volume, struct bytes passphrase, struct error *error)
{
	CLEANUP(keyslot_release_device) struct crypt_device *device = NULL;
	int r = keyslot_open_device(volume, &device, error);

	if (r < 0)
		return r;
	r = find_slot(device, passphrase);
	if (r >= 0 || r == -EPERM)
		return r >= 0;
	return keyslot_failure(volume, r, "open a key slot", error);
}

/* A new slot as hard to guess at as the old one: the same function, and its cost as it was chosen when that one was
 * made. */
static int add_beside(const struct volume *volume, struct crypt_device *device, int old_slot, struct bytes old,
                      struct bytes fresh, struct error *error)
{
	struct crypt_pbkdf_type kdf;
	int r = crypt_keyslot_get_pbkdf(device, old_slot, &kdf);

	if (r == 0) {
		kdf.flags = CRYPT_PBKDF_NO_BENCHMARK;
		r = crypt_set_pbkdf_type(device, &kdf);
	}
	if (r == 0)
		r = crypt_keyslot_add_by_passphrase(device, CRYPT_ANY_SLOT, (const char *)old.data, old.size,
		                                    (const char *)fresh.data, fresh.size);
	return r < 0 ? keyslot_failure(volume, r, "add a key slot", error) : 0;
}

/* Every slot that it opens; with a look at the header as it lies on the disk now. */
static int remove_all(const struct volume *volume, struct bytes old, struct bytes fresh, struct error *error)
{
	CLEANUP(keyslot_release_device) struct crypt_device *device = NULL;
	int r = keyslot_open_device(volume, &device, error);
	int kept, slot;

	if (r < 0)
		return r;
	kept = find_slot(device, fresh);
	if (kept < 0)
		return error_set(error, E_IO, volume->path,
		                 "the new passphrase does not open %s; the old one was left as it is", volume->path);
	while ((slot = find_slot(device, old)) >= 0) {
		r = slot == kept ? -EINVAL : crypt_keyslot_destroy(device, slot);
		if (r < 0)
			return keyslot_failure(volume, r, "destroy a key slot", error);
	}
	return slot == -EPERM ? 0 : keyslot_failure(volume, slot, "open a key slot", error);
}

int keyslot_change(const struct volume *volume, struct bytes old, struct bytes fresh, struct error *error)
{
	CLEANUP(keyslot_release_device) struct crypt_device *device = NULL;
	int r, old_slot;

	if (fresh.size == 0 || bytes_equal_secret(old, fresh))
		return error_set(error, E_USAGE, volume->path, "the new passphrase of %s is empty or the old one",
		                 volume->path);
	r = keyslot_open_device(volume, &device, error);
	if (r < 0)
		return r;
	old_slot = find_slot(device, old);
	r = find_slot(device, fresh);
	if (old_slot < 0 && (old_slot != -EPERM || r < 0))
		return keyslot_failure(volume, old_slot, "open a key slot", error);
	if (old_slot < 0)
		return 0; /* an earlier run has done it */
	if (r == -EPERM)
		r = add_beside(volume, device, old_slot, old, fresh, error);
	else if (r < 0)
		return keyslot_failure(volume, r, "open a key slot", error);
	return r < 0 ? r : remove_all(volume, old, fresh, error);
}
