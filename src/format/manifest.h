/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manifest of /boot, `kexec_hashes.txt`: what `sha256sum` prints (docs/formats.md). Pure and bounded. */
#ifndef HEADS_FORMAT_MANIFEST_H
#define HEADS_FORMAT_MANIFEST_H

#include "base/bytes.h"
#include "base/error.h"

#define MANIFEST_DIGEST_SIZE 32
#define MANIFEST_MAX_SIZE    ((size_t)64 << 20) /* bytes of the text */
#define MANIFEST_MAX_FILES   200000
#define MANIFEST_MAX_PATH    4095 /* bytes of a path below the root */

struct manifest_file {
	char *path; /* below the root, without "./": "grub/grub.cfg"; raw bytes, to be escaped before it is shown */
	uint8_t digest[MANIFEST_DIGEST_SIZE];
};

/* Sorted by path, in the order of strcmp. */
struct manifest {
	struct manifest_file *files;
	size_t count;
};

/* Reads the output of `sha256sum` over paths that begin with "./": 64 hexadecimal digits, a space, a space or '*', the
 * path; a line that begins with a backslash holds a path in which \\, \n and \r stand for a backslash, a newline and a
 * carriage return. Refused: any other line, a path that is not plain ("..", "//", a trailing slash), that begins with
 * "./kexec" or that comes twice, and more than the limits above.
 *
 * ret_manifest  is filled on success; release with manifest_clear().
 * Errors        -E_MALFORMED (with the number of the line), -E_TOO_LARGE, -E_MEMORY. */
int manifest_parse(struct bytes text, struct manifest *ret_manifest, struct error *error);
/* As manifest_parse for the list of a root filesystem's files, `kexec_root_hashes.txt`: paths without "./", of which
 * none has "kexec" in its last part, and as many as fit. */
int manifest_parse_root(struct bytes text, struct manifest *ret_manifest, struct error *error);
/* Whether the original leaves a file of this path out of kexec_root_hashes.txt: "kexec" is in its last part. */
bool manifest_root_leaves_out(const char *path);
/* Frees all; fits CLEANUP(). */
void manifest_clear(struct manifest *manifest);
/* The file of this path, or NULL. */
const struct manifest_file *manifest_find(const struct manifest *manifest, const char *path);
/* Appends the line `sha256sum` would print for name: "HEX  NAME\n", with its escapes. */
void manifest_append_line(struct buffer *buffer, const uint8_t digest[MANIFEST_DIGEST_SIZE], const char *name);

/* A path below the root in its one form: not empty, at most MANIFEST_MAX_PATH bytes, no "." or ".." part, no empty
 * part, no slash at either end. */
bool manifest_path_is_plain(struct bytes path);

#endif
