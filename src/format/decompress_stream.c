/* SPDX-License-Identifier: GPL-2.0-or-later */
/* gzip, bzip2, xz, lzma and zstd: libraries that take input as they want it and give output as there is room. */
#include "base/cleanup.h"
#include "format/decompress_private.h"
#include <bzlib.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

/* What libbz2 calls where it is built without stdio, as for the ROM, and finds a mistake of its own. */
_Noreturn void bz_internal_error(int code);
_Noreturn void bz_internal_error(int code)
{
	(void)code;
	abort();
}

#define ZSTD_WINDOW_LOG 27 /* 128 MiB, as in Linux */
#define GZIP_ONLY       16 /* added to the window bits: no other header is accepted */

static struct bytes rest_of(const struct decompression *job)
{
	return bytes_slice(job->input, job->used, job->input.size);
}

/* zlib and bzip2 count in 32 bits. */
static unsigned int portion(size_t size)
{
	return size > 1U << 30 ? 1U << 30 : (unsigned int)size;
}

static int give(struct decompression *job, size_t size)
{
	return job->sink(job->context, bytes_make(job->room, size), job->error);
}

static void end_gzip(z_stream *stream)
{
	(void)inflateEnd(stream);
}

int decompress_gzip(struct decompression *job)
{
	CLEANUP(end_gzip) z_stream stream = {0};
	int status = inflateInit2(&stream, MAX_WBITS + GZIP_ONLY), r = 0;

	while (status == Z_OK && r == 0) {
		unsigned int offered = portion(rest_of(job).size);

		stream.next_in = (Bytef *)(uintptr_t)rest_of(job).data;
		stream.avail_in = offered;
		stream.next_out = job->room;
		stream.avail_out = (uInt)job->room_size;
		status = inflate(&stream, Z_NO_FLUSH);
		job->used += offered - stream.avail_in;
		r = give(job, job->room_size - stream.avail_out);
	}
	if (r == 0 && status != Z_STREAM_END)
		r = status == Z_MEM_ERROR ? decompress_no_memory(job) : decompress_damaged(job);
	return r;
}

static void end_bzip2(bz_stream *stream)
{
	(void)BZ2_bzDecompressEnd(stream);
}

int decompress_bzip2(struct decompression *job)
{
	CLEANUP(end_bzip2) bz_stream stream = {0};
	int status = BZ2_bzDecompressInit(&stream, 0, 0), r = 0;

	while (status == BZ_OK && r == 0) {
		unsigned int offered = portion(rest_of(job).size);

		stream.next_in = (char *)(uintptr_t)rest_of(job).data;
		stream.avail_in = offered;
		stream.next_out = (char *)job->room;
		stream.avail_out = (unsigned int)job->room_size;
		status = BZ2_bzDecompress(&stream);
		job->used += offered - stream.avail_in;
		if (status == BZ_OK && offered == 0 && stream.avail_out == job->room_size)
			break;
		r = give(job, job->room_size - stream.avail_out);
	}
	if (r == 0 && status != BZ_STREAM_END)
		r = status == BZ_MEM_ERROR ? decompress_no_memory(job) : decompress_damaged(job);
	return r;
}

static int run_lzma(struct decompression *job, lzma_stream *stream, lzma_ret status)
{
	int r = 0;

	stream->next_in = job->input.data;
	stream->avail_in = job->input.size;
	while (status == LZMA_OK && r == 0) {
		stream->next_out = job->room;
		stream->avail_out = job->room_size;
		status = lzma_code(stream, LZMA_RUN);
		r = give(job, job->room_size - stream->avail_out);
	}
	job->used = job->input.size - stream->avail_in;
	if (r < 0 || status == LZMA_STREAM_END)
		return r;
	if (status == LZMA_MEM_ERROR)
		return decompress_no_memory(job);
	if (status == LZMA_MEMLIMIT_ERROR)
		return error_set(job->error, E_TOO_LARGE, job->name,
		                 "the %s data in %s needs more memory to be unpacked than the %zu MiB it may have",
		                 job->format, job->name, DECOMPRESS_MEMORY >> 20);
	if (status == LZMA_OPTIONS_ERROR)
		return error_set(job->error, E_UNSUPPORTED, job->name,
		                 "the %s data in %s uses a filter that is not known", job->format, job->name);
	return decompress_damaged(job);
}

int decompress_xz(struct decompression *job)
{
	CLEANUP(lzma_end) lzma_stream stream = LZMA_STREAM_INIT;

	return run_lzma(job, &stream, lzma_stream_decoder(&stream, DECOMPRESS_MEMORY, 0));
}

int decompress_lzma(struct decompression *job)
{
	CLEANUP(lzma_end) lzma_stream stream = LZMA_STREAM_INIT;

	return run_lzma(job, &stream, lzma_alone_decoder(&stream, DECOMPRESS_MEMORY));
}

static void end_zstd(ZSTD_DStream **stream)
{
	(void)ZSTD_freeDStream(*stream);
}

int decompress_zstd(struct decompression *job)
{
	CLEANUP(end_zstd) ZSTD_DStream *stream = ZSTD_createDStream();
	ZSTD_inBuffer input = {job->input.data, job->input.size, 0};
	size_t left = 1;
	int r = 0;

	if (!stream || ZSTD_isError(ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG)))
		return decompress_no_memory(job);
	while (left > 0 && r == 0) {
		ZSTD_outBuffer output = {job->room, job->room_size, 0};
		size_t before = input.pos;

		left = ZSTD_decompressStream(stream, &output, &input);
		if (ZSTD_isError(left) || (input.pos == before && output.pos == 0))
			return decompress_damaged(job);
		r = give(job, output.pos);
	}
	job->used = input.pos;
	return r;
}
