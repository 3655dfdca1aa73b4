/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/system.h"
#include "attest/measure.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "boot/catalogue_snapshot.h"
#include "boot/report.h"
#include "boot/rollback.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DISK_WAIT_MS       5000
#define MAX_LOGGED_REPORTS 50
#define MAX_CONFIG_SIZE    ((uint64_t)16 << 20)
#define KEY_DEVICES        "kexec_key_devices.txt"
#define MAX_KEY_DEVICES    65536

/* A third of the memory that is free may hold boot files; kexec copies what is booted once more. */
static uint64_t memory_for_files(void)
{
	CLEANUP_FCLOSE FILE *file = fopen("/proc/meminfo", "re");
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "MemAvailable:", 13) == 0)
			return strtoull(line + 13, NULL, 10) * 1024 / 3;
	return (uint64_t)256 << 20;
}

static bool ends_with(const char *text, const char *end)
{
	size_t size = strlen(text), end_size = strlen(end);

	return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

/* What a boot loader configures itself with: small, and read before the rest so that the entries are known. */
static enum snapshot_choice choose_configuration(const struct snapshot_entry *entry, void *context)
{
	const char *slash = strrchr(entry->path, '/'), *name = slash ? slash + 1 : entry->path;

	(void)context;
	if (entry->size > MAX_CONFIG_SIZE)
		return SNAPSHOT_SKIP;
	if (ends_with(name, ".cfg") || ends_with(name, ".conf") || strcmp(name, "grubenv") == 0)
		return SNAPSHOT_KEEP;
	return SNAPSHOT_SKIP;
}

/* Files of entries are kept, the default's first where memory is short: initrds with room for what the boot puts behind
 * them. */
struct wanted_file {
	const struct snapshot_entry *file;
	enum snapshot_choice how;
};

struct wanted {
	struct wanted_file *files;
	size_t count;
	bool only; /* skip all others for now */
};

static enum snapshot_choice choose_wanted(const struct snapshot_entry *entry, void *context)
{
	const struct wanted *wanted = context;

	for (size_t i = 0; i < wanted->count; i++)
		if (wanted->files[i].file == entry)
			return wanted->files[i].how;
	return wanted->only ? SNAPSHOT_SKIP : SNAPSHOT_HASH;
}

static void want(struct wanted *wanted, const struct snapshot *snapshot, const char *path, enum snapshot_choice how)
{
	const struct snapshot_entry *file = path ? snapshot_resolve(snapshot, path) : NULL;

	for (size_t i = 0; file && i < wanted->count; i++)
		if (wanted->files[i].file == file)
			return;
	if (file)
		wanted->files[wanted->count++] = (struct wanted_file){file, how};
}

static void want_entry(struct wanted *wanted, const struct snapshot *snapshot, const struct entry *entry)
{
	if (entry->problem)
		return;
	want(wanted, snapshot, entry->kernel, SNAPSHOT_KEEP);
	for (size_t i = 0; i < entry->initrd_count; i++)
		want(wanted, snapshot, entry->initrds[i], SNAPSHOT_KEEP_WITH_ROOM);
}

static uint64_t wanted_bytes(const struct wanted *wanted)
{
	uint64_t total = 0;

	for (size_t i = 0; i < wanted->count; i++)
		total += wanted->files[i].file->size;
	return total;
}

static int read_files(struct boot_system *boot, uint64_t keep_limit, struct error *error)
{
	const struct entry *first = entry_list_default(&boot->entries);
	struct wanted wanted = {0};
	size_t most = 1;
	int r = 0;

	for (size_t i = 0; i < boot->entries.count; i++)
		most += 1 + boot->entries.entries[i].initrd_count;
	wanted.files = calloc(most, sizeof(*wanted.files));
	if (!wanted.files)
		return error_set(error, E_MEMORY, "/boot", "there is not enough memory to read /boot");
	for (size_t i = 0; i < boot->entries.count; i++)
		want_entry(&wanted, boot->snapshot, &boot->entries.entries[i]);
	if (first && wanted_bytes(&wanted) > keep_limit) {
		/* Not all fit: those of the default come first, so that it is not read twice. */
		struct wanted only = {.files = wanted.files, .count = 0, .only = true};

		want_entry(&only, boot->snapshot, first);
		r = snapshot_read(boot->snapshot, choose_wanted, &only, error);
		wanted.count = 0;
		for (size_t i = 0; i < boot->entries.count; i++)
			want_entry(&wanted, boot->snapshot, &boot->entries.entries[i]);
	}
	if (r == 0)
		r = snapshot_read(boot->snapshot, choose_wanted, &wanted, error);
	free(wanted.files);
	return r;
}

static int open_snapshot(struct boot_system *boot, const char *path, uint64_t keep_limit, struct error *error)
{
	CLEANUP_CLOSE int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (directory < 0)
		return error_set(error, E_IO, path, "%s cannot be opened", path);
	return snapshot_open(directory, keep_limit, &boot->snapshot, error);
}

static void log_verdict(const struct boot_system *boot)
{
	const struct verify_result *verify = &boot->verify;
	struct snapshot_figures figures = snapshot_figures(boot->snapshot);
	size_t counts[VERIFY_UNREADABLE + 1] = {0};

	for (size_t i = 0; i < verify->finding_count; i++)
		counts[verify->findings[i].kind]++;
	if (verify->ok)
		log_line("verify ok signer=%s files=%llu bytes=%llu read=%llu ms=%llu", verify->signer,
		         (unsigned long long)verify->files, (unsigned long long)figures.bytes,
		         (unsigned long long)figures.bytes_read, boot->read_ms);
	else
		log_line(
		    "verify refused signature=%s changed=%zu added=%zu removed=%zu retyped=%zu unreadable=%zu ms=%llu",
		    verify_signature_name(verify->signature), counts[VERIFY_CHANGED], counts[VERIFY_ADDED],
		    counts[VERIFY_REMOVED], counts[VERIFY_RETYPED], counts[VERIFY_UNREADABLE], boot->read_ms);
	if (verify->interrupted != VERIFY_NOT_INTERRUPTED)
		log_line("sign interrupted in-force=%s", verify_interrupted_name(verify->interrupted));
	for (size_t i = 0; i < verify->finding_count && i < MAX_LOGGED_REPORTS; i++) {
		char path[512];

		log_line("report kind=%s path=\"%s\"", report_kind_name(verify->findings[i].kind),
		         text_escape_into(bytes_from_string(verify->findings[i].path), path, sizeof(path)));
	}
}

/* The verdict in words: of the comparison, or why there was none. */
static void keep_verdict(struct boot_system *boot, const struct error *error)
{
	CLEANUP(buffer_clear) struct buffer text = {0};

	if (error)
		buffer_append_string(&text, error->sentence);
	else
		report_verdict(&boot->verify, &text);
	(void)snprintf(boot->verdict, sizeof(boot->verdict), "%s",
	               buffer_string(&text) ? buffer_string(&text) : "refused");
}

/* What was saved as the default cannot be read: no entry is the default. */
static void distrust_default(struct boot_system *boot, const struct error *error)
{
	log_error(error);
	(void)snprintf(boot->saved_default.reason, sizeof(boot->saved_default.reason), "%.300s", error->sentence);
}

/* Entries of a configuration that the signature covers. Why there are none is for the screen; it refuses nothing. */
static void read_trusted_entries(struct boot_system *boot, struct verify *verify)
{
	struct error error;

	if (catalogue_of_trusted(boot->snapshot, verify, &boot->entries, &error) < 0) {
		log_error(&error);
		boot->problem = error;
		entry_list_clear(&boot->entries);
	} else if (boot->entries.count == 0) {
		(void)error_set(&boot->problem, E_NOT_FOUND, "/boot",
		                "no boot entry is in the configuration on /boot: write it anew in the system "
		                "(update-grub) and sign /boot");
		log_error(&boot->problem);
	}
	if (boot_default_apply(boot->snapshot, verify_set(verify), &boot->entries, &boot->saved_default, &error) < 0)
		distrust_default(boot, &error);
}

/* The files of the default too are what was saved with it; and what became of it, for the log. */
static void keep_default(struct boot_system *boot)
{
	struct boot_default *saved = &boot->saved_default;
	struct error error;

	if (boot_default_check_files(boot->snapshot, boot->verify.set, &boot->entries, saved, &error) < 0)
		distrust_default(boot, &error);
	if (saved->saved && !saved->good)
		log_line("default saved=\"%s\" result=refused newer=%s reason=\"%s\"", saved->title,
		         saved->has_newer ? boot->entries.entries[saved->newer].id : "none", saved->reason);
	else if (saved->saved)
		log_line("default saved=\"%s\" result=ok newer=%s", saved->title,
		         saved->has_newer ? boot->entries.entries[saved->newer].id : "none");
}

/* A15, once everything else verified. A counter that cannot be raised now is raised at the next start. */
static void check_rollback(struct boot_system *boot, struct tpm *tpm)
{
	const struct rollback_set *set = &boot->verify.rollback_set;
	struct rollback_verdict verdict;
	struct error error;

	rollback_check(tpm, &boot->verify, &verdict);
	if (boot->verify.ok && verdict.raise_by > 0 && rollback_raise(tpm, verdict.raise_by, &error) < 0)
		log_error(&error);
	(void)snprintf(boot->rollback, sizeof(boot->rollback), "%s", verdict.sentence);
	if (set->bound)
		log_line("rollback result=%s signed-for=%llu raised-by=%llu",
		         verify_rollback_name(boot->verify.rollback), (unsigned long long)set->value,
		         (unsigned long long)verdict.raise_by);
	else
		log_line("rollback result=%s", verify_rollback_name(boot->verify.rollback));
}

static int read_and_compare(struct boot_system *boot, struct bytes key, uint64_t keep_limit, struct error *error)
{
	CLEANUP(verify_keyring_clear) struct verify_keyring keyring = {0};
	CLEANUP(verify_close) struct verify *verify = NULL;
	unsigned long long started = log_now_ms();
	enum verify_signature signature;
	int r = 0;

	if (key.size > 0 && verify_keyring_add(&keyring, key, "owner.asc", error) < 0)
		log_error(error); /* an unreadable key verifies nothing, which is what follows */
	r = verify_begin(boot->snapshot, &keyring, &verify, error);
	if (r == 0)
		r = snapshot_read(boot->snapshot, choose_configuration, NULL, error);
	if (r < 0)
		return r;
	if (verify_signature(verify, &signature, error) == 0 && signature == VERIFY_GOOD)
		read_trusted_entries(boot, verify);
	r = read_files(boot, keep_limit, error);
	if (r == 0)
		r = trust_step(&boot->trust, TRUST_DID_READ, error);
	if (r < 0)
		return r;
	boot->compared = verify_finish(verify, &boot->verify, error) == 0;
	boot->read_ms = log_now_ms() - started;
	return 0;
}

static void log_entries(const struct boot_system *boot)
{
	const struct entry *first = entry_list_default(&boot->entries);
	char id[128];

	log_line("entries count=%zu default=%s", boot->entries.count,
	         first ? text_escape_into(bytes_from_string(first->id), id, sizeof(id)) : "none");
}

/* mounted: just now, by us. */
static int read_tree(struct boot_system *boot, const char *path, bool mounted, struct bytes key,
                     snapshot_watcher *watch, void *context)
{
	const uint64_t keep_limit = memory_for_files();
	int r = open_snapshot(boot, path, keep_limit, &boot->problem);

	if (r < 0)
		return r;
	if (mounted)
		snapshot_read_directly(boot->snapshot);
	snapshot_watch(boot->snapshot, watch, context);
	r = read_and_compare(boot, key, keep_limit, &boot->problem);
	snapshot_watch(boot->snapshot, NULL, NULL);
	return r;
}

int boot_system_read_directory(struct boot_system *boot, const char *directory, struct bytes key,
                               snapshot_watcher *watch, void *context)
{
	boot_system_clear(boot);
	return read_tree(boot, directory, false, key, watch, context);
}

int boot_system_read(struct boot_system *boot, const char *saved, struct bytes key, snapshot_watcher *watch,
                     void *context)
{
	unsigned long long started = log_now_ms();
	int r;

	boot_system_clear(boot);
	boot_device_release(BOOT_MOUNT_POINT);
	r = boot_device_find(saved, BOOT_MOUNT_POINT, DISK_WAIT_MS, &boot->device, &boot->problem);
	if (r < 0)
		return r;
	log_line("boot-device path=%s type=%s ms=%llu", boot->device.path, boot->device.type, log_now_ms() - started);
	return read_tree(boot, BOOT_MOUNT_POINT, true, key, watch, context);
}

int boot_system_judge(struct boot_system *boot, struct tpm *tpm)
{
	int r = 0;

	if (boot->trust.state != TRUST_READ) {
		entry_list_clear(&boot->entries);
		return 0;
	}
	if (boot->compared && boot->verify.ok) {
		check_rollback(boot, tpm);
		keep_default(boot);
	}
	keep_verdict(boot, boot->compared ? NULL : &boot->problem);
	if (boot->compared && boot->verify.ok)
		r = trust_step(&boot->trust, TRUST_DID_VERIFY, &boot->problem);
	else
		r = trust_step(&boot->trust, TRUST_DID_REFUSE, &boot->problem);
	log_verdict(boot);
	if (boot->trust.state != TRUST_VERIFIED)
		entry_list_clear(&boot->entries);
	else
		log_entries(boot);
	return r < 0 || boot->compared ? r : -(int)boot->problem.code;
}

int boot_system_force(struct boot_system *boot, struct tpm *tpm, struct error *error)
{
	int r;

	if (!trust_may(&boot->trust, TRUST_DID_FORCE))
		return trust_step(&boot->trust, TRUST_DID_FORCE, error);
	r = measure_bytes(tpm, TRUST_MODE_PCR, TRUST_FORCED_MODE, bytes_from_string(TRUST_FORCED_MODE), error);
	if (r == 0)
		r = trust_step(&boot->trust, TRUST_DID_FORCE, error);
	if (r == 0)
		r = catalogue_of_untrusted(boot->snapshot, &boot->entries, error);
	if (r < 0)
		boot_system_unforce(boot);
	else
		log_entries(boot);
	return r;
}

int boot_system_key_devices(const struct boot_system *boot, struct buffer *text, struct error *error)
{
	const struct snapshot_entry *file;

	if (boot->trust.state != TRUST_VERIFIED)
		return 0;
	file = signed_set_find(boot->snapshot, boot->verify.set, KEY_DEVICES);
	if (!file)
		return 0;
	if (file->fd < 0 || lseek(file->fd, 0, SEEK_SET) != 0)
		return error_set(error, E_IO, KEY_DEVICES, "%s is not in memory", KEY_DEVICES);
	return file_read_fd(file->fd, KEY_DEVICES, MAX_KEY_DEVICES, text, error);
}

void boot_system_unforce(struct boot_system *boot)
{
	entry_list_clear(&boot->entries);
	if (trust_step(&boot->trust, TRUST_DID_START_OVER, NULL) == 0 &&
	    trust_step(&boot->trust, TRUST_DID_READ, NULL) == 0)
		(void)trust_step(&boot->trust, TRUST_DID_REFUSE, NULL);
}

unsigned long long boot_system_kept_bytes(const struct boot_system *boot)
{
	return boot->snapshot ? snapshot_figures(boot->snapshot).bytes_kept : 0;
}

void boot_system_clear(struct boot_system *boot)
{
	entry_list_clear(&boot->entries);
	verify_result_clear(&boot->verify);
	snapshot_close(&boot->snapshot);
	*boot = (struct boot_system){0};
}
