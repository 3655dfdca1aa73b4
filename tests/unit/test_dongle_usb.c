/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The virtual dongle as QEMU sees it: this process is the machine's side of usb-redir, a child is the dongle. */
#include "base/cleanup.h"
#include "fault.h"
#include "hid.h"
#include "unit/cmocka_all.h"
#include "usb.h"
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <usbredirparser.h>

struct host {
	int socket;
	pid_t child;
	struct usbredirparser *parser;
	bool connected, disconnected;
	uint16_t vendor;
	uint8_t control_status;
	uint8_t data[4096]; /* of the last answer */
	int size;           /* -1: none yet */
};

static int read_socket(void *context, uint8_t *data, int count)
{
	const struct host *host = (const struct host *)context;
	ssize_t done = recv(host->socket, data, (size_t)count, MSG_DONTWAIT);

	return done < 0 ? 0 : done == 0 ? -1 : (int)done;
}

/* What nobody takes any more is gone: a dongle that was pulled out. */
static int write_socket(void *context, uint8_t *data, int count)
{
	ssize_t done = send(((const struct host *)context)->socket, data, (size_t)count, MSG_NOSIGNAL);

	return done < 0 ? count : (int)done;
}

static void log_nothing(void *context, int level, const char *message)
{
	(void)context;
	(void)level;
	(void)message;
}

static void take_connect(void *context, struct usb_redir_device_connect_header *header)
{
	struct host *host = (struct host *)context;

	host->connected = true;
	host->vendor = header->vendor_id;
}

static void take_disconnect(void *context)
{
	((struct host *)context)->disconnected = true;
}

static void ignore_interfaces(void *context, struct usb_redir_interface_info_header *header)
{
	(void)context;
	(void)header;
}

static void ignore_endpoints(void *context, struct usb_redir_ep_info_header *header)
{
	(void)context;
	(void)header;
}

static void keep(struct host *host, uint8_t *data, int size)
{
	host->size = size;
	if (size > 0)
		memcpy(host->data, data, (size_t)size);
	usbredirparser_free_packet_data(host->parser, data);
}

static void take_control(void *context, uint64_t id, struct usb_redir_control_packet_header *header, uint8_t *data,
                         int size)
{
	(void)id;
	((struct host *)context)->control_status = header->status;
	keep((struct host *)context, data, size);
}

static void take_bulk(void *context, uint64_t id, struct usb_redir_bulk_packet_header *header, uint8_t *data, int size)
{
	(void)id;
	if (header->endpoint & 0x80)
		keep((struct host *)context, data, size);
}

/* Sends what is to be sent, and takes the next that comes, for which there are ten seconds. */
static void turn(struct host *host)
{
	struct pollfd poll_fd = {host->socket, POLLIN, 0};

	while (usbredirparser_has_data_to_write(host->parser) > 0)
		assert_int_equal(usbredirparser_do_write(host->parser), 0);
	assert_int_equal(poll(&poll_fd, 1, 10000), 1);
	(void)usbredirparser_do_read(host->parser);
}

/* fault: where the dongle is pulled out; NULL: never. */
static void start(struct host *host, const char *fault)
{
	static struct card card = {.serial = 1, .model = MODEL_LIBREM_KEY};
	uint32_t caps[USB_REDIR_CAPS_SIZE] = {0};
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	*host = (struct host){.socket = pair[0], .size = -1};
	card.faults = (struct card_faults){0};
	assert_true(!fault || fault_parse(fault, &card.faults));
	host->child = fork();
	assert_true(host->child >= 0);
	if (host->child == 0) {
		(void)close(pair[0]);
		digest_library_start();
		card_make_new(&card);
		_exit(usb_serve(pair[1], &card, NULL) == 0 ? 0 : 1);
	}
	(void)close(pair[1]);
	host->parser = usbredirparser_create();
	assert_non_null(host->parser);
	host->parser->priv = host;
	host->parser->log_func = log_nothing;
	host->parser->read_func = read_socket;
	host->parser->write_func = write_socket;
	host->parser->device_connect_func = take_connect;
	host->parser->device_disconnect_func = take_disconnect;
	host->parser->interface_info_func = ignore_interfaces;
	host->parser->ep_info_func = ignore_endpoints;
	host->parser->control_packet_func = take_control;
	host->parser->bulk_packet_func = take_bulk;
	usbredirparser_caps_set_cap(caps, usb_redir_cap_connect_device_version);
	usbredirparser_caps_set_cap(caps, usb_redir_cap_ep_info_max_packet_size);
	usbredirparser_caps_set_cap(caps, usb_redir_cap_64bits_ids);
	usbredirparser_caps_set_cap(caps, usb_redir_cap_32bits_bulk_length);
	usbredirparser_init(host->parser, "test", caps, USB_REDIR_CAPS_SIZE, 0);
	while (!host->connected)
		turn(host);
	assert_int_equal(host->vendor, 0x316d);
}

static void stop(struct host *host)
{
	int status = -1;

	usbredirparser_destroy(host->parser);
	(void)close(host->socket);
	assert_int_equal(waitpid(host->child, &status, 0), host->child);
	assert_int_equal(status, 0);
}

/* One message to the reader and, in pieces, its answer. */
static void exchange(struct host *host, const char *message, size_t size)
{
	struct usb_redir_bulk_packet_header out = {.endpoint = 2, .length = (uint16_t)size};
	struct usb_redir_bulk_packet_header in = {.endpoint = 0x82, .length = 64};
	uint8_t copy[64];

	memcpy(copy, message, size);
	host->size = -1;
	usbredirparser_send_bulk_packet(host->parser, 1, &out, copy, (int)size);
	usbredirparser_send_bulk_packet(host->parser, 2, &in, NULL, 0);
	while (host->size < 0 && !host->disconnected)
		turn(host);
}

static void ask(struct host *host, struct usb_redir_control_packet_header header)
{
	host->size = -1;
	usbredirparser_send_control_packet(host->parser, 3, &header, NULL, 0);
	while (host->size < 0)
		turn(host);
}

#define SELECT "\x6f\x0b\0\0\0\0\x01\0\0\0\x00\xa4\x04\x00\x06\xd2\x76\x00\x01\x24\x01"

static void test_descriptors_and_commands(void **state)
{
	struct host host;

	(void)state;
	start(&host, NULL);
	ask(&host, (struct usb_redir_control_packet_header){0x80, 6, 0x80, 0, 0x0100, 0, 18});
	assert_int_equal(host.control_status, usb_redir_success);
	assert_int_equal(host.size, 18);
	assert_memory_equal(host.data + 8, "\x6d\x31\x4b\x4c", 4);
	ask(&host, (struct usb_redir_control_packet_header){0x80, 6, 0x80, 0, 0x0200, 0, 255});
	assert_int_equal(host.size, host.data[2]);
	assert_int_equal(host.data[4], 2); /* interfaces */
	ask(&host, (struct usb_redir_control_packet_header){0x80, 6, 0x80, 0, 0x0900, 0, 255});
	assert_int_equal(host.control_status, usb_redir_stall);
	exchange(&host, "\x62\0\0\0\0\0\0\0\0\0", 10);
	assert_memory_equal(host.data, "\x80\x15\0\0\0\0\0\0\0\0\x3b\xda", 12);
	exchange(&host, SELECT, 21);
	assert_int_equal(host.size, 12);
	assert_memory_equal(host.data, "\x80\x02\0\0\0\0\x01\0\0\0\x90\0", 12);
	stop(&host);
}

static void test_unplugged_by_a_fault(void **state)
{
	struct host host;

	(void)state;
	start(&host, "unplug@2");
	exchange(&host, SELECT, 21);
	assert_false(host.disconnected);
	exchange(&host, SELECT, 21);
	assert_true(host.disconnected);
	stop(&host);
}

/* Before and after a report: the host learns that there is no answer. */
static void test_unplugged_at_a_report(void **state)
{
	static const char *const faults[] = {"unplug=hid-0f@1", "unplug-after=hid-0f@1"};
	struct usb_redir_control_packet_header set = {0, 9, 0x21, 0, 0x0300, 0, HID_REPORT_SIZE};
	uint8_t report[HID_REPORT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		struct host host;

		memset(report, 0, sizeof(report));
		start(&host, faults[i]);
		usbredirparser_send_control_packet(host.parser, 3, &set, report, sizeof(report));
		while (host.size < 0)
			turn(&host);
		assert_false(host.disconnected); /* another command */
		report[0] = 0x0f;
		host.size = -1;
		usbredirparser_send_control_packet(host.parser, 4, &set, report, sizeof(report));
		while (!host.disconnected)
			turn(&host);
		assert_int_equal(host.control_status, usb_redir_ioerror);
		stop(&host);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_descriptors_and_commands),
	    cmocka_unit_test(test_unplugged_by_a_fault),
	    cmocka_unit_test(test_unplugged_at_a_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
