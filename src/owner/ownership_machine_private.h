/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files ownership_machine*.c share: the functions of struct ownership_world. Nobody else includes it. */
#ifndef HEADS_OWNER_OWNERSHIP_MACHINE_PRIVATE_H
#define HEADS_OWNER_OWNERSHIP_MACHINE_PRIVATE_H

#include "owner/ownership_machine.h"

void ownership_machine_fill_disk(struct ownership_world *world);
void ownership_machine_fill_drive(struct ownership_world *world);
void ownership_machine_fill_key(struct ownership_world *world);
void ownership_machine_fill_boot(struct ownership_world *world);
void ownership_machine_fill_rom(struct ownership_world *world);

#endif
