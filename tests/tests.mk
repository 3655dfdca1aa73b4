# SPDX-License-Identifier: GPL-2.0-or-later
# Unit (pure), integration (swtpm), fuzz (libFuzzer) and machine (QEMU) tests; static checks.

UNIT_TESTS := $(sort $(wildcard tests/unit/test_*.c))
INTEGRATION_TESTS := $(sort $(wildcard tests/integration/test_*.c))
TEST_SUPPORT := $(filter-out $(INTEGRATION_TESTS),$(sort $(wildcard tests/integration/*.c)))
FUZZ_TARGETS := $(sort $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_SECONDS ?= 3

UNIT_PROGRAMS := $(UNIT_TESTS:tests/unit/%.c=$(BUILD)/tests/unit/%)
INTEGRATION_PROGRAMS := $(INTEGRATION_TESTS:tests/integration/%.c=$(BUILD)/tests/integration/%)
FUZZ_PROGRAMS := $(FUZZ_TARGETS:%=$(BUILD)/fuzz/fuzz_%)

TEST_FLAGS = $(C_FLAGS) $(asan_FLAGS) -Itests -DTEST_DATA='"$(CURDIR)/tests/data"' -DTEST_HEADS='"$(abspath $(BUILD))/asan/heads"'

TEST_LINK = $(asan_CC) $(filter %.o %.a %.so,$^) $(asan_LINK) -o $@ -lcmocka -lutil $(asan_LIBS)
SUPPORT_OBJECTS := $(TEST_SUPPORT:tests/%.c=$(BUILD)/tests/obj/%.o)

$(BUILD)/tests/obj/%.o: tests/%.c | $(asan_READY)
	@mkdir -p $(@D)
	$(call say,test,$<)
	$(Q)$(CACHED) $(asan_CC) $(TEST_FLAGS) -c $< -o $@

$(BUILD)/tests/unit/%: $(BUILD)/tests/obj/unit/%.o $(BUILD)/asan/libheads.a
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(TEST_LINK)

$(BUILD)/tests/integration/%: $(BUILD)/tests/obj/integration/%.o $(SUPPORT_OBJECTS) $(BUILD)/asan/libheads.a
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(TEST_LINK)

# A program to look at every kind of screen: docs/screens.md.
$(BUILD)/tests/ui-demo: tests/ui/ui-demo.c $(BUILD)/asan/libheads.a
	$(call say,test,$@)
	$(Q)$(asan_CC) $(TEST_FLAGS) $< $(BUILD)/asan/libheads.a $(asan_LINK) -o $@ $(asan_LIBS)

$(BUILD)/fuzz/target/%.o: tests/fuzz/%.c | $(fuzz_READY)
	@mkdir -p $(@D)
	$(call say,fuzz,$<)
	$(Q)$(CACHED) $(fuzz_CC) $(C_FLAGS) $(fuzz_FLAGS) -c $< -o $@

$(BUILD)/fuzz/fuzz_%: $(BUILD)/fuzz/target/fuzz_%.o $(BUILD)/fuzz/libheads.a
	$(call say,link,$@)
	$(Q)$(fuzz_CC) $^ $(fuzz_LINK) -o $@ $(fuzz_LIBS)

.SECONDARY: $(SUPPORT_OBJECTS) $(UNIT_TESTS:tests/%.c=$(BUILD)/tests/obj/%.o) $(INTEGRATION_TESTS:tests/%.c=$(BUILD)/tests/obj/%.o) \
	$(FUZZ_TARGETS:%=$(BUILD)/fuzz/target/fuzz_%.o)

-include $(wildcard $(BUILD)/tests/obj/*/*.d $(BUILD)/fuzz/target/*.d $(BUILD)/tests/dongle/obj/*/*.d)

.PHONY: test unit integration fuzz machine check format tidy cppcheck warnings coverage bench

#: test          runs every test; the last line is `N passed, N failed`
test:
	tests/run-all

#: unit          unit tests, with ASan and UBSan
unit: $(UNIT_PROGRAMS) $(BUILD)/asan/heads
	tests/run-cmocka unit $(UNIT_PROGRAMS)

#: integration   tests against swtpm, with ASan and UBSan
integration: $(INTEGRATION_PROGRAMS) $(BUILD)/asan/heads
	tests/run-cmocka integration $(INTEGRATION_PROGRAMS)

#: fuzz          replays each corpus and runs each fuzz target for FUZZ_SECONDS (3)
fuzz: $(FUZZ_PROGRAMS)
	tests/run-fuzz $(FUZZ_SECONDS) $(FUZZ_TARGETS)

#: machine       tests in QEMU, from power-on
machine: host rom demo dongle $(BUILD)/tests/dongle/pcsc.so | $(BUILD)/packages/machine
	HEADS_PATIENCE=$${HEADS_PATIENCE:-3} tests/machine/run

#: check         both compilers' warnings, clang-tidy, cppcheck, clang-format, shellcheck, unit and integration tests
check: warnings format tidy cppcheck unit integration

TEST_C := $(sort $(wildcard tests/*/*.c emulator/*/*.c))
CHECKED := $(SOURCES) $(HEADERS) $(TEST_C) $(sort $(wildcard tests/*/*.h))

# gcc's warnings are those of the host build; this adds clang's.
warnings: $(SOURCES:src/%.c=$(BUILD)/fuzz/obj/%.o) host

format: | $(BUILD)/packages/check
	clang-format --dry-run --Werror $(CHECKED)

TIDY_DONE := $(LIBRARY_SOURCES:src/%.c=$(BUILD)/tidy/%.ok) $(BUILD)/tidy/main.ok
$(BUILD)/tidy/%.ok: src/%.c .clang-tidy $(HEADERS) tests/tidy | $(BUILD)/packages/check $(BUILD)/packages/host
	@mkdir -p $(@D)
	$(call say,tidy,$<)
	$(Q)tests/tidy $< -std=gnu11 $(DEFINES) -Isrc
	@touch $@
tidy: $(TIDY_DONE)

# cppcheck does not know the cleanup attribute: its leaks are suppressed, ASan looks for them. It keeps its results by a
# checksum of each source's tokens; two at once must not write them.
CPPCHECK_KEPT := $(HEADS_CACHE)/cppcheck
cppcheck: | $(BUILD)/packages/check
	@mkdir -p $(CPPCHECK_KEPT)
	flock $(CPPCHECK_KEPT) cppcheck --cppcheck-build-dir=$(CPPCHECK_KEPT) --quiet --error-exitcode=1 --std=c11 --enable=warning,portability,performance --inline-suppr \
		--suppress=missingIncludeSystem --suppressions-list=tests/cppcheck-suppressions -j$(shell nproc) $(DEFINES) -Isrc src
	shellcheck modules/install-packages tests/run-all tests/tidy tests/dongle/with-gpg .ci/run emulator/demo/customize emulator/demo/heads-eventlog $(wildcard firmware/*.sh modules/*.sh)

#: coverage      lines of src/tpm and src/format that unit and integration tests run
coverage: | $(BUILD)/packages/test
	find $(BUILD)/coverage -name '*.gcda' -delete 2>/dev/null || true
	$(MAKE) BUILD=$(BUILD)/coverage asan_FLAGS='-O1 --coverage' asan_LINK=--coverage unit integration
	tests/coverage $(BUILD)/coverage/asan/obj src/tpm src/format

# The TPM's part of a boot, outside emulation.
$(BUILD)/tests/bench/tpm_boot: tests/bench/tpm_boot.c $(TEST_SUPPORT) $(BUILD)/host/libheads.a | $(BUILD)/packages/test
	@mkdir -p $(@D)
	$(call say,test,$@)
	$(Q)$(host_CC) $(C_FLAGS) $(host_FLAGS) -Itests $(filter %.c %.a,$^) $(host_LINK) -o $@ -lcmocka $(host_LIBS)

#: bench         measures; a table here, and build/bench.json
bench: host rom demo $(BUILD)/tests/bench/tpm_boot | $(BUILD)/packages/machine $(BUILD)/packages/bench
	tests/bench/run

# The virtual dongle in the tests: its parts for unit tests, and as a PC/SC library for GnuPG's scdaemon.
DONGLE_PARTS := $(filter-out emulator/dongle/main.c emulator/dongle/usb.c,$(DONGLE_SOURCES))
DONGLE_FLAGS = $(C_FLAGS) -Iemulator/dongle
DONGLE_OBJ := $(BUILD)/tests/dongle/obj
DONGLE_ASAN := $(DONGLE_PARTS:emulator/dongle/%.c=$(DONGLE_OBJ)/asan/%.o)
# What the shared libraries are made of: the dongle and the parts of the floor `base` that it uses.
DONGLE_SHARED := $(patsubst %.c,$(DONGLE_OBJ)/shared/%.o,$(notdir $(DONGLE_PARTS)) $(addprefix base_,bytes.c digest.c encode.c error.c file.c text.c))
DONGLE_SHARED_CC = $(CACHED) $(host_CC) $(DONGLE_FLAGS) -O2 -fPIC -fvisibility=hidden

$(DONGLE_OBJ)/asan/%.o: emulator/dongle/%.c | $(asan_READY) $(BUILD)/packages/dongle
	@mkdir -p $(@D)
	$(Q)$(CACHED) $(asan_CC) $(DONGLE_FLAGS) $(asan_FLAGS) -c $< -o $@
$(DONGLE_OBJ)/shared/base_%.o: src/base/%.c | $(host_READY)
	@mkdir -p $(@D)
	$(Q)$(DONGLE_SHARED_CC) -c $< -o $@
$(DONGLE_OBJ)/shared/%.o: emulator/dongle/%.c | $(host_READY)
	@mkdir -p $(@D)
	$(Q)$(DONGLE_SHARED_CC) -c $< -o $@
$(DONGLE_OBJ)/shared/%.o: tests/dongle/%.c | $(host_READY)
	@mkdir -p $(@D)
	$(Q)$(DONGLE_SHARED_CC) -c $< -o $@
# scdaemon looks for the functions of PC/SC in it.
$(DONGLE_OBJ)/shared/pcsc.o: DONGLE_SHARED_CC += -fvisibility=default
$(BUILD)/tests/obj/unit/test_dongle.o $(BUILD)/tests/obj/unit/test_dongle_usb.o: TEST_FLAGS += -Iemulator/dongle

$(BUILD)/tests/dongle/pcsc.so: $(DONGLE_OBJ)/shared/pcsc.o $(DONGLE_SHARED)
	$(call say,link,$@)
	$(Q)$(host_CC) -shared $^ -o $@ -lgcrypt -lgpg-error

$(BUILD)/tests/unit/test_dongle: $(BUILD)/tests/obj/unit/test_dongle.o $(DONGLE_ASAN) $(BUILD)/asan/libheads.a
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(TEST_LINK)

$(BUILD)/tests/integration/test_dongle_gpg $(BUILD)/tests/integration/test_openpgp_gpg $(BUILD)/tests/integration/test_key_command \
	$(BUILD)/tests/integration/test_ownership_gpg $(BUILD)/tests/integration/test_owner_reset: $(BUILD)/tests/dongle/pcsc.so

$(BUILD)/tests/unit/test_dongle_usb: $(BUILD)/tests/obj/unit/test_dongle_usb.o $(DONGLE_OBJ)/asan/usb.o $(DONGLE_ASAN) $(BUILD)/asan/libheads.a
	@mkdir -p $(@D)
	$(call say,link,$@)
	$(Q)$(TEST_LINK) -lusbredirparser

# Its HID side behind the TPM's tests: a shared library that shows the names of tests/dongle/hid_dongle.h alone keeps its
# own apart from those of heads.
$(BUILD)/tests/dongle/libhid_dongle.so: $(DONGLE_OBJ)/shared/hid_dongle.o $(DONGLE_SHARED)
	$(call say,link,$@)
	$(Q)$(host_CC) -shared $^ -o $@ -lgcrypt -lgpg-error

$(BUILD)/tests/integration/test_hotp_tpm: $(BUILD)/tests/dongle/libhid_dongle.so
$(BUILD)/tests/integration/test_hotp_tpm: asan_LINK += -Wl,-rpath,$(abspath $(BUILD))/tests/dongle
