/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The HID protocol of Nitrokey Pro, Nitrokey Storage and Librem Key: feature reports of 64 bytes, command and answer.
 */
#ifndef HEADS_DONGLE_HID_H
#define HEADS_DONGLE_HID_H

#include "card.h"

#define HID_REPORT_SIZE 64

/* The devices' CRC: polynomial 04C11DB7 over little-endian words, the highest bit first. size: a multiple of 4. */
uint32_t hid_crc(const uint8_t *data, size_t size);
/* Runs the command of a report and fills in the report that answers. */
void hid_run(struct card *card, const uint8_t report[HID_REPORT_SIZE], uint8_t answer[HID_REPORT_SIZE]);

#endif
