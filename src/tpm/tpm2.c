/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening and closing a TPM 2.0, what it says about itself, its orderly end. */
#include "tpm/tpm2_client.h"

#include <string.h>

int tpm2_get_capability(struct tpm *tpm, uint32_t capability, uint32_t property, uint32_t count, struct tpm2_call *call,
                        struct error *error)
{
	struct tpm2_writer *writer = tpm2_parameters(tpm);

	*call = (struct tpm2_call){.code = TPM_CC_GetCapability, .doing = "ask the TPM about itself", .object = "TPM"};
	tpm2_put_u32(writer, capability);
	tpm2_put_u32(writer, property);
	tpm2_put_u32(writer, count);
	return tpm2_run(tpm, call, error);
}

int tpm2_list_handles(struct tpm *tpm, uint32_t first, struct tpm2_handles *ret_handles, struct error *error)
{
	struct tpm2_call call;
	int result = tpm2_get_capability(tpm, TPM_CAP_HANDLES, first, TPM2_MAX_HANDLES, &call, error);

	if (result < 0)
		return result;
	if (!tpm2_parse_handles(call.answer, ret_handles))
		return tpm2_forged(&call, error);
	return 0;
}

int tpm2_sweep(struct tpm *tpm, struct error *error)
{
	static const uint32_t kinds[] = {TPM_HT_OBJECT_FIRST, TPM_HT_SESSION_FIRST};
	struct tpm2_handles found;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		int result = tpm2_list_handles(tpm, kinds[i], &found, error);

		if (result < 0)
			return result;
		/* No TPM holds more than a few: a longer list is not worked through. */
		for (size_t k = 0; k < found.count && k < 64; k++)
			tpm2_flush(tpm, found.handles[k]);
	}
	return 0;
}

static int learn_banks(struct tpm *tpm, struct error *error)
{
	struct tpm2_call call;
	int result = tpm2_get_capability(tpm, TPM_CAP_PCRS, 0, 1, &call, error);

	if (result < 0 && call.response_code == TPM_RC_INITIALIZE && tpm->transport->may_start) {
		struct tpm2_call start = {.code = TPM_CC_Startup, .doing = "start the TPM", .object = "TPM"};

		tpm2_put_u16(tpm2_parameters(tpm), TPM_SU_CLEAR);
		result = tpm2_run(tpm, &start, error);
		if (result == 0)
			result = tpm2_get_capability(tpm, TPM_CAP_PCRS, 0, 1, &call, error);
	}
	if (result < 0)
		return result;
	if (!tpm2_parse_banks(call.answer, tpm->banks, &tpm->bank_count))
		return tpm2_forged(&call, error);
	if (tpm->bank_count == 0)
		return error_set(error, E_TPM, "TPM", "the TPM has no active PCR bank that Heads knows");
	return 0;
}

/* state: what another process handed on, or empty. */
static int open_transport(struct tpm_transport *transport, struct bytes state, bool sweep, struct tpm **ret_tpm,
                          struct error *error)
{
	CLEANUP(tpm_close) struct tpm *tpm = NULL;
	struct secret memory = {0};
	int result = secret_allocate(sizeof(struct tpm), &memory);

	if (result < 0) {
		transport->close(transport);
		return error_set(error, E_MEMORY, "TPM", "no locked memory to talk to the TPM");
	}
	tpm = (struct tpm *)(void *)memory.data;
	tpm->memory = memory;
	tpm->transport = transport;
	if (!tpm2_continue(tpm, state))
		result = learn_banks(tpm, error);
	if (result == 0 && !tpm->guard && sweep)
		result = tpm2_sweep(tpm, error);
	if (result < 0)
		return result;
	tpm->uncertain = false;
	*ret_tpm = TAKE_PTR(tpm);
	return 0;
}

int tpm_open_transport(struct tpm_transport *transport, struct tpm **ret_tpm, struct error *error)
{
	return open_transport(transport, BYTES_EMPTY, true, ret_tpm, error);
}

int tpm_open_transport_continued(struct tpm_transport *transport, struct bytes state, struct tpm **ret_tpm,
                                 struct error *error)
{
	return open_transport(transport, state, true, ret_tpm, error);
}

int tpm_open(const char *where, struct tpm **ret_tpm, struct error *error)
{
	struct tpm_transport *transport = NULL;
	int result = tpm_transport_open(where, &transport, error);

	return result < 0 ? result : open_transport(transport, BYTES_EMPTY, true, ret_tpm, error);
}

int tpm_open_continued(const char *where, struct bytes state, struct tpm **ret_tpm, struct error *error)
{
	struct tpm_transport *transport = NULL;
	int result = tpm_transport_open(where, &transport, error);

	return result < 0 ? result : open_transport(transport, state, true, ret_tpm, error);
}

int tpm_open_clean(const char *where, struct tpm **ret_tpm, struct error *error)
{
	struct tpm_transport *transport = NULL;
	int result = tpm_transport_open(where, &transport, error);

	return result < 0 ? result : open_transport(transport, BYTES_EMPTY, false, ret_tpm, error);
}

void tpm_close(struct tpm **tpm)
{
	struct tpm *closing = tpm ? *tpm : NULL;
	struct secret memory;
	size_t left;

	/* In a child process this memory is empty (MADV_WIPEONFORK): the TPM stays the parent's. */
	if (!closing || !closing->transport)
		return;
	tpm2_session_close(&closing->guard);
	tpm2_session_close(&closing->policy);
	left = closing->open_count;
	/* From the end, because a flush that works takes its handle out. */
	while (left > 0 && left <= closing->open_count)
		tpm2_flush(closing, closing->open_handles[--left]);
	if (closing->uncertain)
		(void)tpm2_sweep(closing, NULL);
	closing->transport->close(closing->transport);
	memory = closing->memory;
	secret_clear(&memory);
	*tpm = NULL;
}

unsigned tpm_command_count(const struct tpm *tpm)
{
	return tpm->command_count;
}

static bool find_property(const struct tpm2_properties *properties, uint32_t property, uint32_t *ret_value)
{
	for (size_t i = 0; i < properties->count; i++) {
		if (properties->properties[i].property == property) {
			*ret_value = properties->properties[i].value;
			return true;
		}
	}
	return false;
}

static int get_properties(struct tpm *tpm, uint32_t first, struct tpm2_properties *ret_properties, struct error *error)
{
	struct tpm2_call call;
	int result = tpm2_get_capability(tpm, TPM_CAP_TPM_PROPERTIES, first, TPM2_MAX_PROPERTIES, &call, error);

	if (result < 0)
		return result;
	if (!tpm2_parse_properties(call.answer, ret_properties))
		return tpm2_forged(&call, error);
	return 0;
}

/* Fills in what this answer holds of the manufacturer and the lockout. */
static void read_properties(const struct tpm2_properties *properties, struct tpm_info *info)
{
	uint32_t manufacturer = 0, high = 0, low = 0, permanent = 0;

	if (find_property(properties, TPM_PT_MANUFACTURER, &manufacturer)) {
		for (unsigned i = 0, length = 0; i < 4; i++) {
			const int letter = (int)(manufacturer >> (24 - 8 * i) & 0xff);

			if (letter > ' ' && letter < 0x7f)
				info->manufacturer[length++] = (char)letter;
		}
	}
	if (find_property(properties, TPM_PT_FIRMWARE_VERSION_1, &high) &&
	    find_property(properties, TPM_PT_FIRMWARE_VERSION_2, &low))
		info->firmware = (uint64_t)high << 32 | low;
	if (find_property(properties, TPM_PT_PERMANENT, &permanent)) {
		info->owner_auth_set = (permanent & TPM_PT_PERMANENT_OWNER_AUTH) != 0;
		info->endorsement_auth_set = (permanent & TPM_PT_PERMANENT_ENDORSEMENT_AUTH) != 0;
		info->lockout_auth_set = (permanent & TPM_PT_PERMANENT_LOCKOUT_AUTH) != 0;
		info->clear_disabled = (permanent & TPM_PT_PERMANENT_DISABLE_CLEAR) != 0;
		info->in_lockout = (permanent & TPM_PT_PERMANENT_IN_LOCKOUT) != 0;
	}
	(void)find_property(properties, TPM_PT_LOCKOUT_COUNTER, &info->lockout_counter);
	(void)find_property(properties, TPM_PT_MAX_AUTH_FAIL, &info->lockout_max);
	(void)find_property(properties, TPM_PT_LOCKOUT_INTERVAL, &info->lockout_recovery_seconds);
	(void)find_property(properties, TPM_PT_LOCKOUT_RECOVERY, &info->lockout_auth_seconds);
}

static int get_clock(struct tpm *tpm, struct tpm_info *info, struct error *error)
{
	struct tpm2_call call = {.code = TPM_CC_ReadClock, .doing = "read the TPM's clock", .object = "TPM"};
	struct tpm2_clock clock;
	int result;

	(void)tpm2_parameters(tpm);
	result = tpm2_run(tpm, &call, error);
	if (result < 0)
		return result;
	if (!tpm2_parse_clock(call.answer, &clock))
		return tpm2_forged(&call, error);
	info->clock_ms = clock.clock_ms;
	info->reset_count = clock.reset_count;
	info->restart_count = clock.restart_count;
	return 0;
}

int tpm_get_handles(struct tpm *tpm, struct tpm_info *info, struct error *error)
{
	static const uint32_t kinds[] = {TPM_HT_KEPT_FIRST, TPM_HT_NV_FIRST};
	struct tpm2_handles found;

	info->handle_count = 0;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		int result = tpm2_list_handles(tpm, kinds[i], &found, error);

		if (result < 0)
			return result;
		for (size_t k = 0; k < found.count && info->handle_count < ARRAY_SIZE(info->handles); k++)
			info->handles[info->handle_count++] = found.handles[k];
	}
	return 0;
}

int tpm_get_state(struct tpm *tpm, struct tpm_info *ret_info, struct error *error)
{
	struct tpm_info info = {.family = "2.0", .bank_count = tpm->bank_count};
	struct tpm2_properties properties;
	int result = get_properties(tpm, TPM_PT_PERMANENT, &properties, error);

	if (result == 0)
		result = get_clock(tpm, &info, error);
	if (result < 0)
		return result;
	read_properties(&properties, &info);
	memcpy(info.banks, tpm->banks, sizeof(info.banks));
	*ret_info = info;
	return 0;
}

int tpm_get_info(struct tpm *tpm, struct tpm_info *ret_info, struct error *error)
{
	struct tpm2_properties properties;
	struct tpm_info info;
	int result = tpm_get_state(tpm, &info, error);

	if (result == 0)
		result = get_properties(tpm, TPM_PT_FIXED, &properties, error);
	if (result < 0)
		return result;
	read_properties(&properties, &info);
	*ret_info = info;
	return 0;
}

int tpm_random(struct tpm *tpm, void *data, size_t size, struct error *error)
{
	struct tpm2_call call = {.code = TPM_CC_GetRandom, .doing = "ask the TPM for random bytes", .object = "TPM"};
	struct cursor cursor;
	struct bytes random;
	int result;

	if (size == 0 || size > 32)
		return error_set(error, E_USAGE, "TPM", "a TPM is asked for 1 to 32 random bytes, not %zu", size);
	tpm2_put_u16(tpm2_parameters(tpm), (uint16_t)size);
	result = tpm2_run(tpm, &call, error);
	if (result < 0)
		return result;
	cursor = cursor_make(call.answer);
	random = tpm2_get_sized(&cursor);
	if (cursor.failed || cursor.rest.size != 0 || random.size != size)
		return tpm2_forged(&call, error);
	memcpy(data, random.data, size);
	memory_wipe(tpm->answer, sizeof(tpm->answer));
	return 0;
}

int tpm_shutdown(struct tpm *tpm, struct error *error)
{
	struct tpm2_call call = {.code = TPM_CC_Shutdown, .doing = "shut the TPM down in order", .object = "TPM"};
	int result = 0;

	tpm2_session_close(&tpm->policy);
	if (tpm->guard)
		result = tpm2_guard(tpm, &call, error);
	if (result < 0)
		return result;
	/* The last command: the session ends with it. A flush behind it would be the first command after an orderly
	 * shutdown, which makes that one void (Part 3, 9.4). */
	call.attributes &= (uint8_t)~TPMA_SESSION_CONTINUE;
	tpm2_put_u16(tpm2_parameters(tpm), TPM_SU_CLEAR);
	result = tpm2_run_guarded(tpm, &call, error);
	if (result == 0)
		tpm2_session_close(&tpm->guard);
	return result;
}
