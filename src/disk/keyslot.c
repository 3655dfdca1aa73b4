/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "disk/keyslot.h"
#include "base/cleanup.h"
#include "disk/keyslot_private.h"
#include <errno.h>
#include <string.h>

/* One call at a time: what the library said last. */
static char last_words[200];

static void keep_words(int level, const char *words, void *context)
{
	(void)context;
	if (level == CRYPT_LOG_ERROR)
		(void)snprintf(last_words, sizeof(last_words), "%.*s", (int)strcspn(words, "\n"), words);
}

void keyslot_release_device(struct crypt_device **device)
{
	if (*device)
		crypt_free(*device);
}

int keyslot_failure(const struct volume *volume, int result, const char *doing, struct error *error)
{
	if (result == -EPERM)
		return error_set(error, E_WRONG_AUTH, volume->path, "the passphrase does not open the disk %s",
		                 volume->path);
	if (result == -ENOMEM)
		return error_set(error, E_MEMORY, volume->path,
		                 "there is not enough memory to %s of %s (a passphrase's Argon2 may want more than "
		                 "this machine has)",
		                 doing, volume->path);
	return error_set_errno(error, E_IO, volume->path, -result, "cannot %s of %s%s%s", doing, volume->path,
	                       last_words[0] ? ": " : "", last_words);
}

int keyslot_open_device(const struct volume *volume, struct crypt_device **ret_device, struct error *error)
{
	CLEANUP(keyslot_release_device) struct crypt_device *device = NULL;
	const char *uuid;
	int r;

	crypt_set_log_callback(NULL, keep_words, NULL);
	last_words[0] = '\0';
	r = crypt_init(&device, volume->path);
	if (r == 0)
		crypt_set_log_callback(device, keep_words, NULL);
	if (r == 0)
		r = crypt_load(device, volume->facts.type == LUKS_TYPE_1 ? CRYPT_LUKS1 : CRYPT_LUKS2, NULL);
	if (r < 0)
		return keyslot_failure(volume, r, "read the header", error);
	uuid = crypt_get_uuid(device);
	if (!uuid || strcmp(uuid, volume->facts.uuid) != 0)
		return error_set(error, E_REFUSED, volume->path, "the header of %s has changed since it was read",
		                 volume->path);
	*ret_device = TAKE_PTR(device);
	return 0;
}

int keyslot_open(const struct volume *volume, struct bytes passphrase, struct secret *ret_key, struct error *error)
{
	CLEANUP(keyslot_release_device) struct crypt_device *device = NULL;
	CLEANUP(secret_clear) struct secret key = {0};
	int r = keyslot_open_device(volume, &device, error);
	size_t size = volume->facts.key_bits / 8;

	if (r < 0)
		return r;
	if (secret_allocate(size, &key) < 0)
		return error_set(error, E_MEMORY, volume->path, "no locked memory for a volume key");
	r = crypt_volume_key_get(device, CRYPT_ANY_SLOT, (char *)key.data, &size, (const char *)passphrase.data,
	                         passphrase.size);
	if (r < 0)
		return keyslot_failure(volume, r == -ENOENT ? -EPERM : r, "open a key slot", error);
	key.size = size;
	*ret_key = TAKE(key, (struct secret){0});
	return 0;
}

/* The last free slot: 31 of LUKS2 and 7 of LUKS1 where nobody has it. */
static int find_free(struct crypt_device *device, const struct volume *volume, unsigned *ret_slot, struct error *error)
{
	for (int slot = crypt_keyslot_max(crypt_get_type(device)) - 1; slot >= 0; slot--) {
		if (crypt_keyslot_status(device, slot) != CRYPT_SLOT_INACTIVE)
			continue;
		*ret_slot = (unsigned)slot;
		return 0;
	}
	return error_set(error, E_EXISTS, volume->path, "all key slots of %s are in use; remove one of them first",
	                 volume->path);
}

int keyslot_add(const struct volume *volume, struct bytes volume_key, struct bytes secret, unsigned key,
                unsigned *ret_slot, struct error *error)
{
	const struct crypt_pbkdf_type cheap = {.type = CRYPT_KDF_PBKDF2,
	                                       .hash = "sha256",
	                                       .iterations = luks_own_iterations(key),
	                                       .flags = CRYPT_PBKDF_NO_BENCHMARK};
	CLEANUP(keyslot_release_device) struct crypt_device *device = NULL;
	int r = keyslot_open_device(volume, &device, error);
	unsigned slot = 0;

	if (r == 0)
		r = find_free(device, volume, &slot, error);
	if (r < 0)
		return r;
	r = crypt_set_pbkdf_type(device, &cheap);
	if (r == 0)
		r = crypt_keyslot_add_by_volume_key(device, (int)slot, (const char *)volume_key.data, volume_key.size,
		                                    (const char *)secret.data, secret.size);
	if (r < 0)
		return keyslot_failure(volume, r, "add a key slot", error);
	*ret_slot = slot;
	return 0;
}

int keyslot_test(const struct volume *volume, struct bytes secret, struct error *error)
{
	CLEANUP(keyslot_release_device) struct crypt_device *device = NULL;
	int r = keyslot_open_device(volume, &device, error);

	if (r < 0)
		return r;
	r = -EPERM;
	for (int slot = LUKS_MAX_SLOTS - 1; slot >= 0 && r < 0; slot--)
		if (volume->facts.own_slots & (1u << slot))
			r = crypt_activate_by_passphrase(device, NULL, slot, (const char *)secret.data, secret.size, 0);
	if (r == -EPERM || r == -ENOENT)
		return error_set(error, E_WRONG_AUTH, volume->path,
		                 "the unlock key does not open the disk %s; make a new one", volume->path);
	return r < 0 ? keyslot_failure(volume, r, "open a key slot", error) : 0;
}

/* In use, and with the volume's own key in it. */
static bool is_active(struct crypt_device *device, int slot)
{
	const crypt_keyslot_info status = crypt_keyslot_status(device, slot);

	return status == CRYPT_SLOT_ACTIVE || status == CRYPT_SLOT_ACTIVE_LAST;
}

int keyslot_destroy(const struct volume *volume, uint32_t slots, struct error *error)
{
	CLEANUP(keyslot_release_device) struct crypt_device *device = NULL;
	int r = keyslot_open_device(volume, &device, error);
	unsigned left = 0;
	int count;

	if (r < 0)
		return r;
	count = crypt_keyslot_max(crypt_get_type(device));
	for (int slot = 0; slot < count; slot++)
		if (!(slots & (1u << slot)) && is_active(device, slot))
			left++;
	if (left == 0)
		return error_set(error, E_REFUSED, volume->path,
		                 "the disk %s has no other key slot than that of Heads: it would never open again",
		                 volume->path);
	for (int slot = 0; slot < count; slot++) {
		if (!(slots & (1u << slot)) || crypt_keyslot_status(device, slot) == CRYPT_SLOT_INACTIVE)
			continue;
		r = crypt_keyslot_destroy(device, slot);
		if (r < 0)
			return keyslot_failure(volume, r, "destroy a key slot", error);
	}
	return 0;
}
