/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/transport.h"

#include "base/cleanup.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define DEFAULT_DEVICE "/dev/tpm0"
#define HEADER_SIZE    10
/* The longest command of a TPM (an RSA key on a slow chip) takes tens of seconds: beyond this it hangs. */
#define ANSWER_TIMEOUT_MS 120000

struct descriptor_transport {
	struct tpm_transport base;
	int fd;
	bool is_socket;
	bool broken; /* out of step with the TPM after a failed exchange */
	char where[108];
};

static int wait_for(struct descriptor_transport *transport, struct error *error)
{
	struct pollfd poll_fd = {.fd = transport->fd, .events = POLLIN};
	int ready;

	do
		ready = poll(&poll_fd, 1, ANSWER_TIMEOUT_MS);
	while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return error_set_errno(error, E_IO, transport->where, errno, "cannot wait for the TPM");
	if (ready == 0)
		return error_set(error, E_IO, transport->where, "the TPM gave no answer within %d seconds",
		                 ANSWER_TIMEOUT_MS / 1000);
	return 0;
}

static int send_command(struct descriptor_transport *transport, struct bytes command, struct error *error)
{
	while (command.size > 0) {
		ssize_t written;

		if (transport->is_socket)
			written = send(transport->fd, command.data, command.size, MSG_NOSIGNAL);
		else
			written = write(transport->fd, command.data, command.size);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_set_errno(error, E_IO, transport->where, errno, "cannot send to the TPM");
		/* The kernel's driver takes a command whole: a short write there cannot be continued. */
		if (!transport->is_socket && (size_t)written != command.size)
			return error_set(error, E_IO, transport->where, "the TPM driver took only part of a command");
		command = bytes_slice(command, (size_t)written, command.size);
	}
	return 0;
}

/* One read of at most capacity bytes; an end of file is an error. */
static int receive_some(struct descriptor_transport *transport, uint8_t *data, size_t capacity, size_t *ret_size,
                        struct error *error)
{
	ssize_t got;
	/* A device has its answer ready when the write returns: the kernel's driver waits, with timeouts of its own. */
	int result = transport->is_socket ? wait_for(transport, error) : 0;

	if (result < 0)
		return result;
	do
		got = read(transport->fd, data, capacity);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_set_errno(error, E_IO, transport->where, errno, "cannot receive from the TPM");
	if (got == 0)
		return error_set(error, E_IO, transport->where, "the TPM ended the connection");
	*ret_size = (size_t)got;
	return 0;
}

static uint32_t announced_size(const uint8_t *answer)
{
	struct cursor cursor = cursor_make(bytes_make(answer + 2, 4));

	return cursor_u32be(&cursor);
}

static int receive_answer(struct descriptor_transport *transport, uint8_t *answer, size_t *ret_size,
                          struct error *error)
{
	size_t size = 0, wanted = transport->is_socket ? HEADER_SIZE : TPM_MESSAGE_LIMIT;

	while (size < wanted) {
		size_t got = 0;
		int result = receive_some(transport, answer + size, wanted - size, &got, error);

		if (result < 0)
			return result;
		size += got;
		if (!transport->is_socket)
			break;
		if (wanted == HEADER_SIZE && size == HEADER_SIZE) {
			wanted = announced_size(answer);
			if (wanted < HEADER_SIZE || wanted > TPM_MESSAGE_LIMIT)
				return error_set(error, E_TPM_FORGED, transport->where,
				                 "the TPM announces an answer of %zu bytes", wanted);
		}
	}
	*ret_size = size;
	return 0;
}

static int descriptor_exchange(struct tpm_transport *base, struct bytes command, uint8_t *answer, size_t *ret_size,
                               struct error *error)
{
	struct descriptor_transport *transport = (struct descriptor_transport *)base;
	int result;

	if (transport->broken)
		return error_set(error, E_IO, transport->where,
		                 "the connection to the TPM failed before and is not used any more");
	result = send_command(transport, command, error);
	if (result == 0)
		result = receive_answer(transport, answer, ret_size, error);
	transport->broken = result < 0;
	return result;
}

static void descriptor_close(struct tpm_transport *base)
{
	struct descriptor_transport *transport = (struct descriptor_transport *)base;

	if (!transport)
		return;
	cleanup_close(&transport->fd);
	free(transport);
}

static int open_socket(const char *path, struct error *error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	CLEANUP_CLOSE int fd = -1;

	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(error, E_NO_DEVICE, path, "the path of the TPM's socket is longer than %zu bytes",
		                 sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_set_errno(error, E_SYSTEM, path, errno, "cannot make a socket");
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return error_set_errno(error, E_NO_DEVICE, path, errno, "no TPM answers at this socket");
	return TAKE_FD(fd);
}

static int open_device(const char *path, struct error *error)
{
	struct stat status;
	CLEANUP_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd < 0 && errno == EBUSY)
		return error_set(error, E_NO_DEVICE, path, "another program uses the TPM");
	if (fd < 0)
		return error_set_errno(error, E_NO_DEVICE, path, errno, "there is no TPM to use");
	if (fstat(fd, &status) < 0 || !S_ISCHR(status.st_mode))
		return error_set(error, E_NO_DEVICE, path,
		                 "this is no TPM device; a socket of swtpm is written swtpm:PATH");
	return TAKE_FD(fd);
}

int tpm_transport_open(const char *where, struct tpm_transport **ret_transport, struct error *error)
{
	static const char prefix[] = "swtpm:";
	struct descriptor_transport *transport;
	bool is_socket;
	int fd;

	if (!where)
		where = DEFAULT_DEVICE;
	is_socket = strncmp(where, prefix, sizeof(prefix) - 1) == 0;
	fd = is_socket ? open_socket(where + sizeof(prefix) - 1, error) : open_device(where, error);
	if (fd < 0)
		return fd;
	transport = calloc(1, sizeof(*transport));
	if (!transport) {
		(void)close(fd);
		return error_set(error, E_MEMORY, where, "no memory for the connection to the TPM");
	}
	transport->base.exchange = descriptor_exchange;
	transport->base.close = descriptor_close;
	transport->base.may_start = is_socket;
	transport->fd = fd;
	transport->is_socket = is_socket;
	strncpy(transport->where, where, sizeof(transport->where) - 1);
	*ret_transport = &transport->base;
	return 0;
}
