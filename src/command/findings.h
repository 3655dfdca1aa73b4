/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands that compare files with a list share. */
#ifndef HEADS_COMMAND_FINDINGS_H
#define HEADS_COMMAND_FINDINGS_H

#include "boot/verify.h"
#include "command/command.h"

/* Adds the lists changed, added, removed, retyped and unreadable, each of paths, to an object. */
void findings_add_json(const struct verify_result *result, struct json_object *object);
/* A path as a JSON string with a leading slash; NULL without memory. */
struct json_object *findings_path_json(const char *path);

#endif
