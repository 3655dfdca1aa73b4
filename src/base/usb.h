/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says is plugged in, from sysfs. */
#ifndef HEADS_BASE_USB_H
#define HEADS_BASE_USB_H

#include <stdbool.h>

#define USB_DEVICES       "/sys/bus/usb/devices"
#define USB_CCID          "0b" /* smart card readers; codes as usb.org and bInterfaceClass write them */
#define USB_MASS_STORAGE  "08"
#define USB_MAX_INTERFACE 256 /* bytes of its name in USB_DEVICES ("1-2:1.0"), with the NUL */

/* Whether there is an interface of this class that wanted (NULL: any will do) says yes to. */
bool usb_has_interface(const char *class, bool (*wanted)(const char *interface));

#endif
