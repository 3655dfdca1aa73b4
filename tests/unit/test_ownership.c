/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Taking ownership in a world of variables: it is cut off at every call, before, within and after it, and every run
 * that goes on afterwards comes to the same end. */
#include "base/cleanup.h"
#include "owner/ownership.h"
#include "unit/cmocka_all.h"
#include <stdio.h>
#include <string.h>

#define MAX_FILES 12

enum cut { CUT_BEFORE, CUT_WITHIN, CUT_AFTER, CUTS };
/* The power fails; the dongle or the stick is pulled out; one call fails, for whatever reason. */
enum harm { HARM_POWER, HARM_DONGLE, HARM_STICK, HARM_CALL, HARMS };

struct file {
	char name[64], content[64];
};

/* A secret in the TPM opens for the ROM of the start in which it was made, and for the one that was approved. */
struct sealed {
	unsigned number; /* 0: none */
	char roms[2][64];
};

struct world {
	/* what lasts */
	char disk[2][40]; /* key slots */
	char owner[40];   /* of the TPM */
	unsigned name;    /* of its storage key: another one after each clear */
	bool counter, disk_key_right;
	bool half_encrypted;
	unsigned volume_key;
	struct sealed totp, hotp, disk_key;
	unsigned phone, dongle; /* which secret they have */
	char rom[64], rom_at_start[64];
	char boot_signer[40];
	bool boot_default, boot_counts;
	struct file files[MAX_FILES];
	size_t file_count;
	bool stick, card;
	char drive[64]; /* what the other stick holds; "": no such stick. "drive PASSPHRASE secret N": a backup drive */
	unsigned drive_writes;
	char card_key[40], user_pin[40], admin_pin[40];
	unsigned user_tries, admin_tries, keys_made;
	/* what is done to it */
	unsigned calls, cut_at;
	enum cut cut;
	enum harm harm;
	bool dead, lost; /* lost: the answer of this call */
	unsigned wrong_pins, clears, resets;
	bool sealed_while_pending;
};

static bool is(struct bytes bytes, const char *text)
{
	return bytes_equal(bytes, bytes_from_string(text));
}

static void keep(char place[40], struct bytes bytes)
{
	(void)snprintf(place, 40, "%.*s", (int)bytes.size, (const char *)bytes.data);
}

static void harm(struct world *world)
{
	if (world->harm == HARM_POWER)
		world->dead = true;
	else if (world->harm == HARM_DONGLE)
		world->card = false;
	else if (world->harm == HARM_STICK)
		world->stick = false;
	world->lost = true;
}

static int say_cut(const struct world *world, struct error *error)
{
	const bool pulled = world->harm == HARM_DONGLE || world->harm == HARM_STICK;

	return error_set(error, pulled ? E_NO_DEVICE : E_IO, "test", "cut off");
}

/* Before a call: whether it happens. What was pulled out matters to those alone that use it. */
static int begin(struct world *world, struct error *error)
{
	world->lost = false;
	if (!world->dead && ++world->calls == world->cut_at && world->cut == CUT_BEFORE) {
		harm(world);
		if (world->harm == HARM_DONGLE || world->harm == HARM_STICK)
			world->lost = false;
	}
	return world->dead || world->lost ? say_cut(world, error) : 0;
}

/* Only its first half happens. */
static bool halved(struct world *world)
{
	if (world->calls != world->cut_at || world->cut != CUT_WITHIN)
		return false;
	harm(world);
	return true;
}

/* After it: whether the answer arrives. */
static int end(struct world *world, int result, struct error *error)
{
	if (world->calls == world->cut_at && world->cut == CUT_AFTER)
		harm(world);
	return world->dead || world->lost ? say_cut(world, error) : result;
}

#define BEGIN                          \
	struct world *world = context; \
	int r_ = begin(world, error);  \
	if (r_ < 0)                    \
	return r_
#define END(result) return end(world, result, error)

/* --- disk --------------------------------------------------------------------------------------------------------- */

static int disk_opens(void *context, struct bytes passphrase, struct error *error)
{
	BEGIN;
	if (world->half_encrypted)
		END(error_set(error, E_REFUSED, "disk", "is being encrypted anew"));
	END(is(passphrase, world->disk[0]) || is(passphrase, world->disk[1]));
}

static int disk_change(void *context, struct bytes old, struct bytes fresh, struct error *error)
{
	BEGIN;
	if (!is(old, world->disk[0]) && !is(old, world->disk[1]))
		END(error_set(error, E_WRONG_AUTH, "disk", "does not open"));
	keep(world->disk[1], fresh);
	if (!halved(world))
		world->disk[0][0] = '\0';
	END(0);
}

static int disk_is_unfinished(void *context, struct error *error)
{
	BEGIN;
	END(world->half_encrypted);
}

static int disk_reencrypt(void *context, struct bytes old, struct bytes fresh, struct error *error)
{
	BEGIN;
	if (!is(old, world->disk[0]) && !is(old, world->disk[1]))
		END(error_set(error, E_WRONG_AUTH, "disk", "does not open"));
	world->half_encrypted = true;
	if (!halved(world)) {
		world->half_encrypted = false;
		world->volume_key++;
		keep(world->disk[1], fresh);
		world->disk[0][0] = '\0';
	}
	END(0);
}

static int disk_key_is_there(void *context, struct error *error)
{
	BEGIN;
	END(world->disk_key.number > 0);
}

static void seal(struct world *world, struct sealed *sealed)
{
	static unsigned number;

	world->sealed_while_pending |= strcmp(world->rom, world->rom_at_start) != 0;
	*sealed = (struct sealed){.number = ++number};
	memcpy(sealed->roms[0], world->rom_at_start, sizeof(sealed->roms[0]));
}

static int as_owner(const struct world *world, struct bytes owner, struct error *error)
{
	return is(owner, world->owner) && owner.size > 0 ? 0 : error_set(error, E_WRONG_AUTH, "TPM", "not the owner");
}

static int disk_key_make(void *context, struct bytes disk, struct bytes unlock, struct bytes owner, struct error *error)
{
	BEGIN;
	(void)unlock;
	if (!is(disk, world->disk[0]) && !is(disk, world->disk[1]))
		END(error_set(error, E_WRONG_AUTH, "disk", "does not open"));
	if (as_owner(world, owner, error) < 0)
		END(-E_WRONG_AUTH);
	if (!halved(world))
		seal(world, &world->disk_key);
	END(0);
}

/* --- TPM ---------------------------------------------------------------------------------------------------------- */

static int tpm_is_owned(void *context, struct bytes owner, struct error *error)
{
	BEGIN;
	END(is(owner, world->owner) && owner.size > 0);
}

static int tpm_take(void *context, struct bytes owner, struct error *error)
{
	BEGIN;
	world->clears++;
	world->name++;
	world->owner[0] = '\0';
	world->counter = world->boot_counts = false;
	world->totp = world->hotp = world->disk_key = (struct sealed){0};
	if (!halved(world))
		keep(world->owner, owner);
	END(0);
}

static int counter_is_there(void *context, struct error *error)
{
	BEGIN;
	END(world->counter);
}

static int counter_make(void *context, struct bytes owner, struct error *error)
{
	BEGIN;
	if (as_owner(world, owner, error) < 0)
		END(-E_WRONG_AUTH);
	if (!halved(world))
		world->counter = true;
	END(0);
}

/* --- stick -------------------------------------------------------------------------------------------------------- */

static struct file *find(struct world *world, const char *name)
{
	for (size_t i = 0; i < world->file_count; i++)
		if (strcmp(world->files[i].name, name) == 0)
			return &world->files[i];
	return NULL;
}

static int medium_read(void *context, const char *name, struct buffer *content, struct error *error)
{
	struct file *file;

	BEGIN;
	if (!world->stick)
		END(error_set(error, E_NO_DEVICE, "stick", "none"));
	file = find(world, name);
	if (!file)
		END(error_set(error, E_NOT_FOUND, name, "none"));
	buffer_append_string(content, file->content);
	END(0);
}

static int medium_write(void *context, const char *name, struct bytes content, struct error *error)
{
	BEGIN;
	if (!world->stick)
		END(error_set(error, E_NO_DEVICE, "stick", "none"));
	assert_null(find(world, name)); /* nothing is ever replaced */
	assert_in_range(world->file_count, 0, MAX_FILES - 1);
	if (!halved(world)) {
		struct file *file = &world->files[world->file_count++];

		(void)snprintf(file->name, sizeof(file->name), "%s", name);
		(void)snprintf(file->content, sizeof(file->content), "%.*s", (int)content.size,
		               (const char *)content.data);
	}
	END(0);
}

/* --- backup drive ------------------------------------------------------------------------------------------------- */

static int drive_look(void *context, struct error *error)
{
	BEGIN;
	END(world->drive[0] ? 0 : error_set(error, E_NO_DEVICE, "drive", "none"));
}

static int drive_read(void *context, struct bytes passphrase, struct buffer *secret, struct error *error)
{
	char phrase[40];
	unsigned number;

	BEGIN;
	if (!world->drive[0])
		END(error_set(error, E_NO_DEVICE, "drive", "none"));
	if (sscanf(world->drive, "drive %39[^:]: secret %u", phrase, &number) != 2) /* NOLINT(cert-err34-c) */
		END(error_set(error, E_NOT_FOUND, "drive", "no whole backup drive"));
	if (!is(passphrase, phrase))
		END(error_set(error, E_REFUSED, "drive", "another backup drive"));
	buffer_append_format(secret, "secret %u", number);
	END(0);
}

static int drive_write(void *context, struct bytes passphrase, const struct ownership_key *key, struct bytes revocation,
                       struct error *error)
{
	BEGIN;
	assert_int_not_equal(strncmp(world->drive, "drive", 5), 0); /* a whole one is never written */
	assert_true(is(buffer_bytes(&key->public), "") == false && revocation.size > 0);
	world->drive_writes++;
	(void)snprintf(world->drive, sizeof(world->drive), "unfinished");
	if (!halved(world))
		(void)snprintf(world->drive, sizeof(world->drive), "drive %.*s: %.*s", (int)passphrase.size,
		               (const char *)passphrase.data, (int)key->secret.size, (const char *)key->secret.data);
	END(0);
}

/* --- keys: "public N", "secret N PASSPHRASE" ---------------------------------------------------------------------- */

static void fill_key(struct ownership_key *key, unsigned number, bool secret, struct bytes passphrase)
{
	buffer_append_format(&key->public, "public %u", number);
	if (secret)
		buffer_append_format(&key->secret, "secret %u%s%.*s", number, passphrase.size > 0 ? " " : "",
		                     (int)passphrase.size, (const char *)passphrase.data);
	(void)snprintf(key->fingerprint, sizeof(key->fingerprint), "%u", number);
}

static int key_open(void *context, struct bytes file, struct bytes passphrase, struct ownership_key *ret_key,
                    struct error *error)
{
	char text[64], phrase[40] = "";
	unsigned number;

	BEGIN;
	(void)snprintf(text, sizeof(text), "%.*s", (int)file.size, (const char *)file.data);
	if (sscanf(text, "public %u", &number) == 1) { /* NOLINT(cert-err34-c) */
		fill_key(ret_key, number, false, BYTES_EMPTY);
		END(0);
	}
	if (sscanf(text, "secret %u %39[^\n]", &number, phrase) < 1) /* NOLINT(cert-err34-c) */
		END(error_set(error, E_MALFORMED, "file", "no key"));
	if (!is(passphrase, phrase))
		END(error_set(error, E_WRONG_AUTH, "file", "does not open"));
	fill_key(ret_key, number, true, passphrase);
	END(0);
}

static int key_generate(void *context, const struct openpgp_request *request, struct bytes passphrase,
                        struct ownership_key *ret_key, struct buffer *revocation, struct error *error)
{
	BEGIN;
	assert_string_equal(request->name, "The owner");
	fill_key(ret_key, ++world->keys_made, true, passphrase);
	buffer_append_format(revocation, "revocation %u", world->keys_made);
	END(0);
}

/* --- card --------------------------------------------------------------------------------------------------------- */

#define CARD                                                                           \
	do {                                                                           \
		if (!world->card)                                                      \
			END(error_set(error, E_NO_DEVICE, "dongle", "none is there")); \
	} while (0)

static int give_pin(struct world *world, struct bytes pin, const char *right, unsigned *tries, struct error *error)
{
	if (*tries < 2)
		return error_set(error, E_LOCKED_OUT, "dongle", "the last try");
	if (is(pin, right)) {
		*tries = 3;
		return 0;
	}
	(*tries)--;
	world->wrong_pins++;
	return error_set(error, E_WRONG_AUTH, "dongle", "wrong");
}

static int card_look(void *context, struct error *error)
{
	BEGIN;
	CARD;
	END(0);
}

static int card_holds(void *context, struct bytes public, struct error *error)
{
	BEGIN;
	CARD;
	END(world->card_key[0] && is(public, world->card_key));
}

static int card_check_pin(void *context, struct bytes pin, struct error *error)
{
	BEGIN;
	CARD;
	END(give_pin(world, pin, world->user_pin, &world->user_tries, error));
}

static int card_reset(void *context, struct error *error)
{
	BEGIN;
	CARD;
	world->resets++;
	world->card_key[0] = '\0';
	world->dongle = 0;
	(void)snprintf(world->user_pin, sizeof(world->user_pin), "%s", OPENPGP_FIRST_PIN);
	(void)snprintf(world->admin_pin, sizeof(world->admin_pin), "%s", OPENPGP_FIRST_ADMIN);
	world->user_tries = world->admin_tries = 3;
	END(0);
}

static int card_set_pins(void *context, struct bytes user, struct bytes admin, struct error *error)
{
	BEGIN;
	CARD;
	if (give_pin(world, bytes_from_string(OPENPGP_FIRST_PIN), world->user_pin, &world->user_tries, error) < 0)
		END(-E_WRONG_AUTH);
	keep(world->user_pin, user);
	if (!halved(world))
		keep(world->admin_pin, admin);
	END(0);
}

static int card_generate(void *context, const struct openpgp_request *request, struct bytes user, struct bytes admin,
                         struct ownership_key *ret_key, struct error *error)
{
	BEGIN;
	CARD;
	(void)request;
	if (give_pin(world, user, world->user_pin, &world->user_tries, error) < 0 ||
	    give_pin(world, admin, world->admin_pin, &world->admin_tries, error) < 0)
		END(-E_WRONG_AUTH);
	fill_key(ret_key, ++world->keys_made, false, BYTES_EMPTY);
	keep(world->card_key, buffer_bytes(&ret_key->public));
	END(0);
}

static int card_move(void *context, const struct ownership_key *key, struct bytes passphrase, struct bytes admin,
                     struct error *error)
{
	BEGIN;
	CARD;
	assert_true(key->secret.size > 0);
	assert_true((passphrase.size > 0) == (world->drive_writes == 0)); /* on the drive it has none of its own */
	if (give_pin(world, admin, world->admin_pin, &world->admin_tries, error) < 0)
		END(-E_WRONG_AUTH);
	if (!halved(world))
		keep(world->card_key, buffer_bytes(&key->public));
	END(0);
}

/* --- /boot, dongle, phone, ROM ------------------------------------------------------------------------------------ */

static int boot_is_signed(void *context, struct bytes public, bool first_entry, struct error *error)
{
	BEGIN;
	END(is(public, world->boot_signer) && (world->boot_default || !first_entry) &&
	    world->boot_counts == world->counter);
}

static int boot_sign(void *context, const struct ownership_signer *signer, struct error *error)
{
	BEGIN;
	if (signer->key->secret.size == 0) {
		CARD;
		if (give_pin(world, signer->pin, world->user_pin, &world->user_tries, error) < 0)
			END(world->user_tries < 2 ? -E_LOCKED_OUT : -E_WRONG_AUTH);
		assert_true(is(buffer_bytes(&signer->key->public), world->card_key));
	}
	if (!halved(world)) {
		keep(world->boot_signer, buffer_bytes(&signer->key->public));
		world->boot_default = signer->first_entry;
		world->boot_counts = world->counter;
	}
	END(0);
}

static int hotp_is_set(void *context, struct error *error)
{
	BEGIN;
	END(world->hotp.number > 0);
}

static int hotp_make(void *context, struct bytes admin, struct bytes owner, struct error *error)
{
	BEGIN;
	CARD;
	if (give_pin(world, admin, world->admin_pin, &world->admin_tries, error) < 0)
		END(world->admin_tries < 1 ? -E_LOCKED_OUT : -E_WRONG_AUTH);
	if (as_owner(world, owner, error) < 0)
		END(-E_WRONG_AUTH);
	world->dongle = 0; /* has it, before the TPM does */
	if (!halved(world)) {
		seal(world, &world->hotp);
		world->dongle = world->hotp.number;
	}
	END(0);
}

static int totp_is_there(void *context, struct error *error)
{
	BEGIN;
	END(world->totp.number > 0);
}

static int totp_make(void *context, struct bytes owner, struct error *error)
{
	BEGIN;
	if (as_owner(world, owner, error) < 0)
		END(-E_WRONG_AUTH);
	seal(world, &world->totp);
	if (!halved(world))
		world->phone = world->totp.number;
	END(0);
}

static void rom_text(const struct world *world, struct bytes public, char text[64])
{
	(void)snprintf(text, 64, "%.*s; name %u", (int)public.size, (const char *)public.data, world->name);
}

static int rom_key(void *context, struct buffer *public, struct error *error)
{
	const char *border;

	BEGIN;
	border = strchr(world->rom, ';');
	if (!border)
		END(error_set(error, E_NOT_FOUND, "ROM", "none"));
	buffer_append(public, world->rom, (size_t)(border - world->rom));
	END(0);
}

static int rom_holds(void *context, struct bytes public, struct error *error)
{
	char text[64];

	BEGIN;
	rom_text(world, public, text);
	END(strcmp(text, world->rom) == 0);
}

static int rom_store(void *context, struct bytes public, struct bytes owner, struct error *error)
{
	struct sealed *const all[] = {&((struct world *)context)->totp, &((struct world *)context)->hotp,
	                              &((struct world *)context)->disk_key};
	char text[64];

	BEGIN;
	if (as_owner(world, owner, error) < 0)
		END(-E_WRONG_AUTH);
	rom_text(world, public, text);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		memcpy(all[i]->roms[1], text, sizeof(text));
	if (!halved(world))
		memcpy(world->rom, text, sizeof(text));
	END(0);
}

static bool rom_is_pending(void *context)
{
	const struct world *world = context;

	return strcmp(world->rom, world->rom_at_start) != 0;
}

static void progress(void *context, enum ownership_step step)
{
	(void)context;
	assert_non_null(ownership_step_name(step));
}

static const struct ownership_world functions = {
    .disk_opens = disk_opens,
    .disk_has_other = disk_opens,
    .disk_change = disk_change,
    .disk_is_unfinished = disk_is_unfinished,
    .disk_reencrypt = disk_reencrypt,
    .disk_key_is_there = disk_key_is_there,
    .disk_key_make = disk_key_make,
    .tpm_is_owned = tpm_is_owned,
    .tpm_take = tpm_take,
    .counter_is_there = counter_is_there,
    .counter_make = counter_make,
    .medium_read = medium_read,
    .medium_write = medium_write,
    .drive_look = drive_look,
    .drive_read = drive_read,
    .drive_write = drive_write,
    .key_open = key_open,
    .key_generate = key_generate,
    .card_look = card_look,
    .card_holds = card_holds,
    .card_check_pin = card_check_pin,
    .card_reset = card_reset,
    .card_set_pins = card_set_pins,
    .card_generate = card_generate,
    .card_move = card_move,
    .boot_is_signed = boot_is_signed,
    .boot_sign = boot_sign,
    .hotp_is_set = hotp_is_set,
    .hotp_make = hotp_make,
    .totp_is_there = totp_is_there,
    .totp_make = totp_make,
    .rom_key = rom_key,
    .rom_holds = rom_holds,
    .rom_store = rom_store,
    .rom_is_pending = rom_is_pending,
    .progress = progress,
};

/* --- the tests ---------------------------------------------------------------------------------------------------- */

#define COMMON "TPM_PASSPHRASE=owner phrase\nDEFAULT_ENTRY=first\n"
#define DISK   "DISK_PASSPHRASE=old phrase\nNEW_DISK_PASSPHRASE=new disk phrase\nUNLOCK_KEY=yes\n"
#define NAMED  "KEY_NAME=The owner\nKEY_EMAIL=o@example.org\n"
#define DRIVE  "BACKUP=drive\nKEY_PASSPHRASE=phrase of a drive\n"
#define PINS   "USER_PIN=654321\nADMIN_PIN=87654321\n"

static const char *const kinds[] = {
    COMMON DISK NAMED "KEY=memory\nKEY_PASSPHRASE=key phrase\n",
    COMMON DISK NAMED PINS "KEY=card\nHOTP=yes\nREENCRYPT=yes\n",
    COMMON DISK NAMED PINS "KEY=move\nKEY_PASSPHRASE=key phrase\nHOTP=yes\n",
    COMMON "KEY=import\nKEY_FILE=mine.asc\nUSER_PIN=111111\nADMIN_PIN=11111111\nHOTP=yes\nROLLBACK=no\n",
    COMMON DISK NAMED "KEY=memory\n" DRIVE,
    COMMON DISK NAMED PINS "KEY=move\nHOTP=yes\n" DRIVE,
};

/* A machine of somebody else, a stick with his and our things, a dongle with his key. */
static struct world fresh(void)
{
	struct world world = {.disk = {"old phrase"},
	                      .owner = "somebody's",
	                      .name = 7,
	                      .rom = "public 90; name 7",
	                      .boot_signer = "public 90",
	                      .stick = true,
	                      .drive = "holiday pictures",
	                      .card = true,
	                      .card_key = "public 91",
	                      .user_pin = "111111",
	                      .admin_pin = "11111111",
	                      .user_tries = 3,
	                      .admin_tries = 3,
	                      .totp = {.number = 1000},
	                      .hotp = {.number = 1001},
	                      .disk_key = {.number = 1002},
	                      .files = {{"mine.asc", "public 91"},
	                                {"heads-owner-key.asc", "secret 90 somebody's"},
	                                {"heads-owner-public.asc", "public 90"}},
	                      .file_count = 3};

	memcpy(world.rom_at_start, world.rom, sizeof(world.rom));
	return world;
}

static void restart(struct world *world)
{
	memcpy(world->rom_at_start, world->rom, sizeof(world->rom));
	world->dead = false;
	world->card = true;
}

static struct ownership_answers answers_of(const char *text)
{
	struct ownership_answers answers = {0};
	struct error error;

	if (ownership_answers_parse(bytes_from_string(text), "answers", &answers, &error) < 0)
		fail_msg("%s", error.sentence);
	return answers;
}

/* One run in one start. */
static int run(struct world *world, const char *text, struct error *error)
{
	CLEANUP(ownership_answers_clear) struct ownership_answers answers = answers_of(text);
	struct ownership_world table = functions;
	CLEANUP(ownership_clear) struct ownership ownership = {.world = &table, .answers = &answers};
	int r;

	table.context = world;
	r = ownership_run(&ownership, error);
	if (r == 0)
		assert_true(ownership_is_complete(&ownership));
	return r;
}

static bool opens(const struct world *world, const struct sealed *sealed)
{
	return sealed->number > 0 &&
	       (strcmp(sealed->roms[0], world->rom_at_start) == 0 || strcmp(sealed->roms[1], world->rom_at_start) == 0);
}

static void assert_owned(struct world *world, const char *text)
{
	CLEANUP(ownership_answers_clear) struct ownership_answers answers = answers_of(text);
	const bool dongle = ownership_answers_is(&answers, ANSWER_HOTP, "yes");
	const bool import = ownership_answers_is(&answers, ANSWER_KEY, "import");
	char holds[64];

	restart(world);
	assert_string_equal(world->owner, "owner phrase");
	rom_text(world, bytes_from_string(world->boot_signer), holds);
	assert_string_equal(world->rom, holds);
	assert_true(world->boot_default);
	assert_true(world->counter == !import && world->boot_counts == world->counter);
	assert_true(opens(world, &world->totp) && world->phone == world->totp.number);
	assert_false(world->sealed_while_pending);
	if (dongle)
		assert_true(opens(world, &world->hotp) && world->dongle == world->hotp.number);
	if (!import) {
		assert_true(world->disk[0][0] == '\0' && strcmp(world->disk[1], "new disk phrase") == 0);
		assert_true(opens(world, &world->disk_key));
		assert_false(world->half_encrypted);
		assert_int_equal(world->volume_key > 0, ownership_answers_is(&answers, ANSWER_REENCRYPT, "yes"));
	}
	if (dongle) { /* the key on the dongle is the one that signs, and has the PINs of the answers */
		assert_string_equal(world->card_key, world->boot_signer);
		assert_string_equal(world->user_pin, ownership_answers_get(&answers, ANSWER_USER_PIN));
		assert_string_equal(world->admin_pin, ownership_answers_get(&answers, ANSWER_ADMIN_PIN));
		assert_true(world->user_tries == 3 && world->admin_tries == 3);
	}
	if (ownership_answers_is(&answers, ANSWER_BACKUP, "drive")) { /* that key, and nothing on the other stick */
		char secret[64];

		(void)snprintf(secret, sizeof(secret), "drive phrase of a drive: secret %s",
		               world->boot_signer + strlen("public "));
		assert_string_equal(world->drive, secret);
		assert_int_equal(world->file_count, 3);
	} else if (ownership_answers_have(&answers, ANSWER_KEY_PASSPHRASE)) { /* the copy on the stick is that key */
		char secret[64];
		bool found = false;

		(void)snprintf(secret, sizeof(secret), "secret %s key phrase", world->boot_signer + strlen("public "));
		for (size_t i = 0; i < world->file_count; i++)
			found |= strcmp(world->files[i].content, secret) == 0;
		assert_true(found);
	}
}

/* In every start the run comes to its end, and after that nothing is left to do. */
static void test_one_run_takes_all(void **state)
{
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct world world = fresh();
		unsigned clears, resets;

		if (run(&world, kinds[i], &error) < 0)
			fail_msg("%s", error.sentence);
		assert_int_equal(world.clears, 1);
		assert_owned(&world, kinds[i]);
		clears = world.clears;
		resets = world.resets;
		assert_int_equal(run(&world, kinds[i], &error), 0); /* again: idempotent */
		assert_true(world.clears == clears && world.resets == resets && world.wrong_pins == 0);
		assert_owned(&world, kinds[i]);
	}
}

/* The power fails before, within and after each call, and then once more in the run that goes on. */
static void test_a_cut_anywhere(void **state)
{
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct world whole = fresh();

		assert_int_equal(run(&whole, kinds[i], &error), 0);
		for (unsigned at = 1; at <= whole.calls; at++) {
			for (int cut = 0; cut < CUTS; cut++) {
				struct world world = fresh();

				world.cut_at = at;
				world.cut = (enum cut)cut;
				if (run(&world, kinds[i], &error) == 0)
					continue; /* a call that has no half */
				restart(&world);
				world.cut_at = world.calls + 1 + at / 2;
				(void)run(&world, kinds[i], &error);
				restart(&world);
				world.cut_at = 0;
				if (run(&world, kinds[i], &error) < 0)
					fail_msg("kind %zu, call %u, cut %d: %s", i, at, cut, error.sentence);
				assert_int_equal(world.wrong_pins, 0);
				assert_owned(&world, kinds[i]);
			}
		}
	}
}

/* One harm at one call of a run of this kind, and then the same run goes on, without a restart. Returns whether the run
 * stopped. */
static bool goes_on(const char *text, enum harm kind, enum cut cut, unsigned at)
{
	struct world world = fresh();
	CLEANUP(ownership_answers_clear) struct ownership_answers answers = answers_of(text);
	struct ownership_world table = functions;
	CLEANUP(ownership_clear) struct ownership ownership = {.world = &table, .answers = &answers};
	struct error error;
	bool stopped;
	int r;

	table.context = &world;
	world.cut_at = at;
	world.cut = cut;
	world.harm = kind;
	r = ownership_run(&ownership, &error);
	stopped = r < 0;
	if (stopped) {
		assert_int_equal(r, kind == HARM_CALL ? -E_IO : -E_NO_DEVICE);
		assert_false(ownership_is_complete(&ownership));
		world.card = world.stick = true;
		r = ownership_run(&ownership, &error);
	}
	if (r < 0)
		fail_msg("%s: harm %d, call %u, cut %d: %s", text, kind, at, cut, error.sentence);
	assert_true(ownership_is_complete(&ownership));
	assert_int_equal(world.wrong_pins, 0);
	assert_owned(&world, text);
	return stopped;
}

/* Dongle or stick are pulled out before, within and after each call, or the call fails, and the run goes on. */
static void test_a_call_fails_anywhere(void **state)
{
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		unsigned stopped[HARMS] = {0};
		struct world whole = fresh();

		assert_int_equal(run(&whole, kinds[i], &error), 0);
		for (unsigned at = 1; at <= whole.calls; at++)
			for (int kind = HARM_DONGLE; kind < HARMS; kind++)
				for (int cut = 0; cut < CUTS; cut++)
					stopped[kind] += goes_on(kinds[i], (enum harm)kind, (enum cut)cut, at);
		assert_true(stopped[HARM_DONGLE] > 0 && stopped[HARM_STICK] > 0);
		assert_true(stopped[HARM_CALL] > whole.calls); /* before and after nearly each of them */
	}
}

/* A8: one try of a PIN, and not the same one again in any later run with these answers. */
static void test_a_wrong_pin_is_sent_once(void **state)
{
	static const char user[] = COMMON "KEY=import\nKEY_FILE=mine.asc\nUSER_PIN=999999\n";
	static const char admin[] =
	    COMMON "KEY=import\nKEY_FILE=mine.asc\nUSER_PIN=111111\nHOTP=yes\nADMIN_PIN=99999999\n";
	static const struct {
		const char *text;
		enum ownership_answer pin;
	} cases[] = {{user, ANSWER_USER_PIN}, {admin, ANSWER_ADMIN_PIN}};
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct world world = fresh();
		CLEANUP(ownership_answers_clear) struct ownership_answers answers = answers_of(cases[i].text);
		struct ownership_world table = functions;
		CLEANUP(ownership_clear) struct ownership ownership = {.world = &table, .answers = &answers};

		table.context = &world;
		assert_int_equal(ownership_run(&ownership, &error), -E_WRONG_AUTH);
		assert_int_equal(world.wrong_pins, 1);
		assert_null(answers.values[cases[i].pin].data); /* wiped */
		for (unsigned again = 0; again < 4; again++)
			assert_int_equal(ownership_run(&ownership, &error), -E_USAGE);
		assert_int_equal(world.wrong_pins, 1);
		assert_int_equal(ownership_answers_set(&answers, cases[i].pin,
		                                       bytes_from_string(i == 0 ? "111111" : "11111111"), &error),
		                 0);
		assert_int_equal(ownership_run(&ownership, &error), 0);
		assert_true(ownership_is_complete(&ownership));
	}
}

/* Looking changes nothing, says what is lost, and asks a foreign dongle for its PIN once at most. */
static void test_the_look_changes_nothing(void **state)
{
	struct world world = fresh(), before;
	CLEANUP(ownership_answers_clear) struct ownership_answers answers = answers_of(kinds[1]);
	struct ownership_world table = functions;
	CLEANUP(ownership_clear) struct ownership ownership = {.world = &table, .answers = &answers};
	struct error error;

	(void)state;
	table.context = &world;
	(void)snprintf(world.files[2].content, sizeof(world.files[2].content), "public 91"); /* the key on the dongle */
	before = world;
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(ownership_look(&ownership, &error), 0);
	assert_int_equal(world.wrong_pins, 1);
	before.calls = world.calls;
	before.wrong_pins = 1;
	before.user_tries = 2;
	assert_memory_equal(&before, &world, sizeof(world));
	for (int step = 0; step < OWNERSHIP_STEPS; step++)
		assert_int_equal(ownership.states[step], OWNERSHIP_LEFT);
	assert_non_null(strstr(ownership_destroys(&ownership, OWNERSHIP_TPM), "cleared"));
	assert_non_null(strstr(ownership_destroys(&ownership, OWNERSHIP_KEY), "set back"));
	assert_int_equal(ownership_run(&ownership, &error), 0);
	assert_null(ownership_destroys(&ownership, OWNERSHIP_TPM));
	assert_owned(&world, kinds[1]);
}

/* What would end the run half way is known before it begins. */
static void test_what_is_missing_is_said_first(void **state)
{
	struct error error;

	(void)state;
	for (int missing = 0; missing < 5; missing++) {
		struct world world = fresh();
		CLEANUP(ownership_answers_clear)
		struct ownership_answers answers = answers_of(kinds[missing < 4 ? 2 : 5]);
		struct ownership_world table = functions;
		CLEANUP(ownership_clear) struct ownership ownership = {.world = &table, .answers = &answers};
		static const int codes[] = {-E_NO_DEVICE, -E_NO_DEVICE, -E_WRONG_AUTH, -E_USAGE, -E_NO_DEVICE};

		table.context = &world;
		world.stick = missing != 0;
		world.card = missing != 1;
		if (missing == 2)
			(void)snprintf(world.disk[0], sizeof(world.disk[0]), "another");
		if (missing == 3)
			assert_int_equal(ownership_answers_set(&answers, ANSWER_ADMIN_PIN, BYTES_EMPTY, NULL), 0);
		if (missing == 4)
			world.drive[0] = '\0';
		assert_int_equal(ownership_look(&ownership, &error), codes[missing]);
		assert_true(world.clears == 0 && world.resets == 0);
	}
}

/* A stick is erased where the plan has said so; a backup drive with the key of an earlier run is taken up, and one that
 * the passphrase does not open stays as it is. */
static void test_a_backup_drive_is_never_made_twice(void **state)
{
	static const struct {
		const char *drive;
		int result;
		unsigned writes;
		bool lost;
	} cases[] = {{"holiday pictures", 0, 1, true},
	             {"unfinished", 0, 1, true},
	             {"drive phrase of a drive: secret 40", 0, 0, false},
	             {"drive of somebody else: secret 41", -E_REFUSED, 0, false}};
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct world world = fresh();
		CLEANUP(ownership_answers_clear) struct ownership_answers answers = answers_of(kinds[4]);
		struct ownership_world table = functions;
		CLEANUP(ownership_clear) struct ownership ownership = {.world = &table, .answers = &answers};
		const char *lost;

		table.context = &world;
		(void)snprintf(world.drive, sizeof(world.drive), "%s", cases[i].drive);
		assert_int_equal(ownership_look(&ownership, &error), cases[i].result);
		assert_string_equal(world.drive, cases[i].drive);
		lost = ownership_destroys(&ownership, OWNERSHIP_KEY);
		assert_true(cases[i].result < 0 || (lost != NULL) == cases[i].lost);
		assert_true(!lost || strstr(lost, "everything on the stick"));
		if (cases[i].result < 0) {
			assert_true(world.clears == 0 && world.drive_writes == 0);
			continue;
		}
		assert_int_equal(ownership_run(&ownership, &error), 0);
		assert_int_equal(world.drive_writes, cases[i].writes);
		assert_owned(&world, kinds[4]);
	}
}

/* After the ROM was written nothing is sealed in the same start: it would not open in the next one. */
static void test_nothing_is_sealed_for_a_rom_that_goes(void **state)
{
	struct world world = fresh();
	struct error error;

	(void)state;
	(void)snprintf(world.rom, sizeof(world.rom), "public 92; name 7");
	assert_int_equal(run(&world, kinds[0], &error), -E_ORDER);
	assert_non_null(strstr(error.sentence, "restart first"));
	restart(&world);
	assert_int_equal(run(&world, kinds[0], &error), 0);
	assert_owned(&world, kinds[0]);
}

static void test_one_passphrase_fills_all(void **state)
{
	CLEANUP(ownership_answers_clear)
	struct ownership_answers answers = answers_of("GENERATE=yes\nKEY=move\n" NAMED "HOTP=yes\n");

	(void)state;
	assert_int_equal(ownership_fill(&answers, bytes_from_string("abacus zoom abdomen abdominal"), NULL), 0);
	assert_string_equal(ownership_answers_get(&answers, ANSWER_TPM_PASSPHRASE), "abacus zoom abdomen abdominal");
	assert_string_equal(ownership_answers_get(&answers, ANSWER_KEY_PASSPHRASE), "abacus zoom abdomen abdominal");
	assert_string_equal(ownership_answers_get(&answers, ANSWER_USER_PIN), "abacus zoom");
	assert_string_equal(ownership_answers_get(&answers, ANSWER_ADMIN_PIN), "abacus zoom");
	assert_false(ownership_answers_have(&answers, ANSWER_DISK_PASSPHRASE));
	assert_false(ownership_answers_have(&answers, ANSWER_UNLOCK_PASSPHRASE));
	assert_int_equal(ownership_answers_check(&answers, "answers", NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_run_takes_all),
	    cmocka_unit_test(test_a_cut_anywhere),
	    cmocka_unit_test(test_a_call_fails_anywhere),
	    cmocka_unit_test(test_a_wrong_pin_is_sent_once),
	    cmocka_unit_test(test_the_look_changes_nothing),
	    cmocka_unit_test(test_what_is_missing_is_said_first),
	    cmocka_unit_test(test_a_backup_drive_is_never_made_twice),
	    cmocka_unit_test(test_nothing_is_sealed_for_a_rom_that_goes),
	    cmocka_unit_test(test_one_passphrase_fills_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
