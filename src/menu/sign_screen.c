/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signing /boot in the firmware, with the owner's key on the security dongle, or exported on a stick. */
#include "attest/keep.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "boot/root_hashes.h"
#include "boot/sign.h"
#include "menu/screen.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#define TITLE     "Sign /boot"
#define MAX_FILES 2 /* that are added to the signed set */

static bool confirm(struct menu *menu)
{
	struct ui_text text = {0};
	bool yes;

	menu_add_report(menu, &text);
	ui_text_add(&text, UI_NORMAL, "%s", "");
	ui_text_add(&text, UI_WARNING,
	            "Your signature says that /boot is as it should be, with all that is named here. Sign only what "
	            "you changed "
	            "yourself, by an update of the system for example.");
	ui_text_add(&text, UI_NORMAL,
	            "The key is on your security dongle, on an encrypted backup drive, or a file *.asc, *.gpg, *.key "
	            "or *.pgp at the top of a disk "
	            "or USB stick (vfat or ext4), as "
	            "gpg --export-secret-keys writes it. Nothing of it is kept.");
	yes = ui_confirm(menu->ui, "Sign /boot as it is now?", &text, "Choose the key", "Back");
	ui_text_clear(&text);
	return yes;
}

/* The list of the root's files, where the owner made one. */
static void add_root(const struct menu *menu, struct sign_request *request, struct sign_file files[MAX_FILES])
{
	if (menu->root_list.size == 0)
		return;
	files[request->file_count++] = (struct sign_file){ROOT_HASHES_NAME, buffer_bytes(&menu->root_list)};
	request->files = files;
}

/* What this start measured goes into the set, for the day on which the TOTP secret does not open (attest/keep.h).
 * Without it /boot is signed all the same. */
static void add_list(const struct menu *menu, struct sign_request *request, struct sign_file files[MAX_FILES],
                     struct buffer *text)
{
	struct error error;

	if (!menu->tpm)
		return;
	if (keep_text(menu->tpm, keep_content(&menu->settings_text), text, &error) < 0) {
		log_error(&error);
		return;
	}
	files[request->file_count++] = (struct sign_file){KEEP_FILE, buffer_bytes(text)};
	request->files = files;
}

/* A15: where the TPM counts signings, this one is for its next value. */
static int add_counter(const struct menu *menu, struct sign_request *request, struct error *error)
{
	int r = menu->tpm ? tpm_counter_read(menu->tpm, TPM_COUNTER_ROLLBACK, &request->rollback, error) : -E_NOT_FOUND;

	if (r == -E_NOT_FOUND)
		return 0;
	request->rollback_is_set = r == 0;
	request->rollback++;
	return r;
}

static int make_writable(void *context, struct error *error)
{
	bool *writable = context;
	int r = boot_device_writable(BOOT_MOUNT_POINT, true, error);

	*writable = r == 0;
	return r;
}

/* /boot is writable from the moment when all is signed until all is written, and no longer. */
static int sign(struct menu *menu, const struct signing_key *key, const struct sign_card *card,
                struct sign_result *result, bool *ret_written, struct error *error)
{
	CLEANUP_CLOSE int directory = open(BOOT_MOUNT_POINT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CLEANUP(buffer_clear) struct buffer list = {0};
	bool writable = false;
	struct sign_request request = {.directory = directory,
	                               .secret = key,
	                               .card = card,
	                               .shown = menu->boot.snapshot,
	                               .make_writable = make_writable,
	                               .context = &writable};
	struct sign_file files[MAX_FILES];
	struct error problem;
	int r;

	if (directory < 0)
		return error_set(error, E_IO, BOOT_MOUNT_POINT, "%s cannot be opened", BOOT_MOUNT_POINT);
	r = add_counter(menu, &request, error);
	if (r < 0)
		return r;
	add_root(menu, &request, files);
	add_list(menu, &request, files, &list);
	ui_progress(menu->ui, TITLE, "Reading and signing /boot ...", 0, 0);
	r = sign_directory(&request, result, error);
	*ret_written = writable;
	if (writable && boot_device_writable(BOOT_MOUNT_POINT, false, &problem) < 0)
		log_error(&problem); /* it is read again from a mount of its own */
	return r;
}

/* Where the root's files are compared before each boot, what has changed there belongs to what is signed. True: go on.
 */
static bool offer_root(struct menu *menu)
{
	struct ui_text text = {0};
	bool yes;

	if (menu->root_list.size > 0 || !settings_is_yes(&menu->settings.merged, "CONFIG_ROOT_CHECK_AT_BOOT"))
		return true;
	ui_text_add(
	    &text, UI_NORMAL,
	    "The files of the system are compared before each boot (CONFIG_ROOT_CHECK_AT_BOOT). After an update "
	    "of the system they have to be listed anew; otherwise the list that was signed before stays.");
	log_line("ask what=root-list-anew");
	yes = ui_confirm(menu->ui, "List the files of the system anew?", &text, "List them", "Keep the list");
	ui_text_clear(&text);
	return !yes || menu_list_root(menu);
}

static void show_result(struct menu *menu, const struct sign_result *result)
{
	bool good = menu->boot.trust.state == TRUST_VERIFIED;
	struct ui_text text = {0};

	ui_text_add(&text, good ? UI_GOOD : UI_BAD, "%s",
	            good ? "/boot was signed, read again, and verifies."
	                 : "/boot was signed, and does not verify when it is read again:");
	if (!good)
		ui_text_add(&text, UI_BAD, "%s", menu->boot.verdict);
	ui_text_add(&text, UI_NORMAL, "%" PRIu64 " files, by %s", result->files, result->signer);
	ui_show_text(menu->ui, TITLE, &text);
	ui_text_clear(&text);
}

static int sign_by_file(struct menu *menu, const struct media_file *file, struct sign_result *result, bool *ret_written,
                        struct error *error)
{
	CLEANUP(signing_key_clear) struct signing_key key = {0};
	int r = menu_read_owner_key(menu, TITLE, file, &key, error);

	if (r == 0)
		r = menu_open_owner_key(menu, TITLE, &key, error);
	return r < 0 ? r : sign(menu, &key, NULL, result, ret_written, error);
}

/* A PIN that was right and is not any more was changed elsewhere: it is not given a second time. */
static int sign_by_dongle(struct menu *menu, struct sign_result *result, bool *ret_written, struct error *error)
{
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	struct sign_card card = {.owner = buffer_bytes(&menu->key)};
	int r = menu_open_card(menu, &session, error);

	if (r < 0)
		return r;
	card.session = session;
	card.pin = secret_bytes(&menu->card_pin);
	r = sign(menu, NULL, &card, result, ret_written, error);
	if (r == -E_WRONG_AUTH)
		menu_forget_card(menu);
	return r;
}

static int sign_by_drive(struct menu *menu, struct sign_result *result, bool *ret_written, struct error *error)
{
	CLEANUP(signing_key_clear) struct signing_key key = {0};
	int r = menu_read_drive_key(menu, TITLE, &key, error);

	if (r == 0)
		r = menu_open_owner_key(menu, TITLE, &key, error);
	return r < 0 ? r : sign(menu, &key, NULL, result, ret_written, error);
}

enum source { DONGLE, DRIVE, FILE_ON_STICK, SOURCES };

/* Where a dongle or a backup drive is plugged in, the owner says which key. False: he went back. */
static bool choose_source(struct menu *menu, enum source *ret_source)
{
	static const struct ui_item all[SOURCES] = {{'d', "The key on the security dongle", UI_NORMAL},
	                                            {'b', "The key on the encrypted backup drive", UI_NORMAL},
	                                            {'s', "The key in a file on a disk or stick", UI_NORMAL}};
	const bool there[SOURCES] = {openpgp_card_is_plugged_in(), menu_drive_is_plugged_in(), true};
	struct {
		enum source sources[SOURCES];
		struct ui_item items[SOURCES];
	} shown;
	struct ui_menu choice = {
	    .title = "Which key signs?",
	    .items = shown.items,
	    .help =
	        "Each is the owner's key, whose public half is in the ROM. The dongle signs with its OpenPGP card and "
	        "asks for its user PIN; on the drive and in a file lies the secret key, and its passphrase is asked "
	        "for."};
	size_t chosen = 0;

	for (size_t i = 0; i < SOURCES; i++) {
		if (!there[i])
			continue;
		shown.sources[choice.count] = (enum source)i;
		shown.items[choice.count++] = all[i];
	}
	if (choice.count > 1 && ui_menu_run(menu->ui, &choice, &chosen) != UI_CHOSEN)
		return false;
	*ret_source = shown.sources[chosen];
	return true;
}

void screen_sign(struct menu *menu)
{
	struct sign_result result = {0};
	struct media_file file;
	struct error error;
	enum source source;
	bool written = false;
	int r;

	if (!confirm(menu) || !offer_root(menu) || !choose_source(menu, &source))
		return;
	if (source == FILE_ON_STICK && !menu_choose_media(menu, MEDIA_KEYS, TITLE, &file))
		return;
	r = source == DONGLE  ? sign_by_dongle(menu, &result, &written, &error)
	    : source == DRIVE ? sign_by_drive(menu, &result, &written, &error)
	                      : sign_by_file(menu, &file, &result, &written, &error);
	if (r < 0)
		log_line("sign refused code=%s written=%s sentence=\"%s\"", error_name(error.code),
		         written ? "yes" : "no", error.sentence);
	if (r == 0) {
		buffer_clear(&menu->root_list);
		log_line("sign ok signer=%s files=%" PRIu64, result.signer, result.files);
	}
	if (written)
		menu_prepare_boot(menu);
	if (r < 0)
		screen_error(menu, written ? "/boot was not signed" : "/boot was not signed; nothing was written",
		             &error);
	else
		show_result(menu, &result);
}
