/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What went wrong, to which object, and what the owner can do: one sentence.
 *
 * Functions return 0 or -code and fill in a struct error that the caller owns (it may be NULL when nobody asks).
 * Only src/command, src/menu and src/init print it. */
#ifndef HEADS_BASE_ERROR_H
#define HEADS_BASE_ERROR_H

#include <stdarg.h>

enum error_code {
	E_NONE = 0,
	/* 2: usage, or input that cannot be read as what it should be */
	E_USAGE,
	E_MALFORMED,
	E_TOO_LARGE,
	E_UNSUPPORTED,
	E_NOT_FOUND,
	E_NOT_REGULAR,
	/* 1: no */
	E_REFUSED,
	E_EXISTS,
	E_ORDER,
	E_WRONG_PCR,
	E_WRONG_AUTH,
	E_LOCKED_OUT,
	E_NO_SECRET,
	E_FOREIGN_TPM,
	E_CLOCK,
	/* 3: the environment failed */
	E_IO,
	E_MEMORY,
	E_NO_DEVICE,
	E_TPM,
	E_TPM_FORGED,
	E_PROCESS,
	E_SYSTEM,
	E_LAST
};

struct error {
	enum error_code code;
	char object[256];
	char sentence[1024];
};

/* Fills *error (where not NULL) and returns -code. The object names what it happened to: a path, a handle, an option.
 * Both texts are made safe for a terminal (base/text.h) and cut where they are too long. */
int error_set(struct error *error, enum error_code code, const char *object, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* As error_set, with ": " and the text of the errno value appended to the sentence. */
int error_set_errno(struct error *error, enum error_code code, const char *object, int errno_value, const char *format,
                    ...) __attribute__((format(printf, 5, 6)));

/* The analyzer reads one file at a time and would go on after an error as if there were none. */
#ifdef __clang_analyzer__
#define error_set(error, code, ...)       (error_set(error, code, __VA_ARGS__), -(int)(code))
#define error_set_errno(error, code, ...) (error_set_errno(error, code, __VA_ARGS__), -(int)(code))
#endif

/* The stable name of a code ("wrong-pcr"), as in JSON and on the console log. */
const char *error_name(enum error_code code);

/* The exit status of the program for a code: 0, 1, 2 or 3 (DESIGN section 6). */
int error_exit_status(enum error_code code);

#endif
