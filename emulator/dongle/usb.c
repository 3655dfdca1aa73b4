/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "usb.h"
#include "base/cleanup.h"
#include "ccid.h"
#include "descriptors.h"
#include "fault.h"
#include "hid.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <usbredirparser.h>

#define ENDPOINTS     32
#define WAITING_MAX   16
#define CLASS_HID     3
#define CLASS_READER  0x0b
#define HID_INTERRUPT 0x81

/* Requests of the USB and of its classes. */
#define GET_STATUS     0
#define CLEAR_FEATURE  1
#define GET_DESCRIPTOR 6
#define HID_GET_REPORT 1
#define HID_SET_REPORT 9
#define HID_SET_IDLE   10

struct usb {
	int socket;
	bool gone;      /* the other side closed */
	bool pulled;    /* by a fault, in the middle of a report */
	bool unplugged; /* likewise, and the host has been told */
	struct usbredirparser *parser;
	struct card *card;
	const struct model *model;
	struct ccid ccid;
	struct buffer from_host; /* bulk data that are no whole message yet */
	struct buffer to_host;   /* of the answer that is being fetched */
	struct {
		uint64_t id;
		struct usb_redir_bulk_packet_header header;
	} waiting[WAITING_MAX]; /* reads of the host without an answer yet */
	size_t waiting_count;
	uint8_t report[HID_REPORT_SIZE];
};

/* The parser reads and writes until there is nothing more for now: 0. */
static int read_socket(void *context, uint8_t *data, int count)
{
	struct usb *usb = (struct usb *)context;
	ssize_t done = read(usb->socket, data, (size_t)count);

	if (done < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	usb->gone = done <= 0;
	return done <= 0 ? -1 : (int)done;
}

static int write_socket(void *context, uint8_t *data, int count)
{
	struct usb *usb = (struct usb *)context;
	ssize_t done = write(usb->socket, data, (size_t)count);

	if (done < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	usb->gone = usb->gone || done < 0;
	return (int)done;
}

static void log_line_of_parser(void *context, int level, const char *message)
{
	(void)context;
	if (level <= usbredirparser_warning)
		(void)fprintf(stderr, "dongle: %s\n", message);
}

static size_t slot_of(uint8_t endpoint)
{
	return (size_t)((endpoint & 0x80) >> 3 | (endpoint & 0x0f));
}

static void set_endpoint(struct usb_redir_ep_info_header *info, uint8_t endpoint, uint8_t type, uint8_t interface)
{
	size_t slot = slot_of(endpoint);

	info->type[slot] = type;
	info->interface[slot] = interface;
	info->interval[slot] = type == usb_redir_type_interrupt ? 10 : 0;
	info->max_packet_size[slot] = type == usb_redir_type_interrupt ? 8 : 64;
}

/* The other side is there: the dongle is plugged in. */
static void take_hello(void *context, struct usb_redir_hello_header *hello)
{
	struct usb *usb = (struct usb *)context;
	uint8_t reader = usb->model->has_hid ? 1 : 0;
	struct usb_redir_device_connect_header device = {.speed = usb_redir_speed_full,
	                                                 .vendor_id = usb->model->vendor,
	                                                 .product_id = usb->model->product,
	                                                 .device_version_bcd = 0x0100};
	struct usb_redir_interface_info_header interfaces = {.interface_count = reader + 1u};
	struct usb_redir_ep_info_header endpoints;

	(void)hello;
	memset(&endpoints, 0, sizeof(endpoints));
	memset(endpoints.type, usb_redir_type_invalid, sizeof(endpoints.type));
	set_endpoint(&endpoints, 0, usb_redir_type_control, 0);
	set_endpoint(&endpoints, 0x80, usb_redir_type_control, 0);
	set_endpoint(&endpoints, usb->model->bulk_endpoint, usb_redir_type_bulk, reader);
	set_endpoint(&endpoints, usb->model->bulk_endpoint | 0x80, usb_redir_type_bulk, reader);
	if (usb->model->has_hid) {
		set_endpoint(&endpoints, HID_INTERRUPT, usb_redir_type_interrupt, 0);
		interfaces.interface_class[0] = CLASS_HID;
	}
	interfaces.interface[reader] = reader;
	interfaces.interface_class[reader] = CLASS_READER;
	usbredirparser_send_ep_info(usb->parser, &endpoints);
	usbredirparser_send_interface_info(usb->parser, &interfaces);
	usbredirparser_send_device_connect(usb->parser, &device);
}

static void unplug(struct usb *usb)
{
	if (!usb->unplugged)
		usbredirparser_send_device_disconnect(usb->parser);
	usb->unplugged = true;
}

static void take_reset(void *context)
{
	struct usb *usb = (struct usb *)context;

	usb->ccid.powered = false;
	usb->waiting_count = 0;
	buffer_clear(&usb->from_host);
	buffer_clear(&usb->to_host);
	card_power_off(usb->card);
}

static void set_configuration(void *context, uint64_t id, struct usb_redir_set_configuration_header *header)
{
	struct usb *usb = (struct usb *)context;
	struct usb_redir_configuration_status_header status = {usb_redir_success, header->configuration};

	usbredirparser_send_configuration_status(usb->parser, id, &status);
}

static void get_configuration(void *context, uint64_t id)
{
	struct usb *usb = (struct usb *)context;
	struct usb_redir_configuration_status_header status = {usb_redir_success, 1};

	usbredirparser_send_configuration_status(usb->parser, id, &status);
}

static void set_alternative(void *context, uint64_t id, struct usb_redir_set_alt_setting_header *header)
{
	struct usb *usb = (struct usb *)context;
	struct usb_redir_alt_setting_status_header status = {usb_redir_success, header->interface, header->alt};

	usbredirparser_send_alt_setting_status(usb->parser, id, &status);
}

static void get_alternative(void *context, uint64_t id, struct usb_redir_get_alt_setting_header *header)
{
	struct usb *usb = (struct usb *)context;
	struct usb_redir_alt_setting_status_header status = {usb_redir_success, header->interface, 0};

	usbredirparser_send_alt_setting_status(usb->parser, id, &status);
}

static void start_interrupt(void *context, uint64_t id, struct usb_redir_start_interrupt_receiving_header *header)
{
	struct usb *usb = (struct usb *)context;
	struct usb_redir_interrupt_receiving_status_header status = {usb_redir_success, header->endpoint};

	usbredirparser_send_interrupt_receiving_status(usb->parser, id, &status);
}

static void stop_interrupt(void *context, uint64_t id, struct usb_redir_stop_interrupt_receiving_header *header)
{
	struct usb *usb = (struct usb *)context;
	struct usb_redir_interrupt_receiving_status_header status = {usb_redir_success, header->endpoint};

	usbredirparser_send_interrupt_receiving_status(usb->parser, id, &status);
}

/* Runs a feature report. False: the dongle was pulled out. */
static bool take_report(struct usb *usb, struct bytes data)
{
	const enum fault fault = fault_next(&usb->card->faults, CHANNEL_HID, data.data[0]);
	uint8_t result[HID_REPORT_SIZE];

	if (fault != FAULT_UNPLUG) {
		memcpy(usb->report, data.data, data.size);
		hid_run(usb->card, usb->report, result);
		memcpy(usb->report, result, sizeof(result));
	}
	usb->pulled = fault != FAULT_NONE;
	return !usb->pulled;
}

/* Requests of the HID class. False: stalled. */
static bool run_hid(struct usb *usb, const struct usb_redir_control_packet_header *header, struct bytes data,
                    struct buffer *answer)
{
	if (!usb->model->has_hid || (header->index & 0xff) != 0)
		return false;
	if (header->requesttype == 0x21 && header->request == HID_SET_REPORT && data.size == HID_REPORT_SIZE)
		return take_report(usb, data);
	if (header->requesttype == 0xa1 && header->request == HID_GET_REPORT) {
		buffer_append(answer, usb->report, sizeof(usb->report));
		return true;
	}
	return header->requesttype == 0x21 && header->request >= HID_SET_IDLE;
}

/* What the host asks on endpoint 0. False: stalled. */
static bool run_control(struct usb *usb, const struct usb_redir_control_packet_header *header, struct bytes data,
                        struct buffer *answer)
{
	if ((header->requesttype == 0x80 || header->requesttype == 0x81) && header->request == GET_DESCRIPTOR)
		return descriptor_append(usb->model, (uint8_t)(header->value >> 8), (uint8_t)header->value,
		                         usb->card->serial, answer);
	if (header->requesttype >= 0x80 && header->requesttype <= 0x82 && header->request == GET_STATUS) {
		buffer_append(answer, "\0\0", 2);
		return true;
	}
	if (header->requesttype <= 2 && header->request == CLEAR_FEATURE)
		return true;
	return run_hid(usb, header, data, answer);
}

static void take_control(void *context, uint64_t id, struct usb_redir_control_packet_header *header, uint8_t *data,
                         int size)
{
	struct usb *usb = (struct usb *)context;
	CLEANUP(buffer_clear) struct buffer answer = {0};
	bool good = run_control(usb, header, bytes_make(data, (size_t)size), &answer);

	usbredirparser_free_packet_data(usb->parser, data);
	/* A host learns at once that nobody answers any more. */
	header->status = good ? usb_redir_success : usb->pulled ? usb_redir_ioerror : usb_redir_stall;
	if (header->endpoint & 0x80) {
		if (answer.size > header->length)
			answer.size = header->length;
		header->length = (uint16_t)answer.size;
	}
	usbredirparser_send_control_packet(usb->parser, id, header, answer.data,
	                                   header->endpoint & 0x80 ? (int)answer.size : 0);
	if (usb->pulled)
		unplug(usb);
}

/* Gives an answer to whoever waits for one, as much at once as was asked for. */
static void flush(struct usb *usb)
{
	while (usb->waiting_count > 0 && usb->to_host.size > 0) {
		struct usb_redir_bulk_packet_header header = usb->waiting[0].header;
		size_t wanted = (size_t)header.length_high << 16 | header.length;
		size_t size = usb->to_host.size < wanted ? usb->to_host.size : wanted;

		header.status = usb_redir_success;
		header.length = (uint16_t)size;
		header.length_high = (uint16_t)(size >> 16);
		usbredirparser_send_bulk_packet(usb->parser, usb->waiting[0].id, &header, usb->to_host.data, (int)size);
		usb->to_host.size -= size;
		memmove(usb->to_host.data, usb->to_host.data + size, usb->to_host.size);
		usb->waiting_count--;
		memmove(usb->waiting, usb->waiting + 1, usb->waiting_count * sizeof(usb->waiting[0]));
	}
}

static void run_messages(struct usb *usb)
{
	size_t size = ccid_message_size(buffer_bytes(&usb->from_host));

	while (size > 0 && size <= usb->from_host.size) {
		bool pulled;

		(void)ccid_run(&usb->ccid, bytes_slice(buffer_bytes(&usb->from_host), 0, size), &usb->to_host, &pulled);
		if (pulled)
			unplug(usb);
		usb->from_host.size -= size;
		memmove(usb->from_host.data, usb->from_host.data + size, usb->from_host.size);
		size = ccid_message_size(buffer_bytes(&usb->from_host));
	}
	if (size > CCID_MESSAGE_MAX) /* not ours: the host starts anew after its time is over */
		usb->from_host.size = 0;
}

static void take_bulk(void *context, uint64_t id, struct usb_redir_bulk_packet_header *header, uint8_t *data, int size)
{
	struct usb *usb = (struct usb *)context;

	if (header->endpoint & 0x80) {
		if (usb->waiting_count < WAITING_MAX) {
			usb->waiting[usb->waiting_count].id = id;
			usb->waiting[usb->waiting_count++].header = *header;
		}
	} else {
		buffer_append(&usb->from_host, data, (size_t)size);
		header->status = usb_redir_success;
		usbredirparser_send_bulk_packet(usb->parser, id, header, NULL, 0);
		run_messages(usb);
	}
	usbredirparser_free_packet_data(usb->parser, data);
	flush(usb);
}

static void cancel(void *context, uint64_t id)
{
	struct usb *usb = (struct usb *)context;

	for (size_t i = 0; i < usb->waiting_count; i++) {
		struct usb_redir_bulk_packet_header header = usb->waiting[i].header;

		if (usb->waiting[i].id != id)
			continue;
		header.status = usb_redir_cancelled;
		header.length = header.length_high = 0;
		usbredirparser_send_bulk_packet(usb->parser, id, &header, NULL, 0);
		usb->waiting_count--;
		memmove(usb->waiting + i, usb->waiting + i + 1, (usb->waiting_count - i) * sizeof(usb->waiting[0]));
		return;
	}
}

static struct usbredirparser *make_parser(struct usb *usb)
{
	static const int wanted[] = {usb_redir_cap_connect_device_version, usb_redir_cap_ep_info_max_packet_size,
	                             usb_redir_cap_64bits_ids, usb_redir_cap_32bits_bulk_length};
	struct usbredirparser *parser = usbredirparser_create();
	uint32_t caps[USB_REDIR_CAPS_SIZE] = {0};

	if (!parser)
		return NULL;
	parser->priv = usb;
	parser->log_func = log_line_of_parser;
	parser->read_func = read_socket;
	parser->write_func = write_socket;
	parser->hello_func = take_hello;
	parser->reset_func = take_reset;
	parser->set_configuration_func = set_configuration;
	parser->get_configuration_func = get_configuration;
	parser->set_alt_setting_func = set_alternative;
	parser->get_alt_setting_func = get_alternative;
	parser->start_interrupt_receiving_func = start_interrupt;
	parser->stop_interrupt_receiving_func = stop_interrupt;
	parser->control_packet_func = take_control;
	parser->bulk_packet_func = take_bulk;
	parser->cancel_data_packet_func = cancel;
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		usbredirparser_caps_set_cap(caps, wanted[i]);
	usbredirparser_init(parser, "heads dongle", caps, USB_REDIR_CAPS_SIZE, usbredirparser_fl_usb_host);
	return parser;
}

/* Waits for the socket, and lets the parser work. */
static int serve_once(struct usb *usb, struct error *error)
{
	bool writing = usbredirparser_has_data_to_write(usb->parser) > 0;
	struct pollfd poll_fd = {usb->socket, (short)(POLLIN | (writing ? POLLOUT : 0)), 0};

	if (poll(&poll_fd, 1, -1) < 0 && errno != EINTR)
		return error_set_errno(error, E_IO, "dongle", errno, "the dongle cannot wait for the machine");
	if ((poll_fd.revents & (POLLIN | POLLHUP | POLLERR)) && usbredirparser_do_read(usb->parser) < 0 && !usb->gone)
		return error_set(error, E_IO, "dongle", "the machine sent something that is not usb-redir");
	if (!usb->gone && usbredirparser_has_data_to_write(usb->parser) > 0)
		(void)usbredirparser_do_write(usb->parser);
	return 0;
}

int usb_serve(int socket, struct card *card, struct error *error)
{
	struct usb usb = {.socket = socket, .card = card, .model = model_of(card->model), .ccid = {card, false}};
	int r = 0;

	usb.parser = make_parser(&usb);
	if (!usb.parser || fcntl(socket, F_SETFL, O_NONBLOCK) != 0)
		return error_set(error, E_MEMORY, "dongle", "there is not enough memory for the dongle");
	while (r == 0 && !usb.gone && !(usb.unplugged && usbredirparser_has_data_to_write(usb.parser) == 0))
		r = serve_once(&usb, error);
	usbredirparser_destroy(usb.parser);
	buffer_clear(&usb.from_host);
	buffer_clear(&usb.to_host);
	return r;
}
