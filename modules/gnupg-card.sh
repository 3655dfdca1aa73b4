# shellcheck shell=bash disable=SC2034
SOURCE=gnupg2
LICENCE="GPL-3.0-or-later"
WHY="gpg, gpg-agent and scdaemon: the owner's keys, and the security dongle that holds them"
NEEDS="glibc linux-headers npth-glibc libgpg-error-glibc libgcrypt-glibc libassuan-glibc libksba-glibc libusb"

build()
{
	# The folders are those of the ROM: gpg finds gpg-agent in /bin, and gpg-agent scdaemon.
	CC=glibc-gcc CFLAGS="${CFLAGS/-O2/-Os}" ac_cv_path_GPGRT_CONFIG=no \
		./configure --host=x86_64-linux-gnu --build=x86_64-linux-gnu --prefix=/ --bindir=/bin --libexecdir=/bin \
		--with-libgpg-error-prefix="$SYSROOT" --with-libgcrypt-prefix="$SYSROOT" \
		--with-libassuan-prefix="$SYSROOT" --with-libksba-prefix="$SYSROOT" --with-npth-prefix="$SYSROOT" \
		--enable-card-support --enable-ccid-driver \
		--disable-gpgsm --disable-dirmngr --disable-g13 --disable-tools --disable-gpgtar --disable-wks-tools \
		--disable-doc --disable-nls --disable-gnutls --disable-ldap --disable-sqlite --disable-tofu \
		--disable-bzip2 --disable-zip --disable-photo-viewers --disable-libdns --disable-regex --disable-ntbtls \
		--without-readline --disable-tests
	make -j"$JOBS" -C common
	make -j"$JOBS" -C regexp
	make -j"$JOBS" -C kbx libkeybox.a libkeybox509.a
	make -j"$JOBS" -C g10 gpg
	make -j"$JOBS" -C agent gpg-agent
	make -j"$JOBS" -C scd scdaemon
	strip g10/gpg -o "$DEST/gpg"
	strip agent/gpg-agent -o "$DEST/gpg-agent"
	strip scd/scdaemon -o "$DEST/scdaemon"
}
