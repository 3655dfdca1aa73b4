/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each file opened once and read once, on all CPUs. */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/memfd.h"
#include "boot/snapshot.h"
#include "boot/snapshot_private.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_SIZE      ((size_t)1 << 20) /* one request to the disk; a multiple of every block size */
#define CHUNK_ALIGNMENT 4096
#define MAX_THREADS     16

void snapshot_fail(struct snapshot_entry *entry, int errno_value, const char *sentence)
{
	free(entry->problem);
	entry->problem = NULL;
	entry->state = SNAPSHOT_FAILED;
	if (errno_value == 0)
		entry->problem = strdup(sentence);
	else if (asprintf(&entry->problem, "%s: %s", sentence, strerror(errno_value)) < 0)
		entry->problem = NULL;
}

/* Opens the file that the walk saw, and no other: a pipe or a device that took its place is not waited for and not
 * read. */
static int open_file(const struct snapshot *snapshot, struct snapshot_entry *entry)
{
	CLEANUP_CLOSE int fd = snapshot_open_path(snapshot, entry->path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) != 0) {
		snapshot_fail(entry, errno, "it cannot be opened");
		return -1;
	}
	if (!S_ISREG(status.st_mode) || status.st_dev != entry->device || status.st_ino != entry->inode) {
		snapshot_fail(entry, 0, "it was replaced while it was being read");
		return -1;
	}
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	/* Not every filesystem can (EINVAL). */
	if (snapshot->direct)
		(void)fcntl(fd, F_SETFL, O_DIRECT);
	return TAKE_FD(fd);
}

/* The file's next bytes; fewer than a chunk at its end alone. */
static ssize_t read_chunk(int fd, uint8_t chunk[CHUNK_SIZE])
{
	size_t filled = 0;
	ssize_t got;

	do {
		got = read(fd, chunk + filled, CHUNK_SIZE - filled);
		if (got < 0 && errno == EINVAL && (fcntl(fd, F_GETFL) & O_DIRECT) != 0 && fcntl(fd, F_SETFL, 0) == 0)
			errno = EINTR; /* a filesystem that says so late, or a place that is no block's begin */
		if (got > 0)
			filled += (size_t)got;
	} while (filled < CHUNK_SIZE && (got > 0 || (got < 0 && errno == EINTR)));
	return got < 0 ? -1 : (ssize_t)filled;
}

/* Reads to the end of the file, hashing, and expects exactly the size that the walk saw; memory >= 0: a memfd that
 * takes the same bytes. Returns the bytes read. */
static uint64_t read_and_hash(int fd, struct snapshot_entry *entry, uint8_t chunk[CHUNK_SIZE], int memory)
{
	struct hasher *hasher = hasher_open(HASH_SHA256);
	struct digest digest;
	uint64_t total = 0;
	ssize_t got;
	int reason = 0;

	if (!hasher) {
		snapshot_fail(entry, ENOMEM, "it cannot be hashed");
		return 0;
	}
	do {
		struct bytes part;

		got = read_chunk(fd, chunk);
		reason = got < 0 ? errno : 0;
		if (got <= 0)
			break;
		part = bytes_make(chunk, (size_t)got);
		total += part.size;
		hasher_add(hasher, part);
		if (memory >= 0 && file_write_all(memory, entry->path, part, NULL) < 0)
			snapshot_fail(entry, 0, "there is no memory to keep it");
	} while (entry->state != SNAPSHOT_FAILED && total <= entry->size && got == (ssize_t)CHUNK_SIZE);
	digest = hasher_close(hasher);
	if (entry->state == SNAPSHOT_FAILED)
		return total;
	if (got < 0)
		snapshot_fail(entry, reason, "it cannot be read");
	else if (total != entry->size)
		snapshot_fail(entry, 0, "its size changed while it was being read");
	if (entry->state == SNAPSHOT_FAILED)
		return total;
	memcpy(entry->digest, digest.data, sizeof(entry->digest));
	entry->state = SNAPSHOT_READ;
	return total;
}

static int seal(int memory, struct snapshot_entry *entry, bool with_room)
{
	if (!with_room)
		return memfd_seal(memory, entry->path, NULL);
	entry->room = calloc(1, sizeof(*entry->room));
	return entry->room ? memfd_seal_with_room(memory, entry->path, SNAPSHOT_ROOM, entry->room, NULL) : -E_MEMORY;
}

/* Reads into a memfd that is sealed when the digest stands. It is written, never mapped for writing before that: a
 * helper program that another thread starts meanwhile would for a moment hold a copy of the mapping, and nothing could
 * be sealed. */
static uint64_t read_kept(int fd, struct snapshot_entry *entry, uint8_t chunk[CHUNK_SIZE], bool with_room)
{
	CLEANUP_CLOSE int memory = memfd_create("boot", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	uint64_t total;

	if (memory < 0) {
		snapshot_fail(entry, errno, "there is no memory to keep it");
		return 0;
	}
	total = read_and_hash(fd, entry, chunk, memory);
	(void)lseek(memory, 0, SEEK_SET);
	if (entry->state == SNAPSHOT_READ && seal(memory, entry, with_room) < 0) {
		snapshot_drop_room(entry);
		snapshot_fail(entry, 0, "the copy in memory cannot be sealed");
	}
	if (entry->state == SNAPSHOT_READ)
		entry->fd = TAKE_FD(memory);
	return total;
}

/* The disk writes straight into it. */
static uint8_t *make_chunk(void)
{
	return aligned_alloc(CHUNK_ALIGNMENT, CHUNK_SIZE);
}

/* A memfd takes memory from the kernel page by page: where there is none left the process would be killed. So the limit
 * is asked first, by the caller. */
static uint64_t read_entry(const struct snapshot *snapshot, struct snapshot_entry *entry, enum snapshot_choice how,
                           uint8_t chunk[CHUNK_SIZE])
{
	CLEANUP_CLOSE int fd = open_file(snapshot, entry);

	if (fd < 0)
		return 0;
	return how == SNAPSHOT_HASH ? read_and_hash(fd, entry, chunk, -1)
	                            : read_kept(fd, entry, chunk, how == SNAPSHOT_KEEP_WITH_ROOM);
}

/* One file alone, kept. */
static uint64_t read_alone(const struct snapshot *snapshot, struct snapshot_entry *entry, enum snapshot_choice how)
{
	CLEANUP_FREE uint8_t *chunk = make_chunk();

	if (!chunk) {
		snapshot_fail(entry, ENOMEM, "it cannot be read");
		return 0;
	}
	return read_entry(snapshot, entry, how, chunk);
}

struct work {
	struct snapshot_entry *entry;
	enum snapshot_choice how;
};

struct crew {
	const struct snapshot *snapshot;
	struct work *work;
	size_t count;
	uint64_t total; /* bytes */
	atomic_size_t next;
	atomic_ullong bytes_read;
};

static void tell(const struct crew *crew)
{
	const struct snapshot *snapshot = crew->snapshot;

	if (snapshot->watch)
		snapshot->watch(snapshot->watch_context, atomic_load(&crew->bytes_read), crew->total);
}

static void work_through(struct crew *crew, bool watched)
{
	uint8_t *chunk = make_chunk();
	size_t index;

	if (!chunk)
		return;
	while ((index = atomic_fetch_add(&crew->next, 1)) < crew->count) {
		struct work *work = &crew->work[index];

		atomic_fetch_add(&crew->bytes_read, read_entry(crew->snapshot, work->entry, work->how, chunk));
		if (watched)
			tell(crew);
	}
	free(chunk);
}

static void *help(void *crew)
{
	work_through(crew, false);
	return NULL;
}

static int largest_first(const void *a, const void *b)
{
	const struct work *left = a, *right = b;

	if (left->entry->size != right->entry->size)
		return left->entry->size < right->entry->size ? 1 : -1;
	return strcmp(left->entry->path, right->entry->path);
}

/* One thread more than there are CPUs: while one waits for the disk, another hashes. The calling thread works too, so
 * that a thread that cannot be started only costs time. */
static void run(struct crew *crew)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t wanted = cpus >= MAX_THREADS ? MAX_THREADS : cpus > 0 ? (size_t)cpus + 1 : 1, started = 0;
	pthread_t threads[MAX_THREADS];

	if (wanted > crew->count)
		wanted = crew->count;
	while (started + 1 < wanted && pthread_create(&threads[started], NULL, help, crew) == 0)
		started++;
	work_through(crew, true);
	for (size_t i = 0; i < started; i++)
		(void)pthread_join(threads[i], NULL);
	tell(crew);
}

/* Whether one more file of this size may be kept; counts it. */
static bool take_memory(struct snapshot *snapshot, uint64_t size)
{
	if (snapshot->kept_count >= SNAPSHOT_MAX_KEPT || size > snapshot->keep_limit ||
	    snapshot->kept > snapshot->keep_limit - size)
		return false;
	snapshot->kept += size;
	snapshot->kept_count++;
	return true;
}

void snapshot_read_directly(struct snapshot *snapshot)
{
	snapshot->direct = true;
}

void snapshot_watch(struct snapshot *snapshot, snapshot_watcher *watch, void *context)
{
	snapshot->watch = watch;
	snapshot->watch_context = context;
}

int snapshot_read(struct snapshot *snapshot, snapshot_chooser *choose, void *context, struct error *error)
{
	CLEANUP_FREE struct work *work = calloc(snapshot->count ? snapshot->count : 1, sizeof(*work));
	struct crew crew = {.snapshot = snapshot, .work = work};

	if (!work)
		return error_set(error, E_MEMORY, "", "there is not enough memory to read the files");
	for (size_t i = 0; i < snapshot->count; i++) {
		struct snapshot_entry *entry = &snapshot->entries[i];
		enum snapshot_choice choice;

		if (entry->type != TREE_FILE || entry->state != SNAPSHOT_UNREAD)
			continue;
		choice = choose(entry, context);
		if (choice == SNAPSHOT_SKIP)
			continue;
		if (choice != SNAPSHOT_HASH && !take_memory(snapshot, entry->size))
			choice = SNAPSHOT_HASH;
		crew.total += entry->size;
		work[crew.count++] = (struct work){entry, choice};
	}
	if (crew.count == 0)
		return 0;
	qsort(work, crew.count, sizeof(*work), largest_first);
	run(&crew);
	snapshot->bytes_read += atomic_load(&crew.bytes_read);
	for (size_t i = 0; i < crew.count; i++)
		if (work[i].entry->state == SNAPSHOT_UNREAD)
			return error_set(error, E_MEMORY, work[i].entry->path,
			                 "there is not enough memory to read the files");
	return 0;
}

static int find_file(const struct snapshot *snapshot, const char *path, struct snapshot_entry **ret_entry,
                     struct error *error)
{
	struct snapshot_entry *entry = snapshot_entry(snapshot, path);

	if (!entry)
		return error_set(error, E_NOT_FOUND, path, "/%s is not there", path);
	if (entry->type != TREE_FILE)
		return error_set(error, E_NOT_REGULAR, path, "/%s is %s where a regular file is expected", path,
		                 tree_type_name(entry->type));
	if (entry->state == SNAPSHOT_FAILED)
		return error_set(error, E_IO, path, "/%s: %s", path, entry->problem ? entry->problem : "failed");
	*ret_entry = entry;
	return 0;
}

int snapshot_read_one(struct snapshot *snapshot, const char *path, struct error *error)
{
	struct snapshot_entry *entry = NULL;
	int r = find_file(snapshot, path, &entry, error);

	if (r < 0 || !entry)
		return r;
	if (entry->fd >= 0)
		return 0;
	if (entry->state == SNAPSHOT_READ)
		return error_set(error, E_ORDER, path, "/%s was read before and not kept", path);
	if (!take_memory(snapshot, entry->size))
		return error_set(error, E_TOO_LARGE, path, "/%s is larger than what may be kept in memory", path);
	snapshot->bytes_read += read_alone(snapshot, entry, SNAPSHOT_KEEP);
	return find_file(snapshot, path, &entry, error);
}

int snapshot_keep_verified(struct snapshot *snapshot, const char *path, enum snapshot_choice how, struct error *error)
{
	struct snapshot_entry *entry = NULL, again;
	int r = find_file(snapshot, path, &entry, error);

	if (r < 0 || !entry)
		return r;
	if (entry->fd >= 0)
		return 0;
	again = *entry;
	again.state = SNAPSHOT_UNREAD;
	snapshot->bytes_read += read_alone(snapshot, &again, how);
	if (again.state != SNAPSHOT_READ) {
		r = error_set(error, E_IO, path, "/%s: %s", path, again.problem ? again.problem : "it cannot be read");
		free(again.problem);
		return r;
	}
	if (entry->state == SNAPSHOT_READ && memcmp(again.digest, entry->digest, sizeof(entry->digest)) != 0) {
		(void)close(again.fd);
		snapshot_drop_room(&again);
		return error_set(error, E_REFUSED, path,
		                 "/%s gave other bytes when it was read again: its disk cannot be trusted", path);
	}
	*entry = again;
	return 0;
}
