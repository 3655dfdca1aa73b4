/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A card reader on the USB, which a security dongle is, through the kernel's /dev/bus/usb. While it is open nobody else
 * has its interface: GnuPG's scdaemon, which drives the same one, must have ended (openpgp_close), and is started after
 * ccid_usb_close alone. */
#ifndef HEADS_DONGLE_CCID_USB_H
#define HEADS_DONGLE_CCID_USB_H

#include "base/bytes.h"
#include "base/error.h"

struct ccid_usb {
	int fd;
	unsigned interface;
	uint8_t in, out; /* endpoints */
	unsigned packet; /* bytes that come at once at most */
	uint8_t sequence;
};
#define CCID_USB_CLOSED ((struct ccid_usb){.fd = -1})

/* For what the kernel said of a transfer (errno): nobody answers any more, because the dongle was pulled out. Sets the
 * error: -E_NO_DEVICE, else -E_IO. */
int ccid_usb_fail(int number, struct error *error);

/* Looks for the reader of this vendor and product, claims it and switches the card on. ret_coming: it is plugged in and
 * the kernel has not yet looked at its interfaces; may be NULL.
 * Errors: -E_NO_DEVICE, -E_REFUSED (more than one; another program has it), -E_IO, -E_MALFORMED. */
int ccid_usb_open(uint16_t vendor, uint16_t product, struct ccid_usb *ret_reader, bool *ret_coming,
                  struct error *error);
/* Sends a command APDU, waits while the card wants time, and appends its answer. Errors: -E_NO_DEVICE (unplugged),
 * -E_IO (no answer), -E_MALFORMED, -E_MEMORY. */
int ccid_usb_transmit(struct ccid_usb *reader, struct bytes command, struct buffer *answer, struct error *error);
/* Gives it back; a closed one is no error. */
void ccid_usb_close(struct ccid_usb *reader);

#endif
