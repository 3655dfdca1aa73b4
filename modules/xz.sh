# shellcheck shell=bash disable=SC2034
SOURCE=xz-utils
LICENCE="0BSD"
WHY="reads initrds that are compressed with xz or lzma, to hand over the disk unlock key"
NEEDS="musl"

build()
{
	# Unpacking alone.
	./configure --host=x86_64-linux-musl --build=x86_64-linux-gnu --prefix=/rom --enable-static --disable-shared \
		--disable-encoders --disable-microlzma --disable-lzip-decoder --disable-threads --disable-nls --disable-doc \
		--disable-scripts --disable-xz --disable-xzdec --disable-lzmadec --disable-lzmainfo --disable-lzma-links \
		--enable-small
	make -j"$JOBS" -C src/liblzma
	make -C src/liblzma DESTDIR="$WORK/out" install
	cp -a "$WORK/out/rom/include" "$DEST/"
	mkdir "$DEST/lib"
	cp -a "$WORK/out/rom/lib/liblzma.a" "$DEST/lib/"
}
