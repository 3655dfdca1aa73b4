/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `heads rom` and coreboot's cbfstool on the same images: each lists, extracts and removes what the other wrote. */
#include "base/cleanup.h"
#include "base/file.h"
#include "unit/cmocka_all.h"
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static char directory[] = "/tmp/heads-cbfs-XXXXXX";

/* Runs a command line in the directory and gives its exit status; what it prints goes to the file `out`. */
static int run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int run(const char *format, ...)
{
	char command[1024], line[1400];
	va_list arguments;
	int status;

	va_start(arguments, format);
	(void)vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	(void)snprintf(line, sizeof(line), "cd %s && PATH=$PATH:/usr/sbin && { %s; } >out 2>err", directory, command);
	status = system(line);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void read_out(const char *name, struct buffer *content)
{
	char path[128];
	struct error error;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (file_read(path, 64 << 20, content, &error) < 0)
		fail_msg("%s", error.sentence);
	assert_non_null(buffer_string(content));
}

#define must(...)                                                               \
	do {                                                                    \
		int must_status_ = run(__VA_ARGS__);                            \
		if (must_status_ != 0) {                                        \
			(void)run("cat err out >&2");                           \
			fail_msg("exit status %d: " __VA_ARGS__, must_status_); \
		}                                                               \
	} while (0)

/* Name, offset in the image, size in the flash; one line a file. */
static void listed_by_cbfstool(const char *image, unsigned long region, struct buffer *list)
{
	CLEANUP(buffer_clear) struct buffer out = {0};
	char *save = NULL;

	must("cbfstool %s print -k", image);
	read_out("out", &out);
	for (char *line = strtok_r((char *)out.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char name[256], type[64];
		unsigned long offset, metadata, size;

		if (sscanf(line, "%255[^\t]\t0x%lx\t%63[^\t]\t0x%lx\t0x%lx", name, &offset, type, &metadata, &size) ==
		        5 &&
		    strcmp(name, "(empty)") != 0)
			buffer_append_format(list, "%s 0x%lx %lu\n", name, region + offset, size);
	}
}

static void listed_by_heads(const char *image, struct buffer *list)
{
	CLEANUP(buffer_clear) struct buffer out = {0};
	char *save = NULL;

	must(TEST_HEADS " --json rom list %s", image);
	read_out("out", &out);
	for (char *line = strtok_r((char *)out.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct json_object *object = json_tokener_parse(line), *name, *offset, *size;

		assert_true(json_object_object_get_ex(object, "name", &name) &&
		            json_object_object_get_ex(object, "offset", &offset) &&
		            json_object_object_get_ex(object, "size", &size));
		buffer_append_format(list, "%s 0x%lx %lu\n", json_object_get_string(name),
		                     (unsigned long)json_object_get_int64(offset),
		                     (unsigned long)json_object_get_int64(size));
		json_object_put(object);
	}
}

static void assert_same_list(const char *image, unsigned long region)
{
	CLEANUP(buffer_clear) struct buffer theirs = {0}, ours = {0};

	listed_by_cbfstool(image, region, &theirs);
	listed_by_heads(image, &ours);
	assert_string_equal(buffer_string(&ours) ? (char *)ours.data : "",
	                    buffer_string(&theirs) ? (char *)theirs.data : "");
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	must("seq 1 20000 >big && head -c 3000 big >some && printf x >small && : >nothing && head -c 4096 /dev/zero "
	     ">boot");
	must("printf 'FLASH 0x100000 {\\n FMAP@0x0 0x1000\\n COREBOOT(CBFS)@0x1000 0xff000\\n}\\n' >map.fmd");
	must("fmaptool map.fmd map && cbfstool mapped create -M map");
	must("cbfstool x86 create -m x86 -s 0x100000 -B boot");
	must("cbfstool arm create -m arm -s 0x100000 -b 0 -B boot -o 0x4000 -H 0x3000");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)run("rm -f -- *");
	return rmdir(directory);
}

/* Offsets that cbfstool prints are from the start of the region, or of an image without a map. */
static const struct {
	const char *image;
	unsigned long region;
} images[] = {{"mapped", 0x1000}, {"x86", 0}, {"arm", 0}};

static void test_what_cbfstool_writes(void **state)
{
	static const char *const options[] = {"",        "-c lzma",   "-c lz4",         "-a 64",
	                                      "-a 4096", "-A sha256", "-c lzma -A sha1"};
	static const char *const contents[] = {"big", "some", "small", "nothing"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(images); i++) {
		must("cp %s image", images[i].image);
		for (size_t o = 0; o < ARRAY_SIZE(options); o++)
			for (size_t c = 0; c < ARRAY_SIZE(contents); c++) {
				/* It cannot pack nothing, and stores what does not shrink as it is. */
				if (run("cbfstool image add -t raw -n f%zu/%s -f %s %s", o, contents[c], contents[c],
				        options[o]))
					continue;
				must(TEST_HEADS " rom extract image f%zu/%s", o, contents[c]);
				must("cmp out %s || " TEST_HEADS " rom extract image f%zu/%s | cmp - %s", contents[c],
				     o, contents[c], contents[c]);
			}
		assert_same_list("image", images[i].region);
		must(TEST_HEADS " rom info image");
		/* Removed in another order than added. */
		for (size_t c = 0; c < ARRAY_SIZE(contents); c++)
			for (size_t o = 0; o < ARRAY_SIZE(options); o++)
				(void)run(TEST_HEADS " rom remove image f%zu/%s", o, contents[c]);
		must("cmp image %s", images[i].image);
	}
}

static void test_what_heads_writes(void **state)
{
	static const char *const contents[] = {"big", "some", "small", "nothing"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(images); i++) {
		must("cp %s image", images[i].image);
		for (size_t c = 0; c < ARRAY_SIZE(contents); c++) {
			must(TEST_HEADS " rom add image ours/%s %s", contents[c], contents[c]);
			must("cbfstool image extract -m x86 -n ours/%s -f got && cmp got %s", contents[c], contents[c]);
			assert_int_equal(run(TEST_HEADS " rom add image ours/%s %s", contents[c], contents[c]), 1);
		}
		assert_same_list("image", images[i].region);
		must(TEST_HEADS " rom replace image ours/some big");
		must("cbfstool image extract -m x86 -n ours/some -f got && cmp got big");
		assert_same_list("image", images[i].region);
		for (size_t c = 0; c < ARRAY_SIZE(contents); c++)
			must("cbfstool image remove -n ours/%s", contents[c]);
		must("cmp image %s", images[i].image);
	}
}

/* The largest file that Heads says will fit does, is the last, and both can take it out again. */
static void test_full_to_the_last_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(images); i++) {
		CLEANUP(buffer_clear) struct buffer out = {0};
		struct json_object *result, *largest;

		must("cp %s image", images[i].image);
		must("cbfstool image add -t raw -n first -f some");
		must("cp image before");
		must(TEST_HEADS " --json rom add image nineteen-characters small");
		must(TEST_HEADS " --json rom remove image nineteen-characters");
		read_out("out", &out);
		must("cmp image before");
		result = json_tokener_parse(buffer_string(&out));
		assert_true(json_object_object_get_ex(result, "largest", &largest));
		must("head -c %lu /dev/urandom >large", (unsigned long)json_object_get_int64(largest));
		json_object_put(result);
		must(TEST_HEADS " rom add image nineteen-characters large");
		must("cbfstool image extract -m x86 -n nineteen-characters -f got && cmp got large");
		assert_same_list("image", images[i].region);
		assert_int_equal(run("cbfstool image add -t raw -n more -f small"), 1);
		assert_int_equal(run(TEST_HEADS " rom add image more small"), 2);
		must(TEST_HEADS " rom remove image nineteen-characters");
		must("cmp image before");
	}
}

/* Both in turns, by a fixed sequence. */
static void test_in_turns(void **state)
{
	static const char *const contents[] = {"big", "some", "small", "nothing"};
	uint32_t seed = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(images); i++) {
		must("cp %s image", images[i].image);
		for (int round = 0; round < 20; round++) {
			const char *content;
			unsigned name;

			seed = seed * 1664525u + 1013904223u;
			content = contents[seed >> 8 & 3];
			name = seed >> 12 & 7;
			switch (seed >> 20 & 3) {
			case 0:
				(void)run("cbfstool image add -t raw -n n%u -f %s", name, content);
				break;
			case 1:
				(void)run("cbfstool image remove -n n%u", name);
				break;
			case 2:
				(void)run(TEST_HEADS " rom remove image n%u", name);
				break;
			default:
				must(TEST_HEADS " rom replace image n%u %s", name, content);
				must("cbfstool image extract -m x86 -n n%u -f got && cmp got %s", name, content);
			}
			assert_same_list("image", images[i].region);
		}
		for (unsigned name = 0; name < 8; name++)
			(void)run("cbfstool image remove -n n%u", name);
		must("cmp image %s", images[i].image);
	}
}

static void assert_says(const char *words)
{
	CLEANUP(buffer_clear) struct buffer said = {0};

	read_out("err", &said);
	if (!strstr(buffer_string(&said), words))
		fail_msg("\"%s\" is missing in: %s", words, buffer_string(&said));
}

/* Each damage is told and ends with 2; the file is as it was. */
static void test_damaged_images(void **state)
{
	(void)state;
	must("cp mapped image && cbfstool image add -t raw -n packed -f big -c lzma");
	must("head -c 2000 image >short && head -c 4096 /dev/zero >zeros && : >empty");
	assert_int_equal(run(TEST_HEADS " rom list short"), 2);
	assert_says("truncated");
	assert_int_equal(run(TEST_HEADS " rom list zeros"), 2);
	assert_says("no coreboot image");
	assert_int_equal(run(TEST_HEADS " rom list empty"), 2);
	assert_int_equal(run(TEST_HEADS " rom info nowhere"), 2);
	must("cp image damaged && printf '\\377\\377\\377\\377' | dd of=damaged bs=1 seek=4104 conv=notrunc");
	must("cp damaged before");
	assert_int_equal(run(TEST_HEADS " rom add damaged n small"), 2);
	assert_says("offset 0x0");
	must("cmp damaged before");
	must("cp image damaged && dd if=/dev/urandom of=damaged bs=1 seek=4300 count=3000 conv=notrunc");
	assert_int_equal(run(TEST_HEADS " rom extract damaged packed"), 2);
	assert_says("damaged");
}

/* Without --region, of each region that holds files; one that an interrupted update tore does not hide the others. */
static void test_every_region_is_listed(void **state)
{
	CLEANUP(buffer_clear) struct buffer said = {0};

	(void)state;
	must("printf 'FLASH 0x100000 {\\n FMAP@0x0 0x1000\\n BIOS@0x1000 0xff000 {\\n SLOT(CBFS)@0x0 0x40000\\n "
	     "COREBOOT(CBFS)@0xbf000 0x40000\\n}\\n}\\n' >two.fmd");
	must("fmaptool two.fmd two.map && cbfstool two create -M two.map && cbfstool two add -t raw -n payload -f big");
	/* cbfstool formats COREBOOT alone */
	must("dd if=two of=two bs=4096 skip=192 seek=1 count=64 conv=notrunc && cbfstool two remove -n payload");
	must("cbfstool two add -t raw -n stage -f some");
	must(TEST_HEADS " rom list two && test $(wc -l <out) = 2 && grep -q '^payload .* SLOT$' out && "
	                "grep -q '^stage .* COREBOOT$' out");
	must(TEST_HEADS " --json rom list two && grep -q '\"region\":\"SLOT\"' out");
	must(TEST_HEADS " rom list --region SLOT two && test $(wc -l <out) = 1 && grep -q '^payload .* SLOT$' out");
	must("cp two torn && printf '\\377\\377\\377\\377' | dd of=torn bs=1 seek=4104 conv=notrunc");
	assert_int_equal(run(TEST_HEADS " rom list torn"), 2);
	read_out("out", &said);
	assert_non_null(strstr(buffer_string(&said), "stage"));
	assert_says("region SLOT");
}

/* A signed update is not written as a whole chip: what to type instead is said. */
static void test_flash_of_a_package_names_update(void **state)
{
	(void)state;
	must("echo CONFIG_BOARD=x >board && printf x >manifest.txt && tar --format=ustar -cf update.tar manifest.txt");
	must("cp mapped chip");
	assert_int_equal(run(TEST_HEADS " --settings board rom flash --chip chip update.tar"), 2);
	assert_says("heads rom update update.tar");
	must("cmp mapped chip");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_cbfstool_writes),
	    cmocka_unit_test(test_what_heads_writes),
	    cmocka_unit_test(test_full_to_the_last_byte),
	    cmocka_unit_test(test_in_turns),
	    cmocka_unit_test(test_damaged_images),
	    cmocka_unit_test(test_every_region_is_listed),
	    cmocka_unit_test(test_flash_of_a_package_names_update),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
