/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "init/mounts.h"
#include "base/cleanup.h"
#include "base/file.h"
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>

static const struct {
	const char *type, *target, *options;
	unsigned long flags;
} mounts[] = {
    {"proc", "/proc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC},
    {"sysfs", "/sys", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC},
    {"devtmpfs", "/dev", "mode=0755", MS_NOSUID},
    {"devpts", "/dev/pts", "mode=0620,ptmxmode=0666", MS_NOSUID | MS_NOEXEC},
    {"tmpfs", "/run", "mode=0755", MS_NOSUID | MS_NODEV},
    {"tmpfs", "/tmp", "mode=0700", MS_NOSUID | MS_NODEV | MS_NOEXEC},
};

static const struct {
	const char *path, *value;
} switches[] = {
    {"/proc/sys/vm/panic_on_oom", "1"},     /* rather a reset than a boot with a missing process */
    {"/proc/sys/kernel/printk", "3 4 1 3"}, /* errors only: the consoles are the owner's screen */
    {"/proc/sys/kernel/dmesg_restrict", "1"},
    {"/proc/sys/kernel/kptr_restrict", "2"},
    {"/proc/sys/kernel/core_pattern", "|/bin/false"}, /* no memory image of ours anywhere */
};

void mounts_make(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		(void)mkdir(mounts[i].target, 0755);
		(void)mount(mounts[i].type, mounts[i].target, mounts[i].type, mounts[i].flags, mounts[i].options);
	}
	(void)mkdir(RUN_DIRECTORY, 0700);
	(void)mkdir("/boot", 0755);
	for (size_t i = 0; i < ARRAY_SIZE(switches); i++) {
		CLEANUP_CLOSE int fd = open(switches[i].path, O_WRONLY | O_CLOEXEC);

		if (fd >= 0)
			(void)file_write_all(fd, switches[i].path, bytes_from_string(switches[i].value), NULL);
	}
}
