/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/usb.h"
#include "base/cleanup.h"
#include "base/file.h"
#include <dirent.h>

static bool is_of_class(const char *interface, const char *class)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	char path[sizeof(USB_DEVICES) + USB_MAX_INTERFACE + 32];

	(void)snprintf(path, sizeof(path), USB_DEVICES "/%s/bInterfaceClass", interface);
	return file_read(path, 64, &text, NULL) == 0 && bytes_start_with(buffer_bytes(&text), class);
}

bool usb_has_interface(const char *class, bool (*wanted)(const char *interface))
{
	DIR *entries = opendir(USB_DEVICES);
	const struct dirent *entry;
	bool found = false;

	if (!entries)
		return false;
	while (!found && (entry = readdir(entries))) /* NOLINT(concurrency-mt-unsafe): a stream of our own */
		found = is_of_class(entry->d_name, class) && (!wanted || wanted(entry->d_name));
	(void)closedir(entries);
	return found;
}
