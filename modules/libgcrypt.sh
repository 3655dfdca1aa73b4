# shellcheck shell=bash disable=SC2034
SOURCE=libgcrypt20
LICENCE="LGPL-2.1-or-later"
WHY="the one cryptographic library of the ROM: TPM sessions, hashing of /boot, signatures, and later LUKS"
NEEDS="musl libgpg-error"

build()
{
	# Only what the TPM client, gpgv and libcryptsetup ask for; MD5 so that gpgv can call it weak; the assembly and the CPU's SHA and AES stay in.
	./configure --host=x86_64-linux-musl --build=x86_64-linux-gnu --prefix=/rom --enable-static --disable-shared \
		--disable-doc --with-libgpg-error-prefix="$SYSROOT" \
		--enable-ciphers="aes chacha20" --enable-pubkey-ciphers="rsa dsa ecc elgamal" \
		--enable-digests="crc md5 rmd160 sha1 sha256 sha512 sha3 blake2" --enable-kdfs="s2k pkdf2 scrypt"
	make -j"$JOBS" -C compat
	make -j"$JOBS" -C mpi
	make -j"$JOBS" -C cipher
	make -j"$JOBS" -C random
	make -j"$JOBS" -C src
	make -C src DESTDIR="$WORK/out" install
	mkdir "$DEST/bin"
	cp -a "$WORK/out/rom/include" "$WORK/out/rom/lib" "$DEST/"
	cp -a "$WORK/out/rom/bin/libgcrypt-config" "$DEST/bin/"
	rm -f "$DEST/lib/"*.la
}
