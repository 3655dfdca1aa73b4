# SPDX-License-Identifier: GPL-2.0-or-later
# The program `heads`, built four ways from the same sources:
#   host  for this workstation, dynamic     build/host/heads
#   rom   for the flash chip, static, musl  build/rom/heads
#   asan  for the tests, with ASan + UBSan  build/asan/libheads.a
#   fuzz  for libFuzzer, clang              build/fuzz/libheads.a

SOURCES := $(sort $(wildcard src/*.c src/*/*.c))
HEADERS := $(sort $(wildcard src/*/*.h))
LIBRARY_SOURCES := $(filter-out src/main.c,$(SOURCES))

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wvla -Wformat=2 -Wundef \
            -Wwrite-strings -Wpointer-arith -Werror
DEFINES := -D_GNU_SOURCE -DHEADS_VERSION='"$(VERSION)"' -DHEADS_RELEASE_EPOCH=$(RELEASE_EPOCH)
C_FLAGS := -std=gnu11 $(WARNINGS) $(DEFINES) -Isrc -g -MMD -MP -pthread
HARDENING := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
LIBS := -lcryptsetup -ldevmapper -ljson-c -lqrencode -lz -lbz2 -llzma -lzstd -llz4 -llzo2 -lgcrypt -lgpg-error -pthread

# Objects are kept in the cache, under a hash of the preprocessed source, the options and the compiler's whole version.
# CCACHE_DISABLE=1 compiles all of them anew; `make release` and `make reproducible` say so.
CACHED := ccache
CCACHE_DIR ?= $(HEADS_CACHE)/ccache
CCACHE_NOHASHDIR ?= 1
CCACHE_COMPILERCHECK := %compiler% -v
export CCACHE_DIR CCACHE_NOHASHDIR CCACHE_COMPILERCHECK

HOST_CC := gcc
host_CC = $(HOST_CC)
host_FLAGS = -O2 $(HARDENING)
host_LINK = -pie -Wl,-z,relro,-z,now
host_LIBS = $(LIBS)
host_READY = $(BUILD)/packages/host

asan_CC = gcc
asan_FLAGS = -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
asan_LINK = -fsanitize=address,undefined
asan_LIBS = $(LIBS)
asan_READY = $(BUILD)/packages/host $(BUILD)/packages/test

fuzz_CC = clang
fuzz_FLAGS = -O1 -fno-omit-frame-pointer -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all
fuzz_LINK = -fsanitize=address,undefined,fuzzer
fuzz_LIBS = $(LIBS)
fuzz_READY = $(BUILD)/packages/host $(BUILD)/packages/fuzz

rom_CC = $(ROM_CC)
# ROM_CC makes static position-independent programs, so that the kernel places them at random addresses.
rom_FLAGS = -Os -ffunction-sections -fdata-sections -fstack-protector-strong -ffile-prefix-map=$(CURDIR)=.
rom_LINK = -Wl,--gc-sections -Wl,-z,relro,-z,now -Wl,--build-id=none
rom_LIBS = -lcryptsetup -ldevmapper -luuid $(LIBS)
rom_READY = $(BUILD)/packages/host $(ROM_SYSROOT_STAMP)

# One set of rules for each way.
define variant
$(BUILD)/$(1)/obj/%.o: src/%.c VERSION | $$($(1)_READY)
	@mkdir -p $$(@D)
	$$(call say,$(1),$$<)
	$$(Q)$$(CACHED) $$($(1)_CC) $$(C_FLAGS) $$($(1)_FLAGS) -c $$< -o $$@

$(BUILD)/$(1)/libheads.a: $$(LIBRARY_SOURCES:src/%.c=$(BUILD)/$(1)/obj/%.o)
	@rm -f $$@
	@ar rcsD $$@ $$^

$(BUILD)/$(1)/heads.debug: $(BUILD)/$(1)/obj/main.o $(BUILD)/$(1)/libheads.a
	$$(call say,$(1),$$@)
	$$(Q)$$($(1)_CC) $$($(1)_LINK) -o $$@ $$^ $$($(1)_LIBS)

-include $$(wildcard $(BUILD)/$(1)/obj/*.d $(BUILD)/$(1)/obj/*/*.d)
endef
$(foreach way,host asan fuzz rom,$(eval $(call variant,$(way))))

$(BUILD)/host/heads: $(BUILD)/host/heads.debug
	cp $< $@

$(BUILD)/asan/heads: $(BUILD)/asan/heads.debug
	cp $< $@

$(BUILD)/rom/heads: $(BUILD)/rom/heads.debug
	strip -s -o $@ $<

.PHONY: host
#: host          the program for this workstation: build/host/heads
host: $(BUILD)/host/heads
