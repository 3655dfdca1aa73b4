/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LUKS2 headers made by hand, for what cryptsetup refuses to make. */
#ifndef HEADS_TESTS_LUKS_HEADER_H
#define HEADS_TESTS_LUKS_HEADER_H

#include "base/digest.h"
#include <string.h>

#define LUKS_HEADER_SIZE 0x4000u
#define LUKS_HEADER_UUID "01234567-89ab-cdef-0123-456789abcdef"

#define LUKS_SLOT(number, cipher, iterations)                                                                         \
	"\"" number "\":{\"type\":\"luks2\",\"key_size\":64,\"af\":{\"type\":\"luks1\",\"stripes\":4000,"             \
	"\"hash\":\"sha256\"},\"area\":{\"type\":\"raw\",\"offset\":\"32768\",\"size\":\"258048\",\"encryption\":"    \
	"\"" cipher "\",\"key_size\":64},\"kdf\":{\"type\":\"pbkdf2\",\"hash\":\"sha256\",\"iterations\":" iterations \
	",\"salt\":\"MuTwKZ8CDwA=\"}}"
#define LUKS_SEGMENT(number, offset, cipher)                                                                    \
	"\"" number "\":{\"type\":\"crypt\",\"offset\":\"" offset "\",\"size\":\"dynamic\",\"iv_tweak\":\"0\"," \
	"\"encryption\":\"" cipher "\",\"sector_size\":512}"
#define LUKS_DIGEST(number, slots, segments, digest)                                           \
	"\"" number "\":{\"type\":\"pbkdf2\",\"keyslots\":[" slots "],\"segments\":[" segments \
	"],\"hash\":\"sha256\",\"iterations\":1000,\"salt\":\"WLS9VHDv\",\"digest\":\"" digest "\"}"
#define LUKS_CONFIG "\"json_size\":\"12288\",\"keyslots_size\":\"16744448\""
#define LUKS_JSON(slots, segments, digests, config)                                                 \
	"{\"keyslots\":{" slots "},\"tokens\":{},\"segments\":{" segments "},\"digests\":{" digests \
	"},\"config\":{" config "}}"
#define LUKS_USUAL                                                                                             \
	LUKS_JSON(LUKS_SLOT("0", "aes-xts-plain64", "5000"), LUKS_SEGMENT("0", "16777216", "aes-xts-plain64"), \
	          LUKS_DIGEST("0", "\"0\"", "\"0\"", "L7WC8lqh"), LUKS_CONFIG)

static inline void luks_put_u64(uint8_t *place, uint64_t value)
{
	for (unsigned i = 0; i < 8; i++)
		place[i] = (uint8_t)(value >> (56 - 8 * i));
}

/* Writes one copy at its place in the image: copy 0 or 1. */
static inline void luks_put_copy(uint8_t *image, unsigned copy, uint64_t sequence, const char *json)
{
	uint8_t *header = image + copy * LUKS_HEADER_SIZE;
	struct digest checksum;

	memset(header, 0, LUKS_HEADER_SIZE);
	memcpy(header, copy == 0 ? "LUKS\xba\xbe" : "SKUL\xba\xbe", 6);
	header[7] = 2;
	luks_put_u64(header + 8, LUKS_HEADER_SIZE);
	luks_put_u64(header + 16, sequence);
	memcpy(header + 72, "sha256", 6);
	memset(header + 104, 0x5a + (int)copy, 64);
	memcpy(header + 168, LUKS_HEADER_UUID, strlen(LUKS_HEADER_UUID));
	luks_put_u64(header + 256, copy * LUKS_HEADER_SIZE);
	memcpy(header + 4096, json, strlen(json));
	checksum = digest_of(HASH_SHA256, bytes_make(header, LUKS_HEADER_SIZE));
	memcpy(header + 448, checksum.data, checksum.size);
}

#endif
