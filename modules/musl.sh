# shellcheck shell=bash disable=SC2034
SOURCE=musl-dev
LICENCE="MIT"
WHY="C library of every program in the ROM: small, static, and without locale or name-service machinery"

build()
{
	cp -a usr/include/x86_64-linux-musl "$DEST/include"
	mkdir "$DEST/lib"
	cp -a usr/lib/x86_64-linux-musl/*.[ao] "$DEST/lib/"
}
