# shellcheck shell=bash disable=SC2034
SOURCE=bzip2
LICENCE="bzip2-1.0.6"
WHY="reads initrds that are compressed with bzip2, to hand over the disk unlock key"
NEEDS="musl"

build()
{
	make CC=musl-gcc CFLAGS="$CFLAGS -DBZ_NO_STDIO" libbz2.a
	mkdir "$DEST/include" "$DEST/lib"
	cp libbz2.a "$DEST/lib/"
	cp bzlib.h "$DEST/include/"
}
