/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The secrets of the TPM around a change of the flash, with an image that the PCRs were made from: against swtpm. */
#include "attest/totp.h"
#include "base/cleanup.h"
#include "disk/unlock.h"
#include "integration/swtpm.h"
#include "owner/approval.h"
#include "unit/cmocka_all.h"
#include "unit/small_rom.h"
#include <string.h>

static struct swtpm swtpm;
static const char owner_text[] = "the owner's passphrase";
static const char key_text[] = "twenty bytes of key.";

static struct bytes text(const char *string)
{
	return bytes_from_string(string);
}

static int setup(void **state)
{
	(void)state;
	digest_library_start();
	swtpm_start(&swtpm);
	return swtpm_tool(&swtpm, NULL, "tpm2_changeauth -c owner \"%s\"", owner_text);
}

static int setup_unowned(void **state)
{
	(void)state;
	digest_library_start();
	swtpm_start(&swtpm);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	swtpm_stop(&swtpm);
	return 0;
}

static void image_with(struct image *image, const char *payload, const char *settings)
{
	image_start(image);
	image_add(image, "fallback/romstage", 0x11, "the romstage");
	image_add(image, "fallback/ramstage", 0x11, "the ramstage");
	image_add(image, "fallback/payload", 0x20, payload);
	image_add(image, "heads/config.user", 0x50, settings);
	image_add(image, "bootblock", 0x01, "the bootblock");
}

/* A start with this payload and these settings, as coreboot and PID 1 measure them. */
static struct tpm *start(const char *payload, const char *settings)
{
	struct tpm *tpm;
	struct image image;

	swtpm_power_cycle(&swtpm);
	tpm = swtpm_open(&swtpm);
	image_with(&image, payload, settings);
	extend_bytes(tpm, 2, bytes_make(image.bytes, REGION_START));
	extend_bytes(tpm, 2, text("the bootblock"));
	extend_bytes(tpm, 2, text("the romstage"));
	extend_bytes(tpm, 2, text("the ramstage"));
	extend_bytes(tpm, 2, text(payload));
	extend_bytes(tpm, 7, text("heads/config.user"));
	extend_bytes(tpm, 7, text(settings));
	return tpm;
}

/* The TOTP key for the PCRs as they are; the disk's for PCR 6 as the disks will be measured. */
static void make_secrets(struct tpm *tpm, const char *owner)
{
	struct tpm_pcrs pcrs;

	assert_int_equal(tpm_pcr_read(tpm, HASH_SHA256, TOTP_PCR_MASK, &pcrs, NULL), 0);
	assert_int_equal(tpm_hmac_make(tpm, TPM_SLOT_TOTP, text(key_text), &pcrs, text(owner), NULL), 0);
	assert_int_equal(tpm_pcr_read(tpm, HASH_SHA256, UNLOCK_PCR_MASK, &pcrs, NULL), 0);
	pcrs.values[6] = digest_of(HASH_SHA256, text("zero, extended with the facts of the disks"));
	pcrs.values[6] = digest_of_parts(
	    HASH_SHA256, (const struct bytes[]){bytes_make((const uint8_t[32]){0}, 32), digest_bytes(&pcrs.values[6])},
	    2);
	assert_int_equal(tpm_seal(tpm, TPM_SLOT_DISK, text("the disk's"), &pcrs, BYTES_EMPTY, text(owner), NULL), 0);
	assert_int_equal(tpm_seal(tpm, TPM_SLOT_DISK_2, text("another"), &pcrs, BYTES_EMPTY, text(owner), NULL), 0);
}

static void check_opens(struct tpm *tpm, int wanted)
{
	CLEANUP(secret_clear) struct secret secret = {0};
	struct digest mac;

	assert_int_equal(tpm_hmac(tpm, TPM_SLOT_TOTP, text("message"), &mac, NULL), wanted);
	extend_bytes(tpm, 6, text("zero, extended with the facts of the disks"));
	assert_int_equal(tpm_unseal(tpm, TPM_SLOT_DISK, BYTES_EMPTY, &secret, NULL), wanted);
	secret_clear(&secret);
	assert_int_equal(tpm_unseal(tpm, TPM_SLOT_DISK_2, BYTES_EMPTY, &secret, NULL), wanted);
}

static int change(void *context, struct flash *copy, struct error *error)
{
	const struct image *next = context;

	return flash_write(copy, 0, bytes_make(next->bytes, IMAGE_SIZE), NULL, NULL, error);
}

static int foresee(struct tpm *tpm, struct approval *approval, const struct image *now, struct image *next,
                   struct tpm_pcrs *sets)
{
	const struct rom_image chip = rom(now);

	assert_int_equal(approval_look(tpm, approval, NULL), 0);
	return approval_foresee(tpm, approval, &chip, change, next, sets, NULL);
}

/* Two changes before the restart: the second starts from a flash that does not run, and is foreseen all the same. */
static void test_secrets_go_on(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = start("old payload", "CONFIG_X=y\n");
	struct image now, next, later;
	struct tpm_pcrs sets[TPM_APPROVE_MAX];
	struct approval approval;
	char list[160];

	(void)state;
	make_secrets(tpm, owner_text);
	image_with(&now, "old payload", "CONFIG_X=y\n");
	image_with(&next, "new payload", "CONFIG_X=y\n");
	image_with(&later, "new payload", "CONFIG_X=n\n");
	assert_int_equal(foresee(tpm, &approval, &now, &next, sets), 0);
	assert_int_equal(approval.states[APPROVAL_HOTP], APPROVAL_NONE);
	assert_true(approval_list(&approval, APPROVAL_CAN, list, sizeof(list)));
	assert_string_equal(list, "the TOTP secret, the disk unlock key and disk unlock key 2");
	assert_int_equal(approval_give(tpm, &approval, sets, 2, text("a thief"), NULL), -E_WRONG_AUTH);
	assert_int_equal(approval_give(tpm, &approval, sets, 2, text(owner_text), NULL), 0);
	assert_true(approval_list(&approval, APPROVAL_DONE, list, sizeof(list)));
	assert_int_equal(foresee(tpm, &approval, &next, &later, sets), 0);
	assert_int_equal(approval_give(tpm, &approval, sets, 2, text(owner_text), NULL), 0);
	tpm_close(&tpm);
	tpm = start("old payload", "CONFIG_X=y\n");
	check_opens(tpm, 0);
	tpm_close(&tpm);
	tpm = start("new payload", "CONFIG_X=y\n");
	check_opens(tpm, -E_WRONG_PCR);
	tpm_close(&tpm);
	tpm = start("new payload", "CONFIG_X=n\n");
	assert_int_equal(tpm_approval_drop(tpm, NULL), 0);
	check_opens(tpm, 0);
	tpm_close(&tpm);
	tpm = start("old payload", "CONFIG_X=y\n");
	check_opens(tpm, -E_WRONG_PCR);
}

/* What came out otherwise: the owner vouches for it, all secrets at once, and for nothing else. */
static void test_a_wrong_forecast_is_mended(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = start("old payload", "CONFIG_X=y\n");
	struct image now, next;
	struct tpm_pcrs sets[TPM_APPROVE_MAX];
	struct approval approval;

	(void)state;
	make_secrets(tpm, owner_text);
	image_with(&now, "another payload", "CONFIG_X=y\n");
	image_with(&next, "new payload", "CONFIG_X=y\n");
	assert_int_equal(foresee(tpm, &approval, &now, &next, sets), -E_WRONG_PCR);
	tpm_close(&tpm);
	tpm = start("new payload", "CONFIG_X=y\n");
	assert_int_equal(approval_look(tpm, &approval, NULL), 0);
	assert_int_equal(approval_of_now(tpm, &sets[0], NULL), 0);
	assert_int_equal(approval_give(tpm, &approval, sets, 1, text(owner_text), NULL), 0);
	check_opens(tpm, 0);
	tpm_close(&tpm);
	tpm = start("old payload", "CONFIG_X=y\n");
	check_opens(tpm, -E_WRONG_PCR);
}

static void test_A5_nothing_is_foreseen_after_pcr_4_was_extended(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = start("old payload", "CONFIG_X=y\n");
	struct image now, next;
	struct tpm_pcrs sets[TPM_APPROVE_MAX];
	struct approval approval;

	(void)state;
	make_secrets(tpm, owner_text);
	image_with(&now, "old payload", "CONFIG_X=y\n");
	image_with(&next, "new payload", "CONFIG_X=y\n");
	assert_int_equal(foresee(tpm, &approval, &now, &next, sets), 0);
	extend_bytes(tpm, 4, text("recovery"));
	assert_int_equal(approval_give(tpm, &approval, sets, 2, text(owner_text), NULL), -E_WRONG_PCR);
	assert_int_equal(approval_of_now(tpm, &sets[0], NULL), -E_WRONG_PCR);
	assert_int_equal(foresee(tpm, &approval, &now, &next, sets), -E_WRONG_PCR);
	tpm_close(&tpm);
	tpm = start("new payload", "CONFIG_X=y\n");
	check_opens(tpm, -E_WRONG_PCR);
}

static void test_without_an_owner_passphrase(void **state)
{
	CLEANUP(tpm_close) struct tpm *tpm = start("old payload", "CONFIG_X=y\n");
	struct approval approval;
	char list[160];

	(void)state;
	make_secrets(tpm, "");
	assert_int_equal(approval_look(tpm, &approval, NULL), 0);
	assert_false(approval_list(&approval, APPROVAL_CAN, list, sizeof(list)));
	assert_true(approval_list(&approval, APPROVAL_CANNOT, list, sizeof(list)));
	assert_string_equal(list, "the TOTP secret, the disk unlock key and disk unlock key 2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_secrets_go_on, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_wrong_forecast_is_mended, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_A5_nothing_is_foreseen_after_pcr_4_was_extended, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_without_an_owner_passphrase, setup_unowned, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
