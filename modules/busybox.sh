# shellcheck shell=bash disable=SC2034
SOURCE=busybox
LICENCE="GPL-2.0-only"
WHY="the recovery shell and its tools; no boot path uses it"
NEEDS="musl linux-headers"
FILES="firmware/busybox.fragment"

build()
{
	local flags="$CFLAGS"
	unset CFLAGS LDFLAGS
	export KCONFIG_NOTIMESTAMP=1
	# allnoconfig takes no fragment here: say no to every option by name, then read the fragment.
	make gen_build_files >/dev/null
	local option line dropped=0
	grep -rhoE '^[[:space:]]*config [A-Za-z0-9_]+' --include=Config.in . | sort -u | while read -r _ option; do
		grep -q "^CONFIG_$option=" "$TOP/firmware/busybox.fragment" || echo "# CONFIG_$option is not set"
	done >.config
	cat "$TOP/firmware/busybox.fragment" >>.config
	(yes '' || true) | make oldconfig
	# What the fragment asks for and this version cannot have is an error, not a surprise in the field.
	while read -r line; do
		case $line in
		CONFIG_*=n) ! grep -q "^${line%n}" .config ;;
		CONFIG_*) grep -qxF "$line" .config ;;
		esac || { echo "busybox's configuration has not: $line"; dropped=1; }
	done <"$TOP/firmware/busybox.fragment"
	[ "$dropped" -eq 0 ]

	make -j"$JOBS" CC=musl-gcc HOSTCC=gcc EXTRA_CFLAGS="${flags/-O2/-Os}" SKIP_STRIP=y busybox
	strip busybox -o "$DEST/busybox"
	make CC=musl-gcc HOSTCC=gcc busybox.links
	sed 's:.*/::' busybox.links | sort >"$DEST/busybox.applets"
}
