/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/packages.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "format/dpkg.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_LISTS 100000

/* Opens the directory of lists; ret_prefix is what stands before the findings' paths there. -1 where there is none. */
static int open_lists(int directory, const char **ret_prefix)
{
	struct stat own, beside;
	int lists = openat(directory, "var/lib/dpkg/info", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*ret_prefix = "";
	if (lists >= 0)
		return lists;
	if (fstat(directory, &own) != 0 || fstatat(directory, "../boot", &beside, AT_SYMLINK_NOFOLLOW) != 0 ||
	    own.st_dev != beside.st_dev || own.st_ino != beside.st_ino)
		return -1;
	*ret_prefix = "boot/";
	return openat(directory, "../var/lib/dpkg/info", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int compare_path(const void *key, const void *item)
{
	const struct bytes *path = key;

	return bytes_compare(*path, bytes_from_string(((const struct verify_finding *)item)->path));
}

static struct verify_finding *find(struct bytes path, struct verify_result *result)
{
	return bsearch(&path, result->findings, result->finding_count, sizeof(*result->findings), compare_path);
}

/* Where /bin, /sbin and /lib* are links into /usr, dpkg's lists have the names that the packages were made with. */
static struct verify_finding *find_merged(struct bytes path, struct verify_result *result)
{
	CLEANUP(buffer_clear) struct buffer merged = {0};

	if (!bytes_start_with(path, "bin/") && !bytes_start_with(path, "sbin/") && !bytes_start_with(path, "lib"))
		return NULL;
	buffer_append_string(&merged, "usr/");
	buffer_append_bytes(&merged, path);
	return merged.failed ? NULL : find(buffer_bytes(&merged), result);
}

static int name_findings(struct bytes text, const char *prefix, const char *package, struct verify_result *result)
{
	struct bytes path;

	while (dpkg_list_next(&text, &path)) {
		struct verify_finding *finding;

		if (!bytes_start_with(path, prefix))
			continue;
		path = bytes_slice(path, strlen(prefix), path.size);
		finding = find(path, result);
		if (!finding)
			finding = find_merged(path, result);
		if (!finding || finding->package)
			continue;
		finding->package = strdup(package);
		if (!finding->package)
			return -E_MEMORY;
	}
	return 0;
}

/* A list that cannot be read names nothing. */
static int read_list(int lists, const char *name, const char *prefix, struct verify_result *result)
{
	CLEANUP_CLOSE int fd = openat(lists, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	CLEANUP(buffer_clear) struct buffer text = {0};
	char package[DPKG_MAX_NAME];
	struct stat status;

	if (fd < 0 || !dpkg_list_package(name, package) || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
	    file_read_fd(fd, name, DPKG_LIST_MAX_SIZE, &text, NULL) < 0)
		return 0;
	return name_findings(buffer_bytes(&text), prefix, package, result);
}

int packages_name(int directory, struct verify_result *result)
{
	const char *prefix;
	int lists, r = 0;
	struct dirent *item;
	DIR *stream;

	if (result->finding_count == 0)
		return 0;
	lists = open_lists(directory, &prefix);
	if (lists < 0)
		return 0;
	stream = fdopendir(lists);
	if (!stream) {
		(void)close(lists);
		return -E_MEMORY;
	}
	for (size_t i = 0; r == 0 && i < MAX_LISTS && (item = readdir(stream)) != NULL; i++)
		r = read_list(dirfd(stream), item->d_name, prefix, result);
	(void)closedir(stream);
	result->packages_known = r == 0;
	return r;
}
