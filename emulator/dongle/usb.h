/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dongle on a machine's USB, through the usb-redir protocol that QEMU speaks. */
#ifndef HEADS_DONGLE_USB_H
#define HEADS_DONGLE_USB_H

#include "card.h"

/* Serves the card on a connected socket until the other side closes it, or a fault unplugs the dongle.
 * Errors: -E_IO, -E_MEMORY. */
int usb_serve(int socket, struct card *card, struct error *error);

#endif
