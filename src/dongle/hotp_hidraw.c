/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dongle among the kernel's HID devices. */
#include "base/cleanup.h"
#include "base/log.h"
#include "dongle/hotp_dongle.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/hidraw.h>
#include <linux/input.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>

#define DEVICES "/dev"
#define PREFIX  "hidraw"
/* Number 0, then the report. */
#define FEATURE_SIZE (1 + HOTP_HID_REPORT_SIZE)

static const struct {
	uint16_t vendor, product;
} ids[HOTP_MODELS] = {
    [HOTP_LIBREM_KEY] = {0x316d, 0x4c4b},
    [HOTP_NITROKEY_PRO] = {0x20a0, 0x4108},
    [HOTP_NITROKEY_STORAGE] = {0x20a0, 0x4109},
};

static int fail(struct error *error)
{
	return error_set_errno(error, E_IO, "dongle", errno, "cannot talk to the dongle");
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

/* The model behind a device; HOTP_MODELS: none of them. */
static enum hotp_model recognise(int fd)
{
	struct hidraw_devinfo info;
	unsigned model = 0;

	if (request(fd, HIDIOCGRAWINFO, &info) < 0 || info.bustype != BUS_USB)
		return HOTP_MODELS;
	while (model < HOTP_MODELS &&
	       (ids[model].vendor != (uint16_t)info.vendor || ids[model].product != (uint16_t)info.product))
		model++;
	return (enum hotp_model)model;
}

/* -E_NO_DEVICE where there is none now. */
static int find(struct hotp_dongle *dongle, struct error *error)
{
	DIR *directory = opendir(DEVICES);
	const struct dirent *entry;
	unsigned count = 0;

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
		count++;
		cleanup_close(&dongle->fd);
		dongle->fd = TAKE_FD(fd);
		dongle->model = model;
	}
	(void)closedir(directory);
	if (count == 1)
		return 0;
	cleanup_close(&dongle->fd);
	if (count > 1)
		return error_set(error, E_REFUSED, "dongle", "%u dongles are plugged in: leave one", count);
	return error_set(error, E_NO_DEVICE, "dongle",
	                 "no dongle that checks HOTP codes is plugged in (Nitrokey Pro, Nitrokey Storage, Librem Key)");
}

/* Until something new appears among the devices, or the time is over: false. */
static bool await_device(int notices, unsigned long long end)
{
	char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	struct pollfd wait = {.fd = notices, .events = POLLIN};
	const unsigned long long now = log_now_ms();

	if (now >= end || poll(&wait, 1, (int)(end - now)) != 1)
		return false;
	return read(notices, events, sizeof(events)) > 0;
}

int hotp_dongle_open(unsigned wait_ms, struct hotp_dongle *ret_dongle, struct error *error)
{
	const unsigned long long end = log_now_ms() + wait_ms;
	CLEANUP_CLOSE int notices = -1;
	struct hotp_dongle dongle = HOTP_DONGLE_CLOSED;
	int r;

	/* Watched before it is looked for, so that none comes in between. */
	if (wait_ms > 0) {
		notices = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
		if (notices < 0 || inotify_add_watch(notices, DEVICES, IN_CREATE | IN_ATTRIB) < 0)
			return fail(error);
	}
	r = find(&dongle, error);
	while (r == -E_NO_DEVICE && notices >= 0 && await_device(notices, end))
		r = find(&dongle, error);
	if (r < 0)
		return r;
	*ret_dongle = dongle;
	ret_dongle->exchange = exchange_feature;
	ret_dongle->context = ret_dongle;
	return 0;
}
