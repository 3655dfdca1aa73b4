/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One boot, from finding /boot to a loaded kernel, in the order that src/trust owns. */
#ifndef HEADS_BOOT_SYSTEM_H
#define HEADS_BOOT_SYSTEM_H

#include "boot/default.h"
#include "boot/device.h"
#include "boot/snapshot.h"
#include "boot/verify.h"
#include "disk/unlock.h"
#include "format/entry.h"
#include "tpm/tpm.h"
#include "trust/trust.h"

#define BOOT_MOUNT_POINT "/boot"

/* Starts zeroed. */
struct boot_system {
	struct trust trust;
	bool compared;              /* in READ: verify is valid */
	unsigned long long read_ms; /* how long reading and comparing took */
	struct boot_device device;
	struct snapshot *snapshot;
	struct verify_result verify; /* valid in VERIFIED, REFUSED and after */
	struct entry_list entries;   /* of the verified configuration; after boot_system_force of the unverified one */
	char verdict[512];           /* one line: what is wrong with a refused /boot */
	struct boot_default saved_default; /* the owner's, in VERIFIED */
	char rollback[256];                /* why the age of /boot is not known, or "" */
	struct error problem; /* code E_NONE: none; else why /boot was not read, or why there are no entries */
};

/* Finds /boot (saved: the device chosen by the owner, or NULL), mounts it read-only, reads every file once, and
 * compares all with what the owner's public key (binary or armoured; empty: none) vouches for. Touches no TPM and shows
 * nothing, so that it can run beside who does (boot/reading.h). watch: told how far the reading is, or NULL. Afterwards
 * the state is READ, and boot_system_judge comes next, or STARTED where nothing could be read; problem says why. It
 * starts over where it was called before. Errors: those of boot_device_find, snapshot_open and snapshot_read. */
int boot_system_read(struct boot_system *boot, const char *saved, struct bytes key, snapshot_watcher *watch,
                     void *context);
/* The same for the /boot of a machine that is off: directory is the root of that file system, and nothing is mounted.
 * Errors: those of snapshot_open and snapshot_read. */
int boot_system_read_directory(struct boot_system *boot, const char *directory, struct bytes key,
                               snapshot_watcher *watch, void *context);
/* What comes of it: VERIFIED, with the entries, or REFUSED, and verdict says why; nothing happens to what could not be
 * read. Compares the age with the counter of the TPM (NULL: none; A15) and raises it where the last signing has still
 * to be completed. Errors: that of the comparison. A refused /boot is no error. */
int boot_system_judge(struct boot_system *boot, struct tpm *tpm);
/* The owner typed that this refused /boot shall be booted: extends PCR 4 with "forced" first, then reads the entries in
 * a confined child, because nothing has verified them (A5, A11). Errors: those of measure_bytes, -E_ORDER. */
int boot_system_force(struct boot_system *boot, struct tpm *tpm, struct error *error);
/* Back to refused. PCR 4 keeps what it has. */
void boot_system_unforce(struct boot_system *boot);

/* The disk unlock key in a boot: who loads keeps the order, who asks the owner gives the key. */
struct boot_unlock {
	const struct volume_list *volumes; /* accepted ones: measured into PCR 6, then opened by the key */
	struct bytes entry;                /* of a key that is for this entry alone (boot/key_entry.h); else empty */
	struct unlock_measured *measured;
	/* Asks for what is needed and gives the key (unlock_release). Called once all is measured. */
	int (*release)(void *context, struct secret *ret_key, struct error *error);
	/* There is no key, and why: 0 boots without it, so that the system asks for the passphrase; negative does not.
	 */
	int (*without)(void *context, const struct error *why);
	void *context;
};

/* How an entry is loaded; all but the entry may be empty. */
struct boot_wishes {
	const char *add, *remove; /* the board's words for the command line, or NULL */
	bool hand_log;            /* where the entry has an initrd, the event log comes with it (boot/log_segment.h) */
	const struct boot_unlock *unlock; /* NULL: no disk unlock key; a forced boot never gets one */
	/* Where not NULL: called in a verified boot when all is measured and the unlock key is out, where there is one
	 * (key; else empty), before anything is loaded: compares the root filesystem with its signed list, and closes
	 * it again. What it returns below 0 ends the boot. */
	int (*check_root)(void *context, struct bytes key, struct error *error);
	void *root_context;
};

/* Checks the entry's files, builds its command line, measures manifest, kernel, initrds and the key segment's layout
 * into PCR 9, the command line into PCR 8, and the disks' facts into PCR 6; takes the disk unlock key out of the TPM;
 * loads the kernel with the event log and the key behind its initrds, and wipes the key (A5, A13). Without the event
 * log the boot goes on. tpm may be NULL. After an error another entry may be tried, unless the key was out: then the
 * state stays RELEASED, and only a way out is left. Errors: those of the steps; each says what to do. */
int boot_system_load(struct boot_system *boot, const struct entry *entry, struct tpm *tpm,
                     const struct boot_wishes *wishes, struct error *error);

/* The signed kexec_key_devices.txt of a verified /boot, appended; nothing where there is none, or /boot did not verify.
 * Errors: -E_IO, -E_TOO_LARGE, -E_MEMORY. */
int boot_system_key_devices(const struct boot_system *boot, struct buffer *text, struct error *error);

/* Bytes of /boot that are held in memory. */
unsigned long long boot_system_kept_bytes(const struct boot_system *boot);
void boot_system_clear(struct boot_system *boot);

#endif
