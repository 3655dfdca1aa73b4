/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "owner/clock.h"
#include "base/cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/rtc.h>
#include <sys/ioctl.h>
#include <time.h>

#define CLOCK_DEVICE "/dev/rtc0"

int clock_set(int64_t seconds, struct error *error)
{
	CLEANUP_CLOSE int fd = open(CLOCK_DEVICE, O_RDONLY | O_CLOEXEC);
	const struct timespec now = {.tv_sec = (time_t)seconds};
	struct rtc_time fields = {0};
	struct tm utc;

	if (fd < 0)
		return error_set_errno(error, E_NO_DEVICE, CLOCK_DEVICE, errno,
		                       "the battery-backed clock %s cannot be opened", CLOCK_DEVICE);
	(void)gmtime_r(&now.tv_sec, &utc);
	fields.tm_sec = utc.tm_sec;
	fields.tm_min = utc.tm_min;
	fields.tm_hour = utc.tm_hour;
	fields.tm_mday = utc.tm_mday;
	fields.tm_mon = utc.tm_mon;
	fields.tm_year = utc.tm_year;
	if (ioctl(fd, RTC_SET_TIME, &fields) != 0)
		return error_set_errno(error, E_SYSTEM, CLOCK_DEVICE, errno,
		                       "the battery-backed clock %s does not take the time", CLOCK_DEVICE);
	if (clock_settime(CLOCK_REALTIME, &now) != 0)
		return error_set_errno(error, E_SYSTEM, "clock", errno, "the kernel does not take the time");
	return 0;
}
