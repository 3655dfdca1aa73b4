# shellcheck shell=bash disable=SC2034
SOURCE=linux-source-6.1
TOOLS="zstd"
LICENCE="GPL-2.0-only WITH Linux-syscall-note"
WHY="the kernel under heads: drivers for disk, USB, TPM, screen and flash, and kexec"
FILES="firmware/linux.fragment boards/@BOARD@/linux.fragment firmware/patches/linux-0001-kexec-no-digest.patch"

build()
{
	unset CC CFLAGS LDFLAGS
	tar -xf usr/src/linux-source-6.1.tar.xz --strip-components=1
	local file
	for file in $FILES; do
		case $file in *.patch) patch -p1 <"$TOP/$file" ;; esac
	done
	cat "$TOP/firmware/linux.fragment" "$TOP/boards/$BOARD/linux.fragment" >"$WORK/fragment"
	export KBUILD_BUILD_USER=heads KBUILD_BUILD_HOST=heads KBUILD_BUILD_VERSION=1
	KBUILD_BUILD_TIMESTAMP=$(date -u -d "@$SOURCE_DATE_EPOCH")
	export KBUILD_BUILD_TIMESTAMP
	make KCONFIG_ALLCONFIG="$WORK/fragment" allnoconfig

	# Kconfig drops what it does not know or cannot have; nothing may get lost that way.
	local line option dropped=0
	while read -r line; do
		case $line in CONFIG_*=*) ;; *) continue ;; esac
		option=${line%%=*}
		case $line in
		*=n) ! grep -q "^$option=" .config ;;
		*) grep -qxF "$line" .config ;;
		esac || { echo "the kernel's configuration has not: $line ($(grep "^$option=" .config || echo absent))"; dropped=1; }
	done <"$WORK/fragment"
	[ "$dropped" -eq 0 ]

	# Optimised for size, both copy an initrd byte by byte (rep movsb); so they copy eight at once, or call memcpy, which
	# does what suits the processor.
	make -j"$JOBS" CFLAGS_iov_iter.o=-O2 CFLAGS_kexec_core.o=-O2 bzImage
	cp arch/x86/boot/bzImage "$DEST/bzImage"
	cp .config "$DEST/config"
	cp usr/gen_init_cpio "$DEST/gen_init_cpio"
}
