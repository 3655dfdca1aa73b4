/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/root_logical.h"
#include "base/cleanup.h"
#include "base/log.h"
#include <stdio.h>
#include <string.h>

static void leave_out(const struct root_logical *wanted, const char *sentence)
{
	log_line("lvm left-out sentence=\"%s\"", sentence);
	buffer_append_format(&wanted->volumes->left_out, "%s\n", sentence);
}

static bool is_mapped_already(const struct volume_list *volumes, const char *path)
{
	for (size_t i = 0; i < volumes->count; i++)
		if (strcmp(volumes->volumes[i].path, path) == 0)
			return true;
	return false;
}

static bool lies_upon(const struct lvm_scan *scan, const struct lvm_found *found, const char *path)
{
	for (size_t i = 0; i < found->group->device_count; i++)
		if (strcmp(scan->physicals[found->physical[i]].device.path, path) == 0)
			return true;
	return false;
}

static bool is_candidate(const struct root_logical *wanted, const char *path)
{
	return (!wanted->chosen || strcmp(wanted->chosen, path) == 0) && !is_mapped_already(wanted->volumes, path);
}

static int try_volume(const struct root_logical *wanted, const struct lvm_scan *scan, const struct lvm_found *found,
                      const struct lvm_volume *volume, char ret_path[LVM_PATH_SIZE], struct error *error)
{
	char path[LVM_PATH_SIZE];
	struct error problem;
	int r;

	lvm_path(found->group, volume, path);
	if (!is_candidate(wanted, path))
		return 0;
	if (lvm_map(scan, found, volume, false, &problem) < 0) {
		leave_out(wanted, problem.sentence);
		return 0;
	}
	r = wanted->is_root(wanted->context, path, &problem);
	if (r < 0)
		log_error(&problem);
	if (r > 0 && ret_path[0])
		r = error_set(error, E_REFUSED, path,
		              "%s and %s both look like the root of a system; say which is it with CONFIG_ROOT_DEV",
		              ret_path, path);
	else if (r > 0)
		(void)snprintf(ret_path, LVM_PATH_SIZE, "%s", path);
	if (r <= 0 || strcmp(ret_path, path) != 0)
		lvm_unmap(path);
	return r == -E_REFUSED ? r : 0;
}

static int try_group(const struct root_logical *wanted, const struct lvm_scan *scan, const struct lvm_found *found,
                     char ret_path[LVM_PATH_SIZE], struct error *error)
{
	int r = 0;

	if (found->removable)
		return 0;
	if (found->refused[0]) {
		/* What lies on plain disks was said when they were looked through for LUKS. */
		if (wanted->upon)
			leave_out(wanted, found->refused);
		return 0;
	}
	if (wanted->upon && !lies_upon(scan, found, wanted->upon))
		return 0;
	for (size_t i = 0; i < found->group->volume_count && r == 0; i++)
		r = try_volume(wanted, scan, found, &found->group->volumes[i], ret_path, error);
	return r;
}

int root_logical_find(const struct root_logical *wanted, char ret_path[LVM_PATH_SIZE], struct error *error)
{
	CLEANUP(lvm_scan_clear) struct lvm_scan scan = {0};
	struct block_device devices[BLOCK_MAX_DEVICES + 1];
	size_t count = block_list(devices);
	int r;

	ret_path[0] = '\0';
	if (wanted->upon) {
		devices[count] = (struct block_device){0};
		(void)snprintf(devices[count++].path, sizeof(devices->path), "%s", wanted->upon);
	}
	r = lvm_scan(devices, count, &scan, error);
	for (size_t i = 0; i < scan.group_count && r == 0; i++)
		r = try_group(wanted, &scan, &scan.groups[i], ret_path, error);
	if (r < 0 && ret_path[0]) {
		lvm_unmap(ret_path);
		ret_path[0] = '\0';
	}
	return r < 0 ? r : ret_path[0] != '\0';
}
