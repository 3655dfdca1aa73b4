/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A PC/SC library with one reader, which is the virtual dongle in this process: with `pcsc-driver` in scdaemon.conf
 * GnuPG's own scdaemon works with it, without a machine around. DONGLE_STATE names the state file (without it: where a
 * file LIBRARY.keep is, LIBRARY.state; else dongle, beside HOME), DONGLE_FAULT a fault. The file STATE.fault holds one
 * as well ("unplug=card-II@N", "unplug-after=card-II@N"), which is counted through all processes that use the dongle;
 * once it has happened the file says "unplugged", and no reader is there until somebody removes it. */
#include "apdu.h"
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/file.h"
#include "fault.h"
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* winscard.h of pcsc-lite. */
typedef long handle;
typedef unsigned long dword;
#define SUCCESS         0
#define NO_DEVICE       ((long)0x80100017)
#define NO_READERS      ((long)0x8010002e)
#define TOO_SMALL       ((long)0x80100008)
#define TIMEOUT         ((long)0x8010000a)
#define STATE_PRESENT   0x20u
#define STATE_UNAWARE   0u
#define PROTOCOL_T1     2u
#define STATUS_SPECIFIC 0x40u
#define READER          "Heads virtual dongle"
#define UNPLUGGED       "unplugged"

struct reader_state {
	const char *name;
	void *data;
	dword current, event;
	dword atr_size;
	unsigned char atr[33];
};

static char state_path[512], fault_path[530];
static struct card card = {.serial = 1};
static bool loaded;
static const uint8_t atr[] = {0x3b, 0xda, 0x18, 0xff, 0x81, 0xb1, 0xfe, 0x75, 0x1f, 0x03, 0x00,
                              0x31, 0xf5, 0x73, 0xc0, 0x01, 0xe0, 0x05, 0x90, 0x00, 0xcc};

/* False: it cannot be read. */
static bool load_fault(void)
{
	CLEANUP(buffer_clear) struct buffer text = {0};

	(void)snprintf(fault_path, sizeof(fault_path), "%.511s.fault", card.state_path ? card.state_path : "");
	if (access(fault_path, F_OK) != 0)
		return true;
	if (file_read(fault_path, 64, &text, NULL) < 0 || !buffer_string(&text))
		return false;
	card.faults.unplugged = strcmp(buffer_string(&text), UNPLUGGED) == 0;
	return card.faults.unplugged || fault_parse(buffer_string(&text), &card.faults);
}

/* What is left of it, for the next process. */
static void save_fault(void)
{
	const struct card_faults *faults = &card.faults;
	FILE *stream = access(fault_path, F_OK) == 0 ? fopen(fault_path, "we") : NULL;

	if (!stream)
		return;
	if (faults->unplugged)
		(void)fputs(UNPLUGGED, stream);
	else
		(void)fprintf(
		    stream, "%s=card-%02x@%ld", faults->unplug_at[CHANNEL_CARD].after ? "unplug-after" : "unplug",
		    (unsigned)faults->unplug_at[CHANNEL_CARD].instruction, faults->unplug_at[CHANNEL_CARD].count);
	(void)fclose(stream);
}

long SCardEstablishContext(dword scope, const void *one, const void *two, handle *ret_context);
long SCardReleaseContext(handle context);
long SCardListReaders(handle context, const char *groups, char *readers, dword *size);
long SCardGetStatusChange(handle context, dword timeout, struct reader_state *states, dword count);
long SCardConnect(handle context, const char *reader, dword mode, dword protocols, handle *ret_card,
                  dword *ret_protocol);
long SCardReconnect(handle card_handle, dword mode, dword protocols, dword initialization, dword *ret_protocol);
long SCardDisconnect(handle card_handle, dword disposition);
long SCardStatus(handle card_handle, char *name, dword *name_size, dword *state, dword *protocol,
                 unsigned char *ret_atr, dword *atr_size);
long SCardBeginTransaction(handle card_handle);
long SCardEndTransaction(handle card_handle, dword disposition);
long SCardCancel(handle context);
long SCardControl(handle card_handle, dword code, const void *input, dword input_size, void *output, dword output_size,
                  dword *ret_size);
long SCardTransmit(handle card_handle, const void *send_header, const unsigned char *send, dword send_size,
                   void *receive_header, unsigned char *receive, dword *receive_size);

/* Beside the library, where that is asked for: a program that clears the environment keeps its dongle so. */
static const char *state_beside_library(void)
{
	Dl_info info;
	char keep[sizeof(state_path)];

	if (dladdr((const void *)&loaded, &info) == 0 || !info.dli_fname)
		return NULL;
	(void)snprintf(keep, sizeof(keep), "%s.keep", info.dli_fname);
	if (access(keep, F_OK) != 0)
		return NULL;
	(void)snprintf(state_path, sizeof(state_path), "%s.state", info.dli_fname);
	return state_path;
}

long SCardEstablishContext(dword scope, const void *one, const void *two, handle *ret_context)
{
	const char *fault = getenv("DONGLE_FAULT");

	(void)scope;
	(void)one;
	(void)two;
	if (!loaded) {
		card.state_path = getenv("DONGLE_STATE");
		if (!card.state_path)
			card.state_path = state_beside_library();
		if (!card.state_path && getenv("HOME")) {
			(void)snprintf(state_path, sizeof(state_path), "%s/../dongle", getenv("HOME"));
			card.state_path = state_path;
		}
		if ((fault && !fault_parse(fault, &card.faults)) || !load_fault() || card_load(&card, NULL) < 0)
			return NO_DEVICE;
		loaded = true;
	}
	*ret_context = 1;
	return SUCCESS;
}

long SCardReleaseContext(handle context)
{
	(void)context;
	return SUCCESS;
}

long SCardListReaders(handle context, const char *groups, char *readers, dword *size)
{
	(void)context;
	(void)groups;
	if (card.faults.unplugged)
		return NO_READERS;
	if (readers && *size < sizeof(READER) + 1)
		return TOO_SMALL;
	if (readers)
		memcpy(readers, READER "\0", sizeof(READER) + 1);
	*size = sizeof(READER) + 1;
	return SUCCESS;
}

static void copy_atr(unsigned char *to, dword *size)
{
	if (to)
		memcpy(to, atr, sizeof(atr));
	if (size)
		*size = sizeof(atr);
}

/* A card that is always in: news only for who has not seen it yet. */
long SCardGetStatusChange(handle context, dword timeout, struct reader_state *states, dword count)
{
	const struct timespec pause = {.tv_nsec = 100000000};
	bool news = false;

	(void)context;
	for (dword i = 0; i < count; i++) {
		news = news || !(states[i].current & STATE_PRESENT);
		states[i].event = STATE_PRESENT | (states[i].current & STATE_PRESENT ? 0 : 2);
		copy_atr(states[i].atr, &states[i].atr_size);
	}
	if (news)
		return SUCCESS;
	if (timeout > 0)
		(void)nanosleep(&pause, NULL);
	return TIMEOUT;
}

long SCardConnect(handle context, const char *reader, dword mode, dword protocols, handle *ret_card,
                  dword *ret_protocol)
{
	(void)context;
	(void)reader;
	(void)mode;
	(void)protocols;
	card_power_off(&card);
	*ret_card = 1;
	*ret_protocol = PROTOCOL_T1;
	return SUCCESS;
}

long SCardReconnect(handle card_handle, dword mode, dword protocols, dword initialization, dword *ret_protocol)
{
	(void)card_handle;
	(void)mode;
	(void)protocols;
	(void)initialization;
	card_power_off(&card);
	*ret_protocol = PROTOCOL_T1;
	return SUCCESS;
}

long SCardDisconnect(handle card_handle, dword disposition)
{
	(void)card_handle;
	(void)disposition;
	card_power_off(&card);
	return SUCCESS;
}

long SCardStatus(handle card_handle, char *name, dword *name_size, dword *state, dword *protocol,
                 unsigned char *ret_atr, dword *atr_size)
{
	(void)card_handle;
	if (name && name_size && *name_size >= sizeof(READER))
		memcpy(name, READER, sizeof(READER));
	if (name_size)
		*name_size = sizeof(READER);
	if (state)
		*state = STATUS_SPECIFIC | 4; /* present */
	if (protocol)
		*protocol = PROTOCOL_T1;
	copy_atr(ret_atr, atr_size);
	return SUCCESS;
}

long SCardBeginTransaction(handle card_handle)
{
	(void)card_handle;
	return SUCCESS;
}

long SCardEndTransaction(handle card_handle, dword disposition)
{
	(void)card_handle;
	(void)disposition;
	return SUCCESS;
}

long SCardCancel(handle context)
{
	(void)context;
	return SUCCESS;
}

long SCardControl(handle card_handle, dword code, const void *input, dword input_size, void *output, dword output_size,
                  dword *ret_size)
{
	(void)card_handle;
	(void)code;
	(void)input;
	(void)input_size;
	(void)output;
	(void)output_size;
	*ret_size = 0; /* no features: PINs come from the computer */
	return SUCCESS;
}

long SCardTransmit(handle card_handle, const void *send_header, const unsigned char *send, dword send_size,
                   void *receive_header, unsigned char *receive, dword *receive_size)
{
	CLEANUP(buffer_clear) struct buffer answer = {0};
	const struct bytes apdu = bytes_make(send, send_size);
	const enum fault fault = fault_next(&card.faults, CHANNEL_CARD, fault_instruction(apdu));

	(void)card_handle;
	(void)send_header;
	(void)receive_header;
	save_fault();
	if (fault == FAULT_UNPLUG || fault == FAULT_STALL)
		return NO_DEVICE;
	if (fault == FAULT_STATUS)
		buffer_append_u16be(&answer, card.faults.status_word);
	else
		apdu_run(&card, apdu, &answer);
	if (fault == FAULT_UNPLUG_AFTER)
		return NO_DEVICE;
	if (answer.size > *receive_size)
		return TOO_SMALL;
	memcpy(receive, answer.data, answer.size);
	*receive_size = answer.size;
	return SUCCESS;
}
