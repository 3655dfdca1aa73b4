/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Talking to gpg-agent itself (Assuan protocol, lines): its end, and giving one PIN for one purpose, where gpg's own
 * commands do not say which PIN they ask for. */
#include "base/cleanup.h"
#include "dongle/openpgp_private.h"
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#define END_MS   3000
#define CARD_MS  60000
#define MAX_LINE 1024 /* of the protocol: 1000 */

static int connect_agent(const struct openpgp *session)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	openpgp_path(session, "S.gpg-agent", address.sun_path, sizeof(address.sun_path));
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
		return -1;
	return TAKE_FD(fd);
}

/* One line without its line feed; false at the end, on a line that is too long, and after the time. */
static bool read_line(int fd, char line[MAX_LINE], int wait_ms)
{
	for (size_t size = 0; size < MAX_LINE; size++) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};

		if (poll(&ready, 1, wait_ms) != 1 || read(fd, line + size, 1) != 1)
			return false;
		if (line[size] == '\n') {
			line[size] = '\0';
			return true;
		}
	}
	return false;
}

static bool send_all(int fd, struct bytes line)
{
	return send(fd, line.data, line.size, MSG_NOSIGNAL) == (ssize_t)line.size;
}

/* "D 123456\nEND\n", with what the protocol does not carry as %XX. */
static bool send_pin(int fd, struct bytes pin)
{
	CLEANUP(secret_clear) struct secret line = {0};

	if (secret_allocate(3 * OPENPGP_MAX_SECRET + 8, &line) < 0)
		return false;
	memcpy(line.data, "D ", 2);
	line.size = 2;
	for (size_t i = 0; i < pin.size; i++) {
		if (pin.data[i] == '%' || pin.data[i] == '\r' || pin.data[i] == '\n') {
			(void)snprintf((char *)line.data + line.size, 4, "%%%02X", pin.data[i]);
			line.size += 3;
		} else {
			line.data[line.size++] = pin.data[i];
		}
	}
	memcpy(line.data + line.size, "\nEND\n", 5);
	line.size += 5;
	return send_all(fd, secret_bytes(&line));
}

/* Sends a command and reads until OK (true) or ERR. ret_data: its data line, zeros behind it. The PIN goes to the first
 * inquiry for it, and to no other one. */
static bool ask(int fd, const char *command, struct bytes pin, int wait_ms, char ret_data[MAX_LINE])
{
	char line[MAX_LINE] = "";
	bool given = pin.size == 0;

	if (command && !send_all(fd, bytes_from_string(command)))
		return false;
	while (read_line(fd, line, wait_ms)) {
		if (strcmp(line, "OK") == 0 || strncmp(line, "OK ", 3) == 0)
			return true;
		if (strncmp(line, "ERR ", 4) == 0)
			return false;
		if (ret_data && strncmp(line, "D ", 2) == 0)
			memcpy(ret_data, line + 2, MAX_LINE - 2);
		if (strncmp(line, "INQUIRE ", 8) != 0)
			continue;
		if (!given && strncmp(line, "INQUIRE PASSPHRASE", 18) == 0) {
			given = true;
			if (!send_pin(fd, pin))
				return false;
		} else if (!send_all(fd, bytes_from_string("CAN\n"))) {
			return false;
		}
	}
	return false;
}

/* --- the end -------------------------------------------------------------------------------------------------------
 */

/* Waits for the end of a process that is not our child; one that does not end is killed. */
static void await_end(int process)
{
	struct pollfd ready = {.fd = process, .events = POLLIN};

	if (process >= 0 && poll(&ready, 1, END_MS) == 0) {
		(void)syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0);
		(void)poll(&ready, 1, END_MS);
	}
}

static int process_of(const char *number)
{
	const unsigned long pid = strtoul(number, NULL, 10);

	return pid > 1 ? (int)syscall(SYS_pidfd_open, (pid_t)pid, 0) : -1;
}

void openpgp_stop(struct openpgp *session)
{
	CLEANUP_CLOSE int fd = connect_agent(session), agent = -1, card_daemon = -1;
	char pid[MAX_LINE] = "";

	if (fd < 0)
		return;
	if (ask(fd, NULL, BYTES_EMPTY, END_MS, NULL) && ask(fd, "GETINFO pid\n", BYTES_EMPTY, END_MS, pid))
		agent = process_of(pid);
	if (ask(fd, "GETINFO scd_running\n", BYTES_EMPTY, END_MS, NULL) &&
	    ask(fd, "SCD GETINFO pid\n", BYTES_EMPTY, END_MS, pid))
		card_daemon = process_of(pid);
	(void)ask(fd, "KILLAGENT\n", BYTES_EMPTY, END_MS, NULL);
	cleanup_close(&fd);
	await_end(agent);
	await_end(card_daemon);
}

/* --- one PIN -------------------------------------------------------------------------------------------------------
 */

/* The user PIN is checked as such. For the admin PIN scdaemon refuses that as soon as a try is spent, so the card is
 * told what it knows already: whether it asks for the PIN with each signature. */
bool openpgp_give_pin(struct openpgp *session, enum openpgp_pin which, struct bytes pin)
{
	CLEANUP_CLOSE int fd = connect_agent(session);
	char command[160];

	if (which == OPENPGP_PIN)
		(void)snprintf(command, sizeof(command), "SCD CHECKPIN %s\n", session->card.application);
	else
		(void)snprintf(command, sizeof(command), "SCD SETATTR CHV-STATUS-1 %%%s\n",
		               session->card.pin_each_signature ? "00" : "01");
	return fd >= 0 && ask(fd, NULL, BYTES_EMPTY, END_MS, NULL) &&
	       ask(fd, "OPTION pinentry-mode=loopback\n", BYTES_EMPTY, END_MS, NULL) &&
	       ask(fd, "SCD SERIALNO openpgp\n", BYTES_EMPTY, CARD_MS, NULL) && ask(fd, command, pin, CARD_MS, NULL);
}

/* --- a reset that was interrupted --------------------------------------------------------------------------------- */

/* Sends a command of the card by itself; the status word has to be this one. */
static bool transmit(int fd, const char *command, const char *status)
{
	char data[MAX_LINE] = "";

	return ask(fd, command, BYTES_EMPTY, CARD_MS, data) && memcmp(data, status, 2) == 0;
}

/* scdaemon knows no card that is terminated: it is spoken to as one without an application. */
bool openpgp_end_reset(struct openpgp *session)
{
	CLEANUP_CLOSE int fd = connect_agent(session);

	return fd >= 0 && ask(fd, NULL, BYTES_EMPTY, END_MS, NULL) &&
	       ask(fd, "SCD SERIALNO undefined\n", BYTES_EMPTY, CARD_MS, NULL) &&
	       transmit(fd, "SCD APDU 00A4040006D27600012401\n", "\x62\x85") &&
	       transmit(fd, "SCD APDU 00440000\n", "\x90\0");
}
