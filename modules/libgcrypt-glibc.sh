# shellcheck shell=bash disable=SC2034
SOURCE=libgcrypt20-dev
LICENCE="LGPL-2.1-or-later"
WHY="cryptography of gpg, gpg-agent and scdaemon"

# Debian's binary package for glibc, as it is.
build()
{
	mkdir "$DEST/bin" "$DEST/include" "$DEST/lib"
	cp -a usr/include/gcrypt.h "$DEST/include/"
	cp -a usr/lib/x86_64-linux-gnu/libgcrypt.a "$DEST/lib/"
	cat >"$DEST/bin/libgcrypt-config" <<-'END'
		#!/bin/sh
		# What configure asks.
		for word; do
			case $word in
			--version) echo 1.10.1 ;;
			--api-version) echo 1 ;;
			--host) echo x86_64-pc-linux-gnu ;;
			--libs) echo -lgcrypt -lgpg-error ;;
			esac
		done
	END
	chmod +x "$DEST/bin/libgcrypt-config"
}
