# shellcheck shell=bash disable=SC2034
SOURCE=lzo2
LICENCE="GPL-2.0-or-later"
WHY="reads initrds that are compressed with lzo, to hand over the disk unlock key"
NEEDS="musl"

build()
{
	# The one decoder that is used.
	# shellcheck disable=SC2086 # flags are words
	musl-gcc $CFLAGS -Iinclude -Isrc -c src/lzo1x_d2.c -o lzo1x_d2.o
	mkdir -p "$DEST/include/lzo" "$DEST/lib"
	ar rcsD "$DEST/lib/liblzo2.a" lzo1x_d2.o
	cp include/lzo/lzo1x.h include/lzo/lzoconf.h include/lzo/lzodefs.h "$DEST/include/lzo/"
}
