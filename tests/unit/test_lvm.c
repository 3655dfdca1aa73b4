/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LVM2: what lvm2 2.03.16 wrote on two disks (tests/data/lvm), and what only an attacker or an accident writes (A7). */
#include "base/cleanup.h"
#include "base/file.h"
#include "disk/lvm.h"
#include "unit/cmocka_all.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#define START_SIZE 16384
#define DISK_SIZE  ((size_t)32 << 20)
#define AREA       4096

static uint8_t starts[2][START_SIZE];
static char directory[] = "/tmp/heads-lvm-XXXXXX";
static struct block_device devices[3];
static struct lvm_group group;

static int load(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		CLEANUP(buffer_clear) struct buffer data = {0};
		char path[512];

		(void)snprintf(path, sizeof(path), "%s/lvm/pv%u", TEST_DATA, i);
		assert_int_equal(file_read(path, START_SIZE, &data, NULL), 0);
		assert_int_equal(data.size, START_SIZE);
		memcpy(starts[i], data.data, START_SIZE);
	}
	return 0;
}

/* Writes a disk of the test: the start of a physical volume, and zeros behind it. */
static void write_disk(unsigned number, const uint8_t *start, size_t size)
{
	CLEANUP_CLOSE int fd = -1;

	(void)snprintf(devices[number].path, sizeof(devices[number].path), "%s/%u", directory, number);
	fd = open(devices[number].path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, "disk", bytes_make(start, START_SIZE), NULL), 0);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
}

static int make_disks(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(directory));
	write_disk(0, starts[0], DISK_SIZE);
	write_disk(1, starts[1], DISK_SIZE);
	return 0;
}

static int remove_disks(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		(void)unlink(devices[i].path);
	(void)rmdir(directory);
	memset(directory + strlen(directory) - 6, 'X', 6);
	return 0;
}

static struct lvm_place place_of(const uint8_t *start, struct lvm_label *label)
{
	struct lvm_place place;

	assert_int_equal(lvm_label_parse(bytes_make(start, LVM_LABEL_SIZE), "disk", label, NULL), 0);
	assert_int_equal(label->area_count, 1);
	assert_int_equal(label->areas[0].offset, AREA);
	assert_int_equal(
	    lvm_header_parse(bytes_make(start + AREA, LVM_HEADER_SIZE), &label->areas[0], "disk", &place, NULL), 0);
	return place;
}

static struct bytes text_of(const uint8_t *start, uint32_t *ret_checksum)
{
	struct lvm_label label;
	const struct lvm_place place = place_of(start, &label);

	if (ret_checksum)
		*ret_checksum = place.checksum;
	return bytes_make(start + AREA + place.offset, place.size);
}

static void put_u32(uint8_t *to, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

/* Replaces words in the text by others of the same length, and makes both checksums right again. */
static void edit(uint8_t *start, const char *from, const char *to)
{
	const struct bytes text = text_of(start, NULL);
	uint8_t *found = memmem(text.data, text.size, from, strlen(from));

	assert_non_null(found);
	assert_int_equal(strlen(from), strlen(to));
	memcpy(found, to, strlen(to));
	put_u32(start + AREA + 56, lvm_checksum(text));
	put_u32(start + AREA, lvm_checksum(bytes_make(start + AREA + 4, LVM_HEADER_SIZE - 4)));
}

static void test_of_lvm2(void **state)
{
	struct lvm_label label;
	uint32_t checksum;
	const struct bytes text = text_of(starts[0], &checksum);
	const struct lvm_volume *root = &group.volumes[0];
	static const uint64_t pieces[][3] = {{3, 0, 0}, {10, 1, 0}, {11, 0, 5}};

	(void)state;
	(void)place_of(starts[0], &label);
	assert_int_equal(lvm_group_parse(text, checksum, "disk", &group, NULL), 0);
	assert_string_equal(group.name, "demo-vg");
	assert_int_equal(group.extent_size, 2048);
	assert_int_equal(group.device_count, 2);
	assert_string_equal(group.devices[0].id, label.id);
	assert_int_equal(group.devices[0].first, 2048);
	assert_int_equal(group.devices[0].extents, 31);
	assert_int_equal(group.volume_count, 3);
	assert_string_equal(root->name, "root");
	assert_string_equal(root->refused, "");
	assert_int_equal(root->piece_count, ARRAY_SIZE(pieces));
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		assert_int_equal(group.pieces[i].extents, pieces[i][0]);
		assert_int_equal(group.pieces[i].device, pieces[i][1]);
		assert_int_equal(group.pieces[i].start, pieces[i][2]);
	}
	assert_string_equal(group.volumes[2].name, "wide");
	assert_string_equal(group.volumes[2].refused, "it is striped over several disks");
}

/* A group on one disk, whose volumes were made, and one made longer, one after the other. */
static void test_of_one_disk(void **state)
{
	CLEANUP(buffer_clear) struct buffer data = {0};
	static const uint64_t pieces[][2] = {{10, 0}, {14, 13}};
	char path[LVM_PATH_SIZE];
	uint32_t checksum;
	struct bytes text;

	(void)state;
	assert_int_equal(file_read(TEST_DATA "/lvm/whole", START_SIZE, &data, NULL), 0);
	text = text_of(data.data, &checksum);
	assert_int_equal(lvm_group_parse(text, checksum, "disk", &group, NULL), 0);
	assert_string_equal(group.name, "heads");
	assert_int_equal(group.volume_count, 2);
	assert_string_equal(group.volumes[0].name, "root");
	assert_int_equal(group.volumes[0].piece_count, ARRAY_SIZE(pieces));
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		assert_int_equal(group.pieces[i].extents, pieces[i][0]);
		assert_int_equal(group.pieces[i].start, pieces[i][1]);
	}
	lvm_path(&group, &group.volumes[0], path);
	assert_string_equal(path, "/dev/mapper/heads-root");
}

/* Any bit of label, header or text: the same, or an error, because all of it is under a checksum. */
static void test_damage(void **state)
{
	static uint8_t copy[START_SIZE];
	const struct bytes text = text_of(starts[0], NULL);
	const size_t first = (size_t)(text.data - starts[0]);

	(void)state;
	for (size_t i = 512; i < first + text.size; i += i < AREA || i > AREA + 512 ? 7 : 1) {
		struct lvm_label label;
		struct lvm_place place;
		int r;

		memcpy(copy, starts[0], sizeof(copy));
		copy[i] ^= 0x10;
		r = lvm_label_parse(bytes_make(copy, LVM_LABEL_SIZE), "disk", &label, NULL);
		assert_int_equal(r < 0, i < 1024);
		if (r < 0)
			continue;
		r = lvm_header_parse(bytes_make(copy + AREA, LVM_HEADER_SIZE), &label.areas[0], "disk", &place, NULL);
		assert_int_equal(r < 0, i >= AREA && i < AREA + LVM_HEADER_SIZE);
		if (r == 0 && i >= first)
			assert_int_equal(
			    lvm_group_parse(bytes_make(copy + first, text.size), place.checksum, "disk", &group, NULL),
			    -E_MALFORMED);
	}
}

#define DEVICES          "physical_volumes { a { id=\"A\" pe_start=2048 pe_count=10 } b { id=\"B\" pe_start=8 pe_count=4 } }"
#define VOLUME(segments) "logical_volumes { v { status=[\"VISIBLE\"] " segments " } }"
#define GROUP(rest)      "g { id = \"G\" seqno = 1 extent_size = 8192 " rest " }"
#define SEGMENT(number, start, count, stripes)                                                               \
	"segment" number " { start_extent=" start " extent_count=" count " type=\"striped\" stripe_count=1 " \
	"stripes=[" stripes "] }"

static int parse_text(const char *text, struct error *error)
{
	const struct bytes bytes = bytes_make(text, strlen(text) + 1);

	return lvm_group_parse(bytes, lvm_checksum(bytes), "disk", &group, error);
}

static void test_A7_contradictions(void **state)
{
	static const struct {
		const char *text, *words;
	} refused[] = {
	    {GROUP(DEVICES VOLUME("segment_count=1 " SEGMENT("1", "1", "2", "\"a\", 0"))), "gap or an overlap"},
	    {GROUP(DEVICES VOLUME("segment_count=2 " SEGMENT("1", "0", "2", "\"a\", 0")
	                              SEGMENT("2", "1", "2", "\"a\", 4"))),
	     "gap or an overlap"},
	    {GROUP(DEVICES VOLUME("segment_count=2 " SEGMENT("1", "0", "2", "\"a\", 0"))), "misses a piece"},
	    {GROUP(DEVICES VOLUME("segment_count=1 " SEGMENT("1", "0", "5", "\"b\", 0"))), "beyond the end"},
	    {GROUP(DEVICES VOLUME("segment_count=1 " SEGMENT("1", "0", "1", "\"b\", 18446744073709551606"))),
	     "beyond the end"},
	    {GROUP(DEVICES VOLUME("segment_count=1 " SEGMENT("1", "0", "1", "\"c\", 0"))), "does not list"},
	    {GROUP("physical_volumes { a { id=\"A\" pe_start=1 pe_count=1 } b { id=\"A\" pe_start=1 pe_count=1 } }"),
	     "the same"},
	    {GROUP("") GROUP(""), "several groups"},
	    {"g { id = \"G\" seqno = 1 extent_size = 0 }", "facts of the group"},
	    {"g { id = \"../x\" seqno = 1 extent_size = 1 }", "facts of the group"},
	    {"g { id = \"G\" ", "the text itself"},
	    {"a{a{a{a{a{a{a{}}}}}}}", "the text itself"},
	    {"version = 1", "the text itself"},
	};
	struct error error;

	(void)state;
	assert_int_equal(
	    parse_text(GROUP(DEVICES VOLUME("segment_count=1 " SEGMENT("1", "0", "4", "\"b\", 0"))), &error), 0);
	assert_int_equal(group.piece_count, 1);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		assert_int_equal(parse_text(refused[i].text, &error), -E_MALFORMED);
		if (!strstr(error.sentence, refused[i].words))
			print_error("%s: expected %s\n", error.sentence, refused[i].words);
		assert_non_null(strstr(error.sentence, refused[i].words));
	}
}

static void test_other_types(void **state)
{
	(void)state;
	assert_int_equal(parse_text(GROUP(DEVICES VOLUME("segment_count=1 segment1 { start_extent=0 extent_count=2 "
	                                                 "type=\"thin\" thin_pool=\"pool\" }")),
	                            NULL),
	                 0);
	assert_string_equal(group.volumes[0].refused, "its type is thin");
	assert_int_equal(group.volumes[0].piece_count, 0);
}

static void expect_scan(size_t count, const char *refused)
{
	CLEANUP(lvm_scan_clear) struct lvm_scan scan = {0};

	assert_int_equal(lvm_scan(devices, count, &scan, NULL), 0);
	assert_true(scan.group_count >= 1);
	for (size_t i = 0; i < scan.group_count; i++) {
		if (!strstr(scan.groups[i].refused, refused))
			print_error("\"%s\": expected %s\n", scan.groups[i].refused, refused);
		assert_non_null(strstr(scan.groups[i].refused, refused));
		assert_int_equal(scan.groups[i].refused[0] == '\0', refused[0] == '\0');
	}
}

static void test_scan(void **state)
{
	CLEANUP(lvm_scan_clear) struct lvm_scan scan = {0};
	char path[LVM_PATH_SIZE];
	struct error error;

	(void)state;
	assert_int_equal(lvm_scan(devices, 2, &scan, NULL), 0);
	assert_int_equal(scan.group_count, 1);
	assert_string_equal(scan.groups[0].refused, "");
	assert_int_equal(scan.groups[0].physical[1], 1);
	lvm_path(scan.groups[0].group, &scan.groups[0].group->volumes[0], path);
	assert_string_equal(path, "/dev/mapper/demo--vg-root");
	assert_int_equal(lvm_map(&scan, &scan.groups[0], &scan.groups[0].group->volumes[2], false, &error), -E_REFUSED);
	assert_non_null(strstr(error.sentence, "wide of the group demo-vg is refused: it is striped"));
}

static void change_group_id(uint8_t *start)
{
	uint32_t checksum;
	const struct bytes text = text_of(start, &checksum);
	char other[LVM_ID_SIZE];

	assert_int_equal(lvm_group_parse(text, checksum, "disk", &group, NULL), 0);
	memcpy(other, group.id, sizeof(other));
	other[0] = other[0] == 'x' ? 'y' : 'x';
	edit(start, group.id, other);
}

static void test_A7_scan_refused(void **state)
{
	static uint8_t copy[START_SIZE];

	(void)state;
	expect_scan(1, "no disk is its physical volume");
	write_disk(2, starts[1], DISK_SIZE);
	expect_scan(3, "two disks say that they are its physical volume");
	/* Another group of the same name. */
	memcpy(copy, starts[1], sizeof(copy));
	change_group_id(copy);
	write_disk(1, copy, DISK_SIZE);
	expect_scan(2, "of the same name there is another group");
	edit(copy, "demo-vg", "demo-vh");
	write_disk(1, copy, DISK_SIZE);
	expect_scan(2, "to another group belongs its physical volume");
	write_disk(1, starts[1], DISK_SIZE - 512 * 2048);
	expect_scan(2, "smaller than its metadata say");
}

/* The newer of two metadata counts, and one that is damaged does not. */
static void test_one_copy_is_enough(void **state)
{
	static uint8_t copy[START_SIZE];

	(void)state;
	memcpy(copy, starts[1], sizeof(copy));
	copy[AREA + 40] ^= 1;
	write_disk(1, copy, DISK_SIZE);
	expect_scan(2, "");
	memcpy(copy, starts[0], sizeof(copy));
	edit(copy, "seqno = ", "seqnx = ");
	write_disk(0, copy, DISK_SIZE);
	write_disk(1, starts[1], DISK_SIZE);
	expect_scan(2, "");
}

/* The text goes on at the beginning of its area where that ends. */
static void test_text_goes_round(void **state)
{
	static uint8_t copy[START_SIZE];
	const struct bytes text = text_of(starts[1], NULL);
	const size_t before_end = 1000;
	struct lvm_label label;
	uint64_t offset;
	CLEANUP_CLOSE int fd = -1;

	(void)state;
	(void)place_of(starts[1], &label);
	offset = label.areas[0].size - before_end;
	memcpy(copy, starts[1], sizeof(copy));
	memset(copy + AREA + LVM_HEADER_SIZE, 0, sizeof(copy) - AREA - LVM_HEADER_SIZE);
	memcpy(copy + AREA + LVM_HEADER_SIZE, text.data + before_end, text.size - before_end);
	put_u32(copy + AREA + 40, (uint32_t)offset);
	put_u32(copy + AREA, lvm_checksum(bytes_make(copy + AREA + 4, LVM_HEADER_SIZE - 4)));
	write_disk(1, copy, DISK_SIZE);
	fd = open(devices[1].path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, text.data, before_end, (off_t)(AREA + offset)), before_end);
	/* The other disk has no metadata that count. */
	memcpy(copy, starts[0], sizeof(copy));
	copy[AREA] ^= 1;
	write_disk(0, copy, DISK_SIZE);
	expect_scan(2, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_of_lvm2),
	    cmocka_unit_test(test_of_one_disk),
	    cmocka_unit_test(test_damage),
	    cmocka_unit_test(test_A7_contradictions),
	    cmocka_unit_test(test_other_types),
	    cmocka_unit_test_setup_teardown(test_scan, make_disks, remove_disks),
	    cmocka_unit_test_setup_teardown(test_A7_scan_refused, make_disks, remove_disks),
	    cmocka_unit_test_setup_teardown(test_one_copy_is_enough, make_disks, remove_disks),
	    cmocka_unit_test_setup_teardown(test_text_goes_round, make_disks, remove_disks),
	};

	return cmocka_run_group_tests(tests, load, NULL);
}
