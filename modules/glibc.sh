# shellcheck shell=bash disable=SC2034
SOURCE=libc6-dev
LICENCE="LGPL-2.1-or-later"
WHY="C library of gpg, gpg-agent and scdaemon: nPth is delivered as a binary for it alone"

build()
{
	mkdir "$DEST/lib" "$DEST/bin"
	cp -a usr/include "$DEST/"
	# One folder, as the other parts have it.
	cp -a "$DEST/include/x86_64-linux-gnu/." "$DEST/include/"
	rm -rf "$DEST/include/x86_64-linux-gnu"
	cp -a usr/lib/x86_64-linux-gnu/*.[ao] "$DEST/lib/"
	# The script of libm names its two halves by their place in Debian.
	sed -i 's:/usr/lib/x86_64-linux-gnu/::g' "$DEST/lib/libm.a"
	cat >"$DEST/bin/glibc-gcc" <<-'END'
		#!/bin/sh
		# Compiles and links static programs for the ROM with glibc.
		top=${0%/*}/..
		exec gcc -nostdinc -isystem "$top/include" -isystem "$(gcc -print-file-name=include)" \
			-idirafter "$top/kernel-include" -B"$top/lib/" -L"$top/lib" -static "$@"
	END
	chmod +x "$DEST/bin/glibc-gcc"
}
