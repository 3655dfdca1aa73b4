/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings: every name is CONFIG_ and plain; a change reads back as the same settings with this change. */
#include "base/cleanup.h"
#include "format/settings.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void change(struct bytes text, struct settings *settings, const char *name, const char *value)
{
	CLEANUP(settings_clear) struct settings after = {0};
	CLEANUP(buffer_clear) struct buffer edited = {0};

	if (settings_edit(text, "fuzz", name, value, &edited, NULL) < 0)
		return;
	if (settings_parse(buffer_bytes(&edited), "fuzz", &after, NULL) < 0 ||
	    settings_set(settings, name, value) < 0 || after.count != settings->count)
		abort();
	for (size_t i = 0; i < settings->count; i++)
		if (strcmp(settings_get(&after, settings->settings[i].name), settings->settings[i].value) != 0)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(settings_clear) struct settings settings = {0};
	struct bytes text = bytes_make(data, size);
	struct error error;

	if (settings_parse(text, "fuzz", &settings, &error) < 0)
		return 0;
	for (size_t i = 0; i < settings.count; i++) {
		const struct setting *setting = &settings.settings[i];

		if (!settings_is_name(setting->name) || settings_get(&settings, setting->name) != setting->value)
			abort();
	}
	if (size % 2 == 0) {
		change(text, &settings, "CONFIG_FUZZ", "a \"$`\\\n\x01");
	} else if (settings.count > 1) {
		CLEANUP_FREE char *name = strdup(settings.settings[0].name),
		                  *value = strdup(settings.settings[1].value);

		if (name && value)
			change(text, &settings, name, value);
	}
	return 0;
}
