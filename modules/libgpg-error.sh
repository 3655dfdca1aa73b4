# shellcheck shell=bash disable=SC2034
SOURCE=libgpg-error
LICENCE="LGPL-2.1-or-later"
WHY="error codes and base functions that libgcrypt needs"
NEEDS="musl"

build()
{
	./configure --host=x86_64-linux-musl --build=x86_64-linux-gnu --prefix=/rom --enable-static --disable-shared \
		--disable-doc --disable-tests --disable-nls --disable-languages --enable-install-gpg-error-config
	make -j"$JOBS"
	make DESTDIR="$WORK/out" install
	mkdir "$DEST/bin"
	cp -a "$WORK/out/rom/include" "$WORK/out/rom/lib" "$DEST/"
	cp -a "$WORK/out/rom/bin/"*-config "$DEST/bin/"
	rm -f "$DEST/lib/"*.la
}
