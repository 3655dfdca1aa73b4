# shellcheck shell=bash disable=SC2034
SOURCE=libksba-dev
LICENCE="LGPL-3.0-or-later OR GPL-2.0-or-later"
WHY="ASN.1 for gpg-agent and scdaemon"

# Debian's binary package for glibc, as it is: the archive does not give its source.
build()
{
	mkdir "$DEST/bin" "$DEST/include" "$DEST/lib"
	cp -a usr/include/ksba.h "$DEST/include/"
	cp -a usr/lib/x86_64-linux-gnu/libksba.a "$DEST/lib/"
	cat >"$DEST/bin/ksba-config" <<-'END'
		#!/bin/sh
		# What configure asks.
		for word; do
			case $word in
			--version) echo 1.6.3 ;;
			--api-version) echo 1 ;;
			--host) echo x86_64-pc-linux-gnu ;;
			--libs) echo -lksba -lgpg-error ;;
			esac
		done
	END
	chmod +x "$DEST/bin/ksba-config"
}
