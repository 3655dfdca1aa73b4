/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual dongle as a shared library, so that its own names do not meet those of heads. */
#ifndef HEADS_TESTS_HID_DONGLE_H
#define HEADS_TESTS_HID_DONGLE_H

#include <stddef.h>
#include <stdint.h>

/* A new one, as from the factory (admin PIN 12345678). model: "librem-key", ... */
__attribute__((visibility("default"))) void hid_dongle_make(const char *model, uint32_t serial);
/* The same one behind another serial number: its secret stays. */
__attribute__((visibility("default"))) void hid_dongle_rename(uint32_t serial);
__attribute__((visibility("default"))) void hid_dongle_run(const uint8_t report[64], uint8_t answer[64]);
/* A message to its card reader (CCID); returns the size of its answer, of at most limit bytes, 0: none. */
__attribute__((visibility("default"))) size_t hid_dongle_reader(const uint8_t *message, size_t size, uint8_t *answer,
                                                                size_t limit);

#endif
