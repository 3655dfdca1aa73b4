/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Release on leaving the scope: an error path is one return. */
#ifndef HEADS_BASE_CLEANUP_H
#define HEADS_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

/* Hands the value over to somebody else: the variable is empty afterwards, so its cleanup does nothing. */
#define TAKE(variable, empty)                             \
	({                                                \
		__typeof__(variable) taken_ = (variable); \
		(variable) = (empty);                     \
		taken_;                                   \
	})
#define TAKE_PTR(pointer) TAKE(pointer, NULL)
#define TAKE_FD(fd)       TAKE(fd, -1)

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static inline void cleanup_fclose(FILE **stream)
{
	if (*stream)
		(void)fclose(*stream);
	*stream = NULL;
}

#define CLEANUP_FREE   CLEANUP(cleanup_free)
#define CLEANUP_CLOSE  CLEANUP(cleanup_close)
#define CLEANUP_FCLOSE CLEANUP(cleanup_fclose)

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
