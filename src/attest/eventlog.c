/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attest/eventlog.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static const char *used_path = EVENTLOG_FILE;

void eventlog_use(const char *path)
{
	used_path = path ? path : EVENTLOG_FILE;
}

static bool has_bank(const enum hash_algorithm *banks, size_t count, enum hash_algorithm bank)
{
	for (size_t i = 0; i < count; i++)
		if (banks[i] == bank)
			return true;
	return false;
}

static int add_firmware_event(struct buffer *log, const enum hash_algorithm *banks, size_t count, uint32_t pcr,
                              uint32_t type, const struct digest *digests, size_t digest_count, struct bytes data,
                              struct error *error)
{
	struct digest active[EVENTLOG_MAX_BANKS];
	size_t active_count = 0;

	for (size_t i = 0; i < digest_count; i++)
		if (has_bank(banks, count, digests[i].algorithm))
			active[active_count++] = digests[i];
	if (active_count == 0)
		return error_set(error, E_UNSUPPORTED, "firmware log",
		                 "the firmware measured in no bank of this TPM that is active");
	eventlog_write_event(log, pcr, type, active, active_count, data);
	return 0;
}

static int add_coreboot(struct buffer *log, const enum hash_algorithm *banks, size_t count, struct bytes firmware,
                        size_t *events, struct error *error)
{
	struct coreboot_event event;
	size_t position = 0;
	int r;

	while ((r = coreboot_log_next(firmware, &position, &event, error)) > 0) {
		r = add_firmware_event(log, banks, count, event.pcr, EVENTLOG_POST_CODE, &event.digest, 1,
		                       bytes_from_string(event.name), error);
		if (r < 0)
			return r;
		++*events;
	}
	return r;
}

static int add_tcg(struct buffer *log, const enum hash_algorithm *banks, size_t count, struct bytes firmware,
                   size_t *events, struct error *error)
{
	struct eventlog_reader reader;
	struct eventlog_event event;
	int r = eventlog_open(firmware, &reader, error);

	while (r >= 0 && (r = eventlog_next(&reader, &event, error)) > 0) {
		r = add_firmware_event(log, banks, count, event.pcr, event.type, event.digests, event.digest_count,
		                       event.data, error);
		++*events;
	}
	return r;
}

int eventlog_begin(struct buffer *log, const enum hash_algorithm *banks, size_t count,
                   const struct firmware_log *firmware, size_t *ret_events, struct error *error)
{
	size_t events = 0;
	int r;

	eventlog_write_start(log, banks, count);
	r = firmware->kind == CBMEM_LOG_TCG
	        ? add_tcg(log, banks, count, buffer_bytes(&firmware->bytes), &events, error)
	        : add_coreboot(log, banks, count, buffer_bytes(&firmware->bytes), &events, error);
	if (r < 0)
		return r;
	if (events == 0)
		return error_set(error, E_NOT_FOUND, "firmware log", "the firmware's log holds no event");
	if (log->failed)
		return error_set(error, E_MEMORY, "event log", "there is not enough memory for the event log");
	*ret_events = events;
	return 0;
}

void eventlog_begin_without_firmware(struct buffer *log, const enum hash_algorithm *banks, size_t count,
                                     const char *reason)
{
	struct digest zeros[TPM_MAX_BANKS] = {0};
	char note[sizeof(((struct eventlog_replay *)0)->firmware_reason) + sizeof(EVENTLOG_NO_FIRMWARE)];

	for (size_t i = 0; i < count && i < TPM_MAX_BANKS; i++) {
		zeros[i].algorithm = banks[i];
		zeros[i].size = hash_size(banks[i]);
	}
	(void)snprintf(note, sizeof(note), EVENTLOG_NO_FIRMWARE "%s", reason);
	eventlog_write_start(log, banks, count);
	eventlog_write_event(log, EVENTLOG_ROM_PCR, EVENTLOG_NO_ACTION, zeros, count, bytes_from_string(note));
}

static int write_new(const char *path, struct bytes bytes, struct error *error)
{
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return error_set_errno(error, E_IO, path, errno, "the event log %s cannot be made", path);
	return file_write_all(fd, path, bytes, error);
}

int eventlog_start(const char *path, struct tpm *tpm, firmware_memory *memory, void *context, struct error *error)
{
	CLEANUP(firmware_log_clear) struct firmware_log firmware = {0};
	CLEANUP(buffer_clear) struct buffer log = {0};
	const enum hash_algorithm *banks;
	size_t events, count = tpm_banks(tpm, &banks);
	struct error reason;
	int r = firmware_log_read(memory, context, &firmware, &reason);

	if (r == 0)
		r = eventlog_begin(&log, banks, count, &firmware, &events, &reason);
	if (r == 0) {
		log_line("eventlog firmware=%s events=%zu", firmware.kind == CBMEM_LOG_TCG ? "tcg" : "coreboot",
		         events);
		return write_new(path, buffer_bytes(&log), error);
	}
	log_line("eventlog firmware=absent reason=\"%s\"", reason.sentence);
	buffer_clear(&log);
	eventlog_begin_without_firmware(&log, banks, count, reason.sentence);
	return write_new(path, buffer_bytes(&log), error);
}

int eventlog_append(uint32_t pcr, uint32_t type, const struct digest *digests, size_t count, struct bytes data,
                    struct error *error)
{
	CLEANUP_CLOSE int fd = open(used_path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	CLEANUP(buffer_clear) struct buffer event = {0};

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return error_set_errno(error, E_IO, used_path, errno, "the event log %s cannot be written", used_path);
	eventlog_write_event(&event, pcr, type, digests, count, data);
	if (event.failed)
		return error_set(error, E_MEMORY, used_path, "there is not enough memory for an event");
	return file_write_all(fd, used_path, buffer_bytes(&event), error);
}

int eventlog_read(struct buffer *log, struct error *error)
{
	return file_read(used_path, EVENTLOG_MAX_SIZE, log, error);
}
