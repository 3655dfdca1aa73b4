/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/baseline.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/text.h"
#include <string.h>

#define OBJECT        "baseline"
#define FIRST_LINE    "heads baseline 1"
#define BANKS_WORD    "banks"
#define PCR_WORD      "pcr"
#define EVENT_WORD    "event"
#define SETTINGS_WORD "settings "
#define DIGEST_DATA   "data"
#define DIGEST_NONE   "none"
#define SHA256_SIZE   32

static const enum hash_algorithm known_banks[] = {HASH_SHA1, HASH_SHA256, HASH_SHA384, HASH_SHA512};

static int write_banks(const struct eventlog_reader *reader, struct buffer *text, struct error *error)
{
	bool sha256 = false;

	buffer_append_string(text, BANKS_WORD);
	for (size_t i = 0; i < reader->bank_count; i++) {
		const char *name = hash_name((enum hash_algorithm)reader->banks[i].algorithm);

		sha256 = sha256 || reader->banks[i].algorithm == HASH_SHA256;
		if (name)
			buffer_append_format(text, " %s", name);
	}
	buffer_append_string(text, "\n");
	if (!sha256)
		return error_set(error, E_UNSUPPORTED, OBJECT, "the event log has no SHA-256 bank");
	return 0;
}

static void write_event(const struct eventlog_event *event, struct buffer *text)
{
	const struct digest *digest = eventlog_digest(event, HASH_SHA256);
	struct bytes data = bytes_slice(event->data, 0, BASELINE_MAX_DATA);
	struct digest of_data = digest_of(HASH_SHA256, data);
	char hex[2 * SHA256_SIZE + 1];

	buffer_append_format(text, EVENT_WORD " %u %u ", event->pcr, event->type);
	if (event->type == EVENTLOG_NO_ACTION) {
		buffer_append_string(text, DIGEST_NONE);
	} else if (digest_equal(digest, &of_data)) {
		buffer_append_string(text, DIGEST_DATA);
	} else {
		hex_encode(digest_bytes(digest), hex);
		buffer_append_string(text, hex);
	}
	buffer_append_string(text, " ");
	text_escape(data, text);
	buffer_append_string(text, "\n");
}

static void write_untold(const struct baseline_untold *untold, uint32_t mask, struct buffer *text)
{
	for (unsigned pcr = 0; untold && pcr < EVENTLOG_PCR_COUNT; pcr++) {
		char hex[2 * SHA256_SIZE + 1];

		if (!(untold->mask & mask & 1u << pcr))
			continue;
		hex_encode(digest_bytes(&untold->values[pcr]), hex);
		buffer_append_format(text, PCR_WORD " %u %s\n", pcr, hex);
	}
}

static int write_events(struct eventlog_reader *reader, uint32_t mask, struct buffer *text, struct error *error)
{
	struct eventlog_event event;
	size_t count = 0;
	int r;

	while ((r = eventlog_next(reader, &event, error)) > 0) {
		bool note = event.type == EVENTLOG_NO_ACTION;

		if (!(mask & 1u << event.pcr) || (!note && !eventlog_digest(&event, HASH_SHA256)))
			continue;
		if (++count > BASELINE_MAX_EVENTS)
			return error_set(error, E_TOO_LARGE, OBJECT, "the event log has more than %d events to keep",
			                 BASELINE_MAX_EVENTS);
		write_event(&event, text);
	}
	return r;
}

int baseline_write(const struct baseline_content *content, struct buffer *text, struct error *error)
{
	struct eventlog_reader reader;
	int r = eventlog_open(content->log, &reader, error);

	if (r < 0)
		return r;
	buffer_append_string(text, FIRST_LINE "\n");
	r = write_banks(&reader, text, error);
	if (r < 0)
		return r;
	write_untold(content->untold, content->mask, text);
	r = write_events(&reader, content->mask, text, error);
	if (r < 0)
		return r;
	if (content->settings.data) {
		buffer_append_format(text, SETTINGS_WORD "%zu\n", content->settings.size);
		buffer_append_bytes(text, content->settings);
	}
	if (text->failed)
		return error_set(error, E_MEMORY, OBJECT, "there is not enough memory for the list of events");
	if (text->size > BASELINE_MAX_SIZE)
		return error_set(error, E_TOO_LARGE, OBJECT, "the list of events has more than %zu bytes",
		                 BASELINE_MAX_SIZE);
	return 0;
}

static int malformed(size_t line, struct error *error)
{
	return error_set(error, E_MALFORMED, OBJECT, "line %zu of the list of earlier events cannot be read", line);
}

/* Decimal digits, without a zero in front. */
static bool read_number(struct bytes field, uint32_t limit, uint32_t *ret_number)
{
	uint64_t number = 0;

	if (field.size == 0 || field.size > 10 || (field.size > 1 && field.data[0] == '0'))
		return false;
	for (size_t i = 0; i < field.size; i++) {
		if (field.data[i] < '0' || field.data[i] > '9')
			return false;
		number = number * 10 + (field.data[i] - '0');
	}
	*ret_number = (uint32_t)number;
	return number <= limit;
}

static enum hash_algorithm bank_of_name(struct bytes name)
{
	for (size_t i = 0; i < ARRAY_SIZE(known_banks); i++)
		if (bytes_equal(name, bytes_from_string(hash_name(known_banks[i]))))
			return known_banks[i];
	return HASH_NONE;
}

static bool parse_banks(struct bytes line, struct buffer *log)
{
	enum hash_algorithm banks[ARRAY_SIZE(known_banks)];
	bool sha256 = false;
	size_t count = 0;

	if (!bytes_equal(text_take_field(&line, ' '), bytes_from_string(BANKS_WORD)))
		return false;
	while (line.size > 0) {
		enum hash_algorithm bank = bank_of_name(text_take_field(&line, ' '));

		if (bank == HASH_NONE || count == ARRAY_SIZE(banks))
			return false;
		for (size_t i = 0; i < count; i++)
			if (banks[i] == bank)
				return false;
		sha256 = sha256 || bank == HASH_SHA256;
		banks[count++] = bank;
	}
	eventlog_write_start(log, banks, count);
	return sha256;
}

static bool parse_digest(struct bytes field, uint32_t type, struct bytes data, struct digest *ret_digest)
{
	*ret_digest = (struct digest){.algorithm = HASH_SHA256, .size = SHA256_SIZE};
	if (bytes_equal(field, bytes_from_string(DIGEST_NONE)))
		return type == EVENTLOG_NO_ACTION; /* a note: zeros */
	if (type == EVENTLOG_NO_ACTION)
		return false;
	if (bytes_equal(field, bytes_from_string(DIGEST_DATA))) {
		*ret_digest = digest_of(HASH_SHA256, data);
		return true;
	}
	return hex_decode(field, ret_digest->data, ret_digest->size);
}

static bool parse_untold(struct bytes line, struct baseline_untold *untold)
{
	struct digest value = {.algorithm = HASH_SHA256, .size = SHA256_SIZE};
	uint32_t pcr;

	(void)text_take_field(&line, ' ');
	if (!read_number(text_take_field(&line, ' '), EVENTLOG_PCR_COUNT - 1, &pcr) ||
	    !hex_decode(line, value.data, value.size) || untold->mask & 1u << pcr)
		return false;
	untold->mask |= 1u << pcr;
	untold->values[pcr] = value;
	return true;
}

static bool parse_event(struct bytes line, struct buffer *log)
{
	CLEANUP(buffer_clear) struct buffer data = {0};
	struct bytes digest_field;
	struct digest digest;
	uint32_t pcr, type;

	if (!bytes_equal(text_take_field(&line, ' '), bytes_from_string(EVENT_WORD)) ||
	    !read_number(text_take_field(&line, ' '), EVENTLOG_PCR_COUNT - 1, &pcr) ||
	    !read_number(text_take_field(&line, ' '), UINT32_MAX, &type))
		return false;
	digest_field = text_take_field(&line, ' ');
	if (!text_unescape(line, &data) || data.failed || data.size > BASELINE_MAX_DATA ||
	    !parse_digest(digest_field, type, buffer_bytes(&data), &digest))
		return false;
	eventlog_write_event(log, pcr, type, &digest, 1, buffer_bytes(&data));
	return true;
}

/* The line that says how long the settings are, which end the text. */
static bool parse_settings(struct bytes line, struct bytes rest, struct baseline *baseline)
{
	uint32_t size;

	if (!read_number(bytes_slice(line, strlen(SETTINGS_WORD), line.size), BASELINE_MAX_SIZE, &size) ||
	    size != rest.size)
		return false;
	baseline->has_settings = true;
	baseline->settings = bytes_make(rest.data ? rest.data : (const uint8_t *)"", rest.size);
	return true;
}

/* One line behind the first two; *ret_end where it was the last. */
static bool parse_line(struct bytes line, struct bytes rest, struct baseline *baseline, bool *ret_end)
{
	*ret_end = bytes_start_with(line, SETTINGS_WORD);
	if (*ret_end)
		return parse_settings(line, rest, baseline);
	if (bytes_start_with(line, PCR_WORD " "))
		return parse_untold(line, &baseline->untold);
	return parse_event(line, &baseline->log);
}

int baseline_parse(struct bytes text, struct baseline *ret_baseline, struct error *error)
{
	CLEANUP(baseline_clear) struct baseline baseline = {.has_settings = false};
	bool end = false;

	if (text.size > BASELINE_MAX_SIZE)
		return error_set(error, E_TOO_LARGE, OBJECT, "the list of earlier events has more than %zu bytes",
		                 BASELINE_MAX_SIZE);
	if (!bytes_equal(text_take_field(&text, '\n'), bytes_from_string(FIRST_LINE)))
		return malformed(1, error);
	if (!parse_banks(text_take_field(&text, '\n'), &baseline.log))
		return malformed(2, error);
	for (size_t number = 3; text.size > 0 && !end; number++) {
		struct bytes line = text_take_field(&text, '\n');

		if (number > BASELINE_MAX_EVENTS + EVENTLOG_PCR_COUNT + 3)
			return error_set(error, E_TOO_LARGE, OBJECT, "there are more than %d earlier events",
			                 BASELINE_MAX_EVENTS);
		if (!parse_line(line, text, &baseline, &end))
			return malformed(number, error);
	}
	if (baseline.log.failed)
		return error_set(error, E_MEMORY, OBJECT, "there is not enough memory for the list of earlier events");
	*ret_baseline = baseline;
	baseline = (struct baseline){.has_settings = false};
	return 0;
}

void baseline_clear(struct baseline *baseline)
{
	buffer_clear(&baseline->log);
	*baseline = (struct baseline){.has_settings = false};
}
