/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "format/bzimage.h"

#include <string.h>

/* Offsets in the file, boot.rst "The Real-Mode Kernel Header". */
#define OFFSET_SETUP_SECTS    0x1f1
#define OFFSET_SYSSIZE        0x1f4
#define OFFSET_BOOT_FLAG      0x1fe
#define OFFSET_MAGIC          0x202
#define OFFSET_VERSION        0x206
#define OFFSET_KERNEL_VERSION 0x20e
#define OFFSET_LOADFLAGS      0x211
#define OFFSET_RELOCATABLE    0x234
#define OFFSET_XLOADFLAGS     0x236
#define OFFSET_CMDLINE_SIZE   0x238
#define OFFSET_PAYLOAD        0x248
#define OFFSET_PAYLOAD_SIZE   0x24c
#define OFFSET_INIT_SIZE      0x260
#define HEADER_END            0x264

#define SECTOR           512
#define PROTOCOL_MIN     0x020c
#define LOADED_HIGH      0x01
#define XLF_KERNEL_64    0x01
#define XLF_ABOVE_4G     0x02
#define KERNEL_IMAGE_MAX ((size_t)1 << 30)

static uint16_t u16_at(struct bytes image, size_t offset)
{
	struct cursor cursor = cursor_make(bytes_slice(image, offset, 2));
	return cursor_u16le(&cursor);
}

static uint32_t u32_at(struct bytes image, size_t offset)
{
	struct cursor cursor = cursor_make(bytes_slice(image, offset, 4));
	return cursor_u32le(&cursor);
}

/* The header gives the text's place less 0x200; it has to lie inside the real-mode code. */
static void read_version(struct bytes image, struct bzimage *bzimage)
{
	const size_t offset = (size_t)u16_at(image, OFFSET_KERNEL_VERSION) + SECTOR;
	const struct bytes setup = bytes_slice(image, 0, bzimage->setup_size);
	const struct bytes text = bytes_slice(setup, offset, sizeof(bzimage->version) - 1);

	bzimage->version[0] = '\0';
	if (offset == SECTOR || text.size == 0)
		return;
	const size_t length = strnlen((const char *)text.data, text.size);
	memcpy(bzimage->version, text.data, length);
	bzimage->version[length] = '\0';
}

static int check_sizes(struct bytes image, const char *name, struct bzimage *bzimage, struct error *error)
{
	const size_t whole = bzimage->setup_size + bzimage->kernel_size;
	const uint64_t payload = (uint64_t)u32_at(image, OFFSET_PAYLOAD) + u32_at(image, OFFSET_PAYLOAD_SIZE);

	if (bzimage->kernel_size == 0 || bzimage->kernel_size > KERNEL_IMAGE_MAX)
		return error_set(error, E_MALFORMED, name, "the kernel image says that its code has %zu bytes",
		                 bzimage->kernel_size);
	if (whole > image.size)
		return error_set(error, E_MALFORMED, name,
		                 "the kernel image is cut off: its header says %zu bytes, the file has %zu", whole,
		                 image.size);
	if (payload > bzimage->kernel_size)
		return error_set(error, E_MALFORMED, name,
		                 "the kernel image contradicts itself: its payload ends at byte %llu of %zu",
		                 (unsigned long long)payload, bzimage->kernel_size);
	return 0;
}

int bzimage_check(struct bytes image, const char *name, struct bzimage *ret_bzimage, struct error *error)
{
	struct bzimage bzimage = {0};

	if (image.size < HEADER_END || u16_at(image, OFFSET_BOOT_FLAG) != 0xaa55 ||
	    memcmp(image.data + OFFSET_MAGIC, "HdrS", 4) != 0)
		return error_set(error, E_MALFORMED, name,
		                 "this is no Linux kernel image (bzImage): expected a boot sector and the mark HdrS");
	bzimage.protocol = u16_at(image, OFFSET_VERSION);
	if (bzimage.protocol < PROTOCOL_MIN)
		return error_set(error, E_UNSUPPORTED, name,
		                 "the kernel has boot protocol %u.%02u, and kexec needs 2.12 or newer",
		                 bzimage.protocol >> 8U, bzimage.protocol & 0xffU);
	if (!(image.data[OFFSET_LOADFLAGS] & LOADED_HIGH))
		return error_set(error, E_UNSUPPORTED, name, "the kernel is a zImage, and kexec needs a bzImage");
	if (!(u16_at(image, OFFSET_XLOADFLAGS) & XLF_KERNEL_64))
		return error_set(error, E_UNSUPPORTED, name, "the kernel has no 64-bit entry point");
	if (!(u16_at(image, OFFSET_XLOADFLAGS) & XLF_ABOVE_4G))
		return error_set(error, E_UNSUPPORTED, name,
		                 "the kernel cannot be loaded above 4 GiB, which kexec asks for");
	if (image.data[OFFSET_RELOCATABLE] == 0)
		return error_set(error, E_UNSUPPORTED, name, "the kernel is not relocatable");

	/* Zero means four, for images older than this field. */
	const size_t sectors = image.data[OFFSET_SETUP_SECTS] ? image.data[OFFSET_SETUP_SECTS] : 4;
	bzimage.setup_size = (sectors + 1) * SECTOR;
	bzimage.kernel_size = (size_t)u32_at(image, OFFSET_SYSSIZE) * 16;
	bzimage.cmdline_limit = u32_at(image, OFFSET_CMDLINE_SIZE);
	bzimage.memory_needed = u32_at(image, OFFSET_INIT_SIZE);
	const int result = check_sizes(image, name, &bzimage, error);
	if (result < 0)
		return result;
	if (bzimage.cmdline_limit == 0)
		return error_set(error, E_MALFORMED, name, "the kernel says that it takes no command line at all");
	read_version(image, &bzimage);
	*ret_bzimage = bzimage;
	return 0;
}
