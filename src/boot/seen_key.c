/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/seen_key.h"
#include "base/cleanup.h"
#include "base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Behind the Name: whether the start is recorded, and the session. */
#define START_PLACE    48
#define START_RECORDED 1
#define SESSION_PLACE  64

int seen_key_open(struct error *error)
{
	int fd = memfd_create("seen-key", MFD_CLOEXEC);

	return fd >= 0 ? fd : error_set_errno(error, E_MEMORY, "TPM", errno, "there is no memory for the key's Name");
}

void seen_key_write(int fd, struct tpm *tpm)
{
	struct bytes name;
	struct error error;

	if (fd < 0 || !tpm || tpm_storage_key_name(tpm, &name, NULL) < 0 || name.size != TPM_NAME_SIZE)
		return;
	if (pwrite(fd, name.data, name.size, 0) == (ssize_t)name.size)
		return;
	(void)error_set_errno(&error, E_IO, "TPM", errno, "the Name of its key cannot be written down");
	log_error(&error);
}

struct bytes seen_key_read(int fd, uint8_t name[TPM_NAME_SIZE])
{
	/* Zeros: nothing but what stands behind it was written. A Name begins with the number of its hash. */
	if (fd < 0 || pread(fd, name, TPM_NAME_SIZE, 0) != TPM_NAME_SIZE || (name[0] == 0 && name[1] == 0))
		return BYTES_EMPTY;
	return bytes_make(name, TPM_NAME_SIZE);
}

void seen_start_write(int fd)
{
	const uint8_t recorded = START_RECORDED;
	struct error error;

	if (fd < 0 || pwrite(fd, &recorded, sizeof(recorded), START_PLACE) == (ssize_t)sizeof(recorded))
		return;
	(void)error_set_errno(&error, E_IO, "TPM", errno, "that its record has this start cannot be written down");
	log_error(&error);
}

bool seen_start_is_recorded(int fd)
{
	uint8_t recorded = 0;

	return fd >= 0 && pread(fd, &recorded, sizeof(recorded), START_PLACE) == (ssize_t)sizeof(recorded) &&
	       recorded == START_RECORDED;
}

void seen_key_hand_on(int fd, struct tpm *tpm)
{
	CLEANUP(secret_clear) struct secret state = {0};
	struct error error;
	int r;

	if (fd < 0 || !tpm)
		return;
	/* Room first: a session that is left open and not written down would stay in the TPM. */
	r = posix_fallocate(fd, SESSION_PLACE, TPM_CONTINUED_MAX);
	if (r == 0) {
		tpm_hand_on(tpm, &state);
		if (pwrite(fd, state.data, state.size, SESSION_PLACE) == (ssize_t)state.size)
			return;
		r = errno;
	}
	(void)error_set_errno(&error, E_MEMORY, "TPM", r, "its session cannot be handed on");
	log_error(&error);
}

/* What stands there, which is wiped. False: it cannot be, and is not used. */
static bool take_session(int fd, struct secret *state)
{
	static const uint8_t nothing[TPM_CONTINUED_MAX];
	ssize_t size = pread(fd, state->data, state->capacity, SESSION_PLACE);

	if (size <= 0)
		return size == 0;
	/* Room that was made for one and not used, where there is no storage key, is as none. */
	state->size = memcmp(state->data, nothing, (size_t)size) == 0 ? 0 : (size_t)size;
	return pwrite(fd, nothing, (size_t)size, SESSION_PLACE) == size && ftruncate(fd, SESSION_PLACE) == 0;
}

int seen_key_open_tpm(int fd, const char *where, bool in_order, struct tpm **ret_tpm, struct error *error)
{
	CLEANUP(secret_clear) struct secret state = {0};
	bool taken = fd < 0 || (secret_allocate(TPM_CONTINUED_MAX, &state) == 0 && take_session(fd, &state));

	if (!taken || !in_order)
		return tpm_open(where, ret_tpm, error);
	return state.size > 0 ? tpm_open_continued(where, secret_bytes(&state), ret_tpm, error)
	                      : tpm_open_clean(where, ret_tpm, error);
}
