/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory files whose content cannot be changed any more (A6). */
#ifndef HEADS_BASE_MEMFD_H
#define HEADS_BASE_MEMFD_H

#include "base/bytes.h"
#include "base/error.h"
#include <stdbool.h>
#include <sys/types.h>

/* A memfd with this content, sealed against every change. Returns the descriptor or a negative error. */
int memfd_sealed(const char *name, struct bytes bytes, struct error *error);
/* Seals what was written into a memfd: no write, no growing, no shrinking, no unsealing. */
int memfd_seal(int fd, const char *name, struct error *error);
/* Whether nobody can change it: sealed in one of the two ways of this file. */
bool memfd_is_sealed(int fd);

/* Room behind the content of a memfd: what lies before it cannot be changed, and behind it we alone can still put
 * something, through a mapping that was made before the seals (F_SEAL_FUTURE_WRITE) and that no child inherits. It
 * takes no memory until it is used. Starts zeroed. */
struct memfd_room {
	uint8_t *map; /* NULL: there is no room, or no more */
	size_t map_size;
	off_t start;   /* of the mapping: the page that the content ends in */
	off_t content; /* where the content ends */
	off_t end;     /* where ends what was put behind it */
};

/* As memfd_seal, with room for so many bytes. ret_room: release with memfd_room_wipe(). Errors: -E_MEMORY, -E_SYSTEM.
 */
int memfd_seal_with_room(int fd, const char *name, size_t room, struct memfd_room *ret_room, struct error *error);
/* Copies bytes behind what is there. Errors: -E_TOO_LARGE (there is no such room), -E_MEMORY. */
int memfd_append(int fd, const char *name, struct memfd_room *room, struct bytes bytes, struct error *error);
/* Nothing more will follow: memfd_is_sealed() from then on. */
int memfd_seal_room(int fd, const char *name, struct error *error);
/* Overwrites with zeros what was put behind the content, which stays, and gives the room up; fits CLEANUP(). */
void memfd_room_wipe(struct memfd_room *room);

#endif
