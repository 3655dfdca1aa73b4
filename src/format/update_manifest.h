/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manifest of an update package: what the signature covers (docs/formats.md, A17). Pure. */
#ifndef HEADS_FORMAT_UPDATE_MANIFEST_H
#define HEADS_FORMAT_UPDATE_MANIFEST_H

#include "base/digest.h"
#include "base/error.h"

#define UPDATE_MANIFEST  "manifest.txt"
#define UPDATE_SIGNATURE "manifest.sig"
#define UPDATE_ROM       "heads.rom"
#define UPDATE_BOM       "heads.spdx.json"

#define UPDATE_MANIFEST_MAX_SIZE 4096
#define UPDATE_MAX_FILES         4

struct update_file {
	char name[64];
	uint64_t size;
	struct digest sha256;
};

struct update_manifest {
	char board[64];   /* as CONFIG_BOARD */
	char version[24]; /* as written */
	uint64_t number;  /* of the version: comparable */
	struct update_file files[UPDATE_MAX_FILES];
	size_t file_count;
};

/* Three numbers of at most 65535 with dots between them ("0.10.2") as one that can be compared; false otherwise. */
bool update_version_parse(const char *text, uint64_t *ret_number);
/* Errors: -E_MALFORMED (with the line), -E_TOO_LARGE, -E_UNSUPPORTED (a later format). */
int update_manifest_parse(struct bytes text, struct update_manifest *ret_manifest, struct error *error);
/* The text of a manifest, appended. */
void update_manifest_append(const struct update_manifest *manifest, struct buffer *text);
/* NULL where the manifest lists no such file. */
const struct update_file *update_manifest_find(const struct update_manifest *manifest, const char *name);

#endif
