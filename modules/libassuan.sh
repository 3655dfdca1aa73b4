# shellcheck shell=bash disable=SC2034
SOURCE=libassuan
LICENCE="LGPL-2.1-or-later"
WHY="the protocol between GnuPG's programs; GnuPG does not compile without its header"
NEEDS="musl libgpg-error"

build()
{
	./configure --host=x86_64-linux-musl --build=x86_64-linux-gnu --prefix=/rom --enable-static --disable-shared \
		--disable-doc --with-libgpg-error-prefix="$SYSROOT"
	make -j"$JOBS" -C src
	make -C src DESTDIR="$WORK/out" install
	mkdir "$DEST/bin" "$DEST/lib"
	cp -a "$WORK/out/rom/include" "$DEST/"
	cp -a "$WORK/out/rom/lib/libassuan.a" "$DEST/lib/"
	cp -a "$WORK/out/rom/bin/libassuan-config" "$DEST/bin/"
}
