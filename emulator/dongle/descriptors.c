/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "descriptors.h"
#include "base/cleanup.h"
#include <string.h>

static const struct model models[CARD_MODELS] = {
    [MODEL_LIBREM_KEY] = {"librem-key", 0x316d, 0x4c4b, "Purism, SPC", "Librem Key (emulated)", true, 2},
    [MODEL_NITROKEY_PRO] = {"nitrokey-pro", 0x20a0, 0x4108, "Nitrokey", "Nitrokey Pro (emulated)", true, 2},
    [MODEL_NITROKEY_STORAGE] = {"nitrokey-storage", 0x20a0, 0x4109, "Nitrokey", "Nitrokey Storage (emulated)", true, 2},
    [MODEL_NITROKEY_3] = {"nitrokey-3", 0x20a0, 0x42b2, "Nitrokey", "Nitrokey 3 (emulated)", false, 1},
};

/* One feature report of 64 bytes, of a vendor's own kind. */
static const uint8_t hid_report[] = {0x06, 0xd0, 0xf1, 0x09, 0x01, 0xa1, 0x01, 0x15, 0x00, 0x26, 0xff,
                                     0x00, 0x75, 0x08, 0x95, 0x40, 0x09, 0x02, 0xb1, 0x02, 0xc0};
static const uint8_t hid_interface[] = {
    9,
    4,
    0,
    0,
    1,
    3,
    0,
    0,
    0, /* interface 0: HID */
    9,
    0x21,
    0x11,
    0x01,
    0,
    1,
    DESCRIPTOR_REPORT,
    sizeof(hid_report),
    0, /* HID 1.11 */
    7,
    5,
    0x81,
    3,
    8,
    0,
    10, /* interrupt endpoint */
};
/* Revision 1.1; 5 V and 3 V; T=1; 4 MHz; 9600 to 115200 bit/s; IFSD 254; everything automatic, extended APDUs; messages
 * of up to 3072 bytes. */
static const uint8_t ccid_class[54] = {54,   0x21, 0x10, 0x01, 0, 3,    2,    0,    0, 0,    0xa0, 0x0f, 0,    0,
                                       0xa0, 0x0f, 0,    0,    0, 0x80, 0x25, 0,    0, 0x00, 0xc2, 0x01, 0,    0,
                                       254,  0,    0,    0,    0, 0,    0,    0,    0, 0,    0,    0,    0xfe, 0x00,
                                       0x04, 0x00, 0x00, 0x0c, 0, 0,    0xff, 0xff, 0, 0,    0,    1};

const struct model *model_of(enum card_model model)
{
	return &models[model];
}

enum card_model model_find(const char *name)
{
	unsigned int i = 0;

	while (i < CARD_MODELS && strcmp(models[i].name, name) != 0)
		i++;
	return (enum card_model)i;
}

static void append_u16le(struct buffer *buffer, uint16_t value)
{
	buffer_append_byte(buffer, (uint8_t)value);
	buffer_append_byte(buffer, (uint8_t)(value >> 8));
}

static void append_device(const struct model *model, struct buffer *buffer)
{
	buffer_append(buffer, "\x12\x01\0\x02\0\0\0\x40", 8); /* USB 2.0, 64 bytes on endpoint 0 */
	append_u16le(buffer, model->vendor);
	append_u16le(buffer, model->product);
	buffer_append(buffer, "\0\x01\x01\x02\x03\x01", 6); /* version 1.0, strings 1 to 3, one configuration */
}

static void append_configuration(const struct model *model, struct buffer *buffer)
{
	const uint8_t number = model->has_hid ? 1 : 0, out = model->bulk_endpoint;
	const uint8_t interface[] = {9, 4, number, 0, 2, 0x0b, 0, 0, 0};
	const uint8_t endpoints[] = {7, 5, out, 2, 64, 0, 0, 7, 5, (uint8_t)(out | 0x80), 2, 64, 0, 0};
	CLEANUP(buffer_clear) struct buffer rest = {0};

	if (model->has_hid)
		buffer_append(&rest, hid_interface, sizeof(hid_interface));
	buffer_append(&rest, interface, sizeof(interface));
	buffer_append(&rest, ccid_class, sizeof(ccid_class));
	buffer_append(&rest, endpoints, sizeof(endpoints));
	buffer_append(buffer, "\x09\x02", 2);
	append_u16le(buffer, (uint16_t)(9 + rest.size));
	buffer_append_byte(buffer, (uint8_t)(number + 1));
	buffer_append(buffer, "\x01\0\xa0\x32", 4);
	buffer_append_bytes(buffer, buffer_bytes(&rest));
}

static bool append_text(const struct model *model, uint8_t index, uint32_t serial, struct buffer *buffer)
{
	char number[16];
	const char *texts[] = {model->manufacturer, model->title, number};

	(void)snprintf(number, sizeof(number), "%08X", serial);
	if (index == 0) {
		buffer_append(buffer, "\x04\x03\x09\x04", 4); /* English */
		return true;
	}
	if (index > ARRAY_SIZE(texts))
		return false;
	buffer_append_byte(buffer, (uint8_t)(2 + 2 * strlen(texts[index - 1])));
	buffer_append_byte(buffer, DESCRIPTOR_STRING);
	for (const char *text = texts[index - 1]; *text; text++)
		append_u16le(buffer, (uint8_t)*text);
	return true;
}

bool descriptor_append(const struct model *model, uint8_t type, uint8_t index, uint32_t serial, struct buffer *buffer)
{
	switch (type) {
	case DESCRIPTOR_DEVICE:
		append_device(model, buffer);
		return true;
	case DESCRIPTOR_CONFIGURATION:
		append_configuration(model, buffer);
		return true;
	case DESCRIPTOR_STRING:
		return append_text(model, index, serial, buffer);
	case DESCRIPTOR_REPORT:
		buffer_append(buffer, hid_report, sizeof(hid_report));
		return model->has_hid;
	default:
		return false;
	}
}
