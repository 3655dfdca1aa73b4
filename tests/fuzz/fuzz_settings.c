/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings: every name is CONFIG_ and plain, every value is without control bytes. */
#include "base/cleanup.h"
#include "format/settings.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(settings_clear) struct settings settings = {0};
	struct error error;

	if (settings_parse(bytes_make(data, size), "fuzz", &settings, &error) < 0)
		return 0;
	for (size_t i = 0; i < settings.count; i++) {
		const struct setting *setting = &settings.settings[i];

		if (strncmp(setting->name, "CONFIG_", 7) != 0 ||
		    settings_get(&settings, setting->name) != setting->value)
			abort();
		for (const char *c = setting->value; *c; c++)
			if ((unsigned char)*c < 0x20 && *c != '\t')
				abort();
	}
	return 0;
}
