/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/cleanup.h"
#include "base/digest.h"
#include "base/encode.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memfd.h"
#include "base/process.h"
#include "base/secret.h"
#include "base/text.h"
#include "unit/cmocka_all.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void test_cursor_stops_at_the_end(void **state)
{
	static const uint8_t data[] = {1, 2, 3, 4, 5, 6, 7};
	struct cursor cursor = cursor_make(bytes_make(data, sizeof(data)));

	(void)state;
	assert_int_equal(cursor_u8(&cursor), 1);
	assert_int_equal(cursor_u16be(&cursor), 0x0203);
	assert_int_equal(cursor_u32le(&cursor), 0x07060504);
	assert_false(cursor.failed);
	assert_int_equal(cursor_u8(&cursor), 0);
	assert_true(cursor.failed);
	assert_int_equal(cursor_bytes(&cursor, 0).size, 0);
	assert_true(cursor.failed);
}

static void test_buffer_grows_and_refuses_the_limit(void **state)
{
	CLEANUP(buffer_clear) struct buffer buffer = {0};

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		buffer_append_u32be(&buffer, i);
	buffer_append_format(&buffer, "%s-%d", "end", 7);
	assert_false(buffer.failed);
	assert_int_equal(buffer.size, 4005);
	assert_memory_equal(buffer.data + 3996,
	                    "\0\0\x03\xe7"
	                    "end-7",
	                    9);
	assert_string_equal(buffer_string(&buffer) + 4000, "end-7");
	buffer_append_repeated(&buffer, 0xff, 5000);
	assert_int_equal(buffer.size, 9005);
	assert_true(bytes_are_all(bytes_slice(buffer_bytes(&buffer), 4005, 5000), 0xff));
	buffer_append_repeated(&buffer, 0xff, 0);
	assert_int_equal(buffer.size, 9005);
	buffer_append(&buffer, buffer.data, BUFFER_LIMIT);
	assert_true(buffer.failed);
	assert_null(buffer_string(&buffer));
}

static void test_bytes(void **state)
{
	struct bytes word = bytes_from_string("kernel");
	uint8_t one[28], other[28];

	(void)state;
	assert_true(bytes_equal(bytes_slice(word, 0, 4), bytes_from_string("kern")));
	assert_true(bytes_equal(BYTES_EMPTY, BYTES_EMPTY) && bytes_are_all(BYTES_EMPTY, 7));
	for (size_t size = 1; size < sizeof(one); size++) /* they go by words, and then by bytes */
		for (size_t at = 0; at < size; at++) {
			memset(one, 0xa5, size);
			memset(other, 0xa5, size);
			assert_true(bytes_equal(bytes_make(one + 1, size - 1), bytes_make(other + 1, size - 1)));
			assert_true(bytes_equal(bytes_make(one, size), bytes_make(other, size)));
			assert_true(bytes_are_all(bytes_make(one, size), 0xa5));
			other[at] ^= 0x20;
			assert_false(bytes_equal(bytes_make(one, size), bytes_make(other, size)));
			assert_false(bytes_are_all(bytes_make(other, size), 0xa5));
		}
	assert_int_equal(bytes_slice(word, 6, 1).size, 0);
	assert_true(bytes_start_with(word, "ker"));
	assert_false(bytes_start_with(word, "kernels"));
	assert_true(bytes_compare(bytes_from_string("ab"), bytes_from_string("abc")) < 0);
	assert_true(bytes_compare(bytes_from_string("b"), bytes_from_string("abc")) > 0);
	assert_true(bytes_equal_secret(word, bytes_from_string("kernel")));
	assert_false(bytes_equal_secret(word, bytes_from_string("kerneL")));
	assert_null(bytes_to_string(bytes_make("a\0b", 3)));
}

static void test_text_is_found_in_either_case(void **state)
{
	static const struct {
		const char *text, *word;
		bool found;
	} cases[] = {
	    {"CONFIG_BOARD_NAME", "board", true},
	    {"CONFIG_BOARD_NAME", "", true},
	    {"", "", true},
	    {"", "a", false},
	    {"aab", "AB", true},
	    {"abc", "abcd", false},
	    {"B\xc3\x9cRO der \xc3\x84rzte", "b\xc3\xbcro", true}, /* BÜRO, büro */
	    {"B\xc3\xbcro", "\xc3\x9cR", true},                    /* ü, ÜR */
	    {"B\xc3\xbcro", "\xc3", false},                        /* the half of a letter is none */
	    {"B\xc3\xbcro", "\xbc", false},
	    {"B\xc3\xbcro", "buro", false},
	    {"\xc3\x97", "\xc3\xb7", false},                          /* the signs of times and division */
	    {"\xc5\xa0koda \xc5\xb8", "\xc5\xa1koda \xc3\xbf", true}, /* Š and Ÿ */
	    {"\xce\xa9\xce\x88", "\xcf\x89\xce\xad", true},           /* Greek */
	    {"\xd0\x9c\xd0\x81", "\xd0\xbc\xd1\x91", true},           /* Cyrillic */
	    {"\xff\xc3", "\xc3", true},                               /* no characters: as they are */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (text_holds(cases[i].text, cases[i].word) != cases[i].found)
			fail_msg("\"%s\" in \"%s\"", cases[i].word, cases[i].text);
	assert_int_equal(text_without_last("a\xc3\xbc", 3), 1);
	assert_int_equal(text_without_last("a", 1), 0);
	assert_int_equal(text_without_last("", 0), 0);
}

static void test_hashes_against_published_vectors(void **state)
{
	static const struct {
		enum hash_algorithm algorithm;
		const char *hex; /* of "abc", FIPS 180-4 */
	} vectors[] = {
	    {HASH_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
	    {HASH_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	    {HASH_SHA384,
	     "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"},
	    {HASH_SHA512,
	     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d"
	     "4423643ce80e2a9ac94fa54ca49f"},
	};
	char hex[2 * DIGEST_MAX_SIZE + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct digest digest = digest_of(vectors[i].algorithm, bytes_from_string("abc"));

		hex_encode(digest_bytes(&digest), hex);
		assert_string_equal(hex, vectors[i].hex);
	}
}

static void test_hmac_rfc2202(void **state)
{
	struct bytes part = bytes_from_string("what do ya want for nothing?");
	struct digest digest = hmac_of(HASH_SHA1, bytes_from_string("Jefe"), &part, 1);
	char hex[2 * DIGEST_MAX_SIZE + 1];

	(void)state;
	hex_encode(digest_bytes(&digest), hex);
	assert_string_equal(hex, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

static void test_base32_rfc4648(void **state)
{
	static const char *const vectors[][2] = {{"", ""},
	                                         {"f", "MY"},
	                                         {"fo", "MZXQ"},
	                                         {"foo", "MZXW6"},
	                                         {"foob", "MZXW6YQ"},
	                                         {"fooba", "MZXW6YTB"},
	                                         {"foobar", "MZXW6YTBOI"}};
	char text[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		base32_encode(bytes_from_string(vectors[i][0]), text);
		assert_string_equal(text, vectors[i][1]);
	}
}

static void test_hex_refuses_what_is_no_hex(void **state)
{
	uint8_t data[2];

	(void)state;
	assert_true(hex_decode(bytes_from_string("0aFf"), data, 2));
	assert_memory_equal(data, "\x0a\xff", 2);
	assert_false(hex_decode(bytes_from_string("0aF"), data, 2));
	assert_false(hex_decode(bytes_from_string("0aFg"), data, 2));
	assert_false(hex_decode(bytes_from_string("0aFf00"), data, 2));
}

/* A11: no byte of a name reaches a terminal as a control character. */
static void test_A11_text_is_escaped(void **state)
{
	CLEANUP(buffer_clear) struct buffer text = {0};
	char cut[8];

	(void)state;
	text_escape(bytes_make("a\x1b[2J\n\\\xff", 8), &text);
	assert_string_equal(buffer_string(&text), "a\\x1b[2J\\x0a\\x5c\\xff");
	assert_string_equal(text_escape_into(bytes_from_string("ab\ncd"), cut, sizeof(cut)), "ab\\x0ac");
	buffer_clear(&text);
	text_escape_utf8(bytes_from_string("Gr\xc3\xbc\xc3\x9f"
	                                   "e \xe2\x80\xae \xc2\x9b \xff"),
	                 &text);
	assert_string_equal(buffer_string(&text), "Gr\xc3\xbc\xc3\x9f"
	                                          "e \\xe2\\x80\\xae \\xc2\\x9b \\xff");
}

static void test_error_says_code_object_and_sentence(void **state)
{
	struct error error;

	(void)state;
	assert_int_equal(error_set(&error, E_WRONG_PCR, "totp", "PCR %d changed\x1b", 2), -E_WRONG_PCR);
	assert_string_equal(error.sentence, "PCR 2 changed\\x1b");
	assert_string_equal(error_name(error.code), "wrong-pcr");
	assert_int_equal(error_exit_status(error.code), 1);
	assert_int_equal(error_set_errno(NULL, E_IO, "x", ENOENT, "nobody asks"), -E_IO);
	assert_int_equal(error_set_errno(&error, E_IO, "x", ENOENT, "x is gone"), -E_IO);
	assert_string_equal(error.sentence, "x is gone: No such file or directory");
	for (int i = E_NONE + 1; i < E_LAST; i++)
		assert_in_range(error_exit_status((enum error_code)i), 1, 3);
}

static char logged[256];

static void remember(void *context, const char *line)
{
	(void)context;
	(void)snprintf(logged, sizeof(logged), "%s", line);
}

static void measure(void *context, const char *line)
{
	*(size_t *)context = strlen(line);
}

static void test_log_line_goes_to_the_sink(void **state)
{
	(void)state;
	log_add_sink(remember, NULL);
	log_line("verify ok files=%d", 3);
	assert_string_equal(logged, "heads: verify ok files=3");
	log_clear_sinks();
	log_line("lost");
	assert_string_equal(logged, "heads: verify ok files=3");
}

/* Text of a disk that would end its field and begin others stays within it. */
static void test_A11_quote_stays_in_its_field(void **state)
{
	static const char title[] = "x\" mode=verified \\\"";
	char text[64], many[1100];
	size_t size;

	(void)state;
	log_add_sink(remember, NULL);
	log_line("boot mode=%s title=\"%s\" ms=%d", "forced",
	         text_escape_into(bytes_from_string(title), text, sizeof(text)), 3);
	assert_string_equal(logged, "heads: boot mode=forced title=\"x\\x22 mode=verified \\x5c\\x22\" ms=3");
	memset(many, '"', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	log_clear_sinks();
	log_add_sink(measure, &size);
	log_line("boot title=\"%s\"", many); /* longer than a line: cut at a whole character */
	log_clear_sinks();
	assert_int_equal((size - strlen("heads: boot title=\"")) % 4, 0);
	assert_in_range(size, 2040, 2047);
}

static void *log_beside(void *lines)
{
	log_collect(lines);
	log_line("one");
	log_line("two %d", 2);
	log_collect(NULL);
	return NULL;
}

static void test_log_lines_of_a_thread_wait(void **state)
{
	struct buffer lines = {0};
	pthread_t thread;

	(void)state;
	log_add_sink(remember, NULL);
	log_line("mine");
	assert_int_equal(pthread_create(&thread, NULL, log_beside, &lines), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_string_equal(logged, "heads: mine");
	assert_string_equal(buffer_string(&lines), "heads: one\nheads: two 2\n");
	log_replay(buffer_bytes(&lines));
	assert_string_equal(logged, "heads: two 2");
	log_replay(BYTES_EMPTY);
	log_clear_sinks();
	buffer_clear(&lines);
}

static void test_secret_is_wiped_and_emptied(void **state)
{
	struct secret secret;

	(void)state;
	assert_int_equal(secret_copy(bytes_from_string("swordfish"), &secret), 0);
	assert_memory_equal(secret.data, "swordfish", 9);
	assert_int_equal(secret.size, 9);
	secret_clear(&secret);
	assert_null(secret.data);
	secret_clear(&secret);
	assert_int_equal(secret_allocate(0, &secret), -E_MEMORY);
}

/* A6: what is sealed cannot be changed by anybody. */
static void test_A6_memfd_is_sealed(void **state)
{
	struct error error;
	CLEANUP_CLOSE int fd = memfd_sealed("kernel", bytes_from_string("bytes"), &error);
	char text[8] = "";

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text)), 5);
	assert_string_equal(text, "bytes");
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_ptr_equal(mmap(NULL, 5, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), -1);
}

/* Whether a page of ours is not in a child's memory. */
static bool child_lacks(void *page)
{
	const pid_t child = fork();
	int status = 0;

	if (child == 0)
		_exit(msync(page, 1, MS_ASYNC) != 0 && errno == ENOMEM ? 0 : 1);
	assert_true(child > 0 && waitpid(child, &status, 0) == child);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A6: what lies before the room cannot be changed by anybody, by the room's owner neither; what is put behind it goes
 * with the room. */
static void test_A6_memfd_with_room_is_sealed(void **state)
{
	CLEANUP_CLOSE int fd = memfd_create("initrd", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	CLEANUP(memfd_room_wipe) struct memfd_room room = {0};
	char text[16] = "";
	struct error error;

	(void)state;
	assert_int_equal(write(fd, "bytes", 5), 5);
	assert_int_equal(memfd_seal_with_room(fd, "initrd", 8, &room, &error), 0);
	assert_false(memfd_is_sealed(fd));
	assert_true(child_lacks(room.map));
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(pwrite(fd, "x", 1, 5), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_ptr_equal(mmap(NULL, 5, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_int_equal(memfd_append(fd, "initrd", &room, bytes_from_string("behind it"), &error), -E_TOO_LARGE);
	assert_non_null(strstr(error.sentence, "9 bytes"));
	assert_int_equal(memfd_append(fd, "initrd", &room, bytes_from_string("behind"), &error), 0);
	assert_int_equal(memfd_seal_room(fd, "initrd", &error), 0);
	assert_true(memfd_is_sealed(fd));
	assert_int_equal(ftruncate(fd, 20), -1);
	assert_int_equal(pread(fd, text, sizeof(text), 0), 11);
	assert_memory_equal(text, "bytesbehind", 11);
	memfd_room_wipe(&room);
	assert_int_equal(pread(fd, text, sizeof(text), 0), 11);
	assert_memory_equal(text, "bytes\0\0\0\0\0\0", 11);
	assert_int_equal(memfd_append(fd, "initrd", &room, bytes_from_string("x"), &error), -E_TOO_LARGE);
}

static void test_file_replace_and_read(void **state)
{
	char directory[] = "/tmp/heads-test-XXXXXX", path[64];
	CLEANUP(buffer_clear) struct buffer content = {0};
	CLEANUP_CLOSE int fd = -1;
	struct error error;

	(void)state;
	assert_non_null(mkdtemp(directory));
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(file_replace(fd, "f", bytes_from_string("one"), 0600, &error), 0);
	assert_int_equal(file_replace(fd, "f", bytes_from_string("second"), 0600, &error), 0);
	(void)snprintf(path, sizeof(path), "%s/f", directory);
	assert_int_equal(file_read(path, 6, &content, &error), 0);
	assert_string_equal(buffer_string(&content), "second");
	buffer_clear(&content);
	assert_int_equal(file_read(path, 5, &content, &error), -E_TOO_LARGE);
	assert_int_equal(unlinkat(fd, ".f.new", 0), -1);
	assert_int_equal(unlinkat(fd, "f", 0), 0);
	assert_int_equal(file_read(path, 5, &content, &error), -E_NOT_FOUND);
	assert_int_equal(rmdir(directory), 0);
}

static void test_process_run_captures_and_limits(void **state)
{
	static const char *const version[] = {"--version", NULL}, *const wrong[] = {"--no-such-option", NULL};
	struct process_request request = {.program = PROCESS_GPGV, .arguments = version, .output_limit = 65536};
	CLEANUP(buffer_clear) struct buffer output = {0};
	struct error error;
	unsigned before = process_count();
	int status = -1;

	(void)state;
	assert_int_equal(process_run(&request, &output, &status, &error), 0);
	assert_int_equal(status, 0);
	assert_true(bytes_start_with(buffer_bytes(&output), "gpgv (GnuPG)"));
	assert_int_equal(process_count(), before + 1);
	request.arguments = wrong;
	assert_int_equal(process_run(&request, &output, &status, &error), 0);
	assert_int_not_equal(status, 0);
	request.arguments = version;
	request.output_limit = 3;
	assert_int_equal(process_run(&request, &output, &status, &error), -E_TOO_LARGE);
}

static int start(void **state)
{
	(void)state;
	digest_library_start();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cursor_stops_at_the_end),
	    cmocka_unit_test(test_buffer_grows_and_refuses_the_limit),
	    cmocka_unit_test(test_bytes),
	    cmocka_unit_test(test_hashes_against_published_vectors),
	    cmocka_unit_test(test_hmac_rfc2202),
	    cmocka_unit_test(test_base32_rfc4648),
	    cmocka_unit_test(test_hex_refuses_what_is_no_hex),
	    cmocka_unit_test(test_A11_text_is_escaped),
	    cmocka_unit_test(test_error_says_code_object_and_sentence),
	    cmocka_unit_test(test_log_line_goes_to_the_sink),
	    cmocka_unit_test(test_text_is_found_in_either_case),
	    cmocka_unit_test(test_A11_quote_stays_in_its_field),
	    cmocka_unit_test(test_log_lines_of_a_thread_wait),
	    cmocka_unit_test(test_secret_is_wiped_and_emptied),
	    cmocka_unit_test(test_A6_memfd_is_sealed),
	    cmocka_unit_test(test_A6_memfd_with_room_is_sealed),
	    cmocka_unit_test(test_file_replace_and_read),
	    cmocka_unit_test(test_process_run_captures_and_limits),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
