/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual security dongle. It connects to the socket on which QEMU listens (emulator/run --dongle). */
#include "base/cleanup.h"
#include "base/digest.h"
#include "card.h"
#include "descriptors.h"
#include "fault.h"
#include "usb.h"
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#define TRIES 500 /* of 20 ms each, until QEMU listens */

static const char usage[] =
    "usage: dongle [OPTION...] SOCKET\n"
    "A virtual USB security dongle for the machine that listens on SOCKET (usb-redir).\n\n"
    "  --model NAME    librem-key (default), nitrokey-pro, nitrokey-storage or nitrokey-3\n"
    "  --state FILE    what the dongle remembers; made where it is missing. Without it all is forgotten at the end\n"
    "  --serial HEX    serial number (00000001)\n"
    "  --fault FAULT   unplug@N, stall@N, status=HHHH@N (at the N-th card command) or wrong-pin; may be repeated.\n"
    "                  unplug=card-II@N, unplug=hid-II@N: before the N-th command with this instruction (of an APDU)\n"
    "                  or report command; unplug-after=...: after it was carried out, without an answer\n\n"
    "PINs of a new dongle: 123456 (user), 12345678 (admin).\n";

static int connect_to(const char *path, struct error *error)
{
	const struct timespec pause = {.tv_nsec = 20000000};
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(error, E_USAGE, path, "the path of the socket %s is too long", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	for (int i = 0; i < TRIES; i++) {
		CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
			return TAKE_FD(fd);
		(void)nanosleep(&pause, NULL);
	}
	return error_set_errno(error, E_IO, path, errno, "nobody listens on the socket %s", path);
}

static int serve(const char *path, struct card *card, struct error *error)
{
	CLEANUP_CLOSE int fd = -1;
	int r = card_load(card, error);

	if (r < 0)
		return r;
	fd = connect_to(path, error);
	return fd < 0 ? fd : usb_serve(fd, card, error);
}

/* False: usage. */
static bool read_options(int argc, char **argv, struct card *card)
{
	static const struct option options[] = {{"model", required_argument, NULL, 'm'},
	                                        {"state", required_argument, NULL, 's'},
	                                        {"serial", required_argument, NULL, 'n'},
	                                        {"fault", required_argument, NULL, 'f'},
	                                        {NULL, 0, NULL, 0}};
	int option;
	char *end;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 'm':
			card->model = model_find(optarg);
			if (card->model == CARD_MODELS)
				return false;
			break;
		case 's':
			card->state_path = optarg;
			break;
		case 'n':
			card->serial = (uint32_t)strtoul(optarg, &end, 16);
			if (!*optarg || *end)
				return false;
			break;
		case 'f':
			if (!fault_parse(optarg, &card->faults))
				return false;
			break;
		default:
			return false;
		}
	}
	return optind + 1 == argc;
}

int main(int argc, char **argv)
{
	static struct card card = {.serial = 1}; /* 140 KiB: not on the stack */
	struct error error;
	int r;

	if (!read_options(argc, argv, &card)) {
		(void)fputs(usage, stderr);
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	digest_library_start();
	r = serve(argv[optind], &card, &error);
	card_clear(&card);
	if (r < 0)
		(void)fprintf(stderr, "dongle: %s\n", error.sentence);
	return r < 0 ? error_exit_status(error.code) : 0;
}
