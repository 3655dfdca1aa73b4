/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a chosen entry to a loaded kernel. Everything that can be wrong is found before the first extend, so that a bad
 * entry changes nothing and another can be chosen. */
#include "attest/measure.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "boot/key_segment.h"
#include "boot/load.h"
#include "boot/log_segment.h"
#include "boot/system.h"
#include "format/bzimage.h"
#include "format/cmdline.h"
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define MAX_INITRDS 16
#define MANIFEST    "kexec_hashes.txt"
#define MAX_DISKS   16

struct prepared {
	const struct snapshot_entry *kernel;
	const struct snapshot_entry *initrds[MAX_INITRDS];
	size_t initrd_count;
	int log_fd; /* the segment with the event log; -1: none */
	char *cmdline;
	struct key_segment_plan plan; /* of the segment with the disk unlock key */
	bool planned;
	unsigned long long kexec_ms; /* that kexec_file_load took */
};

static void prepared_clear(struct prepared *prepared)
{
	if (prepared->log_fd >= 0)
		(void)close(prepared->log_fd);
	free(prepared->cmdline);
	key_segment_plan_clear(&prepared->plan);
}

/* The bytes of a file of the entry, as they were verified, in a sealed memfd (A6). */
static int take_file(struct boot_system *boot, const char *path, const struct snapshot_entry **ret_file,
                     struct error *error)
{
	const struct snapshot_entry *file = snapshot_resolve(boot->snapshot, path);
	int r;

	if (!file) {
		(void)error_set(error, E_NOT_FOUND, path, "the file %s of this entry is not on /boot", path);
		return -E_NOT_FOUND;
	}
	if (file->fd < 0) {
		r = snapshot_keep_verified(boot->snapshot, file->path, error);
		if (r < 0)
			return r;
	}
	*ret_file = file;
	return 0;
}

static int check_kernel(const struct snapshot_entry *kernel, struct error *error)
{
	struct bzimage header;
	struct stat status;
	void *data;
	int r;

	if (fstat(kernel->fd, &status) != 0 || status.st_size == 0)
		return error_set(error, E_MALFORMED, kernel->path, "the kernel %s is empty", kernel->path);
	data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, kernel->fd, 0);
	if (data == MAP_FAILED)
		return error_set(error, E_MEMORY, kernel->path, "there is not enough memory to look at the kernel %s",
		                 kernel->path);
	r = bzimage_check(bytes_make(data, (size_t)status.st_size), kernel->path, &header, error);
	(void)munmap(data, (size_t)status.st_size);
	return r;
}

static int take_initrds(struct boot_system *boot, const struct entry *entry, struct prepared *prepared,
                        struct error *error)
{
	if (entry->initrd_count > MAX_INITRDS)
		return error_set(error, E_TOO_LARGE, entry->id, "the entry names %zu initrds; at most %d are loaded",
		                 entry->initrd_count, MAX_INITRDS);
	for (size_t i = 0; i < entry->initrd_count; i++) {
		int r = take_file(boot, entry->initrds[i], &prepared->initrds[i], error);

		if (r < 0)
			return r;
	}
	prepared->initrd_count = entry->initrd_count;
	return 0;
}

static int prepare(struct boot_system *boot, const struct entry *entry, const struct boot_wishes *wishes,
                   struct prepared *prepared, struct error *error)
{
	int r;

	if (entry->problem)
		return error_set(error, E_REFUSED, entry->id, "%s", entry->problem);
	if (entry->kind != ENTRY_LINUX || !entry->kernel)
		return error_set(error, E_UNSUPPORTED, entry->id, "entries of the kind %s cannot be booted yet",
		                 entry_kind_name(entry->kind));
	r = take_file(boot, entry->kernel, &prepared->kernel, error);
	if (r == 0)
		r = check_kernel(prepared->kernel, error);
	if (r == 0)
		r = take_initrds(boot, entry, prepared, error);
	if (r == 0)
		r = cmdline_build(entry->cmdline ? entry->cmdline : "", wishes->add, wishes->remove, &prepared->cmdline,
		                  error);
	return r;
}

static int measure_file(struct tpm *tpm, const struct snapshot_entry *file, struct error *error)
{
	struct digest sha256 = {.algorithm = HASH_SHA256, .size = sizeof(file->digest)};

	memcpy(sha256.data, file->digest, sizeof(file->digest));
	return measure_memfd(tpm, TRUST_PAYLOAD_PCR, file->path, file->fd, &sha256, error);
}

/* Manifest, kernel, initrds into PCR 9; the command line as the kernel gets it into PCR 8. */
static int measure(const struct boot_system *boot, const struct prepared *prepared, struct tpm *tpm,
                   struct error *error)
{
	const struct snapshot_entry *manifest = signed_set_find(boot->snapshot, boot->verify.set, MANIFEST);
	int r = 0;

	if (manifest && manifest->fd >= 0)
		r = measure_file(tpm, manifest, error);
	if (r == 0)
		r = measure_file(tpm, prepared->kernel, error);
	for (size_t i = 0; i < prepared->initrd_count && r == 0; i++)
		r = measure_file(tpm, prepared->initrds[i], error);
	if (r == 0)
		r = measure_bytes(tpm, TRUST_COMMAND_PCR, "command line", bytes_from_string(prepared->cmdline), error);
	return r;
}

/* The initrds, and behind them the event log; gives their number. */
static size_t initrd_fds(const struct prepared *prepared, int fds[MAX_INITRDS + 1])
{
	size_t count = prepared->initrd_count;

	for (size_t i = 0; i < count; i++)
		fds[i] = prepared->initrds[i]->fd;
	if (prepared->log_fd >= 0)
		fds[count++] = prepared->log_fd;
	return count;
}

/* Everything about the key but the key: where the initrd wants it, what the segment will hold, the disks. Measured
 * before the key is out. */
static int plan_unlock(struct prepared *prepared, const struct boot_unlock *unlock, struct tpm *tpm,
                       struct error *error)
{
	struct crypttab_disk disks[MAX_DISKS] = {0};
	int fds[MAX_INITRDS + 1], r;
	size_t count;

	if (unlock->volumes->count > MAX_DISKS)
		return error_set(error, E_TOO_LARGE, "disk", "at most %d disks have the unlock key", MAX_DISKS);
	for (size_t i = 0; i < unlock->volumes->count; i++) {
		disks[i].uuid = unlock->volumes->volumes[i].facts.uuid;
		disks[i].path = unlock->volumes->volumes[i].path;
	}
	count = initrd_fds(prepared, fds);
	r = key_segment_plan(fds, count, disks, unlock->volumes->count, UNLOCK_KEY_SIZE, &prepared->plan, error);
	if (r == 0)
		r = measure_bytes(tpm, TRUST_PAYLOAD_PCR, "key segment", buffer_bytes(&prepared->plan.layout), error);
	if (r == 0)
		r = unlock_measure(tpm, unlock->volumes, unlock->entry, unlock->measured, error);
	prepared->planned = r == 0;
	return r;
}

static int no_key(const struct boot_unlock *unlock, const struct error *why)
{
	log_line("unlock-key unavailable code=%s sentence=\"%s\"", error_name(why->code), why->sentence);
	return unlock->without(unlock->context, why);
}

/* The key out of the TPM and into its segment. From here on there is no way back (trust). */
static int release_key(struct boot_system *boot, const struct prepared *prepared, const struct boot_unlock *unlock,
                       struct secret *ret_key, struct secret *ret_segment, struct error *error)
{
	unsigned long long started = log_now_ms();
	int r;

	if (!trust_may(&boot->trust, TRUST_DID_RELEASE))
		return trust_step(&boot->trust, TRUST_DID_RELEASE, error);
	r = unlock->release(unlock->context, ret_key, error);
	if (r == 0)
		r = trust_step(&boot->trust, TRUST_DID_RELEASE, error);
	if (r == 0)
		r = key_segment_make(&prepared->plan, secret_bytes(ret_key), ret_segment, error);
	if (r == 0)
		log_line("unlock-key released disks=%zu ms=%llu", unlock->volumes->count, log_now_ms() - started);
	return r;
}

/* The log explains the PCRs to the system; a system without the log boots all the same. */
static void add_log(struct prepared *prepared, const struct tpm *tpm)
{
	struct error error;
	int r = prepared->initrd_count == 0 ? 0 : log_segment_make(tpm, &prepared->log_fd, &error);

	if (r < 0 && r != -E_NOT_FOUND)
		log_error(&error);
}

/* Another entry may be chosen: what was read and judged still holds. */
static void step_back(struct boot_system *boot, bool verified)
{
	load_forget();
	if (trust_step(&boot->trust, TRUST_DID_START_OVER, NULL) < 0 ||
	    trust_step(&boot->trust, TRUST_DID_READ, NULL) < 0)
		return;
	(void)trust_step(&boot->trust, verified ? TRUST_DID_VERIFY : TRUST_DID_REFUSE, NULL);
	if (!verified)
		(void)trust_step(&boot->trust, TRUST_DID_FORCE, NULL);
}

static unsigned long long initrd_bytes(const struct prepared *prepared)
{
	unsigned long long total = 0;

	for (size_t i = 0; i < prepared->initrd_count; i++)
		total += prepared->initrds[i]->size;
	return total;
}

static int hand_over(struct prepared *prepared, int initrd, struct error *error)
{
	unsigned long long started = log_now_ms();
	int r = load_kernel(prepared->kernel->fd, initrd, prepared->cmdline, error);

	prepared->kexec_ms = log_now_ms() - started;
	return r;
}

/* Loads what was prepared, with the key's segment (may be empty) behind it, and wipes that. Initrds are copied once,
 * and only where there is more than one. */
static int load(struct prepared *prepared, const struct secret *segment, struct error *error)
{
	CLEANUP(load_initrd_wipe) struct load_initrd initrd = {.fd = -1};
	int fds[MAX_INITRDS + 1], r = 0;
	size_t count = initrd_fds(prepared, fds);

	if (segment->size == 0 && count <= 1)
		return hand_over(prepared, count == 1 ? fds[0] : -1, error);
	if (segment->size > 0)
		r = load_join_secret(fds, count, secret_bytes(segment), &initrd, error);
	else
		r = load_join_initrds(fds, count, &initrd.fd, error);
	if (r == 0)
		r = hand_over(prepared, initrd.fd, error);
	return r;
}

/* MEASURE and RELEASE of DESIGN section 1. segment stays empty where the boot goes on without a key. */
static int measure_and_release(struct boot_system *boot, struct prepared *prepared, struct tpm *tpm,
                               const struct boot_unlock *unlock, const struct boot_wishes *wishes,
                               struct secret *segment, struct error *error)
{
	CLEANUP(secret_clear) struct secret key = {0};
	int r = measure(boot, prepared, tpm, error);

	if (r == 0 && unlock && plan_unlock(prepared, unlock, tpm, error) < 0)
		r = no_key(unlock, error);
	if (r == 0)
		r = trust_step(&boot->trust, TRUST_DID_MEASURE, error);
	if (r == 0 && unlock && prepared->planned && release_key(boot, prepared, unlock, &key, segment, error) < 0)
		r = no_key(unlock, error);
	if (r == 0 && wishes->check_root && boot->trust.state != TRUST_MEASURED_FORCED)
		r = wishes->check_root(wishes->root_context, secret_bytes(&key), error);
	return r;
}

int boot_system_load(struct boot_system *boot, const struct entry *entry, struct tpm *tpm,
                     const struct boot_wishes *wishes, struct error *error)
{
	CLEANUP(prepared_clear) struct prepared prepared = {.log_fd = -1};
	CLEANUP(secret_clear) struct secret segment = {0};
	bool verified = boot->trust.state == TRUST_VERIFIED;
	const struct boot_unlock *unlock = verified && tpm ? wishes->unlock : NULL;
	unsigned long long started = log_now_ms();
	int r;

	if (!trust_may(&boot->trust, TRUST_DID_MEASURE))
		return trust_step(&boot->trust, TRUST_DID_MEASURE, error);
	r = prepare(boot, entry, wishes, &prepared, error);
	if (r < 0)
		return r;
	r = measure_and_release(boot, &prepared, tpm, unlock, wishes, &segment, error);
	if (r == 0 && wishes->hand_log && tpm)
		add_log(&prepared, tpm);
	if (r == 0)
		r = load(&prepared, &segment, error);
	if (r == 0)
		r = trust_step(&boot->trust, TRUST_DID_LOAD, error);
	if (r < 0) {
		step_back(boot, verified);
		return r;
	}
	log_line("loaded kernel-bytes=%llu initrd-bytes=%llu ms=%llu kexec-ms=%llu",
	         (unsigned long long)prepared.kernel->size, initrd_bytes(&prepared), log_now_ms() - started,
	         prepared.kexec_ms);
	return 0;
}
