/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dongle/hotp_dongle.h"

#include "base/cleanup.h"
#include "dongle/hotp_private.h"

static const char *const names[HOTP_MODELS] = {
    [HOTP_LIBREM_KEY] = "Librem Key",
    [HOTP_NITROKEY_PRO] = "Nitrokey Pro",
    [HOTP_NITROKEY_STORAGE] = "Nitrokey Storage",
    [HOTP_NITROKEY_3] = "Nitrokey 3",
};

const char *hotp_model_name(enum hotp_model model)
{
	return names[model];
}

const char *hotp_pin_name(enum hotp_model model)
{
	return model == HOTP_NITROKEY_3 ? "secrets PIN" : "admin PIN";
}

int hotp_check_tries(const struct hotp_identity *identity, struct error *error)
{
	const bool secrets = identity->model == HOTP_NITROKEY_3;
	const char *name = names[identity->model], *pin = hotp_pin_name(identity->model);

	if (!identity->has_pin || identity->admin_tries > 1)
		return 0;
	if (identity->admin_tries == 0)
		return error_set(error, E_LOCKED_OUT, "dongle", "the %s of the %s is locked: only a reset %s opens it",
		                 pin, name,
		                 secrets ? "of its secrets (nitropy nk3 secrets reset), which loses them,"
		                         : "to the factory, which loses its keys,");
	return error_set(
	    error, E_LOCKED_OUT, "dongle",
	    "the %s has one try of the %s left, and Heads never spends the last one: give it the right PIN "
	    "with %s on a workstation, which restores the others",
	    name, pin, secrets ? "nitropy" : "gpg");
}

static const struct hotp_driver *driver(const struct hotp_dongle *dongle)
{
	return dongle->transmit ? &hotp_secrets_driver : &hotp_feature_driver;
}

int hotp_dongle_identify(struct hotp_dongle *dongle, struct hotp_identity *ret_identity, struct error *error)
{
	return driver(dongle)->identify(dongle, ret_identity, error);
}

int hotp_dongle_log_in(struct hotp_dongle *dongle, struct bytes pin, struct error *error)
{
	return driver(dongle)->log_in(dongle, pin, error);
}

int hotp_dongle_program(struct hotp_dongle *dongle, struct bytes secret, struct error *error)
{
	return driver(dongle)->program(dongle, secret, error);
}

int hotp_dongle_verify(struct hotp_dongle *dongle, uint32_t code, bool *ret_right, struct error *error)
{
	return driver(dongle)->verify(dongle, code, ret_right, error);
}

void hotp_dongle_close(struct hotp_dongle *dongle)
{
	secret_clear(&dongle->password);
	cleanup_close(&dongle->fd);
	ccid_usb_close(&dongle->reader);
	*dongle = HOTP_DONGLE_CLOSED;
}
