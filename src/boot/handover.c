/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/handover.h"
#include "attest/eventlog.h"
#include "attest/measure.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/log.h"
#include "boot/flash_lock.h"
#include "boot/seen_key.h"
#include "format/start_record.h"
#include "rom/settings.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>

/* The PCRs that Heads and the firmware use, as the OS will read them: as many as the TPM tells at once. Left out are 3
 * and 5, which nothing extends. */
#define LOGGED_PCRS 0x3d7u

/* What the event log leads to: each extend of it was acknowledged. Nobody but us has extended anything before a boot
 * without a shell, and where the firmware's part is known the TPM need not be asked. */
static bool replay_pcrs(struct tpm_pcrs *ret_pcrs)
{
	CLEANUP(buffer_clear) struct buffer log = {0};
	struct eventlog_replay replay;

	if (eventlog_read(&log, NULL) < 0 || eventlog_replay(buffer_bytes(&log), &replay, NULL) < 0 ||
	    replay.firmware_absent)
		return false;
	for (size_t i = 0; i < replay.bank_count; i++) {
		if (replay.banks[i].bank != HASH_SHA256)
			continue;
		*ret_pcrs = replay.banks[i];
		return true;
	}
	return false;
}

static void log_pcrs(struct tpm *tpm, bool by_log)
{
	struct buffer line = {0};
	struct tpm_pcrs pcrs;
	struct error error;

	if (!(by_log && replay_pcrs(&pcrs)) && tpm_pcr_read(tpm, HASH_SHA256, LOGGED_PCRS, &pcrs, &error) < 0) {
		log_error(&error);
		return;
	}
	buffer_append_string(&line, "pcrs bank=sha256");
	for (unsigned i = 0; i < TPM_PCR_COUNT; i++) {
		char hex[2 * DIGEST_MAX_SIZE + 1];

		if (!(LOGGED_PCRS & (1u << i)))
			continue;
		hex_encode(digest_bytes(&pcrs.values[i]), hex);
		buffer_append_format(&line, " %u=%s", i, hex);
	}
	if (buffer_string(&line))
		log_line("%s", buffer_string(&line));
	buffer_clear(&line);
}

/* A kernel is loaded and waits for the jump. */
static bool kernel_is_loaded(void)
{
	CLEANUP(buffer_clear) struct buffer text = {0};

	return file_read("/sys/kernel/kexec_loaded", 16, &text, NULL) == 0 && text.size > 0 && text.data[0] == '1';
}

/* A21. A boot that failed at its last step is tried again in a TPM that this process has locked. */
static int lock_platform(struct tpm *tpm, struct error *error)
{
	static bool locked_before;
	bool disabled = false;
	int r = tpm_lock_platform(tpm, &disabled, error);

	if (r == -E_WRONG_AUTH && locked_before)
		r = 0;
	if (r == -E_WRONG_AUTH)
		return error_set(
		    error, E_REFUSED, "TPM",
		    "somebody has locked the TPM's platform hierarchy before Heads could, and may hold its "
		    "key; a reset of the machine frees it");
	if (r < 0)
		return r;
	locked_before = true;
	log_line("tpm platform-auth=%s", disabled ? "disabled" : "random");
	return 0;
}

/* Who answered honestly until now and then with another key would keep the cap from the TPM that has our secrets (A2):
 * a key that was seen must be there. A TPM that never was the recorded one holds none of them, and must not keep the
 * machine from leaving. */
static int expect_key(struct tpm *tpm, struct bytes recorded, struct bytes seen, struct error *error)
{
	int r = tpm_pin_storage_key(tpm, seen.size > 0 ? seen : recorded, error);

	if (r == 0)
		r = tpm_check_storage_key(tpm, error);
	if (r != -E_FOREIGN_TPM)
		return r;
	if (seen.size > 0)
		return error_set(error, E_FOREIGN_TPM, "TPM",
		                 "the TPM that this start began with does not answer any more, but another one, or "
		                 "something on its bus: it cannot be capped, so nothing is started; switch the machine "
		                 "off and look for what was put between");
	log_error(error);
	return 0;
}

/* The first command of the session that was left failed: because another TPM answers, which is told as that? */
static int explain_lost(struct tpm *tpm, struct bytes seen, int result, struct error *error)
{
	struct error other;

	(void)tpm_pin_storage_key(tpm, BYTES_EMPTY, NULL); /* forgets what was known of its key */
	if (seen.size == 0 || expect_key(tpm, BYTES_EMPTY, seen, &other) != -E_FOREIGN_TPM)
		return result;
	if (error)
		*error = other;
	return -E_FOREIGN_TPM;
}

/* For the owner to read; no boot depends on it. */
static void record_outcome(struct tpm *tpm, const struct handover_start *start)
{
	struct error error;

	if (start->outcome && tpm_record_outcome(tpm, start->outcome, &error) < 0)
		log_error(&error);
}

static int without_tpm(int r, const struct trust_way_out *way, struct bytes seen, struct error *error)
{
	if (seen.size > 0)
		return error_set(error, E_NO_DEVICE, "TPM",
		                 "the TPM that this start began with is gone: it cannot be capped, so nothing is "
		                 "started; switch the machine off");
	log_line("cap exit=%s mode=%s tpm=%s", way->name, way->mode, r == -E_NO_DEVICE ? "absent" : "unsupported");
	return 0;
}

int handover_cap(enum trust_exit exit, const char *tpm_where, const struct handover_start *start, struct error *error)
{
	const struct trust_way_out *way = trust_leave(exit);
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	uint8_t name[TPM_NAME_SIZE];
	const struct bytes seen = seen_key_read(start->seen_fd, name);
	/* A boot follows a menu that ended in order, and closed what it had opened but for the session. */
	int r = seen_key_open_tpm(start->seen_fd, tpm_where, way->needs_kernel, &tpm, error);

	if (r == -E_NO_DEVICE || r == -E_UNSUPPORTED)
		return without_tpm(r, way, seen, error);
	if (r == 0)
		r = expect_key(tpm, start->recorded, seen, error);
	if (r < 0)
		return r;
	r = measure_bytes(tpm, TRUST_MODE_PCR, way->mode, bytes_from_string(way->mode), error);
	if (r < 0)
		return explain_lost(tpm, seen, r, error);
	log_line("cap exit=%s mode=%s tpm=capped bus=%s", way->name, way->mode,
	         tpm_is_guarded(tpm) ? "authenticated" : "plain");
	record_outcome(tpm, start);
	if (way->lock_platform)
		r = lock_platform(tpm, error);
	if (r < 0 || !way->shutdown)
		return r;
	log_pcrs(tpm, way->needs_kernel && !(start->outcome & START_SHELL));
	r = tpm_shutdown(tpm, error);
	log_line("tpm shutdown=%s commands=%u", r < 0 ? "failed" : "clear", tpm_command_count(tpm));
	return r;
}

static void disable_further_kexec(void)
{
	CLEANUP_CLOSE int fd = open("/proc/sys/kernel/kexec_load_disabled", O_WRONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)file_write_all(fd, "kexec_load_disabled", bytes_from_string("1"), NULL);
}

int handover_leave(enum trust_exit exit, const char *tpm_where, const struct handover_start *start, struct error *error)
{
	const struct trust_way_out *way = trust_leave(exit);
	int r;

	if (way->needs_kernel && !kernel_is_loaded())
		return error_set(error, E_ORDER, way->name, "no kernel is loaded: there is nothing to boot");
	r = handover_cap(exit, tpm_where, start, error);
	if (r < 0 && exit != TRUST_EXIT_REBOOT && exit != TRUST_EXIT_POWER_OFF)
		return r;
	if (r < 0)
		log_error(error);
	if (exit == TRUST_EXIT_RECOVERY || exit == TRUST_EXIT_CRASH)
		return 0;
	if (way->needs_kernel) {
		r = flash_lock(SETTINGS_BOARD_FILE, error);
		if (r < 0)
			return r;
		disable_further_kexec();
	}
	log_line("leave exit=%s", way->name);
	(void)umount2("/boot", MNT_DETACH);
	sync();
	if (exit == TRUST_EXIT_BOOT)
		(void)syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL);
	else
		(void)reboot(exit == TRUST_EXIT_POWER_OFF ? RB_POWER_OFF : RB_AUTOBOOT);
	return error_set_errno(error, E_SYSTEM, way->name, errno, "the kernel refused to leave (%s)", way->name);
}
