/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The catalogue made in a confined child. It asks for files over a socket, one question at a time, and ends with the
 * catalogue itself; what it sends is taken as hostile, since it has read hostile input.
 *
 *     question  operation (1 byte), size (4 bytes, big endian), payload: path, for READ the limit (4 bytes) before it
 *     answer    status (4 bytes: 0 or an error code; for KIND the kind), size (4 bytes), content
 */
#include "boot/catalogue.h"
#include "boot/confine.h"

#include "base/cleanup.h"
#include "base/log.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum operation { ASK_KIND = 'k', ASK_READ = 'r', ASK_LIST = 'l', TELL_ERROR = 'e', TELL_CATALOGUE = 'c' };

#define MAX_PATH_SIZE    ((size_t)256 << 10)
#define MAX_RESULT_SIZE  ((size_t)64 << 20)
#define MAX_QUESTIONS    200000
#define MAX_MILLISECONDS 30000
#define MAX_CONTENT      ((size_t)16 << 20)
#define MAX_ENTRIES      65536
#define MAX_STRINGS      8192

/* --- the catalogue as bytes ----------------------------------------------------------------------------------------
 */

static void put_string(struct buffer *out, const char *string)
{
	/* One more, so that zero is "none". */
	buffer_append_u32be(out, string ? (uint32_t)strlen(string) + 1 : 0);
	if (string)
		buffer_append_string(out, string);
}

static void put_strings(struct buffer *out, char *const *strings, size_t count)
{
	buffer_append_u32be(out, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		put_string(out, strings[i]);
}

static void put_entry(struct buffer *out, const struct entry *entry)
{
	put_string(out, entry->id);
	put_string(out, entry->title);
	put_strings(out, entry->submenu, entry->submenu_count);
	buffer_append_u32be(out, (uint32_t)entry->kind);
	put_string(out, entry->kernel);
	put_strings(out, entry->initrds, entry->initrd_count);
	put_string(out, entry->cmdline);
	buffer_append_u32be(out, (uint32_t)entry->module_count);
	for (size_t i = 0; i < entry->module_count; i++) {
		put_string(out, entry->modules[i].path);
		put_string(out, entry->modules[i].args);
	}
	buffer_append_byte(out, entry->is_default);
	put_string(out, entry->source);
	put_string(out, entry->problem);
}

static void put_catalogue(struct buffer *out, const struct catalogue *catalogue)
{
	buffer_append_u32be(out, (uint32_t)catalogue->configurations);
	buffer_append_u32be(out, (uint32_t)catalogue->notices.size);
	buffer_append_bytes(out, buffer_bytes(&catalogue->notices));
	buffer_append_u32be(out, (uint32_t)catalogue->entries.count);
	for (size_t i = 0; i < catalogue->entries.count; i++)
		put_entry(out, &catalogue->entries.entries[i]);
}

static char *get_optional(struct cursor *cursor)
{
	const uint32_t size = cursor_u32be(cursor);
	char *string = NULL;

	if (size == 0)
		return NULL;
	string = bytes_to_string(cursor_bytes(cursor, size - 1));
	if (!string)
		cursor->failed = true;
	return string;
}

static char *get_string(struct cursor *cursor)
{
	char *string = get_optional(cursor);

	if (!string)
		cursor->failed = true;
	return string;
}

static uint32_t get_count(struct cursor *cursor, uint32_t limit)
{
	const uint32_t count = cursor_u32be(cursor);

	if (count > limit)
		cursor->failed = true;
	return cursor->failed ? 0 : count;
}

/* *ret_count counts what is there, also where it fails, so that it can be freed. */
static char **get_strings(struct cursor *cursor, size_t *ret_count)
{
	const uint32_t count = get_count(cursor, MAX_STRINGS);
	char **strings = count ? calloc(count, sizeof(*strings)) : NULL;

	if (count && !strings)
		cursor->failed = true;
	for (*ret_count = 0; strings && *ret_count < count && !cursor->failed; ++*ret_count)
		strings[*ret_count] = get_string(cursor);
	return strings;
}

static void get_modules(struct cursor *cursor, struct entry *entry)
{
	const uint32_t count = get_count(cursor, MAX_STRINGS);

	entry->modules = count ? calloc(count, sizeof(*entry->modules)) : NULL;
	if (count && !entry->modules)
		cursor->failed = true;
	while (entry->modules && entry->module_count < count && !cursor->failed) {
		struct entry_module *module = &entry->modules[entry->module_count++];
		module->path = get_string(cursor);
		module->args = get_string(cursor);
	}
}

static void get_entry(struct cursor *cursor, struct entry *entry)
{
	entry->id = get_string(cursor);
	entry->title = get_string(cursor);
	entry->submenu = get_strings(cursor, &entry->submenu_count);
	const uint32_t kind = cursor_u32be(cursor);
	if (kind > ENTRY_CHAINLOAD)
		cursor->failed = true;
	else
		entry->kind = (enum entry_kind)kind;
	entry->kernel = get_optional(cursor);
	entry->initrds = get_strings(cursor, &entry->initrd_count);
	entry->cmdline = get_string(cursor);
	get_modules(cursor, entry);
	entry->is_default = cursor_u8(cursor) == 1;
	entry->source = get_string(cursor);
	entry->problem = get_optional(cursor);
	/* What can be booted has something to boot. */
	if (!entry->kernel && !entry->problem)
		cursor->failed = true;
}

static bool get_catalogue(struct bytes bytes, struct catalogue *catalogue)
{
	struct cursor cursor = cursor_make(bytes);
	size_t defaults = 0;

	catalogue->configurations = cursor_u32be(&cursor);
	const struct bytes notices = cursor_bytes(&cursor, cursor_u32be(&cursor));
	if (notices.size > 0 && notices.data[notices.size - 1] != '\0')
		return false;
	buffer_append_bytes(&catalogue->notices, notices);
	const uint32_t count = get_count(&cursor, MAX_ENTRIES);
	for (uint32_t i = 0; i < count && !cursor.failed; i++) {
		struct entry *entry = entry_list_add(&catalogue->entries);
		if (!entry)
			return false;
		get_entry(&cursor, entry);
		defaults += entry->is_default;
	}
	return !cursor.failed && cursor.rest.size == 0 && defaults <= 1 && !catalogue->notices.failed;
}

/* --- the child ------------------------------------------------------------------------------------------------------
 */

static void child_write(int socket, struct bytes bytes)
{
	while (bytes.size > 0) {
		const ssize_t done = write(socket, bytes.data, bytes.size);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			confine_exit(1);
		bytes = bytes_slice(bytes, (size_t)done, bytes.size);
	}
}

static void child_read(int socket, uint8_t *data, size_t size)
{
	while (size > 0) {
		const ssize_t got = read(socket, data, size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			confine_exit(1);
		data += got;
		size -= (size_t)got;
	}
}

static void child_send(int socket, enum operation operation, struct bytes payload)
{
	CLEANUP(buffer_clear) struct buffer header = {0};

	buffer_append_byte(&header, (uint8_t)operation);
	buffer_append_u32be(&header, (uint32_t)payload.size);
	if (header.failed || payload.size > UINT32_MAX)
		confine_exit(1);
	child_write(socket, buffer_bytes(&header));
	child_write(socket, payload);
}

static uint32_t child_ask(int socket, enum operation operation, struct bytes payload, struct buffer *content)
{
	uint8_t header[8];
	uint8_t chunk[4096];

	child_send(socket, operation, payload);
	child_read(socket, header, sizeof(header));
	struct cursor cursor = cursor_make(bytes_make(header, sizeof(header)));
	const uint32_t status = cursor_u32be(&cursor);
	for (size_t left = cursor_u32be(&cursor); left > 0;) {
		const size_t size = left < sizeof(chunk) ? left : sizeof(chunk);
		child_read(socket, chunk, size);
		if (content)
			buffer_append(content, chunk, size);
		left -= size;
	}
	return status;
}

static enum catalogue_kind child_kind(void *context, const char *path)
{
	const uint32_t kind = child_ask(*(int *)context, ASK_KIND, bytes_from_string(path), NULL);

	return kind <= CATALOGUE_OTHER ? (enum catalogue_kind)kind : CATALOGUE_MISSING;
}

static int child_read_file(void *context, const char *path, size_t limit, struct buffer *content)
{
	CLEANUP(buffer_clear) struct buffer payload = {0};

	buffer_append_u32be(&payload, (uint32_t)(limit < MAX_CONTENT ? limit : MAX_CONTENT));
	buffer_append_string(&payload, path);
	if (payload.failed)
		return -E_MEMORY;
	return -(int)child_ask(*(int *)context, ASK_READ, buffer_bytes(&payload), content);
}

static int child_list(void *context, const char *path, struct buffer *names)
{
	return -(int)child_ask(*(int *)context, ASK_LIST, bytes_from_string(path), names);
}

static void child_body(int socket, void *context)
{
	const struct catalogue_source source = {&socket, child_kind, child_read_file, child_list};
	struct catalogue catalogue = {0};
	struct buffer result = {0};
	struct error error = {0};

	(void)context;
	if (catalogue_build(&source, &catalogue, &error) < 0) {
		buffer_append_u32be(&result, (uint32_t)error.code);
		put_string(&result, error.object);
		put_string(&result, error.sentence);
		child_send(socket, TELL_ERROR, buffer_bytes(&result));
		return;
	}
	put_catalogue(&result, &catalogue);
	if (result.failed)
		confine_exit(1);
	child_send(socket, TELL_CATALOGUE, buffer_bytes(&result));
}

/* --- the parent -----------------------------------------------------------------------------------------------------
 */

struct link {
	int socket;
	unsigned long long deadline;
};

static bool wait_for(const struct link *link, short events)
{
	for (;;) {
		const unsigned long long now = log_now_ms();
		struct pollfd poll_fd = {.fd = link->socket, .events = events};
		if (now >= link->deadline)
			return false;
		const int ready = poll(&poll_fd, 1, (int)(link->deadline - now));
		if (ready > 0)
			return true;
		if (ready == 0 || errno != EINTR)
			return false;
	}
}

static bool link_receive(const struct link *link, size_t size, struct buffer *data)
{
	uint8_t chunk[16384];

	while (size > 0) {
		if (!wait_for(link, POLLIN))
			return false;
		const ssize_t got =
		    recv(link->socket, chunk, size < sizeof(chunk) ? size : sizeof(chunk), MSG_DONTWAIT);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			return false;
		buffer_append(data, chunk, (size_t)got);
		size -= (size_t)got;
	}
	return !data->failed;
}

static bool link_send(const struct link *link, struct bytes bytes)
{
	while (bytes.size > 0) {
		if (!wait_for(link, POLLOUT))
			return false;
		const ssize_t done = send(link->socket, bytes.data, bytes.size, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (done < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (done <= 0)
			return false;
		bytes = bytes_slice(bytes, (size_t)done, bytes.size);
	}
	return true;
}

/* The path of a question: absolute, and without parts that lead anywhere but down. */
static char *get_path(struct bytes payload)
{
	CLEANUP_FREE char *path = payload.size <= MAX_PATH_SIZE ? bytes_to_string(payload) : NULL;

	if (!path || path[0] != '/')
		return NULL;
	for (const char *part = path; part; part = strchr(part, '/')) {
		part++;
		if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
			return NULL;
	}
	return TAKE_PTR(path);
}

static bool answer(const struct link *link, const struct catalogue_source *source, uint8_t operation,
                   struct bytes payload)
{
	CLEANUP(buffer_clear) struct buffer reply = {0}, content = {0};
	struct cursor cursor = cursor_make(payload);
	const uint32_t limit = operation == ASK_READ ? cursor_u32be(&cursor) : 0;
	CLEANUP_FREE char *path = get_path(cursor.rest);
	uint32_t status = 0;

	if (!path || cursor.failed || limit > MAX_CONTENT)
		return false;
	if (operation == ASK_KIND)
		status = (uint32_t)source->kind(source->context, path);
	else if (operation == ASK_READ)
		status = (uint32_t)-source->read(source->context, path, limit, &content);
	else
		status = (uint32_t)-source->list(source->context, path, &content);
	/* A file that failed half way is not half a file. */
	if (status != 0 || content.failed || content.size > MAX_CONTENT)
		content.size = 0;
	if (content.failed)
		status = E_MEMORY;
	buffer_append_u32be(&reply, status);
	buffer_append_u32be(&reply, (uint32_t)content.size);
	return !reply.failed && link_send(link, buffer_bytes(&reply)) && link_send(link, buffer_bytes(&content));
}

/* The child's own error, with a code of ours and its text made safe by error_set. */
static int take_error(struct bytes payload, struct error *error)
{
	struct cursor cursor = cursor_make(payload);
	const uint32_t code = cursor_u32be(&cursor);
	CLEANUP_FREE char *object = get_string(&cursor);
	CLEANUP_FREE char *sentence = get_string(&cursor);

	if (cursor.failed || code == E_NONE || code >= E_LAST)
		return error_set(error, E_MALFORMED, "boot configuration", "the parser's child sent no proper error");
	return error_set(error, (enum error_code)code, object, "%s", sentence);
}

/* Answers questions until the child tells the end. */
static int serve(const struct link *link, const struct catalogue_source *source, struct catalogue *catalogue,
                 struct error *error)
{
	for (size_t question = 0; question < MAX_QUESTIONS; question++) {
		CLEANUP(buffer_clear) struct buffer header = {0}, payload = {0};
		if (!link_receive(link, 5, &header))
			break;
		struct cursor cursor = cursor_make(buffer_bytes(&header));
		const uint8_t operation = cursor_u8(&cursor);
		const size_t size = cursor_u32be(&cursor);
		const bool tells = operation == TELL_CATALOGUE || operation == TELL_ERROR;
		const bool asks = operation == ASK_KIND || operation == ASK_READ || operation == ASK_LIST;
		if ((!tells && !asks) || size > (tells ? MAX_RESULT_SIZE : MAX_PATH_SIZE + 4) ||
		    !link_receive(link, size, &payload))
			break;
		if (operation == TELL_ERROR)
			return take_error(buffer_bytes(&payload), error);
		if (operation == TELL_CATALOGUE && get_catalogue(buffer_bytes(&payload), catalogue))
			return 0;
		if (tells || !answer(link, source, operation, buffer_bytes(&payload)))
			break;
	}
	return error_set(
	    error, E_MALFORMED, "boot configuration",
	    "the boot configuration could not be read: the confined parser failed or took longer than %d s",
	    MAX_MILLISECONDS / 1000);
}

int catalogue_build_confined(const struct catalogue_source *source, struct catalogue *ret_catalogue,
                             struct error *error)
{
	CLEANUP(catalogue_clear) struct catalogue catalogue = {0};
	CLEANUP_CLOSE int socket = -1;
	pid_t pid = -1;
	int result = confine_start(child_body, NULL, &socket, &pid, error);

	if (result < 0)
		return result;
	const struct link link = {socket, log_now_ms() + MAX_MILLISECONDS};
	result = serve(&link, source, &catalogue, error);
	(void)close(TAKE_FD(socket));
	(void)confine_wait(pid);
	if (result == 0)
		*ret_catalogue = TAKE(catalogue, (struct catalogue){0});
	return result;
}
