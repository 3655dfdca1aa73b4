/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/memfd.h"
#include "base/cleanup.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#define ALL_SEALS   (F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL)
#define ROOM_SEALS  (F_SEAL_FUTURE_WRITE | F_SEAL_SHRINK)
#define FINAL_SEALS (F_SEAL_GROW | F_SEAL_SEAL) /* of one with room, beside those */

int memfd_seal(int fd, const char *name, struct error *error)
{
	if (fcntl(fd, F_ADD_SEALS, ALL_SEALS) != 0)
		return error_set_errno(error, E_SYSTEM, name, errno, "the memory copy of %s cannot be sealed", name);
	return 0;
}

int memfd_sealed(const char *name, struct bytes bytes, struct error *error)
{
	CLEANUP_CLOSE int fd = memfd_create("heads", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r;

	if (fd < 0)
		return error_set_errno(error, E_MEMORY, name, errno, "no memory file can be made for %s", name);
	r = file_write_all(fd, name, bytes, error);
	if (r < 0)
		return r;
	r = memfd_seal(fd, name, error);
	if (r < 0)
		return r;
	(void)lseek(fd, 0, SEEK_SET);
	return TAKE_FD(fd);
}

bool memfd_is_sealed(int fd)
{
	const int seals = fcntl(fd, F_GET_SEALS), room = ROOM_SEALS | FINAL_SEALS;

	return seals >= 0 && ((seals & ALL_SEALS) == ALL_SEALS || (seals & room) == room);
}

int memfd_seal_with_room(int fd, const char *name, size_t size, struct memfd_room *ret_room, struct error *error)
{
	CLEANUP(memfd_room_wipe) struct memfd_room room = {0};
	void *map;

	room.content = lseek(fd, 0, SEEK_END);
	if (room.content < 0)
		return error_set_errno(error, E_SYSTEM, name, errno, "the size of the memory copy of %s is not known",
		                       name);
	room.end = room.content;
	room.start = room.content - room.content % (off_t)sysconf(_SC_PAGESIZE);
	room.map_size = (size_t)(room.content - room.start) + size;
	map = mmap(NULL, room.map_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, room.start);
	if (map == MAP_FAILED)
		return error_set_errno(error, E_MEMORY, name, errno, "there is not enough memory to keep %s", name);
	room.map = map;
	if (madvise(map, room.map_size, MADV_DONTFORK) != 0 || fcntl(fd, F_ADD_SEALS, ROOM_SEALS) != 0)
		return error_set_errno(error, E_SYSTEM, name, errno, "the memory copy of %s cannot be sealed", name);
	*ret_room = TAKE(room, ((struct memfd_room){0}));
	return 0;
}

int memfd_append(int fd, const char *name, struct memfd_room *room, struct bytes bytes, struct error *error)
{
	const size_t used = (size_t)(room->end - room->start);

	if (!room->map || bytes.size > room->map_size - used)
		return error_set(error, E_TOO_LARGE, name, "there is no room for %zu bytes more behind %s", bytes.size,
		                 name);
	if (ftruncate(fd, room->end + (off_t)bytes.size) != 0)
		return error_set_errno(error, E_MEMORY, name, errno,
		                       "there is not enough memory to put %zu bytes behind %s", bytes.size, name);
	if (bytes.size > 0)
		memcpy(room->map + used, bytes.data, bytes.size);
	room->end += (off_t)bytes.size;
	return 0;
}

int memfd_seal_room(int fd, const char *name, struct error *error)
{
	if (fcntl(fd, F_ADD_SEALS, FINAL_SEALS) != 0)
		return error_set_errno(error, E_SYSTEM, name, errno, "the memory copy of %s cannot be sealed", name);
	return 0;
}

void memfd_room_wipe(struct memfd_room *room)
{
	if (room->map) {
		memory_wipe(room->map + (room->content - room->start), (size_t)(room->end - room->content));
		(void)munmap(room->map, room->map_size);
	}
	*room = (struct memfd_room){0};
}
