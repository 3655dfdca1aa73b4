# shellcheck shell=bash disable=SC2034
SOURCE=libgpg-error-dev
LICENCE="LGPL-2.1-or-later"
WHY="what GnuPG's programs and libgcrypt stand on"

# Debian's binary package for glibc, as it is.
build()
{
	mkdir "$DEST/bin" "$DEST/include" "$DEST/lib"
	cp -a usr/include/x86_64-linux-gnu/gp*.h "$DEST/include/"
	cp -a usr/lib/x86_64-linux-gnu/libgpg-error.a "$DEST/lib/"
	cat >"$DEST/bin/gpg-error-config" <<-'END'
		#!/bin/sh
		# What configure asks.
		for word; do
			case $word in
			--version) echo 1.46 ;;
			--api-version) echo 1 ;;
			--host) echo x86_64-pc-linux-gnu ;;
			--libs) echo -lgpg-error ;;
			esac
		done
	END
	chmod +x "$DEST/bin/gpg-error-config"
}
