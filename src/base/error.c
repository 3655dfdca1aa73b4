/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/error.h"
#include "base/text.h"
#include <stdio.h>
#include <string.h>

#undef error_set
#undef error_set_errno

static const struct {
	const char *name;
	int exit_status;
} codes[E_LAST] = {
    [E_NONE] = {"none", 0},
    [E_USAGE] = {"usage", 2},
    [E_MALFORMED] = {"malformed", 2},
    [E_TOO_LARGE] = {"too-large", 2},
    [E_UNSUPPORTED] = {"unsupported", 2},
    [E_REFUSED] = {"refused", 1},
    [E_NOT_FOUND] = {"not-found", 2},
    [E_NOT_REGULAR] = {"not-regular", 2},
    [E_EXISTS] = {"exists", 1},
    [E_ORDER] = {"order", 1},
    [E_WRONG_PCR] = {"wrong-pcr", 1},
    [E_WRONG_AUTH] = {"wrong-passphrase", 1},
    [E_LOCKED_OUT] = {"locked-out", 1},
    [E_NO_SECRET] = {"no-secret", 1},
    [E_FOREIGN_TPM] = {"foreign-tpm", 1},
    [E_CLOCK] = {"clock", 1},
    [E_IO] = {"io", 3},
    [E_MEMORY] = {"memory", 3},
    [E_NO_DEVICE] = {"no-device", 3},
    [E_TPM] = {"tpm", 3},
    [E_TPM_FORGED] = {"tpm-forged", 3},
    [E_PROCESS] = {"process", 3},
    [E_SYSTEM] = {"system", 3},
};

__attribute__((format(printf, 5, 0))) static void set_text(struct error *error, enum error_code code,
                                                           const char *object, const char *suffix, const char *format,
                                                           va_list arguments)
{
	char raw[sizeof(error->sentence)];

	(void)vsnprintf(raw, sizeof(raw), format, arguments);
	if (suffix) {
		size_t used = strlen(raw);

		(void)snprintf(raw + used, sizeof(raw) - used, ": %s", suffix);
	}
	error->code = code;
	text_escape_into(bytes_from_string(object ? object : ""), error->object, sizeof(error->object));
	text_escape_into(bytes_from_string(raw), error->sentence, sizeof(error->sentence));
}

int error_set(struct error *error, enum error_code code, const char *object, const char *format, ...)
{
	va_list arguments;

	if (error) {
		va_start(arguments, format);
		set_text(error, code, object, NULL, format, arguments);
		va_end(arguments);
	}
	return -(int)code;
}

int error_set_errno(struct error *error, enum error_code code, const char *object, int errno_value, const char *format,
                    ...)
{
	va_list arguments;

	if (error) {
		va_start(arguments, format);
		set_text(error, code, object, strerror(errno_value), format, arguments);
		va_end(arguments);
	}
	return -(int)code;
}

const char *error_name(enum error_code code)
{
	return code >= 0 && code < E_LAST ? codes[code].name : "unknown";
}

int error_exit_status(enum error_code code)
{
	return code >= 0 && code < E_LAST ? codes[code].exit_status : 3;
}
