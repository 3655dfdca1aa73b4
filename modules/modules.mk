# SPDX-License-Identifier: GPL-2.0-or-later
# Third-party libraries for the ROM. The parts are described in modules/*.sh; docs/building.md tells the rest.

# Everything a ROM program is compiled against: headers, static libraries, and the compiler wrapper.
ROM_SYSROOT := $(BUILD)/rom/sysroot
ROM_CC := $(ROM_SYSROOT)/bin/musl-gcc
# Changes when the sysroot changes: let objects for the ROM depend on it.
ROM_SYSROOT_STAMP := $(ROM_SYSROOT)/parts
ROM_LIBRARIES := linux-headers libgcrypt json-c libqrencode libcryptsetup zlib bzip2 xz zstd lz4 lzo

.PHONY: rom-sysroot relock always
always:

$(ROM_SYSROOT_STAMP): always | $(BUILD)/packages/rom
	@modules/build --sysroot $(ROM_SYSROOT) $(ROM_LIBRARIES) >/dev/null

#: rom-sysroot   static libraries and compiler wrapper for programs in the ROM
rom-sysroot: $(ROM_SYSROOT_STAMP)

#: relock        writes the versions that Debian offers now into modules/lock
relock: | $(BUILD)/packages/rom
	modules/fetch --relock
