# shellcheck shell=bash disable=SC2034
SOURCE=coreboot
LICENCE="GPL-2.0-only"
WHY="starts the machine, measures each stage into the TPM, and hands over to our kernel"
FILES="boards/@BOARD@/coreboot.config boards/@BOARD@/flash.fmd firmware/patches/coreboot-0001-qemu-q35-memory-mapped.patch firmware/patches/coreboot-0002-build-time.patch firmware/patches/coreboot-0003-payload-slots.patch"
TOOLS="acpica-tools nasm lib32gcc-12-dev"

build()
{
	unset CC CFLAGS LDFLAGS
	# No git tree around the build may have a say.
	export GIT_CEILING_DIRECTORIES="$WORK"
	local file
	for file in $FILES; do
		case $file in *.patch) patch -p1 <"$TOP/$file" ;; esac
	done
	cp "$TOP/boards/$BOARD/coreboot.config" .config
	cp "$TOP/boards/$BOARD/flash.fmd" flash.fmd
	# Not the version of Heads: stages that did not change shall not differ, so that an update can leave them alone.
	local coreboot=(make UPDATED_SUBMODULES=1 "KERNELVERSION=4.15-heads" CPUS="$JOBS" BUILD_TIMELESS=)
	"${coreboot[@]}" olddefconfig
	# gcc 12 warns about one comparison of arrays; olddefconfig makes that an error again.
	sed -i 's/^CONFIG_WARNINGS_ARE_ERRORS=y/# CONFIG_WARNINGS_ARE_ERRORS is not set/' .config

	local line dropped=0
	while read -r line; do
		case $line in
		CONFIG_*) grep -qxF "$line" .config || { echo "coreboot's configuration has not: $line"; dropped=1; } ;;
		esac
	done <"$TOP/boards/$BOARD/coreboot.config"
	[ "$dropped" -eq 0 ]

	"${coreboot[@]}" -j"$JOBS"
	cp build/coreboot.rom "$DEST/coreboot.rom"
	cp .config "$DEST/config"
}
