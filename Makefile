# SPDX-License-Identifier: GPL-2.0-or-later
# Heads: `make run` boots the emulated machine in this terminal, `make test` runs every test. `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -e -u -o pipefail -c
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc)
endif

# make V=1 shows every command.
Q := $(if $(V),,@)
say = @printf '  %-5s %s\n' $(1) $(2)

BUILD := build
# What is worth keeping outlives the checkout: third-party builds, objects, results of the checks.
export HEADS_CACHE := $(or $(HEADS_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/heads)
BOARD ?= qemu-q35-tpm2
VERSION := $(word 1,$(shell cat VERSION))
RELEASE_DATE := $(word 2,$(shell cat VERSION))
RELEASE_EPOCH := $(shell date -u -d $(RELEASE_DATE) +%s)
export SOURCE_DATE_EPOCH := $(RELEASE_EPOCH)

.PHONY: all help clean
all: host

# Kept, though nothing but other rules asks for them.
.PRECIOUS: $(BUILD)/packages/%

# The Debian packages of a list, installed where they are missing: `| $(BUILD)/packages/host`.
$(BUILD)/packages/%: modules/packages/%.list modules/install-packages
	@mkdir -p $(@D)
	modules/install-packages $*
	@touch $@

# modules.mk first: the rules of src.mk name its sysroot.
include modules/modules.mk
include src/src.mk
include firmware/firmware.mk
include emulator/emulator.mk
include tests/tests.mk

help:
	@sed -n 's/^#: //p' Makefile src/src.mk modules/modules.mk firmware/firmware.mk emulator/emulator.mk tests/tests.mk

#: clean         removes build/ (the cache of third-party builds stays)
clean:
	rm -rf $(BUILD)
