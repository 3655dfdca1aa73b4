/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A software TPM 2.0 for one test program, and a transport that stands between the client and it: records, changes,
 * loses, refuses. */
#ifndef HEADS_TESTS_SWTPM_H
#define HEADS_TESTS_SWTPM_H

#include "tpm/tpm.h"
#include "tpm/transport.h"
#include <sys/types.h>

struct swtpm {
	char directory[64];
	char where[96];   /* "swtpm:PATH" */
	char tcti[96];    /* for tpm2-tools */
	char log[96];     /* every command and answer in hexadecimal */
	bool not_started; /* as a chip that no firmware has started: without TPM2_Startup */
	pid_t pid;
};

/* Starts it with fresh state and TPM2_Startup(CLEAR) done. Fails the test where it does not start. */
void swtpm_start(struct swtpm *swtpm);
/* Ends it and starts it again with the state it had: a TPM reset, all PCRs zero. */
void swtpm_power_cycle(struct swtpm *swtpm);
/* Ends it and removes its directory. */
void swtpm_stop(struct swtpm *swtpm);

/* Runs a shell line of tpm2-tools (and others) in the TPM's directory against this TPM. Gives the exit status; output,
 * where not NULL, receives what it printed (release with buffer_clear). */
int swtpm_tool(const struct swtpm *swtpm, struct buffer *output, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Sessions and transient objects that the TPM holds now, asked over a connection of its own. */
size_t swtpm_left_open(const struct swtpm *swtpm);

enum proxy_fault {
	PROXY_NONE,
	PROXY_NOT_SENT,     /* the command does not reach the TPM; the transport reports an error */
	PROXY_ANSWER_LOST,  /* the TPM carries it out; the transport reports an error */
	PROXY_REFUSED,      /* the command does not reach the TPM; the answer is the error `code` */
	PROXY_POWER_CUT,    /* this and every later command is not sent */
	PROXY_CUT_AFTER,    /* the TPM carries this one out, then no more */
	PROXY_FLIP_ANSWER,  /* one bit of the answer is changed */
	PROXY_FLIP_COMMAND, /* one bit of the command is changed */
	PROXY_INVENT,       /* the command does not reach the TPM; the answer is the one in `invented` */
	PROXY_INJECT,       /* the bytes in `invented` reach the TPM first, as a command of their own */
	PROXY_REPEAT        /* the TPM gets the command twice; the second answer is handed on */
};

struct proxy {
	struct tpm_transport base;
	struct tpm_transport *inner;
	unsigned count; /* commands so far */
	/* the fault */
	enum proxy_fault fault;
	unsigned at;     /* which command, from 0; with command_code set: which one of that code */
	uint32_t code;   /* PROXY_REFUSED: the response code */
	unsigned repeat; /* PROXY_REFUSED: so many times in a row, at least 1 */
	size_t bit;      /* PROXY_FLIP_*: taken modulo the message's bits */
	uint32_t command_code;
	unsigned matches;
	bool fired;
	struct bytes invented;
	/* the record */
	struct buffer traffic;
	size_t last_answer_size;
	size_t hit_answer_size; /* of the last exchange of command_code */
	uint8_t hit_answer[TPM_MESSAGE_LIMIT];
};

/* Opens the TPM through the proxy; what is to happen is set in *proxy before or after. The proxy is the caller's and
 * must live as long as the TPM is open; clear its traffic with buffer_clear. */
int proxy_open(struct proxy *proxy, const struct swtpm *swtpm, struct tpm **ret_tpm, struct error *error);
/* Opens without a proxy; fails the test where it cannot. */
struct tpm *swtpm_open(const struct swtpm *swtpm);

bool bytes_contain(struct bytes haystack, struct bytes needle);
/* One digest of text for each active bank into digests; gives their number. */
size_t digests_of_text(struct tpm *tpm, const char *text, struct digest digests[TPM_MAX_BANKS]);
/* Extends a PCR with the digests of what is measured; fails the test where it cannot. */
void extend_bytes(struct tpm *tpm, unsigned pcr, struct bytes measured);
/* Extends a PCR with the digests of a text; fails the test where it cannot. */
void extend_text(struct tpm *tpm, unsigned pcr, const char *text);

#endif
