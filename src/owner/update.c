/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading and making an update package. */
#include "owner/update.h"
#include "base/cleanup.h"
#include "boot/sign.h"
#include "format/ustar.h"
#include <stdio.h>
#include <string.h>

/* The members of a package in their order: what the signature covers, the signature, and what the manifest lists. */
static int next_member(struct bytes package, size_t *position, const char *expected, struct ustar_file *ret_file,
                       struct error *error)
{
	int r = ustar_next(package, position, ret_file, error);

	if (r == 0)
		return error_set(error, E_MALFORMED, expected, "the update is incomplete: %s is missing", expected);
	if (r > 0 && strcmp(ret_file->name, expected) != 0)
		return error_set(error, E_MALFORMED, expected, "the update is not as Heads makes it: %s is missing",
		                 expected);
	return r < 0 ? r : 0;
}

bool update_is_package(struct bytes file)
{
	struct ustar_file member;
	size_t position = 0;

	return ustar_next(file, &position, &member, NULL) > 0 && strcmp(member.name, UPDATE_MANIFEST) == 0;
}

static int check_signature(struct bytes manifest, struct bytes signature, const struct verify_keyring *keyring,
                           char signer[65], struct error *error)
{
	struct verify_status status;
	int r;

	if (keyring->count == 0)
		return error_set(error, E_REFUSED, UPDATE_SIGNATURE,
		                 "the ROM holds no public key that could vouch for an update");
	r = verify_detached(keyring, signature, manifest, &status, error);
	if (r < 0)
		return r;
	switch (status.signature) {
	case VERIFY_GOOD:
		memcpy(signer, status.signer, sizeof(status.signer));
		return 0;
	case VERIFY_UNKNOWN_KEY:
		return error_set(error, E_REFUSED, UPDATE_SIGNATURE,
		                 "the update is signed by the key %s, which is not one of the keys in the ROM",
		                 status.issuer[0] ? status.issuer : "of somebody");
	case VERIFY_EXPIRED:
	case VERIFY_REVOKED:
		return error_set(error, E_REFUSED, UPDATE_SIGNATURE, "the key that signed the update is %s",
		                 verify_signature_name(status.signature));
	default:
		return error_set(error, E_REFUSED, UPDATE_SIGNATURE, "the signature of the update is wrong%s%s",
		                 status.why ? ": " : "", status.why ? status.why : "");
	}
}

static int check_file(const struct update_file *listed, const struct ustar_file *file, struct error *error)
{
	struct digest digest = digest_of(HASH_SHA256, file->content);

	if (file->content.size == listed->size && digest_equal(&digest, &listed->sha256))
		return 0;
	return error_set(
	    error, E_REFUSED, file->name,
	    "%s in the update is not what was signed: it has %zu bytes and another SHA-256 than the manifest "
	    "says (%llu bytes)",
	    file->name, file->content.size, (unsigned long long)listed->size);
}

static int read_files(struct bytes package, size_t position, struct update *update, struct error *error)
{
	for (size_t i = 0; i < update->manifest.file_count; i++) {
		const struct update_file *listed = &update->manifest.files[i];
		struct ustar_file file;
		int r = next_member(package, &position, listed->name, &file, error);

		if (r == 0)
			r = check_file(listed, &file, error);
		if (r < 0)
			return r;
		if (strcmp(listed->name, UPDATE_ROM) == 0)
			update->image.bytes = file.content;
	}
	return 0;
}

int update_read(struct bytes package, const struct verify_keyring *keyring, struct update *ret_update,
                struct error *error)
{
	struct update update = {.vouched = true};
	struct ustar_file manifest, signature;
	size_t position = 0;
	int r = next_member(package, &position, UPDATE_MANIFEST, &manifest, error);

	if (r == 0)
		r = next_member(package, &position, UPDATE_SIGNATURE, &signature, error);
	if (r == 0)
		r = check_signature(manifest.content, signature.content, keyring, update.signer, error);
	if (r == 0)
		r = update_manifest_parse(manifest.content, &update.manifest, error);
	if (r == 0)
		r = read_files(package, position, &update, error);
	if (r == 0)
		*ret_update = update;
	return r;
}

int update_read_plain(struct bytes image, struct update *ret_update, struct error *error)
{
	struct update update = {.image = {image}};
	struct rom_slots slots;
	int r = rom_slots_read(&update.image, ROM_PAYLOAD_SLOTS, true, &slots, error);

	if (r == 0 && slots.newest < 0)
		r = error_set(error, E_MALFORMED, ROM_PAYLOAD_SLOTS, "the image holds no whole payload");
	if (r == 0)
		*ret_update = update;
	return r;
}

static void list_file(struct update_manifest *manifest, const char *name, struct bytes content)
{
	struct update_file *file = &manifest->files[manifest->file_count++];

	(void)snprintf(file->name, sizeof(file->name), "%s", name);
	file->size = content.size;
	file->sha256 = digest_of(HASH_SHA256, content);
}

/* The manifest must be one that update_read reads. */
static int make_manifest(const struct update_make *make, struct buffer *text, struct error *error)
{
	struct update_manifest manifest = {0}, back;
	struct error why;

	(void)snprintf(manifest.board, sizeof(manifest.board), "%s", make->board);
	(void)snprintf(manifest.version, sizeof(manifest.version), "%s", make->version);
	list_file(&manifest, UPDATE_ROM, make->rom);
	if (make->bom.size > 0)
		list_file(&manifest, UPDATE_BOM, make->bom);
	update_manifest_append(&manifest, text);
	if (text->failed)
		return error_set(error, E_MEMORY, UPDATE_MANIFEST, "there is not enough memory for the manifest");
	if (update_manifest_parse(buffer_bytes(text), &back, &why) < 0)
		return error_set(
		    error, E_USAGE, UPDATE_MANIFEST,
		    "a board is named by letters, digits, '.', '_' and '-', a version by three numbers as in "
		    "0.2.0; \"%s\" and \"%s\" are not",
		    make->board, make->version);
	return 0;
}

int update_make(const struct update_make *make, struct buffer *package, char signer[65], struct error *error)
{
	CLEANUP(verify_keyring_clear) struct verify_keyring keyring = {0};
	CLEANUP(buffer_clear) struct buffer manifest = {0}, signature = {0};
	struct sign_request request = {.home = make->home, .key = make->key};
	struct update check;
	int r = update_read_plain(make->rom, &check, error);

	if (r == 0)
		r = make_manifest(make, &manifest, error);
	if (r == 0)
		r = sign_message(&request, buffer_bytes(&manifest), &keyring, &signature, signer, error);
	if (r == 0)
		r = ustar_add(package, UPDATE_MANIFEST, buffer_bytes(&manifest), error);
	if (r == 0)
		r = ustar_add(package, UPDATE_SIGNATURE, buffer_bytes(&signature), error);
	if (r == 0)
		r = ustar_add(package, UPDATE_ROM, make->rom, error);
	if (r == 0 && make->bom.size > 0)
		r = ustar_add(package, UPDATE_BOM, make->bom, error);
	if (r == 0)
		r = ustar_end(package, error);
	return r;
}
