/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disk/reencrypt.h"
#include "base/cleanup.h"
#include "disk/keyslot_private.h"
#include <errno.h>

#define RESILIENCE      "checksum" /* of each piece, before it is written over */
#define RESILIENCE_HASH "sha256"
#define PIECE           (UINT64_C(16) << 20) /* bytes after which progress is shown and the header says how far it is */
#define SECTOR          512                  /* bytes, the library's unit */

struct watcher {
	reencrypt_progress *progress;
	void *context;
};

static int show(uint64_t size, uint64_t offset, void *context)
{
	const struct watcher *watcher = context;

	watcher->progress(watcher->context, offset, size);
	return 0;
}

bool reencrypt_is_unfinished(const struct volume *volume)
{
	return volume->facts.refused == LUKS_REENCRYPTION && volume->facts.type == LUKS_TYPE_2;
}

/* What an earlier call has left that ended before it began: new volume keys that belong to nothing yet. */
static int drop_unbound(struct crypt_device *device, struct bytes passphrase)
{
	for (int slot = 0; slot < crypt_keyslot_max(CRYPT_LUKS2); slot++) {
		int r;

		if (crypt_keyslot_status(device, slot) != CRYPT_SLOT_UNBOUND)
			continue;
		r = crypt_activate_by_passphrase(device, NULL, slot, (const char *)passphrase.data, passphrase.size,
		                                 CRYPT_ACTIVATE_ALLOW_UNBOUND_KEY);
		if (r >= 0)
			r = crypt_keyslot_destroy(device, slot);
		if (r < 0 && r != -EPERM && r != -ENOENT)
			return r;
	}
	return 0;
}

/* The key slot of the new volume key, as hard to guess at as that of the old one. */
static int add_new_key(struct crypt_device *device, int old_slot, struct bytes passphrase)
{
	struct crypt_pbkdf_type kdf;
	int r = crypt_keyslot_get_pbkdf(device, old_slot, &kdf);

	if (r == 0) {
		kdf.flags = CRYPT_PBKDF_NO_BENCHMARK;
		r = crypt_set_pbkdf_type(device, &kdf);
	}
	if (r < 0)
		return r;
	return crypt_keyslot_add_by_key(device, CRYPT_ANY_SLOT, NULL, (size_t)crypt_get_volume_key_size(device),
	                                (const char *)passphrase.data, passphrase.size, CRYPT_VOLUME_KEY_NO_SEGMENT);
}

static int begin(const struct volume *volume, struct crypt_device *device, struct bytes passphrase, struct error *error)
{
	const struct crypt_params_luks2 new = {.sector_size = (uint32_t)crypt_get_sector_size(device)};
	const struct crypt_params_reencrypt parameters = {.mode = CRYPT_REENCRYPT_REENCRYPT,
	                                                  .direction = CRYPT_REENCRYPT_FORWARD,
	                                                  .resilience = RESILIENCE,
	                                                  .hash = RESILIENCE_HASH,
	                                                  .max_hotzone_size = PIECE / SECTOR,
	                                                  .luks2 = &new,
	                                                  .flags = CRYPT_REENCRYPT_INITIALIZE_ONLY};
	int r = drop_unbound(device, passphrase);
	int old_slot, new_slot;

	if (r < 0)
		return keyslot_failure(volume, r, "remove an unused key slot", error);
	old_slot = crypt_activate_by_passphrase(device, NULL, CRYPT_ANY_SLOT, (const char *)passphrase.data,
	                                        passphrase.size, 0);
	if (old_slot < 0)
		return keyslot_failure(volume, old_slot == -ENOENT ? -EPERM : old_slot, "open a key slot", error);
	new_slot = add_new_key(device, old_slot, passphrase);
	if (new_slot < 0)
		return keyslot_failure(volume, new_slot, "add the key slot of a new volume key", error);
	r = crypt_reencrypt_init_by_passphrase(device, NULL, (const char *)passphrase.data, passphrase.size, old_slot,
	                                       new_slot, crypt_get_cipher(device), crypt_get_cipher_mode(device),
	                                       &parameters);
	return r < 0 ? keyslot_failure(volume, r, "begin the re-encryption", error) : 0;
}

/* None but one of ours: from a volume key to another one. */
static int check_kind(const struct volume *volume, struct crypt_device *device, struct error *error)
{
	struct crypt_params_reencrypt found = {.mode = CRYPT_REENCRYPT_DECRYPT};
	const crypt_reencrypt_info state = crypt_reencrypt_status(device, &found);

	if ((state == CRYPT_REENCRYPT_CLEAN || state == CRYPT_REENCRYPT_CRASH) &&
	    found.mode == CRYPT_REENCRYPT_REENCRYPT)
		return 0;
	return error_set(error, E_UNSUPPORTED, volume->path,
	                 "the header of %s tells of a re-encryption that Heads does not take up: it is none from one "
	                 "volume key to another",
	                 volume->path);
}

static int go_on(const struct volume *volume, struct bytes passphrase, struct watcher *watcher, struct error *error)
{
	CLEANUP(keyslot_release_device) struct crypt_device *device = NULL;
	const struct crypt_params_reencrypt parameters = {.resilience = RESILIENCE,
	                                                  .hash = RESILIENCE_HASH,
	                                                  .max_hotzone_size = PIECE / SECTOR,
	                                                  .flags = CRYPT_REENCRYPT_RESUME_ONLY};
	int r = keyslot_open_device(volume, &device, error);

	if (r == 0)
		r = check_kind(volume, device, error);
	if (r < 0)
		return r;
	r = crypt_reencrypt_init_by_passphrase(device, NULL, (const char *)passphrase.data, passphrase.size,
	                                       CRYPT_ANY_SLOT, CRYPT_ANY_SLOT, NULL, NULL, &parameters);
	if (r >= 0)
		r = crypt_reencrypt_run(device, show, watcher);
	return r < 0 ? keyslot_failure(volume, r == -ENOENT ? -EPERM : r, "go on with the re-encryption", error) : 0;
}

int reencrypt_volume(const struct volume *volume, struct bytes passphrase, reencrypt_progress *progress, void *context,
                     struct error *error)
{
	struct watcher watcher = {.progress = progress, .context = context};
	int r = 0;

	if (volume->facts.type != LUKS_TYPE_2)
		return error_set(error, E_UNSUPPORTED, volume->path,
		                 "%s is a LUKS1 volume, which cannot be re-encrypted; convert it first (cryptsetup "
		                 "convert --type luks2)",
		                 volume->path);
	if (!reencrypt_is_unfinished(volume)) {
		CLEANUP(keyslot_release_device) struct crypt_device *device = NULL;

		r = keyslot_open_device(volume, &device, error);
		if (r == 0)
			r = begin(volume, device, passphrase, error);
	}
	return r < 0 ? r : go_on(volume, passphrase, &watcher, error);
}
