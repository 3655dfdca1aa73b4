/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A text that the TPM keeps from one start to the next: what was measured when the attestation secret last opened. */
#include "tpm/tpm2_client.h"

#include <stdlib.h>
#include <string.h>

#define BASELINE_INDEX  0x01404802u
#define BASELINE_OBJECT "0x01404802"
#define BASELINE_MAGIC  0x48504231u /* "HPB1" */
#define CHECKSUM_SIZE   4
#define HEADER_SIZE     (4 + 2 + CHECKSUM_SIZE + TPM2_DIGEST_SIZE)
#define SIZE_STEP       256 /* room is made in steps, so that a little growth needs no new index */
#define CHUNK_SIZE      512 /* of one command: TPM_PT_NV_BUFFER_MAX is at least this */

struct header {
	uint16_t size;
	uint8_t checksum[CHECKSUM_SIZE]; /* first bytes of the text's SHA-256 */
	uint8_t tag[TPM2_DIGEST_SIZE];
};

static bool decode_header(struct bytes data, struct header *ret_header)
{
	struct cursor cursor = cursor_make(data);
	bool ours = cursor_u32be(&cursor) == BASELINE_MAGIC;
	struct bytes checksum, tag;

	ret_header->size = cursor_u16be(&cursor);
	checksum = cursor_bytes(&cursor, sizeof(ret_header->checksum));
	tag = cursor_bytes(&cursor, sizeof(ret_header->tag));
	if (cursor.failed || !ours || ret_header->size > TPM_BASELINE_MAX_SIZE)
		return false;
	memcpy(ret_header->checksum, checksum.data, checksum.size);
	memcpy(ret_header->tag, tag.data, tag.size);
	return true;
}

/* *ret_known is false where nothing was written, or nothing that makes sense. */
static int read_header(struct tpm *tpm, struct header *ret_header, bool *ret_known, struct error *error)
{
	bool unwritten = false;
	struct bytes data;
	int result = tpm2_platform_read(tpm, BASELINE_INDEX, 0, HEADER_SIZE, &data, &unwritten, error);

	*ret_known = result == 0 && decode_header(data, ret_header);
	return result;
}

static bool is_content(const struct header *header, struct bytes text)
{
	const struct digest digest = digest_of(HASH_SHA256, text);

	return header->size == text.size && memcmp(digest.data, header->checksum, sizeof(header->checksum)) == 0;
}

int tpm_baseline_read(struct tpm *tpm, struct buffer *text, struct error *error)
{
	const size_t before = text->size;
	struct header header;
	bool known, unwritten;
	int result = read_header(tpm, &header, &known, error);

	if (result < 0)
		return result;
	if (!known)
		return error_set(error, E_NOT_FOUND, BASELINE_OBJECT,
		                 "the TPM keeps no list of what was measured before");
	for (uint16_t done = 0; done < header.size;) {
		const uint16_t left = (uint16_t)(header.size - done), size = left < CHUNK_SIZE ? left : CHUNK_SIZE;
		struct bytes data;

		result = tpm2_platform_read(tpm, BASELINE_INDEX, (uint16_t)(HEADER_SIZE + done), size, &data,
		                            &unwritten, error);
		if (result < 0)
			return result;
		buffer_append_bytes(text, data);
		done = (uint16_t)(done + size);
	}
	if (text->failed)
		return error_set(error, E_MEMORY, BASELINE_OBJECT, "there is not enough memory");
	if (!is_content(&header, bytes_slice(buffer_bytes(text), before, text->size)))
		return error_set(error, E_MALFORMED, BASELINE_OBJECT,
		                 "the TPM's list of what was measured before is damaged: writing it was broken off");
	return 0;
}

int tpm_baseline_is(struct tpm *tpm, const struct digest *tag, bool *ret_same, struct error *error)
{
	struct header header;
	bool known = false;
	struct error found;
	int result;

	/* The record of the start, which was read and authenticated, tells the tag too. */
	if (tpm->start.known) {
		*ret_same = bytes_equal(digest_bytes(tag), bytes_make(tpm->start.record.tag, START_RECORD_TAG));
		return 0;
	}
	result = read_header(tpm, &header, &known, &found);
	*ret_same = known && bytes_equal(digest_bytes(tag), bytes_make(header.tag, sizeof(header.tag)));
	if (result < 0 && result != -E_NOT_FOUND && error)
		*error = found;
	return result == -E_NOT_FOUND ? 0 : result;
}

/* The index, large enough. One that is too small, or none of ours, is made anew. */
static int make_room(struct tpm *tpm, size_t size, struct error *error)
{
	uint16_t found = 0;
	struct error problem;
	int result = tpm2_platform_size(tpm, BASELINE_INDEX, &found, &problem);

	if (result == 0 && found >= size)
		return 0;
	if (result == 0 || result == -E_FOREIGN_TPM) {
		result = tpm2_platform_undefine(tpm, BASELINE_INDEX, &problem);
		if (result == 0)
			result = -E_NOT_FOUND;
	}
	if (result == -E_NOT_FOUND)
		return tpm2_platform_define(tpm, BASELINE_INDEX,
		                            (uint16_t)((size + SIZE_STEP - 1) / SIZE_STEP * SIZE_STEP), error);
	if (error)
		*error = problem;
	return result;
}

int tpm_baseline_write(struct tpm *tpm, const struct digest *tag, struct bytes text, struct error *error)
{
	static const uint8_t nothing[TPM2_DIGEST_SIZE];
	const struct digest digest = digest_of(HASH_SHA256, text);
	uint8_t header[HEADER_SIZE];
	struct tpm2_writer writer = tpm2_writer_make(header, sizeof(header));
	int result;

	if (text.size > TPM_BASELINE_MAX_SIZE)
		return error_set(error, E_TOO_LARGE, BASELINE_OBJECT,
		                 "the list of what was measured has %zu bytes, more than the %d that the TPM keeps",
		                 text.size, TPM_BASELINE_MAX_SIZE);
	/* The record of the start tells the tag only while the text is whole. */
	result = tpm2_start_write_tag(tpm, nothing, error);
	if (result == 0)
		result = make_room(tpm, HEADER_SIZE + text.size, error);
	for (size_t done = 0; result == 0 && done < text.size; done += CHUNK_SIZE)
		result = tpm2_platform_write(tpm, BASELINE_INDEX, (uint16_t)(HEADER_SIZE + done),
		                             bytes_slice(text, done, CHUNK_SIZE), error);
	/* Last: until then what is there is damaged, or of before where nothing was written yet. */
	tpm2_put_u32(&writer, BASELINE_MAGIC);
	tpm2_put_u16(&writer, (uint16_t)text.size);
	tpm2_put(&writer, bytes_make(digest.data, CHECKSUM_SIZE));
	tpm2_put(&writer, digest_bytes(tag));
	if (result == 0)
		result = tpm2_platform_write(tpm, BASELINE_INDEX, 0, tpm2_written(&writer), error);
	return result < 0 ? result : tpm2_start_write_tag(tpm, tag->data, error);
}
