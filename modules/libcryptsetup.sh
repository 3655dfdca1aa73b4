# shellcheck shell=bash disable=SC2034
SOURCE=cryptsetup
LICENCE="LGPL-2.1-or-later"
WHY="key slots of LUKS volumes: the disk unlock key is put into one of its own"
NEEDS="musl linux-headers libgpg-error libgcrypt json-c libuuid libdevmapper"
TOOLS="autoconf automake libtool gettext autopoint"

build()
{
	./autogen.sh
	# configure asks for popt, which only the command line tools use.
	export JSON_C_CFLAGS="-I$SYSROOT/include/json-c" JSON_C_LIBS="-ljson-c"
	export DEVMAPPER_CFLAGS="-I$SYSROOT/include" DEVMAPPER_LIBS="-ldevmapper"
	ac_cv_lib_popt_poptConfigFileToString=yes CFLAGS="${CFLAGS/-O2/-Os}" \
		./configure --host=x86_64-linux-musl --build=x86_64-linux-gnu --prefix=/rom --enable-static --disable-shared \
		--with-crypto_backend=gcrypt --enable-internal-argon2 --disable-nls --disable-udev --disable-selinux \
		--disable-blkid --disable-ssh-token --disable-external-tokens --disable-asciidoc --disable-cryptsetup \
		--disable-veritysetup --disable-integritysetup --with-libgcrypt-prefix="$SYSROOT"
	make -j"$JOBS" libcryptsetup.la
	mkdir -p "$DEST/include" "$DEST/lib"
	cp -a lib/libcryptsetup.h "$DEST/include/"
	cp -a .libs/libcryptsetup.a "$DEST/lib/"
}
