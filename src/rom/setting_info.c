/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rom/setting_info.h"
#include "base/cleanup.h"
#include "base/text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct setting_info table[] = {
    {"CONFIG_AUTO_BOOT_TIMEOUT", SETTING_NUMBER, SETTING_OF_OWNER, "0",
     "seconds until the default entry boots by itself; 0: never", NULL, SETTING_AUTO_BOOT_LIMIT},
    {"CONFIG_BOOT_DEV", SETTING_PATH, SETTING_OF_OWNER, NULL, "the device of /boot; not set: every disk is looked at",
     NULL, 0},
    {"CONFIG_BOOT_KERNEL_ADD", SETTING_TEXT, SETTING_OF_OWNER, NULL, "words added to the kernel's command line", NULL,
     0},
    {"CONFIG_BOOT_KERNEL_REMOVE", SETTING_TEXT, SETTING_OF_OWNER, NULL, "words taken out of the kernel's command line",
     NULL, 0},
    {"CONFIG_NO_EVENTLOG_HANDOVER", SETTING_YES, SETTING_OF_OWNER, "n", "the operating system gets no event log", NULL,
     0},
    {"CONFIG_IGNORE_ROLLBACK", SETTING_YES, SETTING_OF_OWNER, "n",
     "do not compare the age of /boot with the counter of the TPM", NULL, 0},
    {"CONFIG_TOTP_MAX_AHEAD_DAYS", SETTING_NUMBER, SETTING_OF_OWNER, "90",
     "days that the clock may be ahead of the last code before the owner has to confirm it", NULL, 36500},
    {"CONFIG_ACCESS_LOCK", SETTING_YES, SETTING_OF_OWNER, "n",
     "recovery shell, forced boot, firmware, settings, TPM reset want a proof of the owner", NULL, 0},
    {"CONFIG_RESTRICTED_BOOT", SETTING_YES, SETTING_OF_OWNER, "n",
     "nothing boots but what is signed, no recovery shell; firmware, settings, TPM reset want a proof of the owner",
     NULL, 0},
    {"CONFIG_BOARD_NAME", SETTING_TEXT, SETTING_OF_OWNER, "Heads", "the machine's name, in titles and on the phone",
     NULL, 0},
    {"CONFIG_KEYBOARD_KEYMAP", SETTING_CHOICE, SETTING_OF_OWNER, "us", "the layout of the keyboard at the screen",
     "us,uk,de,fr,es,it,se", 0},
    {"CONFIG_BOARD", SETTING_TEXT, SETTING_OF_BOARD, NULL, "the board that the ROM was built for", NULL, 0},
    {"CONFIG_FLASH_DEVICE", SETTING_TEXT, SETTING_OF_BOARD, "/dev/mtd0", "the flash chip as an MTD device", NULL, 0},
    {"CONFIG_FLASH_PROGRAMMER", SETTING_TEXT, SETTING_OF_BOARD, NULL,
     "the programmer (-p) of flashprog or flashrom, for a chip that is no MTD device", NULL, 0},
    {"CONFIG_FLASH_SIZE", SETTING_NUMBER, SETTING_OF_BOARD, NULL, "bytes of the flash chip", NULL, 16777216},
    {"CONFIG_TPM", SETTING_YES, SETTING_UNUSED, "y", "whether there is a TPM; here it is looked for", NULL, 0},
    {"CONFIG_TPM2_TOOLS", SETTING_YES, SETTING_UNUSED, "y", "whether the TPM is of family 2.0; here it is asked", NULL,
     0},
    {"CONFIG_PRIMARY_KEY_TYPE", SETTING_CHOICE, SETTING_UNUSED, "ecc",
     "algorithm of the storage key; here it is always ecc", "ecc,rsa", 0},
    {"CONFIG_TPM2_CAPTURE_PCAP", SETTING_YES, SETTING_UNUSED, "n", "record the TPM's bus; here no such record is kept",
     NULL, 0},
    {"CONFIG_PCR", SETTING_NUMBER, SETTING_UNUSED, "7", "the PCR of the files from the ROM; here it is always 7", NULL,
     23},
    {"CONFIG_BRAND_NAME", SETTING_TEXT, SETTING_UNUSED, "Heads", "the name in titles", NULL, 0},
    {"CONFIG_COREBOOT", SETTING_YES, SETTING_UNUSED, "y", "the firmware is coreboot; here it always is", NULL, 0},
    {"CONFIG_LINUXBOOT", SETTING_YES, SETTING_UNUSED, "n", "the firmware is LinuxBoot on UEFI, which is not supported",
     NULL, 0},
    {"CONFIG_BOOTSCRIPT", SETTING_PATH, SETTING_UNUSED, NULL, "the script that init runs; here init runs the menu",
     NULL, 0},
    {"CONFIG_BOOTSCRIPT_NETWORK", SETTING_PATH, SETTING_UNUSED, NULL,
     "a script that sets up the network first; there is no network here", NULL, 0},
    {"CONFIG_BOOT_EXTRA_TTYS", SETTING_TEXT, SETTING_UNUSED, NULL,
     "further terminals; here the screens are on every console", NULL, 0},
    {"CONFIG_BOOT_RECOVERY_SERIAL", SETTING_PATH, SETTING_UNUSED, NULL,
     "the serial line of the recovery shell; here it is on every console", NULL, 0},
    {"CONFIG_BOOT_STATIC_IP", SETTING_TEXT, SETTING_UNUSED, NULL,
     "the address of the network recovery; there is no network here", NULL, 0},
    {"CONFIG_BOOT_REQ_HASH", SETTING_YES, SETTING_UNUSED, "n",
     "refuse to boot what is not hashed; here that is always so", NULL, 0},
    {"CONFIG_BOOT_REQ_ROLLBACK", SETTING_YES, SETTING_UNUSED, "n", "refuse to boot without a rollback counter", NULL,
     0},
    {"CONFIG_TPM_NO_LUKS_DISK_UNLOCK", SETTING_YES, SETTING_UNUSED, "n", "never offer a disk unlock key", NULL, 0},
    {"CONFIG_TPM_DISK_UNLOCK_KEY", SETTING_YES, SETTING_UNUSED, NULL, "whether the disk unlock key is sealed again",
     NULL, 0},
    {"CONFIG_ROOT_DEV", SETTING_PATH, SETTING_OF_OWNER, NULL,
     "the device of the root filesystem whose files are compared (of LVM: /dev/mapper/GROUP-VOLUME); not set: every "
     "disk is looked at",
     NULL, 0},
    {"CONFIG_ROOT_DIRLIST", SETTING_TEXT, SETTING_OF_OWNER, "bin boot lib sbin usr",
     "the directories of the root filesystem whose files are listed", NULL, 0},
    {"CONFIG_ROOT_CHECK_AT_BOOT", SETTING_YES, SETTING_OF_OWNER, "n",
     "compare the files of the root filesystem with the signed list before each boot", NULL, 0},
    {"CONFIG_BASIC", SETTING_YES, SETTING_OF_OWNER, "n",
     "what does not verify boots without a typed word; no effect where access is locked or restricted", NULL, 0},
    {"CONFIG_BASIC_NO_AUTOMATIC_DEFAULT", SETTING_YES, SETTING_UNUSED, "n", "in basic mode, show the menu", NULL, 0},
    {"CONFIG_BASIC_USB_AUTOBOOT", SETTING_YES, SETTING_UNUSED, "n", "in basic mode, boot from USB by itself", NULL, 0},
    {"CONFIG_HAVE_GPG_KEY_BACKUP", SETTING_YES, SETTING_UNUSED, "n",
     "there is a backup of the owner's key on a USB drive", NULL, 0},
    {"CONFIG_GPG_KEY_BACKUP_IN_USE", SETTING_YES, SETTING_UNUSED, "n", "sign with the key on the backup drive", NULL,
     0},
    {"CONFIG_GPG_ALGO", SETTING_CHOICE, SETTING_UNUSED, "RSA", "the kind of key that taking ownership makes",
     "RSA,p256", 0},
    {"CONFIG_HOTPKEY", SETTING_YES, SETTING_UNUSED, "n", "ship the program for HOTP dongles", NULL, 0},
    {"CONFIG_TOTP_SKIP_QRCODE", SETTING_YES, SETTING_UNUSED, "n", "do not show the QR code of the TOTP secret", NULL,
     0},
    {"CONFIG_USB_KEYBOARD_REQUIRED", SETTING_YES, SETTING_UNUSED, "n", "the machine has a USB keyboard alone", NULL, 0},
    {"CONFIG_USER_USB_KEYBOARD", SETTING_YES, SETTING_UNUSED, "n", "use a USB keyboard", NULL, 0},
    {"CONFIG_LINUX_USB_COMPANION_CONTROLLER", SETTING_YES, SETTING_UNUSED, "n",
     "load the drivers of USB 1.1 controllers; there are no modules here", NULL, 0},
    {"CONFIG_SUPPORT_BLOB_JAIL", SETTING_YES, SETTING_UNUSED, "n", "the board takes firmware files from the ROM", NULL,
     0},
    {"CONFIG_USE_BLOB_JAIL", SETTING_YES, SETTING_UNUSED, "n",
     "give the firmware files of the ROM to the operating system", NULL, 0},
    {"CONFIG_SUPPORT_AUTOMATIC_POWERON", SETTING_YES, SETTING_UNUSED, "n", "the board can start when power comes back",
     NULL, 0},
    {"CONFIG_AUTOMATIC_POWERON", SETTING_YES, SETTING_UNUSED, "n", "start when power comes back", NULL, 0},
    {"CONFIG_FLASH_OPTIONS", SETTING_TEXT, SETTING_UNUSED, NULL,
     "the command line of the flash programmer; here no command is taken from a setting", NULL, 0},
    {"CONFIG_CBFS_VIA_FLASHPROG", SETTING_YES, SETTING_UNUSED, "n", "read the ROM through the flash programmer", NULL,
     0},
    {"CONFIG_FINALIZE_PLATFORM_LOCKING", SETTING_YES, SETTING_OF_BOARD, "n",
     "lock the flash before the operating system starts", NULL, 0},
    {"CONFIG_DEBUG_OUTPUT", SETTING_YES, SETTING_UNUSED, "n", "more lines on the console", NULL, 0},
    {"CONFIG_ENABLE_FUNCTION_TRACING_OUTPUT", SETTING_YES, SETTING_UNUSED, "n",
     "the scripts tell each of their functions; there are none here", NULL, 0},
    {"CONFIG_QUIET_MODE", SETTING_YES, SETTING_UNUSED, "n", "fewer lines on the console", NULL, 0},
    {"CONFIG_WARNING_BG_COLOR", SETTING_TEXT, SETTING_UNUSED, NULL, "colours of a warning on the framebuffer", NULL, 0},
    {"CONFIG_WARNING_TEXT_BG_COLOR", SETTING_TEXT, SETTING_UNUSED, NULL, "colours of a warning as text", NULL, 0},
    {"CONFIG_ERROR_BG_COLOR", SETTING_TEXT, SETTING_UNUSED, NULL, "colours of an error on the framebuffer", NULL, 0},
    {"CONFIG_ERROR_TEXT_BG_COLOR", SETTING_TEXT, SETTING_UNUSED, NULL, "colours of an error as text", NULL, 0},
};

const struct setting_info *setting_info_at(size_t index)
{
	return index < ARRAY_SIZE(table) ? &table[index] : NULL;
}

const struct setting_info *setting_info_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

const char *setting_type_name(const struct setting_info *info)
{
	static const char *const names[] = {
	    [SETTING_YES] = "yes/no", [SETTING_NUMBER] = "number", [SETTING_CHOICE] = "choice",
	    [SETTING_PATH] = "path",  [SETTING_TEXT] = "text",
	};

	return info ? names[info->type] : "unknown";
}

const char *setting_effect_name(const struct setting_info *info)
{
	static const char *const names[] = {
	    [SETTING_OF_OWNER] = "works",
	    [SETTING_OF_BOARD] = "board",
	    [SETTING_UNUSED] = "no effect",
	};

	return info ? names[info->effect] : "unknown";
}

bool setting_matches(const struct setting_info *info, const char *name, const char *word)
{
	return text_holds(name, word) || (info && text_holds(info->meaning, word));
}

static bool is_number(const char *value, unsigned long limit)
{
	unsigned long number;
	char *end;

	if (value[0] < '0' || value[0] > '9')
		return false;
	errno = 0;
	number = strtoul(value, &end, 0);
	return errno == 0 && *end == '\0' && number <= limit;
}

static bool is_choice(const char *value, const char *choices)
{
	size_t size = strcspn(value, ",");

	if (value[size] == ',')
		return false;
	for (const char *choice = choices; choice; choice = strchr(choice, ',')) {
		choice += *choice == ',';
		if (size > 0 && strncmp(choice, value, size) == 0 && (choice[size] == ',' || choice[size] == '\0'))
			return true;
	}
	return false;
}

int setting_check(const struct setting_info *info, const char *value, struct error *error)
{
	if (!info)
		return 0;
	switch (info->type) {
	case SETTING_YES:
		if (strcmp(value, "y") == 0 || strcmp(value, "n") == 0)
			return 0;
		return error_set(error, E_USAGE, info->name, "%s is y or n, not \"%s\"", info->name, value);
	case SETTING_NUMBER:
		if (is_number(value, info->limit))
			return 0;
		return error_set(error, E_USAGE, info->name, "%s is a number from 0 to %lu, not \"%s\"", info->name,
		                 info->limit, value);
	case SETTING_CHOICE:
		if (is_choice(value, info->choices))
			return 0;
		return error_set(error, E_USAGE, info->name, "%s is one of %s, not \"%s\"", info->name, info->choices,
		                 value);
	case SETTING_PATH:
		if (value[0] == '\0' || value[0] == '/')
			return 0;
		return error_set(error, E_USAGE, info->name, "%s is a path that begins with a slash, not \"%s\"",
		                 info->name, value);
	case SETTING_TEXT:
		break;
	}
	return 0;
}
