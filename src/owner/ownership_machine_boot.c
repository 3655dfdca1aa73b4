/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /boot: signed by the owner's new key, before the ROM knows it. */
#include "base/cleanup.h"
#include "base/log.h"
#include "boot/catalogue.h"
#include "boot/sign.h"
#include "format/armour.h"
#include "owner/ownership_machine_private.h"
#include <fcntl.h>
#include <inttypes.h>

#define NAME "the key"

static void show_read(void *context, uint64_t done, uint64_t total)
{
	struct ownership_machine *machine = context;

	machine->show_progress(machine->screen, "reading /boot", done, total);
}

static int boot_is_signed(void *context, struct bytes public, bool first_entry, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer keyring = {0};
	struct ownership_machine *machine = context;
	struct boot_system *boot = machine->boot;
	uint64_t counter;
	int r = armour_read(public, ARMOUR_PUBLIC_KEY, NAME, &keyring, error);

	if (r < 0)
		return r;
	machine->show_progress(machine->screen, "reading /boot", 0, 0);
	r = machine->off
	        ? boot_system_read_directory(boot, machine->off->boot, buffer_bytes(&keyring), show_read, machine)
	        : boot_system_read(boot, machine->boot_device, buffer_bytes(&keyring), show_read, machine);
	if (boot->snapshot) /* it outlives the run */
		snapshot_watch(boot->snapshot, NULL, NULL);
	if (r == 0)
		r = boot_system_judge(boot, machine->ignore_rollback ? NULL : machine->tpm);
	if (r < 0) {
		*error = boot->problem;
		return r;
	}
	if (boot->trust.state != TRUST_VERIFIED)
		return 0;
	if (!machine->ignore_rollback && boot->verify.rollback != VERIFY_ROLLBACK_OK &&
	    tpm_counter_read(machine->tpm, TPM_COUNTER_ROLLBACK, &counter, NULL) == 0)
		return 0;
	return !first_entry || (boot->saved_default.saved && boot->saved_default.good);
}

/* A15: the signature is for the counter's next value. */
static int add_counter(const struct ownership_machine *machine, struct sign_request *request, struct error *error)
{
	uint64_t value;
	int r = tpm_counter_read(machine->tpm, TPM_COUNTER_ROLLBACK, &value, error);

	if (r == -E_NOT_FOUND)
		return 0;
	request->rollback_is_set = r == 0;
	request->rollback = value + 1;
	return r;
}

static const struct entry *first_of(const struct entry_list *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		if (!entries->entries[i].problem)
			return &entries->entries[i];
	return NULL;
}

/* Nobody has verified this tree: its configuration is read in a confined child. */
static int make_default(int *directory, struct boot_default_files *ret_files, struct error *error)
{
	CLEANUP(catalogue_clear) struct catalogue catalogue = {0};
	const struct catalogue_source source = catalogue_directory(directory);
	const struct entry *entry;
	int r = catalogue_build_confined(&source, &catalogue, error);

	if (r < 0)
		return r;
	entry = first_of(&catalogue.entries);
	if (!entry)
		return error_set(error, E_NOT_FOUND, BOOT_MOUNT_POINT, "no entry on /boot can be booted");
	return boot_default_make(&catalogue.entries, entry->id, ret_files, error);
}

static int make_writable(void *context, struct error *error)
{
	bool *writable = context;
	int r = boot_device_writable(BOOT_MOUNT_POINT, true, error);

	*writable = r == 0;
	return r;
}

static int sign(const struct ownership_machine *machine, const struct sign_request *wanted, struct error *error)
{
	struct sign_request request = *wanted;
	struct sign_result result;
	bool writable = false;
	struct error problem;
	int r;

	if (!machine->off) {
		request.make_writable = make_writable;
		request.context = &writable;
	}
	r = sign_directory(&request, &result, error);
	if (writable && boot_device_writable(BOOT_MOUNT_POINT, false, &problem) < 0)
		log_error(&problem); /* it is read again from a mount of its own */
	if (r == 0)
		log_line("sign ok signer=%s files=%" PRIu64, result.signer, result.files);
	return r;
}

static int by_file(const struct ownership_machine *machine, struct sign_request *request,
                   const struct ownership_signer *signer, struct bytes owner, struct error *error)
{
	CLEANUP(signing_key_clear) struct signing_key key = {0};
	int r = signing_key_read(buffer_bytes(&signer->key->secret), NAME, owner, &key, error);

	if (r == 0)
		r = signing_key_open(&key, signing_key_is_protected(&key) ? signer->passphrase : BYTES_EMPTY, error);
	request->secret = &key;
	if (r == 0)
		r = sign(machine, request, error);
	request->secret = NULL;
	return r;
}

static int by_card(const struct ownership_machine *machine, struct sign_request *request,
                   const struct ownership_signer *signer, struct bytes owner, struct error *error)
{
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	struct sign_card card = {.pin = signer->pin, .owner = owner};
	char fingerprint[OPENPGP_FINGERPRINT];
	struct openpgp_card status;
	int r = openpgp_open(machine->gnupg, &session, error);

	if (r == 0)
		r = openpgp_import(session, buffer_bytes(&signer->key->public), BYTES_EMPTY, fingerprint, error);
	if (r == 0)
		r = openpgp_card_status(session, &status, error);
	if (r < 0)
		return r;
	card.session = session;
	request->card = &card;
	r = sign(machine, request, error);
	request->card = NULL;
	return r;
}

static int boot_sign(void *context, const struct ownership_signer *signer, struct error *error)
{
	CLEANUP(boot_default_files_clear) struct boot_default_files made = {0};
	CLEANUP(buffer_clear) struct buffer owner = {0};
	struct ownership_machine *machine = context;
	const char *path = machine->off ? machine->off->boot : BOOT_MOUNT_POINT;
	CLEANUP_CLOSE int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct sign_request request = {.directory = directory, .shown = machine->boot->snapshot};
	struct sign_file files[2];
	int r;

	if (directory < 0)
		return error_set(error, E_IO, path, "%s cannot be opened", path);
	r = armour_read(buffer_bytes(&signer->key->public), ARMOUR_PUBLIC_KEY, NAME, &owner, error);
	if (r == 0)
		r = add_counter(machine, &request, error);
	if (r == 0 && signer->first_entry) {
		r = make_default(&directory, &made, error);
		files[0] = (struct sign_file){made.name, buffer_bytes(&made.line)};
		files[1] = (struct sign_file){DEFAULT_HASHES_NAME, buffer_bytes(&made.hashes)};
		request.files = files;
		request.file_count = ARRAY_SIZE(files);
	}
	if (r < 0)
		return r;
	machine->show_progress(machine->screen, "reading and signing /boot", 0, 0);
	return signer->key->secret.size > 0 ? by_file(machine, &request, signer, buffer_bytes(&owner), error)
	                                    : by_card(machine, &request, signer, buffer_bytes(&owner), error);
}

void ownership_machine_fill_boot(struct ownership_world *world)
{
	world->boot_is_signed = boot_is_signed;
	world->boot_sign = boot_sign;
}
