# shellcheck shell=bash disable=SC2034
SOURCE=lvm2
LICENCE="LGPL-2.1-only"
WHY="the device-mapper interface of libcryptsetup; Heads maps logical volumes with it, and opens the root of an encrypted disk for reading"
NEEDS="musl linux-headers"

build()
{
	ac_cv_func_malloc_0_nonnull=yes ac_cv_func_realloc_0_nonnull=yes \
		./configure --host=x86_64-linux-musl --build=x86_64-linux-gnu --prefix=/rom --enable-static_link \
		--disable-selinux --disable-udev-systemd-background-jobs --disable-dmeventd --disable-readline \
		--with-thin=none --with-cache=none --with-vdo=none --with-writecache=none --with-integrity=none
	make -j"$JOBS" -C include
	make -j"$JOBS" -C libdm ioctl/libdevmapper.a
	mkdir -p "$DEST/include" "$DEST/lib/pkgconfig"
	cp -a libdm/libdevmapper.h "$DEST/include/"
	cp -a libdm/ioctl/libdevmapper.a "$DEST/lib/"
	cp -a libdm/libdevmapper.pc "$DEST/lib/pkgconfig/"
}
