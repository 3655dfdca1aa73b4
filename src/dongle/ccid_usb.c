/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dongle/ccid_usb.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "format/ccid.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#define DEVICES        "/sys/bus/usb/devices"
#define CLASS          0x0b /* smart card readers */
#define PIECE_MS       5000 /* for one packet: the card says within this that it wants more time */
#define ANSWER_MS      60000
#define MAX_STALE      8 /* answers to somebody who had the reader before */
#define MAX_INTERFACES 16

/* Not ioctl(): the C libraries do not agree on the type of a request beyond 31 bits. */
static int request(int fd, unsigned long what, void *argument)
{
	return (int)syscall(SYS_ioctl, fd, what, argument);
}

/* What a transfer ends with that was under way, and what every later one does. */
int ccid_usb_fail(int number, struct error *error)
{
	static const int gone[] = {ENODEV, ENOENT, ESHUTDOWN, EPROTO, EILSEQ};

	for (size_t i = 0; i < ARRAY_SIZE(gone); i++)
		if (number == gone[i])
			return error_set_errno(
			    error, E_NO_DEVICE, "dongle", number,
			    "the dongle does not answer any more, as if it was pulled out; plug it in");
	return error_set_errno(error, E_IO, "dongle", number, "cannot talk to the dongle");
}

static int fail(struct error *error)
{
	return ccid_usb_fail(errno, error);
}

/* --- which one -----------------------------------------------------------------------------------------------------
 */

/* A number that the kernel writes below DEVICES; false where there is none. */
static bool read_number(const char *device, const char *attribute, int base, unsigned *ret_number)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	char path[512], *end;
	const char *string;

	(void)snprintf(path, sizeof(path), DEVICES "/%.200s/%.200s", device, attribute);
	if (file_read(path, 64, &text, NULL) < 0)
		return false;
	string = buffer_string(&text);
	if (!string)
		return false;
	*ret_number = (unsigned)strtoul(string, &end, base);
	return end != string;
}

/* The two bulk endpoints of an interface, "1-2:1.0". */
static bool read_endpoints(const char *interface, struct ccid_usb *reader)
{
	for (unsigned address = 1; address < 16; address++) {
		for (unsigned in = 0; in <= 0x80; in += 0x80) {
			char name[32];
			unsigned attributes;

			(void)snprintf(name, sizeof(name), "ep_%02x/bmAttributes", address | in);
			if (!read_number(interface, name, 16, &attributes) || (attributes & 3) != 2)
				continue;
			*(in ? &reader->in : &reader->out) = (uint8_t)(address | in);
			(void)snprintf(name, sizeof(name), "ep_%02x/wMaxPacketSize", address | in);
			if (in && (!read_number(interface, name, 16, &reader->packet) || reader->packet == 0 ||
			           reader->packet > 1024))
				return false;
		}
	}
	return reader->in && reader->out;
}

static bool find_interface(const char *device, struct ccid_usb *reader)
{
	for (unsigned i = 0; i < MAX_INTERFACES; i++) {
		char name[280];
		unsigned class, configuration = 1;

		(void)read_number(device, "bConfigurationValue", 10, &configuration);
		(void)snprintf(name, sizeof(name), "%.200s:%u.%u", device, configuration, i);
		if (!read_number(name, "bInterfaceClass", 16, &class) || class != CLASS)
			continue;
		reader->interface = i;
		return read_endpoints(name, reader);
	}
	return false;
}

struct found {
	unsigned count, bus, device;
	bool coming;
};

static int find(uint16_t vendor, uint16_t product, struct found *found, struct ccid_usb *reader, struct error *error)
{
	DIR *directory = opendir(DEVICES);
	const struct dirent *entry;

	if (!directory)
		return error_set_errno(error, E_NO_DEVICE, "dongle", errno, "this machine has no USB");
	while ((entry = readdir(directory))) { /* NOLINT(concurrency-mt-unsafe): a stream of our own */
		unsigned number;

		if (!read_number(entry->d_name, "idVendor", 16, &number) || number != vendor ||
		    !read_number(entry->d_name, "idProduct", 16, &number) || number != product)
			continue;
		if (!find_interface(entry->d_name, reader)) {
			found->coming = true;
			continue;
		}
		if (read_number(entry->d_name, "busnum", 10, &found->bus) &&
		    read_number(entry->d_name, "devnum", 10, &found->device))
			found->count++;
	}
	(void)closedir(directory);
	return 0;
}

/* --- messages ------------------------------------------------------------------------------------------------------
 */

static int write_message(struct ccid_usb *reader, const struct buffer *message, struct error *error)
{
	struct usbdevfs_bulktransfer transfer = {
	    .ep = reader->out, .len = (unsigned)message->size, .timeout = PIECE_MS, .data = message->data};

	if (message->failed)
		return error_set(error, E_MEMORY, "dongle", "there is not enough memory for the dongle");
	return request(reader->fd, USBDEVFS_BULK, &transfer) == (int)message->size ? 0 : fail(error);
}

/* Packet by packet, until the message is whole: an empty packet may follow one that is full. */
static int read_message(struct ccid_usb *reader, struct buffer *message, struct error *error)
{
	size_t size = CCID_HEADER_SIZE;
	unsigned empty = 0;
	int r = 0;

	while (r == 0 && message->size < size) {
		uint8_t packet[1024];
		struct usbdevfs_bulktransfer transfer = {
		    .ep = reader->in, .len = reader->packet, .timeout = PIECE_MS, .data = packet};
		const int got = request(reader->fd, USBDEVFS_BULK, &transfer);

		if (got < 0)
			return fail(error);
		if (got == 0 && ++empty > MAX_STALE)
			return error_set(error, E_MALFORMED, "dongle", "the dongle sends nothing");
		buffer_append(message, packet, (size_t)got);
		memory_wipe(packet, sizeof(packet));
		if (message->size >= CCID_HEADER_SIZE)
			r = ccid_size(buffer_bytes(message), &size, error);
	}
	return r;
}

/* Sends a message and takes its answer's data; what answers an older message is passed over. */
static int ask(struct ccid_usb *reader, enum ccid_command command, struct bytes data, struct buffer *answer,
               struct error *error)
{
	const unsigned long long end = log_now_ms() + ANSWER_MS;
	CLEANUP(buffer_clear) struct buffer message = {0};
	const uint8_t sequence = reader->sequence++;
	unsigned stale = 0;
	int r;

	ccid_encode(command, sequence, data, &message);
	r = write_message(reader, &message, error);
	while (r == 0) {
		CLEANUP(buffer_clear) struct buffer received = {0};
		struct ccid_answer got = {0};

		r = read_message(reader, &received, error);
		if (r == 0)
			r = ccid_decode(buffer_bytes(&received), &got, error);
		if (r < 0)
			return r;
		if (got.sequence != sequence && ++stale > MAX_STALE)
			return error_set(error, E_MALFORMED, "dongle", "the dongle answers something else");
		if (got.sequence == sequence && got.failed)
			return error_set(error, E_IO, "dongle", "the dongle refused a message with error 0x%02x",
			                 got.error);
		if (got.sequence == sequence && !got.wants_time) {
			buffer_append_bytes(answer, got.data);
			return answer->failed
			           ? error_set(error, E_MEMORY, "dongle", "there is not enough memory for the dongle")
			           : 0;
		}
		if (log_now_ms() > end)
			return error_set(error, E_IO, "dongle", "the dongle asked for more time for too long");
	}
	return r;
}

/* --- for all -------------------------------------------------------------------------------------------------------
 */

int ccid_usb_open(uint16_t vendor, uint16_t product, struct ccid_usb *ret_reader, bool *ret_coming, struct error *error)
{
	CLEANUP(buffer_clear) struct buffer ready = {0};
	CLEANUP(ccid_usb_close) struct ccid_usb reader = CCID_USB_CLOSED;
	struct found found = {0};
	char path[64];
	int r = find(vendor, product, &found, &reader, error);

	if (ret_coming)
		*ret_coming = r == 0 && found.coming;
	if (r < 0)
		return r;
	if (found.count == 0)
		return error_set(error, E_NO_DEVICE, "dongle", "no such dongle is plugged in");
	if (found.count > 1)
		return error_set(error, E_REFUSED, "dongle", "%u dongles are plugged in: leave one", found.count);
	(void)snprintf(path, sizeof(path), "/dev/bus/usb/%03u/%03u", found.bus, found.device);
	reader.fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (reader.fd < 0)
		return fail(error);
	if (request(reader.fd, USBDEVFS_CLAIMINTERFACE, &reader.interface) < 0) {
		if (errno == EBUSY)
			return error_set(error, E_REFUSED, "dongle",
			                 "another program has the dongle: end gpg's scdaemon (gpgconf --kill scdaemon) "
			                 "or pcscd");
		return fail(error);
	}
	r = ask(&reader, CCID_POWER_ON, BYTES_EMPTY, &ready, error);
	if (r == 0)
		*ret_reader = TAKE(reader, CCID_USB_CLOSED);
	return r;
}

int ccid_usb_transmit(struct ccid_usb *reader, struct bytes command, struct buffer *answer, struct error *error)
{
	return ask(reader, CCID_TRANSFER, command, answer, error);
}

void ccid_usb_close(struct ccid_usb *reader)
{
	if (reader->fd >= 0)
		(void)request(reader->fd, USBDEVFS_RELEASEINTERFACE, &reader->interface);
	cleanup_close(&reader->fd);
	*reader = CCID_USB_CLOSED;
}
