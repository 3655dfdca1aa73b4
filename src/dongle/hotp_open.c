/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dongle among the kernel's HID devices and card readers. */
#include "base/cleanup.h"
#include "base/log.h"
#include "dongle/hotp_dongle.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/hidraw.h>
#include <linux/input.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>

#define DEVICES   "/dev"
#define BUSES     "/dev/bus/usb"
#define PREFIX    "hidraw"
#define COMING_MS 5
/* Number 0, then the report. */
#define FEATURE_SIZE (1 + HOTP_HID_REPORT_SIZE)

static const struct {
	uint16_t vendor, product;
} ids[HOTP_MODELS] = {
    [HOTP_LIBREM_KEY] = {0x316d, 0x4c4b},
    [HOTP_NITROKEY_PRO] = {0x20a0, 0x4108},
    [HOTP_NITROKEY_STORAGE] = {0x20a0, 0x4109},
    [HOTP_NITROKEY_3] = {0x20a0, 0x42b2},
};

static int fail(struct error *error)
{
	return ccid_usb_fail(errno, error);
}

/* Not ioctl(): the C libraries do not agree on the type of a request beyond 31 bits. */
static int request(int fd, unsigned long what, void *argument)
{
	return syscall(SYS_ioctl, fd, what, argument) < 0 ? -1 : 0;
}

static int exchange_feature(void *context, const uint8_t report[HOTP_HID_REPORT_SIZE],
                            uint8_t answer[HOTP_HID_REPORT_SIZE], bool only_receive, struct error *error)
{
	const struct hotp_dongle *dongle = context;
	uint8_t feature[FEATURE_SIZE] = {0};
	int r = 0;

	memcpy(feature + 1, report, HOTP_HID_REPORT_SIZE);
	if (!only_receive)
		r = request(dongle->fd, HIDIOCSFEATURE(FEATURE_SIZE), feature);
	memory_wipe(feature, sizeof(feature));
	if (r >= 0)
		r = request(dongle->fd, HIDIOCGFEATURE(FEATURE_SIZE), feature);
	if (r < 0)
		return fail(error);
	memcpy(answer, feature + 1, HOTP_HID_REPORT_SIZE);
	return 0;
}

static int transmit_usb(void *context, struct bytes command, struct buffer *answer, struct error *error)
{
	struct hotp_dongle *dongle = context;

	return ccid_usb_transmit(&dongle->reader, command, answer, error);
}

/* The model behind a device of feature reports; HOTP_MODELS: none of them. */
static enum hotp_model recognise(int fd)
{
	struct hidraw_devinfo info;
	unsigned model = 0;

	if (request(fd, HIDIOCGRAWINFO, &info) < 0 || info.bustype != BUS_USB)
		return HOTP_MODELS;
	while (model < HOTP_MODELS &&
	       (ids[model].vendor != (uint16_t)info.vendor || ids[model].product != (uint16_t)info.product))
		model++;
	return model == HOTP_NITROKEY_3 ? HOTP_MODELS : (enum hotp_model)model; /* its HID is FIDO's */
}

/* Counts those of feature reports; dongle has the last one. */
static int find_feature(struct hotp_dongle *dongle, unsigned *count, struct error *error)
{
	DIR *directory = opendir(DEVICES);
	const struct dirent *entry;

	if (!directory)
		return fail(error);
	while ((entry = readdir(directory))) { /* NOLINT(concurrency-mt-unsafe): a stream of our own */
		CLEANUP_CLOSE int fd = -1;
		enum hotp_model model;

		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0)
			continue;
		fd = openat(dirfd(directory), entry->d_name, O_RDWR | O_CLOEXEC | O_NOCTTY);
		model = fd < 0 ? HOTP_MODELS : recognise(fd);
		if (model == HOTP_MODELS)
			continue;
		(*count)++;
		cleanup_close(&dongle->fd);
		dongle->fd = TAKE_FD(fd);
		dongle->model = model;
	}
	(void)closedir(directory);
	return 0;
}

/* -E_NO_DEVICE where there is none now. ret_coming: one was plugged in a moment ago. */
static int find(struct hotp_dongle *dongle, bool *ret_coming, struct error *error)
{
	const uint16_t vendor = ids[HOTP_NITROKEY_3].vendor, product = ids[HOTP_NITROKEY_3].product;
	unsigned count = 0;
	int r = find_feature(dongle, &count, error), reader;

	*ret_coming = false;
	if (r < 0)
		return r;
	reader = ccid_usb_open(vendor, product, &dongle->reader, ret_coming, error);
	if (reader < 0 && reader != -E_NO_DEVICE) {
		cleanup_close(&dongle->fd);
		return reader;
	}
	if (reader == 0) {
		count++;
		dongle->model = HOTP_NITROKEY_3;
	}
	if (count == 1)
		return 0;
	hotp_dongle_close(dongle);
	if (count > 1)
		return error_set(error, E_REFUSED, "dongle", "%u dongles are plugged in: leave one", count);
	return error_set(error, E_NO_DEVICE, "dongle",
	                 "no dongle that checks HOTP codes is plugged in (Nitrokey 3, Nitrokey Pro, Nitrokey Storage, "
	                 "Librem Key)");
}

/* The devices, and the buses of the USB with theirs. */
static int watch_devices(int notices)
{
	DIR *directory = opendir(BUSES);
	const struct dirent *entry;

	if (notices < 0 || inotify_add_watch(notices, DEVICES, IN_CREATE | IN_ATTRIB) < 0)
		return -1;
	while (directory && (entry = readdir(directory))) { /* NOLINT(concurrency-mt-unsafe) */
		char path[sizeof(BUSES) + 280];

		(void)snprintf(path, sizeof(path), BUSES "/%s", entry->d_name);
		if (entry->d_name[0] != '.')
			(void)inotify_add_watch(notices, path, IN_CREATE);
	}
	if (directory)
		(void)closedir(directory);
	return 0;
}

/* Until something new appears among the devices, or the time is over: false. coming: no event tells when the kernel has
 * looked at the interfaces of a new device, so that it is looked for again soon. */
static bool await_device(int notices, bool coming, unsigned long long end)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	struct pollfd wait = {.fd = notices, .events = POLLIN};
	const unsigned long long now = log_now_ms();

	if (now >= end)
		return false;
	if (coming && poll(&wait, 1, COMING_MS) == 0)
		return true;
	if (poll(&wait, 1, (int)(end - now)) != 1)
		return false;
	return read(notices, events, sizeof(events)) > 0;
}

int hotp_dongle_open(unsigned wait_ms, struct hotp_dongle *ret_dongle, struct error *error)
{
	const unsigned long long end = log_now_ms() + wait_ms;
	CLEANUP_CLOSE int notices = -1;
	struct hotp_dongle dongle = HOTP_DONGLE_CLOSED;
	bool coming = false;
	int r;

	/* Watched before it is looked for, so that none comes in between. */
	if (wait_ms > 0) {
		notices = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
		if (watch_devices(notices) < 0)
			return fail(error);
	}
	r = find(&dongle, &coming, error);
	while (r == -E_NO_DEVICE && notices >= 0 && await_device(notices, coming, end))
		r = find(&dongle, &coming, error);
	if (r < 0)
		return r;
	*ret_dongle = dongle;
	if (dongle.model == HOTP_NITROKEY_3)
		ret_dongle->transmit = transmit_usb;
	else
		ret_dongle->exchange = exchange_feature;
	ret_dongle->context = ret_dongle;
	return 0;
}
