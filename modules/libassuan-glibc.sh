# shellcheck shell=bash disable=SC2034
SOURCE=libassuan-dev
LICENCE="LGPL-2.1-or-later"
WHY="the protocol between gpg, gpg-agent and scdaemon"

# Debian's binary package for glibc, as it is.
build()
{
	mkdir "$DEST/bin" "$DEST/include" "$DEST/lib"
	cp -a usr/include/assuan.h "$DEST/include/"
	cp -a usr/lib/x86_64-linux-gnu/libassuan.a "$DEST/lib/"
	cat >"$DEST/bin/libassuan-config" <<-'END'
		#!/bin/sh
		# What configure asks.
		for word; do
			case $word in
			--version) echo 2.5.5 ;;
			--api-version) echo 2 ;;
			--host) echo x86_64-pc-linux-gnu ;;
			--libs) echo -lassuan -lgpg-error ;;
			esac
		done
	END
	chmod +x "$DEST/bin/libassuan-config"
}
