/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the screens share, and the screens. */
#ifndef HEADS_MENU_SCREEN_H
#define HEADS_MENU_SCREEN_H

#include "attest/explain.h"
#include "attest/hotp.h"
#include "attest/totp.h"
#include "boot/key_entry.h"
#include "boot/reading.h"
#include "boot/signing_key.h"
#include "boot/system.h"
#include "disk/drive.h"
#include "dongle/openpgp.h"
#include "menu/menu.h"
#include "owner/approval.h"
#include "owner/media.h"
#include "rom/owner_files.h"
#include "rom/settings.h"
#include "tpm/tpm.h"

/* What the security dongle says of the firmware. */
struct menu_hotp {
	bool known; /* one was programmed: setup says which */
	bool asked; /* result or problem says what came of it */
	bool sent;  /* a code went out in this start: there is no other one */
	struct hotp_setup setup;
	struct hotp_result result;
	struct error problem; /* code E_NONE: result is valid */
};

struct menu {
	const struct menu_request *request;
	struct ui *ui;
	struct rom_settings settings;
	struct error settings_problem; /* code E_NONE: all could be read */
	struct buffer settings_text;   /* the owner's settings as they were measured */
	struct buffer key;             /* the owner's public keys, one keyring; empty: none */
	struct tpm *tpm;               /* NULL: none, and tpm_problem says why */
	struct error tpm_problem;
	struct tpm_info tpm_info;
	unsigned long long tpm_info_ms; /* when it was read, for the lockout's countdown */
	unsigned long long tried_ms;    /* when a passphrase that the TPM counts was tried last; 0: not in this menu */
	const char *tpm_record;         /* where the TPM's key is recorded: "rom", "boot", or NULL: nowhere */
	struct error tpm_foreign;       /* code E_NONE: it is the recorded one, or none is recorded */
	bool start_known;               /* since_start says what happened to the TPM since the last start */
	bool tpm_info_old;              /* a passphrase was tried since tpm_info was read */
	struct tpm_since_start since_start;
	struct secret owner;    /* the TPM's owner passphrase once it was given: menu_as_owner */
	struct secret card_pin; /* the user PIN of the dongle once it was right: menu_open_card */
	char card_of_pin[65];   /* the application identifier of that dongle */
	struct totp totp;       /* not open: not available, and totp_problem says why */
	struct error totp_problem;
	struct menu_hotp hotp;
	struct explanation explanation; /* why the secret does not open; no cause: it does, or nothing is known */
	struct error clock_problem;     /* code E_NONE: it does not stand before the release */
	struct boot_system boot;
	struct boot_reading *reading;           /* of /boot, which is under way; NULL: it is over, and boot says */
	struct buffer root_list;                /* of the root's files, for the next signature; empty: none was made */
	struct unlock_measured unlock_measured; /* what PCR 6 has got in this start */
	bool rom_changed;                       /* in this start: the next one measures other files of the owner */
	bool may_time_out;                      /* until the first key */
	struct tpm_approval approval;           /* what was before the last change of the flash still opens secrets */
	unsigned long long started_ms;
};

/* Each shows one screen and comes back when the owner leaves it. A result above zero is an enum menu_exit: the menu's
 * process shall end with it. */
int screen_main(struct menu *menu);
int screen_entries(struct menu *menu);
void screen_report(struct menu *menu);
void screen_settings(struct menu *menu);
void screen_system(struct menu *menu);
int screen_firmware(struct menu *menu);
void screen_totp(struct menu *menu);
/* What the owner sets up once: leads to the screens HOTP, disk unlock key, rollback and TPM. */
int screen_ownership(struct menu *menu);
/* Gives the security dongle that is plugged in a new secret. */
void screen_hotp(struct menu *menu);
/* The clock, beside what the TPM remembers of it, and setting it. */
void screen_time(struct menu *menu);
/* State of the TPM; takes its ownership after a typed word. */
int screen_tpm(struct menu *menu);
/* Offers to write the Name of the TPM's storage key into the ROM (A2), and to restart. ret_recorded: it was written. */
int screen_record_tpm(struct menu *menu, struct bytes name, bool *ret_recorded);
/* The owner's public key, from a stick into the ROM. */
int screen_rom_key(struct menu *menu);
/* The same with a key that is here already; name: what it is called in a sentence. */
int menu_store_rom_key(struct menu *menu, struct bytes content, const char *name, bool *ret_stored);
/* The steps that make the machine the owner's: what is done, what is next. */
int screen_setup(struct menu *menu);
/* All of them in one run. */
int screen_one_run(struct menu *menu);
/* How many of them are left that are not optional. Costs no command of the TPM. */
unsigned menu_steps_left(const struct menu *menu);
/* The disk unlock key: what there is, make, forget. */
void screen_unlock(struct menu *menu);
/* The owner's keys: made on the dongle or for a backup drive, PINs, public key, expiry, revocation, factory reset after
 * a typed word. */
int screen_keys(struct menu *menu);
/* Makes the counter that tells an older /boot from the last signed one (A15). */
void screen_rollback(struct menu *menu);
/* Signs /boot with the owner's key from a stick: what changed, the key, its passphrase, the result. */
void screen_sign(struct menu *menu);
/* The files of the root filesystem: compare them with the signed list, or list them for the next signature. */
void screen_root(struct menu *menu);
/* Lists them, shows what has changed since the signed list, and keeps the list for the next signature where the owner
 * wants it: true. */
bool menu_list_root(struct menu *menu);
/* Compares them before a boot, with the disk unlock key (may be empty) or a passphrase that is asked for. Where they
 * differ, or cannot be compared, the owner decides. Errors: -E_REFUSED (he does not boot). */
int menu_check_root(struct menu *menu, struct bytes key, struct error *error);
/* What verification found on /boot, in its groups. */
void menu_add_report(const struct menu *menu, struct ui_text *text);
/* "Boot although it does not verify": explains, lets the owner choose an entry, asks for a typed word. */
int screen_forced(struct menu *menu);
/* Basic mode (access_is_basic): the default entry of what does not verify, without a word; PCR 4 knows of it as of any
 * forced boot. */
int screen_basic(struct menu *menu);

/* Prepares and loads an entry; 0 with the reason shown where that failed. */
int screen_boot(struct menu *menu, const struct entry *entry);
/* Loads an entry, with the disk unlock key where this TPM has one: asks for its passphrase, and where there will be no
 * key says why and asks whether to boot without. 1: the owner does not. Errors: those of boot_system_load. */
int menu_load(struct menu *menu, const struct entry *entry, struct error *error);
/* The LUKS volumes that the unlock key is for, as the signed kexec_key_devices.txt or the key slots say; all are those
 * of the machine, whose logical volumes are writable with change. Both are released by the caller, all last. Errors:
 * those of volume_add_all and volume_choose. */
int menu_choose_volumes(struct menu *menu, bool change, struct volume_list *ret_all, struct volume_list *ret_chosen,
                        struct error *error);
/* The words that the board adds to a command line and takes from it. */
struct key_entry_words menu_board_words(const struct menu *menu);
/* The signed kexec_key_devices.txt of a verified /boot, appended; nothing where there is none. */
int menu_read_key_devices(struct menu *menu, struct buffer *text, struct error *error);
/* The list of entries; NULL where the owner went back. */
const struct entry *menu_choose_entry(struct menu *menu, const char *title, const char *help);
/* Shows what exactly would be started, asks, and then as screen_boot. */
int screen_boot_asked(struct menu *menu, const struct entry *entry);
/* Looks for files of this kind on the attached disks and sticks and lets the owner choose one. False where he went
 * back, or where there is none and that was said. */
bool menu_choose_media(struct menu *menu, enum media_kind kind, const char *title, struct media_file *ret_file);
/* The owner's key in a file on a stick; released with signing_key_clear. title: of the screen that it is read for.
 * Errors: -E_REFUSED (the ROM holds no key, or another one), those of media_read and signing_key_read. */
int menu_read_owner_key(struct menu *menu, const char *title, const struct media_file *file, struct signing_key *key,
                        struct error *error);
/* Asks for its passphrase, where there is one, until the key opens. Errors: -E_REFUSED (none was given),
 * -E_WRONG_AUTH, -E_MALFORMED. */
int menu_open_owner_key(struct menu *menu, const char *title, struct signing_key *key, struct error *error);
/* Is an encrypted backup drive (owner/backup.h) plugged in? Reads nothing of it. */
bool menu_drive_is_plugged_in(void);
/* Lets the owner choose a stick, or with backup one that is a backup drive. used: a device, or NULL; the stick that it
 * is on is not offered. False: he went back, or there is none and that was said. */
bool menu_choose_stick(struct menu *menu, bool backup, const char *used, const char *question,
                       struct drive_stick *ret_stick);
/* Asks for the passphrase of the backup drive, at most three times, and appends the secret key on it.
 * Errors: -E_REFUSED (no drive, none was given), those of backup_read_secret. */
int menu_open_drive(struct menu *menu, const char *title, struct buffer *secret, struct error *error);
/* The owner's key on the backup drive, as menu_read_owner_key. */
int menu_read_drive_key(struct menu *menu, const char *title, struct signing_key *key, struct error *error);
/* Whether this may be done now: the table of trust/access.h, and where it wants the owner, his proof: the owner
 * passphrase of the TPM, asked for each time, or a signature by a key that the ROM knows. Where it may not, that was
 * said, and nothing is done. */
bool menu_may(struct menu *menu, enum access_action action);
/* Whether the owner of this machine can prove to be him: the TPM has an owner passphrase, or the ROM a key. */
bool menu_owner_can_prove(const struct menu *menu);
/* Shows an error until a key. */
void screen_error(struct menu *menu, const char *title, const struct error *error);
/* Shows a TOTP secret for enrolment, as a code to scan and as text. */
void menu_show_totp_secret(struct menu *menu, struct bytes secret);
/* Makes a new TOTP secret and shows it for enrolment. */
void screen_totp_enrol(struct menu *menu);
/* Days that the clock may be ahead of the last code. */
unsigned long menu_ahead_days(const struct menu *menu);

/* What needs the owner's right over the TPM. owner is empty where the TPM has no owner passphrase.
 * Errors: its own; -E_WRONG_AUTH has menu_as_owner ask, so it must mean the owner passphrase and nothing else. */
typedef int menu_owner_action(struct menu *menu, struct bytes owner, void *context, struct error *error);
/* Runs action with the owner passphrase: the one that was given before in this start, or none; where the TPM refuses
 * that, asks (at most three times). why: one sentence that says what it is needed for. What was right stays in locked
 * memory until the menu's process ends, which is before PID 1 caps the TPM and leaves.
 * Errors: those of action; -E_REFUSED (the owner gave none), menu->tpm_problem. */
int menu_as_owner(struct menu *menu, const char *why, menu_owner_action *action, void *context, struct error *error);
/* A passphrase that is known to be right, from taking ownership. -E_MEMORY. */
int menu_keep_owner(struct menu *menu, struct bytes passphrase);
void menu_forget_owner(struct menu *menu);

/* What a change of the flash will mean for the secrets of the TPM. */
struct menu_forecast {
	struct approval approval;
	struct tpm_pcrs sets[TPM_APPROVE_MAX]; /* of the next start, and of this one */
	struct error problem;                  /* why nothing can be foreseen; code E_NONE: it can */
};
/* change is tried on a copy of chip. Nothing is asked and nothing is done. */
void menu_foresee(struct menu *menu, struct bytes chip, approval_change *change, void *context,
                  struct menu_forecast *ret_forecast);
/* Says, before the change and after, which secrets go on and which have to be made anew. */
void menu_forecast_describe(const struct menu_forecast *forecast, struct ui_text *text);
/* Approves, before the flash is written, what can be. Errors: those of menu_as_owner and approval_give. */
int menu_approve(struct menu *menu, struct menu_forecast *forecast, struct error *error);
/* After a slot was used: does what was before a change still open it? Costs no command where not. */
void menu_note_approval(struct menu *menu, enum tpm_slot slot);
/* When a verified boot stands: what was before the change opens nothing any more (A17). Asks nothing. */
void menu_drop_before(struct menu *menu);
/* Its line among the status lines. */
void menu_add_approval(const struct menu *menu, struct ui_text *text);
/* What runs now came out otherwise than was approved, and the owner vouches for it: all secrets in one go. */
void menu_approve_now(struct menu *menu);

/* Writes a change of the owner's files onto a flash: tried on a copy of the chip, and done on the chip. */
typedef int menu_rom_writer(void *context, struct flash *flash, const struct flash_watch *watch,
                            struct flash_count *count, struct error *error);
/* One of the owner's files in the ROM, to be changed. title, name, content and context are the caller's. */
struct menu_rom_change {
	const char *title; /* of the screen */
	const char *name;  /* OWNER_FILE_... */
	struct bytes content;
	menu_rom_writer *writer; /* where the change is not that name has this content; or NULL */
	void *context;           /* of writer */
	struct flash *flash;
	struct menu_forecast forecast; /* since menu_rom_change_prepare */
};
/* Checks the content, opens the board's flash and foresees; writes nothing. Release with menu_rom_change_clear.
 * Errors: those of owner_file_check, flash_open_board and flash_read. */
int menu_rom_change_prepare(struct menu *menu, struct menu_rom_change *change, struct error *error);
/* Approves, then writes; in force from the next start on. Errors: those of menu_approve and of
 * owner_files_change or writer. */
int menu_rom_change_write(struct menu *menu, struct menu_rom_change *change, size_t *ret_written, struct error *error);
void menu_rom_change_clear(struct menu_rom_change *change);

/* Starts GnuPG, gives it the owner's public keys and asks for the user PIN of the dongle, where it was not given in
 * this start: at most three times, with the tries that are left. What was right stays in locked memory until the menu's
 * process ends. Release the session with openpgp_close. Errors: -E_REFUSED (the owner gave none, or the ROM holds no
 * key of an owner), those of openpgp_card_check_pin. */
int menu_open_card(struct menu *menu, struct openpgp **ret_session, struct error *error);
void menu_forget_card(struct menu *menu);

/* The TPM must have the storage key that this line records (format/tpm_name.h), from now on (A2); where it has not,
 * tpm_foreign says so. record: "rom" or "boot". */
void menu_expect_tpm(struct menu *menu, struct bytes line, const char *record);
/* As the verified /boot records it, where the ROM does not: before the TPM releases anything. */
void menu_expect_tpm_of_boot(struct menu *menu);

/* Starts to read /boot, again where it was read before. Nothing can be booted until menu_finish_reading. */
void menu_start_reading(struct menu *menu);
/* Takes what was read, waiting for its end with a bar, and all that follows from it: whether it verifies, the record of
 * the TPM on it, why a secret does not open. */
void menu_finish_reading(struct menu *menu);
/* Both: reads and verifies /boot, again where it was read before. */
void menu_prepare_boot(struct menu *menu);
/* Opens the TOTP secret and says how that went on the console log. */
void menu_open_totp(struct menu *menu);
/* Sends the dongle that was programmed this start's code, where there is one, and logs the answer. */
void menu_check_hotp(struct menu *menu);
/* The same for a dongle that was plugged in since; costs next to nothing where none was. */
void menu_refresh_hotp(struct menu *menu);
/* Its line among the status lines; none where no dongle was ever programmed. */
void menu_add_hotp(const struct menu *menu, struct ui_text *text);
/* A dongle was programmed and did not confirm the firmware. */
bool menu_hotp_worries(const struct menu *menu);
/* After the TOTP secret opened: what is measured now is kept for the next time. anew: it was sealed just now. */
void menu_keep_measured(struct menu *menu, bool anew);
/* After /boot was read: why the secret does not open, on the console log and in menu->explanation. */
void menu_explain_totp(struct menu *menu);
/* Why a disk unlock key (its slot) stays in the TPM (-E_WRONG_PCR): on the console log, and the first causes on text.
 */
void menu_explain_disk(struct menu *menu, enum tpm_slot slot, struct ui_text *text);
/* The first causes, a line each. */
void menu_add_causes(const struct menu *menu, size_t most, struct ui_text *text);
/* Reads tpm_info again; there must be a TPM. The second one leaves out what it says of its maker, for one command less.
 */
int menu_read_tpm(struct menu *menu, struct error *error);
int menu_read_tpm_state(struct menu *menu, struct error *error);
/* What the TPM says about itself, with the lockout, in the words of the system screen, appended. */
void menu_describe_tpm(const struct menu *menu, struct ui_text *text);
/* Two lines on every screen that leads to a boot: date and code, state of /boot. */
void menu_status(void *context, struct ui_text *text);

#endif
