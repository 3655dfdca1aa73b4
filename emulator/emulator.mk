# SPDX-License-Identifier: GPL-2.0-or-later
# The emulated machine and its demo disk.

DEMO := $(BUILD)/demo
DEMO_ROM := $(BUILD)/$(BOARD)/heads-unowned.rom

.PHONY: run demo dongle

#: demo          builds $(BUILD)/demo/disk.img, a Debian 12 with a signed /boot, and $(BUILD)/demo/credentials
demo: $(DEMO)/disk.img

# The signing program is an order-only prerequisite: a demo disk in use is not made anew with each change of heads.
$(DEMO)/disk.img $(DEMO)/credentials $(DEMO)/owner.asc &: $(addprefix emulator/demo/,make-disk customize grub-probe heads-eventlog packages) \
		| $(BUILD)/packages/demo $(BUILD)/packages/host $(BUILD)/host/heads
	emulator/demo/make-disk --out $(DEMO) --heads $(BUILD)/host/heads

# The ROM of the demo machine knows the key of the demo owner.
$(DEMO)/heads.rom: $(DEMO_ROM) $(DEMO)/owner.asc firmware/rom-personalise
	firmware/rom-personalise --rom $< --out $@ --owner-key $(DEMO)/owner.asc

#: run           boots the emulated machine with the demo disk in this terminal (DISPLAY_MODE=gtk opens a window as well)
run: $(DEMO)/heads.rom $(DEMO)/disk.img | $(BUILD)/packages/machine $(if $(filter gtk,$(DISPLAY_MODE)),$(BUILD)/packages/machine-gui)
	@emulator/demo/greet $(DEMO)/credentials
	@DISPLAY_MODE=$(DISPLAY_MODE) emulator/run --rom $(DEMO)/heads.rom --disk $(DEMO)/disk.img --tpm-state $(DEMO)/tpm

# The virtual security dongle. It uses the floor `base` of heads.
DONGLE_SOURCES := $(sort $(wildcard emulator/dongle/*.c))
DONGLE_HEADERS := $(sort $(wildcard emulator/dongle/*.h))
DONGLE_LIBS := -lusbredirparser -lgcrypt -lgpg-error -pthread

#: dongle        the virtual USB security dongle: build/dongle (docs/emulator.md)
dongle: $(BUILD)/dongle

$(BUILD)/dongle: $(DONGLE_SOURCES) $(DONGLE_HEADERS) $(BUILD)/host/libheads.a | $(BUILD)/packages/dongle
	$(call say,host,$@)
	$(Q)$(host_CC) $(filter-out -MMD -MP,$(C_FLAGS)) $(host_FLAGS) -Iemulator/dongle $(DONGLE_SOURCES) $(BUILD)/host/libheads.a $(host_LINK) -o $@ $(DONGLE_LIBS)
