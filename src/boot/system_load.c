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

#define MAX_INITRDS 16
#define MANIFEST    "kexec_hashes.txt"
#define MAX_DISKS   16

/* A file of the entry, and its bytes as they lie in memory. */
struct prepared_file {
	const struct snapshot_entry *entry;
	struct bytes bytes;
};

/* Starts zeroed. */
struct prepared {
	struct prepared_file kernel, initrds[MAX_INITRDS];
	size_t initrd_count;
	struct buffer log; /* the segment with the event log; empty: none */
	char *cmdline;
	struct key_segment_plan plan; /* of the segment with the disk unlock key */
	bool planned;
	unsigned long long kexec_ms; /* that kexec_file_load took */
};

static void prepared_clear(struct prepared *prepared)
{
	buffer_clear(&prepared->log);
	free(prepared->cmdline);
	key_segment_plan_clear(&prepared->plan);
}

/* The bytes of a file of the entry, as they were verified, in a sealed memfd (A6). */
static int take_file(struct boot_system *boot, const char *path, enum snapshot_choice how,
                     struct prepared_file *ret_file, struct error *error)
{
	const struct snapshot_entry *file = snapshot_resolve(boot->snapshot, path);
	int r = 0;

	if (!file)
		return error_set(error, E_NOT_FOUND, path, "the file %s of this entry is not on /boot", path);
	if (file->fd < 0)
		r = snapshot_keep_verified(boot->snapshot, file->path, how, error);
	if (r == 0)
		r = snapshot_bytes(boot->snapshot, file->path, SIZE_MAX, &ret_file->bytes, error);
	ret_file->entry = file;
	return r;
}

static int check_kernel(const struct prepared_file *kernel, struct error *error)
{
	const char *path = kernel->entry->path;
	struct bzimage header;

	if (kernel->bytes.size == 0)
		return error_set(error, E_MALFORMED, path, "the kernel %s is empty", path);
	return bzimage_check(kernel->bytes, path, &header, error);
}

static int take_initrds(struct boot_system *boot, const struct entry *entry, struct prepared *prepared,
                        struct error *error)
{
	if (entry->initrd_count > MAX_INITRDS)
		return error_set(error, E_TOO_LARGE, entry->id, "the entry names %zu initrds; at most %d are loaded",
		                 entry->initrd_count, MAX_INITRDS);
	for (size_t i = 0; i < entry->initrd_count; i++) {
		int r = take_file(boot, entry->initrds[i], SNAPSHOT_KEEP_WITH_ROOM, &prepared->initrds[i], error);

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
	r = take_file(boot, entry->kernel, SNAPSHOT_KEEP, &prepared->kernel, error);
	if (r == 0)
		r = check_kernel(&prepared->kernel, error);
	if (r == 0)
		r = take_initrds(boot, entry, prepared, error);
	if (r == 0)
		r = cmdline_build(entry->cmdline ? entry->cmdline : "", wishes->add, wishes->remove, &prepared->cmdline,
		                  error);
	return r;
}

static int measure_file(struct tpm *tpm, const struct prepared_file *file, struct error *error)
{
	struct digest sha256 = {.algorithm = HASH_SHA256, .size = sizeof(file->entry->digest)};

	memcpy(sha256.data, file->entry->digest, sizeof(file->entry->digest));
	return measure_hashed(tpm, TRUST_PAYLOAD_PCR, file->entry->path, file->bytes, &sha256, error);
}

static int measure_manifest(const struct boot_system *boot, struct tpm *tpm, struct error *error)
{
	struct prepared_file manifest = {.entry = signed_set_find(boot->snapshot, boot->verify.set, MANIFEST)};
	int r;

	if (!manifest.entry || manifest.entry->fd < 0)
		return 0;
	r = snapshot_bytes(boot->snapshot, manifest.entry->path, SIZE_MAX, &manifest.bytes, error);
	return r < 0 ? r : measure_file(tpm, &manifest, error);
}

/* Manifest, kernel, initrds into PCR 9; the command line as the kernel gets it into PCR 8. */
static int measure(const struct boot_system *boot, const struct prepared *prepared, struct tpm *tpm,
                   struct error *error)
{
	int r = measure_manifest(boot, tpm, error);

	if (r == 0)
		r = measure_file(tpm, &prepared->kernel, error);
	for (size_t i = 0; i < prepared->initrd_count && r == 0; i++)
		r = measure_file(tpm, &prepared->initrds[i], error);
	if (r == 0)
		r = measure_bytes(tpm, TRUST_COMMAND_PCR, "command line", bytes_from_string(prepared->cmdline), error);
	return r;
}

static void initrds_of(const struct prepared *prepared, struct bytes initrds[MAX_INITRDS])
{
	for (size_t i = 0; i < prepared->initrd_count; i++)
		initrds[i] = prepared->initrds[i].bytes;
}

/* Everything about the key but the key: where the initrd wants it, what the segment will hold, the disks. Measured
 * before the key is out. */
static int plan_unlock(struct prepared *prepared, const struct boot_unlock *unlock, struct tpm *tpm,
                       struct error *error)
{
	struct crypttab_disk disks[MAX_DISKS] = {0};
	struct bytes initrds[MAX_INITRDS];
	int r;

	if (unlock->volumes->count > MAX_DISKS)
		return error_set(error, E_TOO_LARGE, "disk", "at most %d disks have the unlock key", MAX_DISKS);
	for (size_t i = 0; i < unlock->volumes->count; i++) {
		disks[i].uuid = unlock->volumes->volumes[i].facts.uuid;
		disks[i].path = unlock->volumes->volumes[i].path;
	}
	initrds_of(prepared, initrds);
	r = key_segment_plan(initrds, prepared->initrd_count, disks, unlock->volumes->count, UNLOCK_KEY_SIZE,
	                     &prepared->plan, error);
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
	int r = prepared->initrd_count == 0 ? 0 : log_segment_make(tpm, &prepared->log, &error);

	if (r < 0)
		buffer_clear(&prepared->log);
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
		total += prepared->initrds[i].bytes.size;
	return total;
}

static int hand_over(struct prepared *prepared, int initrd, struct error *error)
{
	unsigned long long started = log_now_ms();
	int r = load_kernel(prepared->kernel.entry->fd, initrd, prepared->cmdline, error);

	prepared->kexec_ms = log_now_ms() - started;
	return r;
}

/* An entry's only initrd stays where it was read to, unless a boot that failed has used up the room behind it. */
static int open_initrd(const struct prepared *prepared, size_t needed, struct load_initrd *initrd, struct error *error)
{
	const struct snapshot_entry *first = prepared->initrds[0].entry;
	struct memfd_room *room = prepared->initrd_count == 1 ? snapshot_room(first) : NULL;
	struct bytes initrds[MAX_INITRDS];

	if (room && needed <= SNAPSHOT_ROOM) {
		load_initrd_borrow(first->fd, room, initrd);
		return 0;
	}
	initrds_of(prepared, initrds);
	return load_initrd_join(initrds, prepared->initrd_count, needed, initrd, error);
}

/* Loads what was prepared, with the event log and the key's segment (both may be empty) behind its initrds, and wipes
 * those. */
static int load(struct prepared *prepared, const struct secret *key, struct error *error)
{
	CLEANUP(load_initrd_wipe) struct load_initrd initrd = {.fd = -1};
	const struct bytes segments[] = {buffer_bytes(&prepared->log), secret_bytes(key)};
	size_t needed = 0;
	int r;

	if (prepared->initrd_count == 0)
		return hand_over(prepared, -1, error);
	for (size_t i = 0; i < ARRAY_SIZE(segments); i++)
		needed += load_initrd_room(segments[i]);
	r = open_initrd(prepared, needed, &initrd, error);
	for (size_t i = 0; i < ARRAY_SIZE(segments) && r == 0; i++)
		if (segments[i].size > 0)
			r = load_initrd_add(&initrd, segments[i], error);
	if (r == 0)
		r = load_initrd_seal(&initrd, error);
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
	CLEANUP(prepared_clear) struct prepared prepared = {0};
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
	         (unsigned long long)prepared.kernel.bytes.size, initrd_bytes(&prepared), log_now_ms() - started,
	         prepared.kexec_ms);
	return 0;
}
