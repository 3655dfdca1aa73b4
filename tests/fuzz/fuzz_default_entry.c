/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A saved default entry: what is found as the same entry has a line that is found again. */
#include "base/cleanup.h"
#include "format/default_entry.h"
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char id[] = "grub:0", title[] = "Debian", kernel[] = "/vmlinuz-6.1.0-55",
	            initrd[] = "/initrd.img-6.1.0-55", cmdline[] = "root=/dev/sda2 ro";
	char *initrds[] = {initrd};
	struct entry entry = {
	    .id = id, .title = title, .kernel = kernel, .initrds = initrds, .initrd_count = 1, .cmdline = cmdline};
	const struct entry_list list = {&entry, 1};
	struct default_found found;
	CLEANUP(buffer_clear) struct buffer line = {0};

	if (default_entry_find(bytes_make(data, size), 1, &list, &found, NULL) == 0) {
		if (found.match == DEFAULT_SAME && found.has_newer)
			abort();
		if (found.has_newer && found.newer != 0)
			abort();
	}
	if (default_entry_append(&line, &entry, NULL) != 0 ||
	    default_entry_find(buffer_bytes(&line), 1, &list, &found, NULL) != 0 || found.match != DEFAULT_SAME)
		abort();
	return 0;
}
