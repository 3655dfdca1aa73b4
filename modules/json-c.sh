# shellcheck shell=bash disable=SC2034
SOURCE=json-c
LICENCE="MIT"
WHY="writes and reads the JSON of 'heads --json'"
NEEDS="musl"

build()
{
	cmake -S . -B out -DCMAKE_BUILD_TYPE=None -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_INSTALL_PREFIX=/rom \
		-DCMAKE_INSTALL_LIBDIR=lib -DBUILD_SHARED_LIBS=OFF -DBUILD_TESTING=OFF -DBUILD_APPS=OFF \
		-DDISABLE_EXTRA_LIBS=ON -DDISABLE_WERROR=ON -DCMAKE_C_COMPILER="$SYSROOT/bin/musl-gcc"
	make -C out -j"$JOBS"
	make -C out DESTDIR="$WORK/out" install
	cp -a "$WORK/out/rom/include" "$DEST/"
	mkdir -p "$DEST/lib/pkgconfig"
	cp -a "$WORK/out/rom/lib/libjson-c.a" "$DEST/lib/"
}
