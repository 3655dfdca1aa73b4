/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The owner's key in a run, through GnuPG's own programs and on the virtual dongle: made in each way, cut off, gone on
 * with. The stick is a directory; TPM, ROM and /boot are not asked. */
#include "base/cleanup.h"
#include "base/file.h"
#include "owner/ownership_machine.h"
#include "owner/ownership_steps.h"
#include "unit/cmocka_all.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMED "TPM_PASSPHRASE=owner phrase\nKEY_NAME=The owner\nKEY_EMAIL=o@example.org\n"
#define PINS  "USER_PIN=abacus zoom\nADMIN_PIN=abdomen zoom\n"

static char directory[64], medium[80], scdaemon[512];
static struct openpgp_options options;
static struct error error;

static int setup(void **state)
{
	char *library = realpath("build/tests/dongle/pcsc.so", NULL);

	(void)state;
	digest_library_start();
	assert_non_null(library);
	(void)snprintf(directory, sizeof(directory), "/tmp/heads-owner-XXXXXX");
	assert_non_null(mkdtemp(directory));
	(void)snprintf(scdaemon, sizeof(scdaemon), "disable-ccid\npcsc-driver %s\n", library);
	free(library);
	options = (struct openpgp_options){directory, scdaemon};
	return 0;
}

static int teardown(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command); /* NOLINT(cert-env33-c,concurrency-mt-unsafe) */
}

/* --- the world: the machine's, with a directory for the stick and a ROM that holds nothing -------------------------
 */

static int medium_read(void *context, const char *name, struct buffer *content, struct error *e)
{
	char path[160];

	(void)context;
	(void)snprintf(path, sizeof(path), "%s/%s", medium, name);
	return file_read(path, OPENPGP_MAX_EXPORT, content, e);
}

static int medium_write(void *context, const char *name, struct bytes content, struct error *e)
{
	CLEANUP_CLOSE int fd = open(medium, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)context;
	assert_int_not_equal(faccessat(fd, name, F_OK, 0), 0); /* nothing is ever replaced */
	return file_replace(fd, name, content, 0600, e);
}

/* The drive: a file with its passphrase, and one with the secret key. */
static int drive_read(void *context, struct bytes passphrase, struct buffer *secret, struct error *e)
{
	CLEANUP(buffer_clear) struct buffer phrase = {0};
	int r = medium_read(context, "drive.phrase", &phrase, e);

	if (r == 0 && !bytes_equal(buffer_bytes(&phrase), passphrase))
		return error_set(e, E_REFUSED, "drive", "another passphrase");
	return r < 0 ? r : medium_read(context, "secret.asc", secret, e);
}

static int drive_write(void *context, struct bytes passphrase, const struct ownership_key *key, struct bytes revocation,
                       struct error *e)
{
	int r = medium_write(context, "secret.asc", buffer_bytes(&key->secret), e);

	assert_true(revocation.size > 0);
	if (r == 0)
		r = medium_write(context, "owner.asc", buffer_bytes(&key->public), e);
	return r < 0 ? r : medium_write(context, "drive.phrase", passphrase, e);
}

static int rom_key(void *context, struct buffer *public, struct error *e)
{
	(void)context;
	(void)public;
	return error_set(e, E_NOT_FOUND, "ROM", "none");
}

struct rig {
	struct ownership_answers answers;
	struct ownership_machine machine;
	struct ownership_world world;
	struct ownership ownership;
};

/* A stick with nothing on it, named anew for each test. */
static void new_medium(const char *name)
{
	(void)snprintf(medium, sizeof(medium), "%s/%s", directory, name);
	assert_int_equal(mkdir(medium, 0700), 0);
}

static void rig_open(struct rig *rig, const char *text)
{
	memset(rig, 0, sizeof(*rig));
	if (ownership_answers_parse(bytes_from_string(text), "answers", &rig->answers, &error) < 0 ||
	    ownership_answers_check(&rig->answers, "answers", &error) < 0)
		fail_msg("%s", error.sentence);
	rig->machine.gnupg = &options;
	rig->machine.medium = "";
	ownership_machine_world(&rig->machine, &rig->world);
	rig->world.medium_read = medium_read;
	rig->world.medium_write = medium_write;
	rig->world.drive_read = drive_read;
	rig->world.drive_write = drive_write;
	rig->world.rom_key = rom_key;
	rig->ownership = (struct ownership){.world = &rig->world, .answers = &rig->answers};
	if (ownership_key_is_on_card(&rig->answers) && rig->world.card_look(&rig->machine, &error) < 0)
		fail_msg("%s", error.sentence);
}

static void rig_clear(struct rig *rig)
{
	ownership_clear(&rig->ownership);
	ownership_machine_clear(&rig->machine);
	ownership_answers_clear(&rig->answers);
}

static int is_done(struct rig *rig)
{
	int r = ownership_key_is_done(&rig->ownership, &error);

	if (r < 0)
		fail_msg("%s", error.sentence);
	return r;
}

/* Made where it was not; and a run that begins anew finds it, with the same fingerprint. */
static void make_and_find(const char *text)
{
	CLEANUP(rig_clear) struct rig rig, again;

	rig_open(&rig, text);
	assert_int_equal(is_done(&rig), 0);
	if (ownership_key_make(&rig.ownership, &error) < 0)
		fail_msg("%s", error.sentence);
	assert_int_equal(is_done(&rig), 1);
	rig_open(&again, text);
	assert_int_equal(is_done(&again), 1);
	assert_string_equal(again.ownership.key.fingerprint, rig.ownership.key.fingerprint);
	assert_int_equal(strlen(again.ownership.key.fingerprint), 40);
}

static bool is_there(const char *name)
{
	char path[160];

	(void)snprintf(path, sizeof(path), "%s/%s", medium, name);
	return access(path, F_OK) == 0;
}

static void tries(unsigned pin, unsigned admin)
{
	CLEANUP(openpgp_close) struct openpgp *session = NULL;
	struct openpgp_card card;

	assert_int_equal(openpgp_open(&options, &session, &error), 0);
	assert_int_equal(openpgp_card_status(session, &card, &error), 0);
	assert_int_equal(card.tries_pin, pin);
	assert_int_equal(card.tries_admin, admin);
}

static void test_in_memory(void **state)
{
	static const char text[] = NAMED "KEY=memory\nKEY_PASSPHRASE=of the key\n";
	CLEANUP(rig_clear) struct rig other;

	(void)state;
	new_medium("memory");
	make_and_find(text);
	assert_true(is_there("heads-owner-key.asc") && is_there("heads-owner-public.asc") &&
	            is_there("heads-owner-revocation.asc"));
	/* With another passphrase it is another owner's: it stays, and a second one is made beside it. */
	rig_open(&other, NAMED "KEY=memory\nKEY_PASSPHRASE=of another key\n");
	assert_int_equal(is_done(&other), 0);
	assert_int_equal(ownership_key_make(&other.ownership, &error), 0);
	assert_true(is_there("heads-owner-key-2.asc"));
	rig_clear(&other);
	rig_open(&other, text);
	assert_int_equal(is_done(&other), 1);
}

static void test_on_the_dongle(void **state)
{
	(void)state;
	new_medium("card");
	make_and_find(NAMED PINS "KEY=card\nKEY_ALGORITHM=nistp256\n");
	assert_true(is_there("heads-owner-public.asc") && !is_there("heads-owner-key.asc"));
	tries(3, 3);
}

/* Another PIN means another owner: one try is spent on that answer, and the dongle is set back. */
static void test_a_dongle_of_somebody_else(void **state)
{
	static const char text[] = NAMED "USER_PIN=24681357\nADMIN_PIN=1357924680\nKEY=card\n";
	CLEANUP(rig_clear) struct rig rig;

	(void)state;
	rig_open(&rig, text);
	for (int i = 0; i < 3; i++)
		assert_int_equal(is_done(&rig), 0);
	tries(2, 3);
	assert_int_equal(ownership_key_make(&rig.ownership, &error), 0);
	tries(3, 3);
	assert_true(is_there("heads-owner-public-2.asc"));
	rig_clear(&rig);
	rig_open(&rig, text);
	assert_int_equal(is_done(&rig), 1);
	tries(3, 3);
}

/* --- pulled out --------------------------------------------------------------------------------------------------- */

static void fault_path(char path[96])
{
	(void)snprintf(path, 96, "%s/dongle.fault", directory);
}

static void set_fault(const char *fault)
{
	CLEANUP_CLOSE int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(file_replace(fd, "dongle.fault", bytes_from_string(fault), 0600, &error), 0);
}

/* Plugged in again. False: it was not pulled out. */
static bool plug_in(void)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	char path[96];

	fault_path(path);
	assert_int_equal(file_read(path, 64, &text, &error), 0);
	assert_int_equal(unlink(path), 0);
	return strcmp(buffer_string(&text), "unplugged") == 0;
}

/* The run stops there, with the dongle named as the reason; with it back it goes on, and no try of a PIN is gone. */
static void pull_out(struct rig *rig, const char *fault)
{
	int r;

	set_fault(fault);
	r = ownership_key_make(&rig->ownership, &error);
	if (r != -E_NO_DEVICE || !strstr(error.sentence, "dongle"))
		fail_msg("%s: %d, %s", fault, r, error.sentence);
	if (!plug_in())
		fail_msg("%s: it did not come to that", fault);
	assert_int_equal(is_done(rig), 0);
}

/* With its copy on the stick; cut off when the copy is there and the dongle is not yet set up, and pulled out when two
 * of three keys are on it: that is not all of it. */
static void test_moved_to_the_dongle(void **state)
{
	static const char text[] = NAMED PINS "KEY=move\nKEY_PASSPHRASE=of the key\n";
	static const char memory[] = NAMED "KEY=memory\nKEY_PASSPHRASE=of the key\n";
	CLEANUP(rig_clear) struct rig rig;
	char fingerprint[OPENPGP_FINGERPRINT];

	(void)state;
	new_medium("move");
	rig_open(&rig, memory);
	assert_int_equal(ownership_key_make(&rig.ownership, &error), 0);
	memcpy(fingerprint, rig.ownership.key.fingerprint, sizeof(fingerprint));
	rig_clear(&rig);
	rig_open(&rig, text);
	pull_out(&rig, "unplug-after=card-db@2");
	make_and_find(text);
	rig_clear(&rig);
	rig_open(&rig, text);
	assert_int_equal(is_done(&rig), 1);
	assert_string_equal(rig.ownership.key.fingerprint, fingerprint); /* the same one went on */
	assert_false(is_there("heads-owner-key-2.asc"));
	tries(3, 3);
}

/* Two places that leave the card as no other does (OpenPGP card 3.4, 7.2); the machine test has those that a machine is
 * needed for. */
static void test_pulled_out_while_the_key_is_made(void **state)
{
	static const char text[] = NAMED PINS "KEY=card\n";
	static const char *const faults[] = {
	    "unplug-after=card-e6@1", /* set back half way: no card is seen any more */
	    "unplug=card-da@1",       /* it has its PINs, and no algorithm */
	};
	CLEANUP(rig_clear) struct rig rig;

	(void)state;
	new_medium("pulled");
	rig_open(&rig, text);
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		pull_out(&rig, faults[i]);
	rig_clear(&rig);
	make_and_find(text);
	tries(3, 3);
	assert_false(is_there("heads-owner-public-2.asc"));
}

/* The key of the drive has no passphrase of its own: GnuPG takes it in without one, and the dongle takes it. A run with
 * another passphrase leaves it alone. */
static void test_on_the_drive(void **state)
{
	static const char text[] = NAMED PINS "KEY=move\nBACKUP=drive\nKEY_PASSPHRASE=of the drive\n";
	static const char memory[] = NAMED "KEY=memory\nBACKUP=drive\nKEY_PASSPHRASE=of the drive\n";
	CLEANUP(rig_clear) struct rig rig;
	char fingerprint[OPENPGP_FINGERPRINT];

	(void)state;
	new_medium("drive");
	make_and_find(memory);
	assert_true(is_there("secret.asc") && !is_there("heads-owner-key.asc") && !is_there("heads-owner-public.asc"));
	rig_open(&rig, memory);
	assert_int_equal(is_done(&rig), 1);
	memcpy(fingerprint, rig.ownership.key.fingerprint, sizeof(fingerprint));
	make_and_find(text);
	rig_clear(&rig);
	rig_open(&rig, text);
	assert_int_equal(is_done(&rig), 1);
	assert_string_equal(rig.ownership.key.fingerprint, fingerprint); /* the same one went on */
	tries(3, 3);
	rig_clear(&rig);
	rig_open(&rig, NAMED "KEY=memory\nBACKUP=drive\nKEY_PASSPHRASE=of another drive\n");
	assert_int_equal(ownership_key_is_done(&rig.ownership, &error), -E_REFUSED);
	assert_int_equal(ownership_key_make(&rig.ownership, &error), -E_REFUSED);
}

/* The dongle that was looked at is the one that is set back. */
static void test_another_dongle_is_not_set_back(void **state)
{
	CLEANUP(rig_clear) struct rig rig;

	(void)state;
	rig_open(&rig, NAMED PINS "KEY=card\n");
	(void)snprintf(rig.machine.card.serial, sizeof(rig.machine.card.serial), "99999999");
	(void)snprintf(rig.machine.card.application, sizeof(rig.machine.card.application), "D2760001240103040000");
	assert_int_equal(ownership_key_make(&rig.ownership, &error), -E_REFUSED);
	assert_non_null(strstr(error.sentence, "99999999"));
	tries(3, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_in_memory),
	    cmocka_unit_test(test_on_the_dongle),
	    cmocka_unit_test(test_a_dongle_of_somebody_else),
	    cmocka_unit_test(test_moved_to_the_dongle),
	    cmocka_unit_test(test_pulled_out_while_the_key_is_made),
	    cmocka_unit_test(test_on_the_drive),
	    cmocka_unit_test(test_another_dongle_is_not_set_back),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
