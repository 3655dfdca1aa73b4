# shellcheck shell=bash disable=SC2034
SOURCE=libzstd
LICENCE="BSD-3-Clause"
WHY="reads initrds that are compressed with zstd, to hand over the disk unlock key"
NEEDS="musl"

build()
{
	# Unpacking alone, without the assembly's second copy of the decoder.
	make -j"$JOBS" -C lib CC=musl-gcc CFLAGS="$CFLAGS -Os" ZSTD_LIB_COMPRESSION=0 ZSTD_LIB_DICTBUILDER=0 \
		ZSTD_LIB_DEPRECATED=0 ZSTD_LEGACY_SUPPORT=0 ZSTD_LIB_MINIFY=1 HUF_FORCE_DECOMPRESS_X1=1 \
		ZSTD_FORCE_DECOMPRESS_SEQUENCES_SHORT=1 libzstd.a
	mkdir "$DEST/include" "$DEST/lib"
	cp lib/libzstd.a "$DEST/lib/"
	cp lib/zstd.h lib/zstd_errors.h "$DEST/include/"
}
