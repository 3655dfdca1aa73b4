/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trust/access.h"
#include "base/cleanup.h"
#include <string.h>

static const char *const mode_names[ACCESS_MODES] = {
    [ACCESS_OPEN] = "open",
    [ACCESS_LOCKED] = "locked",
    [ACCESS_RESTRICTED] = "restricted",
};

static const struct {
	const char *name, *words;
	enum access_answer answers[ACCESS_MODES];
} table[ACCESS_ACTIONS] = {
    [ACCESS_EARLY_SHELL] = {"early-shell",
                            "open the recovery shell before the menu",
                            {ACCESS_ALLOWED, ACCESS_REFUSED, ACCESS_REFUSED}},
    [ACCESS_SHELL] = {"shell", "open the recovery shell", {ACCESS_ALLOWED, ACCESS_NEEDS_OWNER, ACCESS_REFUSED}},
    [ACCESS_FORCED_BOOT] = {"forced-boot",
                            "boot what does not verify",
                            {ACCESS_ALLOWED, ACCESS_NEEDS_OWNER, ACCESS_REFUSED}},
    [ACCESS_UNSIGNED_FIRMWARE] = {"unsigned-firmware",
                                  "install firmware that nobody vouches for",
                                  {ACCESS_ALLOWED, ACCESS_NEEDS_OWNER, ACCESS_REFUSED}},
    [ACCESS_SIGNED_FIRMWARE] = {"signed-firmware",
                                "install firmware",
                                {ACCESS_ALLOWED, ACCESS_NEEDS_OWNER, ACCESS_NEEDS_OWNER}},
    [ACCESS_SETTINGS] = {"settings", "change a setting", {ACCESS_ALLOWED, ACCESS_NEEDS_OWNER, ACCESS_NEEDS_OWNER}},
    [ACCESS_CLOCK] = {"clock", "set the clock", {ACCESS_ALLOWED, ACCESS_NEEDS_OWNER, ACCESS_NEEDS_OWNER}},
    [ACCESS_OWNERSHIP] = {"ownership",
                          "take ownership of the TPM",
                          {ACCESS_ALLOWED, ACCESS_NEEDS_OWNER, ACCESS_NEEDS_OWNER}},
};

static bool is_on(const struct settings *settings, const char *name)
{
	const char *value = settings_get(settings, name);

	return value && value[0] && strcmp(value, "n") != 0;
}

enum access_mode access_mode_of(const struct settings *settings)
{
	if (!settings)
		return ACCESS_LOCKED;
	if (is_on(settings, ACCESS_SETTING_RESTRICTED))
		return ACCESS_RESTRICTED;
	return is_on(settings, ACCESS_SETTING_LOCK) ? ACCESS_LOCKED : ACCESS_OPEN;
}

bool access_is_basic(const struct settings *settings, enum access_mode mode)
{
	const char *value = settings ? settings_get(settings, ACCESS_SETTING_BASIC) : NULL;

	return value && strcmp(value, "y") == 0 && access_decide(mode, ACCESS_FORCED_BOOT) == ACCESS_ALLOWED;
}

const char *access_mode_name(enum access_mode mode)
{
	return mode_names[mode];
}

enum access_mode access_mode_named(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(mode_names); i++)
		if (strcmp(mode_names[i], name) == 0)
			return (enum access_mode)i;
	return ACCESS_LOCKED;
}

enum access_answer access_decide(enum access_mode mode, enum access_action action)
{
	return table[action].answers[mode];
}

const char *access_action_name(enum access_action action)
{
	return table[action].name;
}

const char *access_action_words(enum access_action action)
{
	return table[action].words;
}
