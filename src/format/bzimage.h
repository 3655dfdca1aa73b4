/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The header of an x86 Linux kernel image, as kexec_file_load will want it
 * (Linux, Documentation/arch/x86/boot.rst and arch/x86/kernel/kexec-bzimage64.c). */
#ifndef HEADS_FORMAT_BZIMAGE_H
#define HEADS_FORMAT_BZIMAGE_H

#include "base/bytes.h"
#include "base/error.h"

struct bzimage {
	uint16_t protocol;      /* 0x020f is 2.15 */
	size_t setup_size;      /* bytes of real-mode code in front, boot sector included */
	size_t kernel_size;     /* bytes of protected-mode code behind it */
	uint32_t cmdline_limit; /* characters without the NUL that this kernel takes */
	uint32_t memory_needed; /* init_size */
	char version[128];      /* "6.1.0-25-amd64 (...)", as it stands in the image: escape it before showing; or "" */
};

/* Checks that image is a whole 64-bit, relocatable bzImage and fills *ret_bzimage. name is for the sentence.
 * The content is not verified here: that is what the signature is for. What this gives is a sentence in the place of
 * the bare ENOEXEC of the system call.
 * Errors: -E_MALFORMED (no kernel image, truncated), -E_UNSUPPORTED (too old, 32-bit, not relocatable). */
int bzimage_check(struct bytes image, const char *name, struct bzimage *ret_bzimage, struct error *error);

#endif
