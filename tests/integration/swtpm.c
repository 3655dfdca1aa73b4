/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "integration/swtpm.h"

#include "base/cleanup.h"
#include "tpm/tpm2_marshal.h"
#include "unit/cmocka_all.h"
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define START_TRIES 2500

static void launch(struct swtpm *swtpm)
{
	char state[96], server[128], control[128], log[128];

	(void)snprintf(state, sizeof(state), "dir=%s,mode=0600", swtpm->directory);
	(void)snprintf(server, sizeof(server), "type=unixio,path=%s/tpm", swtpm->directory);
	(void)snprintf(control, sizeof(control), "type=unixio,path=%s/tpm.ctrl", swtpm->directory);
	(void)snprintf(log, sizeof(log), "file=%s,level=20", swtpm->log);
	swtpm->pid = fork();
	assert_true(swtpm->pid >= 0);
	if (swtpm->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", state, "--server", server, "--ctrl",
		             control, "--flags", swtpm->not_started ? "not-need-init" : "not-need-init,startup-clear",
		             "--log", log, (char *)NULL);
		_exit(127);
	}
	for (unsigned i = 0; i < START_TRIES; i++) {
		struct tpm_transport *transport = NULL;

		if (tpm_transport_open(swtpm->where, &transport, NULL) == 0) {
			transport->close(transport);
			return;
		}
		(void)usleep(2000);
	}
	fail_msg("swtpm does not start in %s", swtpm->directory);
}

static void end(struct swtpm *swtpm)
{
	char path[128];

	if (swtpm->pid <= 0)
		return;
	(void)kill(swtpm->pid, SIGTERM);
	(void)waitpid(swtpm->pid, NULL, 0);
	swtpm->pid = 0;
	(void)snprintf(path, sizeof(path), "%s/tpm", swtpm->directory);
	(void)unlink(path);
}

void swtpm_start(struct swtpm *swtpm)
{
	/* In memory where that is possible: swtpm waits for the disk at each change of its state. */
	*swtpm = (struct swtpm){.directory = "/dev/shm/heads-swtpm-XXXXXX"};
	if (!mkdtemp(swtpm->directory)) {
		*swtpm = (struct swtpm){.directory = "/tmp/heads-swtpm-XXXXXX"};
		assert_non_null(mkdtemp(swtpm->directory));
	}
	(void)snprintf(swtpm->where, sizeof(swtpm->where), "swtpm:%s/tpm", swtpm->directory);
	(void)snprintf(swtpm->tcti, sizeof(swtpm->tcti), "swtpm:path=%s/tpm", swtpm->directory);
	(void)snprintf(swtpm->log, sizeof(swtpm->log), "%s/log", swtpm->directory);
	launch(swtpm);
}

void swtpm_power_cycle(struct swtpm *swtpm)
{
	end(swtpm);
	launch(swtpm);
}

void swtpm_stop(struct swtpm *swtpm)
{
	char command[128];

	end(swtpm);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", swtpm->directory);
	assert_int_equal(system(command), 0);
}

int swtpm_tool(const struct swtpm *swtpm, struct buffer *output, const char *format, ...)
{
	char line[1024], command[1400];
	va_list arguments;
	FILE *stream;
	size_t got;
	int status;

	va_start(arguments, format);
	(void)vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	(void)snprintf(command, sizeof(command), "cd '%s' && export TPM2TOOLS_TCTI='%s' && { %s; } 2>>tools.log",
	               swtpm->directory, swtpm->tcti, line);
	stream = popen(command, "re");
	assert_non_null(stream);
	do {
		char data[4096];

		got = fread(data, 1, sizeof(data), stream);
		if (output)
			buffer_append(output, data, got);
	} while (got > 0);
	status = pclose(stream);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

size_t swtpm_left_open(const struct swtpm *swtpm)
{
	static const uint32_t kinds[] = {TPM_HT_OBJECT_FIRST, TPM_HT_SESSION_FIRST};
	struct tpm_transport *transport = NULL;
	uint8_t answer[TPM_MESSAGE_LIMIT];
	struct tpm2_handles handles;
	struct tpm2_header header;
	size_t open = 0;

	assert_int_equal(tpm_transport_open(swtpm->where, &transport, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		uint8_t bytes[22];
		struct tpm2_writer command = tpm2_writer_make(bytes, sizeof(bytes));
		size_t size = 0;

		tpm2_put_u16(&command, TPM_ST_NO_SESSIONS);
		tpm2_put_u32(&command, sizeof(bytes));
		tpm2_put_u32(&command, TPM_CC_GetCapability);
		tpm2_put_u32(&command, TPM_CAP_HANDLES);
		tpm2_put_u32(&command, kinds[i]);
		tpm2_put_u32(&command, TPM2_MAX_HANDLES);
		assert_int_equal(transport->exchange(transport, tpm2_written(&command), answer, &size, NULL), 0);
		assert_true(tpm2_parse_header(bytes_make(answer, size), &header));
		assert_int_equal(header.code, TPM_RC_SUCCESS);
		assert_true(tpm2_parse_handles(header.body, &handles));
		open += handles.count;
	}
	transport->close(transport);
	return open;
}

static uint32_t command_code_of(struct bytes command)
{
	struct cursor cursor = cursor_make(bytes_slice(command, 6, 4));

	return cursor_u32be(&cursor);
}

static bool is_hit(struct proxy *proxy, struct bytes command)
{
	unsigned index = proxy->count;

	if (proxy->fired && (proxy->fault == PROXY_POWER_CUT || proxy->fault == PROXY_CUT_AFTER))
		return true; /* from then on nobody is there, whatever is asked */
	if (proxy->command_code != 0) {
		if (command_code_of(command) != proxy->command_code)
			return false;
		index = proxy->matches++;
	}
	switch (proxy->fault) {
	case PROXY_NONE:
		return false;
	case PROXY_POWER_CUT:
	case PROXY_CUT_AFTER:
		return index >= proxy->at;
	case PROXY_REFUSED:
		return index >= proxy->at && index < proxy->at + (proxy->repeat > 0 ? proxy->repeat : 1);
	default:
		return index == proxy->at;
	}
}

static void flip(uint8_t *data, size_t size, size_t bit)
{
	bit %= size * 8;
	data[bit / 8] ^= (uint8_t)(1u << (bit % 8));
}

static size_t refuse(uint32_t code, uint8_t *answer)
{
	struct tpm2_writer writer = tpm2_writer_make(answer, 10);

	tpm2_put_u16(&writer, TPM_ST_NO_SESSIONS);
	tpm2_put_u32(&writer, 10);
	tpm2_put_u32(&writer, code);
	return writer.size;
}

static int lost(struct error *error)
{
	return error_set(error, E_IO, "proxy", "this exchange fails on purpose");
}

static int pass_on(struct proxy *proxy, struct bytes command, uint8_t *answer, size_t *ret_size, struct error *error)
{
	int result;

	buffer_append_bytes(&proxy->traffic, command);
	result = proxy->inner->exchange(proxy->inner, command, answer, ret_size, error);
	if (result == 0) {
		buffer_append(&proxy->traffic, answer, *ret_size);
		proxy->last_answer_size = *ret_size;
		if (proxy->command_code != 0 && command_code_of(command) == proxy->command_code) {
			proxy->hit_answer_size = *ret_size;
			memcpy(proxy->hit_answer, answer, *ret_size);
		}
	}
	return result;
}

static int proxy_exchange(struct tpm_transport *base, struct bytes command, uint8_t *answer, size_t *ret_size,
                          struct error *error)
{
	struct proxy *proxy = (struct proxy *)base;
	const bool hit = is_hit(proxy, command);
	uint8_t changed[TPM_MESSAGE_LIMIT];
	int result;

	if (proxy->fault == PROXY_CUT_AFTER && hit && !proxy->fired) {
		proxy->fired = true;
		proxy->count++;
		(void)pass_on(proxy, command, answer, ret_size, error);
		return lost(error);
	}
	proxy->count++;
	if (!hit)
		return pass_on(proxy, command, answer, ret_size, error);
	proxy->fired = true;
	switch (proxy->fault) {
	case PROXY_ANSWER_LOST:
		(void)pass_on(proxy, command, answer, ret_size, error);
		return lost(error);
	case PROXY_REFUSED:
		*ret_size = refuse(proxy->code, answer);
		return 0;
	case PROXY_FLIP_ANSWER:
		result = pass_on(proxy, command, answer, ret_size, error);
		if (result == 0)
			flip(answer, *ret_size, proxy->bit);
		return result;
	case PROXY_FLIP_COMMAND:
		memcpy(changed, command.data, command.size);
		flip(changed, command.size, proxy->bit);
		return pass_on(proxy, bytes_make(changed, command.size), answer, ret_size, error);
	case PROXY_INVENT:
		memcpy(answer, proxy->invented.data, proxy->invented.size);
		*ret_size = proxy->invented.size;
		return 0;
	case PROXY_INJECT:
		result = pass_on(proxy, proxy->invented, answer, ret_size, error);
		return result < 0 ? result : pass_on(proxy, command, answer, ret_size, error);
	case PROXY_REPEAT:
		result = pass_on(proxy, command, answer, ret_size, error);
		return result < 0 ? result : pass_on(proxy, command, answer, ret_size, error);
	default:
		return lost(error);
	}
}

static void proxy_close(struct tpm_transport *base)
{
	struct proxy *proxy = (struct proxy *)base;

	proxy->inner->close(proxy->inner);
}

int proxy_open(struct proxy *proxy, const struct swtpm *swtpm, struct tpm **ret_tpm, struct error *error)
{
	int result = tpm_transport_open(swtpm->where, &proxy->inner, error);

	if (result < 0)
		return result;
	proxy->base = (struct tpm_transport){
	    .exchange = proxy_exchange, .close = proxy_close, .may_start = true, .immediate = true};
	return tpm_open_transport(&proxy->base, ret_tpm, error);
}

struct tpm *swtpm_open(const struct swtpm *swtpm)
{
	struct tpm *tpm = NULL;
	struct error error = {.code = E_NONE};

	if (tpm_open(swtpm->where, &tpm, &error) < 0)
		fail_msg("%s", error.sentence);
	return tpm;
}

bool bytes_contain(struct bytes haystack, struct bytes needle)
{
	return needle.size > 0 && memmem(haystack.data, haystack.size, needle.data, needle.size) != NULL;
}

static size_t digests_of(struct tpm *tpm, struct bytes measured, struct digest digests[TPM_MAX_BANKS])
{
	const enum hash_algorithm *banks;
	const size_t count = tpm_banks(tpm, &banks);

	for (size_t i = 0; i < count; i++)
		digests[i] = digest_of(banks[i], measured);
	return count;
}

size_t digests_of_text(struct tpm *tpm, const char *text, struct digest digests[TPM_MAX_BANKS])
{
	return digests_of(tpm, bytes_from_string(text), digests);
}

void extend_bytes(struct tpm *tpm, unsigned pcr, struct bytes measured)
{
	struct digest digests[TPM_MAX_BANKS];
	const size_t count = digests_of(tpm, measured, digests);

	assert_int_equal(tpm_pcr_extend(tpm, pcr, digests, count, NULL), 0);
}

void extend_text(struct tpm *tpm, unsigned pcr, const char *text)
{
	extend_bytes(tpm, pcr, bytes_from_string(text));
}
