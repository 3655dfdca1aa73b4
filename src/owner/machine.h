/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel says of the machine's parts, for the system screen. Nothing is decided by it. */
#ifndef HEADS_OWNER_MACHINE_H
#define HEADS_OWNER_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MACHINE_SYSFS       "/sys"
#define MACHINE_MAX_BATTERY 4

struct machine_battery {
	char name[32];     /* as the kernel calls it: "BAT0" */
	char state[32];    /* "Discharging", "Full", ...; empty where it is not said */
	unsigned capacity; /* percent */
};

/* The batteries below this mount of sysfs, in the order of their names; those that tell no charge are left out.
 * Returns how many; room for MACHINE_MAX_BATTERY. */
size_t machine_batteries(const char *sysfs, struct machine_battery *batteries);

struct machine_disk {
	char model[64]; /* as the device tells it, safe for a terminal; empty where it tells none */
	uint64_t bytes;
	bool removable;
};
/* A disk by its name ("sda"). False where there is none. */
bool machine_disk(const char *sysfs, const char *name, struct machine_disk *ret_disk);

#endif
