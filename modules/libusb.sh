# shellcheck shell=bash disable=SC2034
SOURCE=libusb-1.0
LICENCE="LGPL-2.1-or-later"
WHY="scdaemon reaches the security dongle through it"
NEEDS="glibc linux-headers"

build()
{
	# Debian's own libusb-1.0.a asks udev, which is not in the ROM.
	CC=glibc-gcc ./configure --host=x86_64-linux-gnu --build=x86_64-linux-gnu --prefix=/rom --enable-static \
		--disable-shared --disable-udev --disable-log
	make -j"$JOBS" -C libusb libusb-1.0.la
	mkdir "$DEST/include" "$DEST/lib"
	cp -a libusb/libusb.h "$DEST/include/"
	cp -a libusb/.libs/libusb-1.0.a "$DEST/lib/"
}
