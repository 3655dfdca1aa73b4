# SPDX-License-Identifier: GPL-2.0-or-later
# The ROM: coreboot, Linux, and the initramfs with heads. docs/building.md says how it is put together.
#
#   BOARD=NAME       a folder of boards/
#   OWNER_KEY=FILE   public key of the owner, as CBFS file heads/owner.asc; none without it
#   SETTINGS=FILE    settings of the owner, as CBFS file heads/config.user
#   ROM_PROGRAM=FILE the program that becomes /init
#   RELEASE=1        refuse any third-party source but the locked one

include boards/$(BOARD)/board.mk

ROM := $(BUILD)/$(BOARD)
BOARD_HWF_DENY := $(wildcard boards/$(BOARD)/hwf.deny)
ROM_PROGRAM ?= $(BUILD)/rom/heads
ROM_PARTS := linux coreboot gnupg gnupg-card busybox
RELEASE ?=
export RELEASE

.PHONY: rom sizes release reproducible

# Changes when a third-party part changes; $(ROM)/parts/ links to the parts.
$(ROM)/parts.json: always | $(BUILD)/packages/rom
	@mkdir -p $(@D)
	@modules/build --board $(BOARD) --link $(ROM)/parts --record $@ $(ROM_PARTS) $(ROM_LIBRARIES) >/dev/null

$(ROM)/initramfs.zst: $(ROM)/parts.json $(ROM_PROGRAM) boards/$(BOARD)/board.settings $(BOARD_HWF_DENY) firmware/make-initramfs VERSION
	firmware/make-initramfs --parts $(ROM)/parts --heads $(ROM_PROGRAM) --settings boards/$(BOARD)/board.settings \
		$(if $(BOARD_HWF_DENY),--hwf-deny $(BOARD_HWF_DENY)) --out $@

# Without an owner: what a release ships, and what the size budget and the bill of materials speak of.
$(ROM)/heads-unowned.rom: $(ROM)/parts.json $(ROM)/initramfs.zst boards/$(BOARD)/board.mk \
		$(addprefix firmware/,make-rom slot-mark size-budget sizes bill-of-materials)
	firmware/make-rom --coreboot $(ROM)/parts/coreboot/coreboot.rom --kernel $(ROM)/parts/linux/bzImage \
		--initramfs $(ROM)/initramfs.zst --command-line '$(BOARD_COMMAND_LINE)' --bytes $(BOARD_FLASH_BYTES) --out $@
	@firmware/sizes --rom $@ --kernel $(ROM)/parts/linux/bzImage --initramfs $(ROM)/initramfs.zst \
		--program heads=$(ROM_PROGRAM) --program gpgv=$(ROM)/parts/gnupg/gpgv \
		$(foreach program,gpg gpg-agent scdaemon,--program $(program)=$(ROM)/parts/gnupg-card/$(program)) \
		--program busybox=$(ROM)/parts/busybox/busybox --budget firmware/size-budget --json $(ROM)/sizes.json >$(ROM)/sizes.txt
	@firmware/bill-of-materials --parts $(ROM)/parts.json --rom $@ --board $(BOARD) --version $(VERSION) \
		--out $(ROM)/heads.spdx.json

# OWNER_KEY and SETTINGS may be another file than the last time.
$(ROM)/heads.rom: $(ROM)/heads-unowned.rom $(OWNER_KEY) $(SETTINGS) firmware/rom-personalise $(ROM)/personal
	@firmware/rom-personalise --rom $< --out $@ $(if $(OWNER_KEY),--owner-key $(OWNER_KEY)) $(if $(SETTINGS),--settings $(SETTINGS))

$(ROM)/personal: always
	@mkdir -p $(@D)
	@echo '$(OWNER_KEY) $(SETTINGS)' | cmp -s - $@ || echo '$(OWNER_KEY) $(SETTINGS)' >$@

#: rom           $(BUILD)/$(BOARD)/heads.rom, with OWNER_KEY=FILE and SETTINGS=FILE of the owner
rom: $(ROM)/heads.rom
	@cat $(ROM)/sizes.txt
	@sha256sum $<

#: sizes         weighs the parts of the ROM against firmware/size-budget
sizes: $(ROM)/heads-unowned.rom
	@cat $(ROM)/sizes.txt

#: release       the ROM from locked sources and a clean tree alone
release:
	firmware/make-release $(BOARD)

#: reproducible  builds the ROM in two places and compares (REPRO_FULL=1: third-party parts too)
reproducible:
	firmware/compare-builds $(BOARD)
