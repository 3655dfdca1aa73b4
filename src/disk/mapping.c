/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disk/mapping.h"
#include "base/cleanup.h"
#include "disk/keyslot_private.h"
#include <errno.h>

int mapping_open(const struct volume *volume, const char *name, struct bytes passphrase, struct error *error)
{
	CLEANUP(keyslot_release_device) struct crypt_device *device = NULL;
	int r = volume_check(volume, error);

	if (r == 0)
		r = keyslot_open_device(volume, &device, error);
	if (r < 0)
		return r;
	r = crypt_volume_key_keyring(device, 0);
	if (r >= 0)
		r = crypt_activate_by_passphrase(device, name, CRYPT_ANY_SLOT, (const char *)passphrase.data,
		                                 passphrase.size, CRYPT_ACTIVATE_READONLY);
	if (r == -EEXIST || r == -EBUSY)
		return error_set(error, E_EXISTS, name, "there is a mapping of the name %s, or %s is in use", name,
		                 volume->path);
	if (r < 0)
		return keyslot_failure(volume, r == -ENOENT ? -EPERM : r, "open the data", error);
	return 0;
}

int mapping_close(const char *name, struct error *error)
{
	int r = crypt_status(NULL, name) == CRYPT_INACTIVE ? 0 : crypt_deactivate(NULL, name);

	if (r < 0 && r != -ENODEV)
		return error_set_errno(error, E_IO, name, -r, "the opened disk %s cannot be closed", name);
	return 0;
}
