# shellcheck shell=bash disable=SC2034
SOURCE=libnpth0-dev
LICENCE="LGPL-2.1-or-later"
WHY="threads of gpg-agent and scdaemon"

# Debian's binary package for glibc, as it is: the archive does not give its source.
build()
{
	mkdir "$DEST/bin" "$DEST/include" "$DEST/lib"
	cp -a usr/include/npth.h "$DEST/include/"
	cp -a usr/lib/x86_64-linux-gnu/libnpth.a "$DEST/lib/"
	cat >"$DEST/bin/npth-config" <<-'END'
		#!/bin/sh
		# What configure asks.
		for word; do
			case $word in
			--version) echo 1.6 ;;
			--api-version) echo 1 ;;
			--host) echo x86_64-pc-linux-gnu ;;
			--libs) echo -lnpth -lpthread ;;
			esac
		done
	END
	chmod +x "$DEST/bin/npth-config"
}
