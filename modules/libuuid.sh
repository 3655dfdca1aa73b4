# shellcheck shell=bash disable=SC2034
SOURCE=util-linux
LICENCE="BSD-3-Clause"
WHY="UUIDs of LUKS volumes: libcryptsetup needs it"
NEEDS="musl linux-headers"

build()
{
	./configure --host=x86_64-linux-musl --build=x86_64-linux-gnu --prefix=/rom --enable-static --disable-shared \
		--disable-all-programs --enable-libuuid --disable-nls --without-python --disable-asciidoc
	make -j"$JOBS" libuuid.la libuuid/uuid.pc
	mkdir -p "$DEST/include/uuid" "$DEST/lib/pkgconfig"
	cp -a libuuid/src/uuid.h "$DEST/include/uuid/"
	cp -a .libs/libuuid.a "$DEST/lib/"
	cp -a libuuid/uuid.pc "$DEST/lib/pkgconfig/"
}
