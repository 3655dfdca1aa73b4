# shellcheck shell=bash disable=SC2034
SOURCE=zlib
LICENCE="Zlib"
WHY="reads initrds that are compressed with gzip, to hand over the disk unlock key"
NEEDS="musl"

build()
{
	# Unpacking alone.
	local source objects=()
	for source in adler32 crc32 inffast inflate inftrees zutil; do
		# shellcheck disable=SC2086 # flags are words
		musl-gcc $CFLAGS -DHAVE_UNISTD_H -DHAVE_STDARG_H -I. -c "$source.c" -o "$source.o"
		objects+=("$source.o")
	done
	mkdir "$DEST/include" "$DEST/lib"
	ar rcsD "$DEST/lib/libz.a" "${objects[@]}"
	cp zlib.h zconf.h "$DEST/include/"
}
