# shellcheck shell=bash disable=SC2034
SOURCE=lz4
LICENCE="BSD-2-Clause"
WHY="reads initrds that are compressed with lz4, to hand over the disk unlock key"
NEEDS="musl"

build()
{
	make -C lib CC=musl-gcc CFLAGS="$CFLAGS" BUILD_SHARED=no liblz4.a
	mkdir "$DEST/include" "$DEST/lib"
	cp lib/liblz4.a "$DEST/lib/"
	cp lib/lz4.h lib/lz4frame.h "$DEST/include/"
}
