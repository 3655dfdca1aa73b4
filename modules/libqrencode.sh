# shellcheck shell=bash disable=SC2034
SOURCE=qrencode
LICENCE="LGPL-2.1-or-later"
WHY="draws the QR code with which the owner enrols the TOTP secret"
NEEDS="musl"

build()
{
	./configure --host=x86_64-linux-musl --build=x86_64-linux-gnu --prefix=/rom --enable-static --disable-shared \
		--without-tools --without-tests --disable-thread-safety
	make -j"$JOBS"
	make DESTDIR="$WORK/out" install
	cp -a "$WORK/out/rom/include" "$DEST/"
	mkdir "$DEST/lib"
	cp -a "$WORK/out/rom/lib/libqrencode.a" "$DEST/lib/"
}
