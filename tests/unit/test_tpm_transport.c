/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The socket's side of the transport: answers that are cut, too long, or never come. */
#include "base/cleanup.h"
#include "tpm/transport.h"
#include "unit/cmocka_all.h"
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

struct server {
	char directory[64];
	char where[96];
	pid_t pid;
};

/* Accepts one connection, waits for a command of 12 bytes, sends these pieces, and ends. */
static void serve(int listener, const struct bytes *pieces, size_t count)
{
	uint8_t command[12];
	int fd = accept(listener, NULL, NULL);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fd < 0 || recv(fd, command, sizeof(command), MSG_WAITALL) != (ssize_t)sizeof(command))
		_exit(1);
	for (size_t i = 0; i < count; i++) {
		if (send(fd, pieces[i].data, pieces[i].size, MSG_NOSIGNAL) != (ssize_t)pieces[i].size)
			_exit(1);
		(void)usleep(20000);
	}
	_exit(0);
}

static void server_start(struct server *server, const struct bytes *pieces, size_t count)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*server = (struct server){.directory = "/tmp/heads-transport-XXXXXX"};
	assert_true(listener >= 0);
	assert_non_null(mkdtemp(server->directory));
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/tpm", server->directory);
	(void)snprintf(server->where, sizeof(server->where), "swtpm:%s/tpm", server->directory);
	assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	server->pid = fork();
	assert_true(server->pid >= 0);
	if (server->pid == 0)
		serve(listener, pieces, count);
	(void)close(listener);
}

static void server_stop(struct server *server)
{
	char path[96];
	int status = 0;

	assert_int_equal(waitpid(server->pid, &status, 0), server->pid);
	assert_int_equal(status, 0);
	(void)snprintf(path, sizeof(path), "%s/tpm", server->directory);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(server->directory), 0);
}

static const uint8_t startup[12] = {0x80, 0x01, 0, 0, 0, 12, 0, 0, 0x01, 0x44, 0, 0};

/* One exchange with a server that sends these pieces; the second is refused where the first failed. */
static int exchange(const struct bytes *pieces, size_t count, uint8_t *answer, size_t *ret_size, struct error *error)
{
	struct tpm_transport *transport = NULL;
	struct server server;
	int result;

	server_start(&server, pieces, count);
	assert_int_equal(tpm_transport_open(server.where, &transport, error), 0);
	assert_true(transport->may_start);
	result = transport->exchange(transport, bytes_make(startup, sizeof(startup)), answer, ret_size, error);
	if (result < 0)
		assert_int_equal(
		    transport->exchange(transport, bytes_make(startup, sizeof(startup)), answer, ret_size, NULL),
		    -E_IO);
	transport->close(transport);
	server_stop(&server);
	return result;
}

static void test_an_answer_in_pieces(void **state)
{
	static const char whole[] = "\x80\x01\x00\x00\x00\x0e\x00\x00\x00\x00\x01\x02\x03\x04";
	const struct bytes pieces[] = {bytes_make(whole, 3), bytes_make(whole + 3, 8), bytes_make(whole + 11, 3)};
	uint8_t answer[TPM_MESSAGE_LIMIT];
	struct error error;
	size_t size = 0;

	(void)state;
	assert_int_equal(exchange(pieces, ARRAY_SIZE(pieces), answer, &size, &error), 0);
	assert_int_equal(size, 14);
	assert_memory_equal(answer, whole, 14);
}

static void test_answers_that_are_none(void **state)
{
	static const struct {
		struct bytes sent;
		int result;
	} cases[] = {
	    {{(const uint8_t *)"\x80\x01\x00\x00", 4}, -E_IO},                                  /* ends in the header */
	    {{(const uint8_t *)"\x80\x01\x00\x00\x00\x0e\x00\x00\x00\x00\x01", 11}, -E_IO},     /* ends in the body */
	    {{(const uint8_t *)"\x80\x01\x00\x00\x10\x01\x00\x00\x00\x00", 10}, -E_TPM_FORGED}, /* 4097 bytes */
	    {{(const uint8_t *)"\x80\x01\xff\xff\xff\xff\x00\x00\x00\x00", 10}, -E_TPM_FORGED},
	    {{(const uint8_t *)"\x80\x01\x00\x00\x00\x09\x00\x00\x00\x00", 10}, -E_TPM_FORGED}, /* less than a header */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t answer[TPM_MESSAGE_LIMIT];
		struct error error = {.code = E_NONE};
		size_t size = 0;

		assert_int_equal(exchange(&cases[i].sent, 1, answer, &size, &error), cases[i].result);
		assert_int_equal(error.code, -cases[i].result);
	}
}

static void test_places_without_a_tpm(void **state)
{
	struct tpm_transport *transport = NULL;
	struct error error;
	char path[200];

	(void)state;
	memset(path, 'x', sizeof(path));
	memcpy(path, "swtpm:/", 7);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(tpm_transport_open(path, &transport, &error), -E_NO_DEVICE);
	assert_int_equal(tpm_transport_open("swtpm:/nonexistent", &transport, &error), -E_NO_DEVICE);
	assert_int_equal(tpm_transport_open("/nonexistent", &transport, &error), -E_NO_DEVICE);
	assert_int_equal(tpm_transport_open("/etc/passwd", &transport, &error), -E_NO_DEVICE);
	assert_null(transport);
}

/* A character device that is no TPM gives no answer, and nothing hangs. */
static void test_a_device_that_is_no_tpm(void **state)
{
	struct tpm *tpm = NULL;
	struct error error;

	(void)state;
	assert_int_equal(tpm_open("/dev/null", &tpm, &error), -E_IO);
	assert_int_equal(tpm_open("/dev/zero", &tpm, &error), -E_TPM_FORGED);
	assert_null(tpm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_answer_in_pieces),
	    cmocka_unit_test(test_answers_that_are_none),
	    cmocka_unit_test(test_places_without_a_tpm),
	    cmocka_unit_test(test_a_device_that_is_no_tpm),
	};

	digest_library_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
