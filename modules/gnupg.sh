# shellcheck shell=bash disable=SC2034
SOURCE=gnupg2
LICENCE="GPL-3.0-or-later"
WHY="gpgv: checks the owner's signature over /boot"
NEEDS="musl libgpg-error libgcrypt libassuan"

build()
{
	# gpgv uses neither libksba nor nPth, but configure stops without them.
	sed -i -E 's/^if test ".have_(ksba|npth)" = "no"; then/if false; then/' configure
	CFLAGS="${CFLAGS/-O2/-Os}" ./configure --host=x86_64-linux-musl --build=x86_64-linux-gnu --prefix=/rom \
		--with-libgpg-error-prefix="$SYSROOT" --with-libgcrypt-prefix="$SYSROOT" \
		--with-libassuan-prefix="$SYSROOT" \
		--disable-gpgsm --disable-scdaemon --disable-agent --disable-dirmngr --disable-g13 --disable-tools \
		--disable-gpgtar --disable-wks-tools --disable-doc --disable-nls --disable-card-support \
		--disable-ccid-driver --disable-gnutls --disable-ldap --disable-sqlite --disable-tofu --disable-zip \
		--disable-bzip2 --disable-photo-viewers --disable-libdns --disable-regex --disable-ntbtls \
		--without-readline --disable-tests
	# ... and neither do the two sources that include its header.
	sed -i -E 's/[^ \t]*(ksba-io-support|audit)\.[^ \t]*//g' common/Makefile
	make -j"$JOBS" -C common libcommon.a libgpgrl.a
	make -j"$JOBS" -C regexp
	make -j"$JOBS" -C kbx libkeybox.a
	make -j"$JOBS" -C g10 gpgv
	strip g10/gpgv -o "$DEST/gpgv"
}
