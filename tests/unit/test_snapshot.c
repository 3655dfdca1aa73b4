/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/encode.h"
#include "boot/snapshot.h"
#include "unit/boot_fixture.h"
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>

static enum snapshot_choice hash_all(const struct snapshot_entry *entry, void *context)
{
	(void)entry;
	(void)context;
	return SNAPSHOT_HASH;
}

static enum snapshot_choice keep_all(const struct snapshot_entry *entry, void *context)
{
	(void)entry;
	(void)context;
	return SNAPSHOT_KEEP;
}

static struct snapshot *open_snapshot(const char *path, uint64_t keep_limit)
{
	CLEANUP_CLOSE int directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct snapshot *snapshot = NULL;
	struct error error;

	assert_true(directory >= 0);
	if (snapshot_open(directory, keep_limit, &snapshot, &error) < 0)
		fail_msg("%s", error.sentence);
	return snapshot;
}

static void assert_sha256(const struct snapshot_entry *entry, const char *content)
{
	struct digest digest = digest_of(HASH_SHA256, bytes_from_string(content));

	assert_int_equal(entry->state, SNAPSHOT_READ);
	assert_memory_equal(entry->digest, digest.data, 32);
}

static int boot_setup(void **state)
{
	(void)state;
	make_boot(at("boot"));
	return 0;
}

static int boot_teardown(void **state)
{
	(void)state;
	remove_tree(at("boot"));
	return 0;
}

static void test_walk_records_types_sorted(void **state)
{
	CLEANUP(snapshot_close) struct snapshot *snapshot = open_snapshot(at("boot"), 0);

	(void)state;
	assert_int_equal(snapshot_count(snapshot), 10);
	for (size_t i = 1; i < snapshot_count(snapshot); i++)
		assert_true(strcmp(snapshot_at(snapshot, i - 1)->path, snapshot_at(snapshot, i)->path) < 0);
	assert_int_equal(snapshot_find(snapshot, "grub/fonts")->type, TREE_DIRECTORY);
	assert_int_equal(snapshot_find(snapshot, "vmlinuz")->type, TREE_LINK);
	assert_string_equal(snapshot_find(snapshot, "vmlinuz")->target, "vmlinuz-6.1");
	assert_int_equal(snapshot_find(snapshot, "vmlinuz-6.1")->size, 7);
	assert_null(snapshot_find(snapshot, "fonts/unicode.pf2"));
	assert_int_equal(snapshot_find(snapshot, "empty")->state, SNAPSHOT_UNREAD);
}

static void test_reads_every_byte_once(void **state)
{
	CLEANUP(snapshot_close) struct snapshot *snapshot = open_snapshot(at("boot"), 1000);
	struct snapshot_figures figures;

	(void)state;
	assert_int_equal(snapshot_read_one(snapshot, "grub/grub.cfg", NULL), 0);
	assert_int_equal(snapshot_read(snapshot, keep_all, NULL, NULL), 0);
	assert_int_equal(snapshot_read(snapshot, keep_all, NULL, NULL), 0);
	figures = snapshot_figures(snapshot);
	assert_int_equal(figures.files, 5);
	assert_int_equal(figures.bytes_read, figures.bytes);
	assert_int_equal(figures.bytes_kept, figures.bytes);
	assert_sha256(snapshot_find(snapshot, "vmlinuz-6.1"), "kernel\n");
	assert_sha256(snapshot_find(snapshot, "empty"), "");
}

static void test_A6_what_is_kept_is_sealed_and_is_what_was_hashed(void **state)
{
	CLEANUP(snapshot_close) struct snapshot *snapshot = open_snapshot(at("boot"), 1000);
	const struct snapshot_entry *entry;
	struct bytes bytes;
	int seals;

	(void)state;
	assert_int_equal(snapshot_read(snapshot, keep_all, NULL, NULL), 0);
	write_text(at("boot/vmlinuz-6.1"), "evil!!\n");
	entry = snapshot_find(snapshot, "vmlinuz-6.1");
	assert_true(entry->fd >= 0);
	seals = fcntl(entry->fd, F_GET_SEALS);
	assert_int_equal(seals, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
	assert_true(write(entry->fd, "x", 1) < 0);
	assert_int_equal(snapshot_bytes(snapshot, "vmlinuz-6.1", 100, &bytes, NULL), 0);
	assert_true(bytes_equal(bytes, bytes_from_string("kernel\n")));
	assert_int_equal(snapshot_bytes(snapshot, "vmlinuz-6.1", 6, &bytes, NULL), -E_TOO_LARGE);
	assert_int_equal(snapshot_bytes(snapshot, "grub", 6, &bytes, NULL), -E_NOT_FOUND);
	assert_int_equal(snapshot_bytes(snapshot, "empty", 6, &bytes, NULL), 0);
	assert_int_equal(bytes.size, 0);
}

static enum snapshot_choice keep_all_with_room(const struct snapshot_entry *entry, void *context)
{
	(void)entry;
	(void)context;
	return SNAPSHOT_KEEP_WITH_ROOM;
}

/* What is put behind a file in memory is none of its bytes. */
static void test_A6_kept_with_room(void **state)
{
	CLEANUP(snapshot_close) struct snapshot *snapshot = open_snapshot(at("boot"), 1000);
	const struct snapshot_entry *entry;
	struct memfd_room *room;
	struct bytes bytes;

	(void)state;
	assert_int_equal(snapshot_read(snapshot, keep_all_with_room, NULL, NULL), 0);
	entry = snapshot_find(snapshot, "initrd.img-6.1");
	room = snapshot_room(entry);
	assert_non_null(room);
	assert_true(pwrite(entry->fd, "x", 1, 0) < 0);
	assert_int_equal(memfd_append(entry->fd, "initrd", room, bytes_from_string("event log"), NULL), 0);
	assert_int_equal(snapshot_bytes(snapshot, "initrd.img-6.1", 100, &bytes, NULL), 0);
	assert_int_equal(bytes.size, entry->size);
	assert_int_equal(lseek(entry->fd, 0, SEEK_END), (off_t)entry->size + 9);
	memfd_room_wipe(room);
	assert_null(snapshot_room(entry)); /* once */
	assert_null(snapshot_room(snapshot_find(snapshot, "grub")));
}

static void test_A6_other_bytes_at_the_second_reading_are_refused(void **state)
{
	CLEANUP(snapshot_close) struct snapshot *snapshot = open_snapshot(at("boot"), 1000);
	struct error error;

	(void)state;
	assert_int_equal(snapshot_read(snapshot, hash_all, NULL, NULL), 0);
	assert_int_equal(snapshot_find(snapshot, "vmlinuz-6.1")->fd, -1);
	assert_int_equal(snapshot_read_one(snapshot, "vmlinuz-6.1", NULL), -E_ORDER);
	assert_int_equal(snapshot_keep_verified(snapshot, "initrd.img-6.1", SNAPSHOT_KEEP, &error), 0);
	assert_true(snapshot_find(snapshot, "initrd.img-6.1")->fd >= 0);
	write_text(at("boot/vmlinuz-6.1"), "evil!!\n");
	assert_int_equal(snapshot_keep_verified(snapshot, "vmlinuz-6.1", SNAPSHOT_KEEP, &error), -E_REFUSED);
	assert_int_equal(snapshot_find(snapshot, "vmlinuz-6.1")->fd, -1);
	assert_sha256(snapshot_find(snapshot, "vmlinuz-6.1"), "kernel\n");
	write_text(at("boot/vmlinuz-6.1"), "longer than before\n");
	assert_int_equal(snapshot_keep_verified(snapshot, "vmlinuz-6.1", SNAPSHOT_KEEP, &error), -E_IO);
}

static void test_kept_bytes_are_bounded(void **state)
{
	CLEANUP(snapshot_close) struct snapshot *snapshot = open_snapshot(at("boot"), 7);
	struct error error;
	size_t kept = 0;

	(void)state;
	assert_int_equal(snapshot_read_one(snapshot, "grub/grub.cfg", &error), -E_TOO_LARGE);
	assert_int_equal(snapshot_read(snapshot, keep_all, NULL, NULL), 0);
	for (size_t i = 0; i < snapshot_count(snapshot); i++)
		kept += snapshot_at(snapshot, i)->fd >= 0 ? snapshot_at(snapshot, i)->size : 0;
	assert_int_equal(kept, 5); /* in the order of paths: unicode.pf2 fits, what comes later does not */
	assert_sha256(snapshot_find(snapshot, "grub/grub.cfg"), "menuentry\n");
}

static void test_file_that_grows_or_shrinks_is_noticed(void **state)
{
	CLEANUP(snapshot_close) struct snapshot *snapshot = open_snapshot(at("boot"), 1000);
	struct error error;

	(void)state;
	write_text(at("boot/vmlinuz-6.1"), "kernel and more\n");
	write_text(at("boot/initrd.img-6.1"), "in");
	assert_int_equal(snapshot_read_one(snapshot, "vmlinuz-6.1", &error), -E_IO);
	assert_non_null(strstr(error.sentence, "size changed"));
	assert_int_equal(snapshot_read(snapshot, hash_all, NULL, NULL), 0);
	assert_int_equal(snapshot_find(snapshot, "initrd.img-6.1")->state, SNAPSHOT_FAILED);
	assert_int_equal(snapshot_find(snapshot, "grub/grub.cfg")->state, SNAPSHOT_READ);
}

/* Appends to a file for as long as told, and not without end: the reader is slower than the writer. */
#define GROW_LIMIT ((size_t)64 << 20)
static volatile int growing;
static void *grow(void *path)
{
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
	static const char block[4096];

	for (size_t size = 0; growing && size < GROW_LIMIT; size += sizeof(block))
		if (write(fd, block, sizeof(block)) < 0)
			break;
	return NULL;
}

static void test_file_that_grows_while_it_is_read(void **state)
{
	static char path[100];
	pthread_t thread;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s", at("boot/growing"));
	write_text(path, "start");
	growing = 1;
	assert_int_equal(pthread_create(&thread, NULL, grow, path), 0);
	for (int i = 0; i < 20; i++) {
		CLEANUP(snapshot_close) struct snapshot *snapshot = open_snapshot(at("boot"), 0);
		const struct snapshot_entry *entry = snapshot_find(snapshot, "growing");

		(void)sched_yield();
		assert_int_equal(snapshot_read(snapshot, hash_all, NULL, NULL), 0);
		assert_true(entry->state == SNAPSHOT_FAILED || entry->state == SNAPSHOT_READ);
		if (entry->state == SNAPSHOT_FAILED)
			assert_string_equal(entry->problem, "its size changed while it was being read");
	}
	growing = 0;
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void test_pipes_sockets_and_devices_are_never_opened(void **state)
{
	CLEANUP_CLOSE int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct snapshot *snapshot;

	(void)state;
	assert_int_equal(mkfifo(at("boot/pipe"), 0644), 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", at("boot/socket"));
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	snapshot = open_snapshot(at("boot"), 1000);
	assert_int_equal(snapshot_read(snapshot, keep_all, NULL, NULL), 0);
	assert_int_equal(snapshot_find(snapshot, "pipe")->type, TREE_FIFO);
	assert_int_equal(snapshot_find(snapshot, "pipe")->state, SNAPSHOT_UNREAD);
	assert_int_equal(snapshot_find(snapshot, "socket")->type, TREE_SOCKET);
	assert_int_equal(snapshot_read_one(snapshot, "pipe", NULL), -E_NOT_REGULAR);
	assert_int_equal(snapshot_read_one(snapshot, "grub", NULL), -E_NOT_REGULAR);
	assert_int_equal(snapshot_read_one(snapshot, "nothing", NULL), -E_NOT_FOUND);
	snapshot_close(&snapshot);
	if (mknod(at("boot/device"), S_IFCHR | 0644, 0x105) == 0) { /* /dev/zero: endless if it were read */
		snapshot = open_snapshot(at("boot"), 1000);
		assert_int_equal(snapshot_read(snapshot, keep_all, NULL, NULL), 0);
		assert_int_equal(snapshot_find(snapshot, "device")->type, TREE_CHARACTER);
		snapshot_close(&snapshot);
	}
}

static void test_file_that_becomes_a_pipe_does_not_block(void **state)
{
	CLEANUP(snapshot_close) struct snapshot *snapshot = open_snapshot(at("boot"), 1000);

	(void)state;
	assert_int_equal(unlink(at("boot/vmlinuz-6.1")), 0);
	assert_int_equal(mkfifo(at("boot/vmlinuz-6.1"), 0644), 0);
	assert_int_equal(unlink(at("boot/grub/grub.cfg")), 0);
	assert_int_equal(symlink("/etc/passwd", at("boot/grub/grub.cfg")), 0);
	assert_int_equal(snapshot_read(snapshot, keep_all, NULL, NULL), 0);
	assert_int_equal(snapshot_find(snapshot, "vmlinuz-6.1")->state, SNAPSHOT_FAILED);
	assert_int_equal(snapshot_find(snapshot, "grub/grub.cfg")->state, SNAPSHOT_FAILED);
}

static void test_directory_that_becomes_a_link_is_not_followed(void **state)
{
	CLEANUP(snapshot_close) struct snapshot *snapshot = open_snapshot(at("boot"), 1000);

	(void)state;
	assert_int_equal(rename(at("boot/grub"), at("boot/real")), 0);
	assert_int_equal(symlink("real", at("boot/grub")), 0);
	assert_int_equal(snapshot_read_one(snapshot, "grub/grub.cfg", NULL), -E_IO);
}

static void test_A12_other_filesystems_are_not_entered(void **state)
{
	struct snapshot *snapshot;

	(void)state;
	if (mount("none", at("boot/lost+found"), "tmpfs", 0, NULL) != 0)
		skip(); /* needs the right to mount */
	write_text(at("boot/lost+found/inside"), "x");
	snapshot = open_snapshot(at("boot"), 0);
	assert_int_equal(umount(at("boot/lost+found")), 0);
	assert_true(snapshot_find(snapshot, "lost+found")->mounted);
	assert_null(snapshot_find(snapshot, "lost+found/inside"));
	snapshot_close(&snapshot);
}

static void test_directory_depth_is_bounded(void **state)
{
	CLEANUP_CLOSE int directory = -1;
	struct snapshot *snapshot = NULL;
	char path[400] = "boot";

	(void)state;
	for (int i = 0; i < SNAPSHOT_MAX_DEPTH + 1; i++) {
		(void)strcat(path, "/d");
		make_directory(at("%s", path));
	}
	directory = open(at("boot"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(snapshot_open(directory, 0, &snapshot, NULL), -E_TOO_LARGE);
	assert_null(snapshot);
}

static void test_resolve_follows_recorded_links(void **state)
{
	CLEANUP(snapshot_close) struct snapshot *snapshot = NULL;

	(void)state;
	assert_int_equal(symlink("/grub/../vmlinuz", at("boot/grub/kernel")), 0);
	assert_int_equal(symlink("b", at("boot/a")), 0);
	assert_int_equal(symlink("a", at("boot/b")), 0);
	assert_int_equal(symlink("../../../../etc/passwd", at("boot/outside")), 0);
	snapshot = open_snapshot(at("boot"), 0);
	assert_string_equal(snapshot_resolve(snapshot, "/vmlinuz")->path, "vmlinuz-6.1");
	assert_string_equal(snapshot_resolve(snapshot, "//grub/./kernel")->path, "vmlinuz-6.1");
	assert_string_equal(snapshot_resolve(snapshot, "fonts/unicode.pf2")->path, "grub/fonts/unicode.pf2");
	assert_string_equal(snapshot_resolve(snapshot, "/../../vmlinuz-6.1")->path, "vmlinuz-6.1");
	assert_string_equal(snapshot_resolve(snapshot, "/grub/fonts/")->path, "grub/fonts");
	assert_null(snapshot_resolve(snapshot, "/a"));
	assert_null(snapshot_resolve(snapshot, "/outside"));
	assert_null(snapshot_resolve(snapshot, "/nothing"));
	assert_null(snapshot_resolve(snapshot, "/"));
	assert_null(snapshot_resolve(snapshot, ""));
}

static void test_empty_directory(void **state)
{
	CLEANUP(snapshot_close) struct snapshot *snapshot = NULL;

	(void)state;
	make_directory(at("boot/none"));
	snapshot = open_snapshot(at("boot/none"), 0);
	assert_int_equal(snapshot_count(snapshot), 0);
	assert_int_equal(snapshot_read(snapshot, keep_all, NULL, NULL), 0);
	assert_null(snapshot_find(snapshot, "x"));
}

static void test_larger_than_a_chunk(void **state)
{
	CLEANUP(buffer_clear) struct buffer content = {0};
	CLEANUP(snapshot_close) struct snapshot *snapshot = NULL;
	struct digest digest;
	struct bytes bytes;

	(void)state;
	for (uint32_t i = 0; i < 600000; i++)
		buffer_append_u32be(&content, i);
	buffer_append_byte(&content, 1);
	write_bytes(at("boot/large"), buffer_bytes(&content));
	digest = digest_of(HASH_SHA256, buffer_bytes(&content));
	snapshot = open_snapshot(at("boot"), (uint64_t)1 << 24);
	assert_int_equal(snapshot_read(snapshot, hash_all, NULL, NULL), 0);
	assert_memory_equal(snapshot_find(snapshot, "large")->digest, digest.data, 32);
	assert_int_equal(snapshot_keep_verified(snapshot, "large", SNAPSHOT_KEEP, NULL), 0);
	assert_int_equal(snapshot_bytes(snapshot, "large", (size_t)1 << 24, &bytes, NULL), 0);
	assert_true(bytes_equal(bytes, buffer_bytes(&content)));
}

/* How many pages of the file the kernel has a copy of. */
static size_t cached_pages(const char *path)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned char pages[1024];
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct stat status;
	size_t count = 0;
	void *map;

	assert_true(fd >= 0 && fstat(fd, &status) == 0);
	map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
	assert_true(map != MAP_FAILED && ((size_t)status.st_size + page - 1) / page <= sizeof(pages));
	assert_int_equal(mincore(map, (size_t)status.st_size, pages), 0);
	for (size_t i = 0; i < ((size_t)status.st_size + page - 1) / page; i++)
		count += pages[i] & 1;
	assert_int_equal(munmap(map, (size_t)status.st_size), 0);
	return count;
}

/* Written out and forgotten by the kernel, which may refuse at first (a page is being looked at). False where its
 * filesystem cannot be read past the page cache (tmpfs). */
static bool drop_from_cache(const char *path)
{
	CLEANUP_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0 && fsync(fd) == 0);
	if (fcntl(fd, F_SETFL, O_DIRECT) != 0)
		return false;
	for (int i = 0; i < 100 && cached_pages(path) > 0; i++) {
		assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
		(void)usleep(10000);
	}
	return cached_pages(path) == 0;
}

static void test_nothing_stays_in_the_page_cache(void **state)
{
	CLEANUP(buffer_clear) struct buffer content = {0};

	(void)state;
	for (uint32_t i = 0; content.size < (size_t)2 << 20; i++)
		buffer_append_u32be(&content, i);
	write_bytes(at("boot/large"), buffer_bytes(&content));
	for (int direct = 1; direct >= 0; direct--) {
		CLEANUP(snapshot_close) struct snapshot *snapshot = open_snapshot(at("boot"), 0);

		if (!drop_from_cache(at("boot/large")))
			skip();
		if (direct)
			snapshot_read_directly(snapshot);
		assert_int_equal(snapshot_read(snapshot, hash_all, NULL, NULL), 0);
		if (direct)
			assert_int_equal(cached_pages(at("boot/large")), 0);
		else
			assert_int_not_equal(cached_pages(at("boot/large")), 0);
	}
}

/* Sizes around what one request to the disk takes, through the page cache and past it. Where the filesystem of the
 * temporary directory cannot be read past it (tmpfs), the second round is the first once more. */
static void test_sizes_around_a_chunk_past_the_page_cache(void **state)
{
	static const size_t sizes[] = {1, 511, 512, 4097, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (2 << 20) + 512};
	CLEANUP(buffer_clear) struct buffer content = {0};
	char name[20];

	(void)state;
	for (uint32_t i = 0; content.size < (size_t)3 << 20; i++)
		buffer_append_u32be(&content, i * 2654435761U);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		(void)snprintf(name, sizeof(name), "%zu", sizes[i]);
		write_bytes(at("boot/%s", name), bytes_make(content.data, sizes[i]));
	}
	for (int direct = 0; direct < 2; direct++) {
		CLEANUP(snapshot_close) struct snapshot *snapshot = open_snapshot(at("boot"), (uint64_t)1 << 24);

		if (direct)
			snapshot_read_directly(snapshot);
		assert_int_equal(snapshot_read(snapshot, keep_all, NULL, NULL), 0);
		assert_int_equal(snapshot_figures(snapshot).bytes_read, snapshot_figures(snapshot).bytes);
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			const struct bytes expected = bytes_make(content.data, sizes[i]);
			struct digest digest = digest_of(HASH_SHA256, expected);
			struct bytes kept;

			(void)snprintf(name, sizeof(name), "%zu", sizes[i]);
			assert_int_equal(snapshot_find(snapshot, name)->state, SNAPSHOT_READ);
			assert_memory_equal(snapshot_find(snapshot, name)->digest, digest.data, 32);
			assert_int_equal(snapshot_bytes(snapshot, name, (size_t)1 << 24, &kept, NULL), 0);
			assert_true(bytes_equal(kept, expected));
		}
	}
}

#define CASE(function) cmocka_unit_test_setup_teardown(function, boot_setup, boot_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_walk_records_types_sorted),
	    CASE(test_reads_every_byte_once),
	    CASE(test_A6_what_is_kept_is_sealed_and_is_what_was_hashed),
	    CASE(test_A6_kept_with_room),
	    CASE(test_A6_other_bytes_at_the_second_reading_are_refused),
	    CASE(test_kept_bytes_are_bounded),
	    CASE(test_file_that_grows_or_shrinks_is_noticed),
	    CASE(test_file_that_grows_while_it_is_read),
	    CASE(test_pipes_sockets_and_devices_are_never_opened),
	    CASE(test_file_that_becomes_a_pipe_does_not_block),
	    CASE(test_directory_that_becomes_a_link_is_not_followed),
	    CASE(test_A12_other_filesystems_are_not_entered),
	    CASE(test_directory_depth_is_bounded),
	    CASE(test_resolve_follows_recorded_links),
	    CASE(test_empty_directory),
	    CASE(test_larger_than_a_chunk),
	    CASE(test_sizes_around_a_chunk_past_the_page_cache),
	    CASE(test_nothing_stays_in_the_page_cache),
	};
	int status;

	fixture_start();
	status = cmocka_run_group_tests(tests, NULL, NULL);
	fixture_end();
	return status;
}
