# shellcheck shell=bash disable=SC2034
SOURCE=linux-libc-dev
LICENCE="GPL-2.0-only WITH Linux-syscall-note"
WHY="kernel interface headers (ioctl numbers and structures) for the programs in the ROM"

build()
{
	mkdir "$DEST/kernel-include"
	cp -a usr/include/linux usr/include/asm-generic usr/include/mtd "$DEST/kernel-include/"
	cp -a usr/include/x86_64-linux-gnu/asm "$DEST/kernel-include/"
}
