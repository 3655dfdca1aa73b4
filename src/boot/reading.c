/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "boot/reading.h"
#include "base/cleanup.h"
#include "base/log.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#define STACK_SIZE ((size_t)8 << 20) /* as the main thread has; musl gives 128 KiB */

struct boot_reading {
	pthread_t thread;
	bool threaded; /* else it was read at once, because no thread could be started */
	int over_fd;
	atomic_bool over;
	atomic_ullong done, total;
	/* The thread's own until it is over. */
	char *saved;
	struct buffer key;
	struct buffer log;
	struct boot_system boot;
	int result;
};

static void reading_clear(struct boot_reading **reading)
{
	struct boot_reading *r = *reading;

	*reading = NULL;
	if (!r)
		return;
	boot_system_clear(&r->boot);
	buffer_clear(&r->key);
	buffer_clear(&r->log);
	free(r->saved);
	cleanup_close(&r->over_fd);
	free(r);
}

static void watch(void *context, uint64_t done, uint64_t total)
{
	struct boot_reading *reading = context;

	atomic_store(&reading->total, total);
	atomic_store(&reading->done, done);
}

static void *run(void *context)
{
	struct boot_reading *reading = context;
	const uint64_t one = 1;

	log_collect(&reading->log);
	reading->result = boot_system_read(&reading->boot, reading->saved, buffer_bytes(&reading->key), watch, reading);
	log_collect(NULL);
	atomic_store(&reading->over, true);
	(void)!write(reading->over_fd, &one, sizeof(one));
	return NULL;
}

static bool start_thread(struct boot_reading *reading)
{
	pthread_attr_t attributes;
	bool started;

	if (pthread_attr_init(&attributes) != 0)
		return false;
	started = pthread_attr_setstacksize(&attributes, STACK_SIZE) == 0 &&
	          pthread_create(&reading->thread, &attributes, run, reading) == 0;
	(void)pthread_attr_destroy(&attributes);
	return started;
}

int boot_reading_start(const char *saved, struct bytes key, struct boot_reading **ret_reading, struct error *error)
{
	CLEANUP(reading_clear) struct boot_reading *reading = calloc(1, sizeof(*reading));

	if (!reading)
		return error_set(error, E_MEMORY, "/boot", "there is not enough memory to read /boot");
	reading->over_fd = eventfd(0, EFD_CLOEXEC);
	if (reading->over_fd < 0)
		return error_set_errno(error, E_MEMORY, "/boot", errno, "/boot cannot be read beside the menu");
	buffer_append_bytes(&reading->key, key);
	reading->saved = saved ? strdup(saved) : NULL;
	if (reading->key.failed || (saved && !reading->saved))
		return error_set(error, E_MEMORY, "/boot", "there is not enough memory to read /boot");
	reading->threaded = start_thread(reading);
	if (!reading->threaded)
		(void)run(reading);
	*ret_reading = TAKE_PTR(reading);
	return 0;
}

void boot_reading_progress(const struct boot_reading *reading, uint64_t *ret_done, uint64_t *ret_total)
{
	*ret_done = atomic_load(&reading->done);
	*ret_total = atomic_load(&reading->total);
}

bool boot_reading_is_over(const struct boot_reading *reading)
{
	return atomic_load(&reading->over);
}

int boot_reading_fd(const struct boot_reading *reading)
{
	return reading->over_fd;
}

int boot_reading_finish(struct boot_reading **reading, struct tpm *tpm, struct boot_system *boot)
{
	CLEANUP(reading_clear) struct boot_reading *done = TAKE_PTR(*reading);
	int r, judged;

	if (done->threaded)
		(void)pthread_join(done->thread, NULL);
	log_replay(buffer_bytes(&done->log));
	r = done->result;
	*boot = done->boot;
	done->boot = (struct boot_system){0};
	judged = boot_system_judge(boot, tpm);
	return r < 0 ? r : judged;
}
