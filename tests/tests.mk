# SPDX-License-Identifier: GPL-2.0-or-later
# Unit (pure), integration (swtpm), fuzz (libFuzzer) and machine (QEMU) tests; static checks.

UNIT_TESTS := $(sort $(wildcard tests/unit/test_*.c))
INTEGRATION_TESTS := $(sort $(wildcard tests/integration/test_*.c))
TEST_SUPPORT := $(filter-out $(INTEGRATION_TESTS),$(sort $(wildcard tests/integration/*.c)))
FUZZ_TARGETS := $(sort $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_SECONDS ?= 5

UNIT_PROGRAMS := $(UNIT_TESTS:tests/unit/%.c=$(BUILD)/tests/unit/%)
INTEGRATION_PROGRAMS := $(INTEGRATION_TESTS:tests/integration/%.c=$(BUILD)/tests/integration/%)
FUZZ_PROGRAMS := $(FUZZ_TARGETS:%=$(BUILD)/fuzz/fuzz_%)

TEST_FLAGS = $(C_FLAGS) $(asan_FLAGS) -Itests -DTEST_DATA='"$(CURDIR)/tests/data"' -DTEST_HEADS='"$(abspath $(BUILD))/asan/heads"'

$(BUILD)/tests/unit/%: tests/unit/%.c $(BUILD)/asan/libheads.a
	@mkdir -p $(@D)
	$(call say,test,$@)
	$(Q)$(asan_CC) $(TEST_FLAGS) $< $(BUILD)/asan/libheads.a $(asan_LINK) -o $@ -lcmocka -lutil $(asan_LIBS)

$(BUILD)/tests/integration/%: tests/integration/%.c $(TEST_SUPPORT) $(BUILD)/asan/libheads.a | $(BUILD)/packages/test
	@mkdir -p $(@D)
	$(call say,test,$@)
	$(Q)$(asan_CC) $(TEST_FLAGS) $< $(TEST_SUPPORT) $(BUILD)/asan/libheads.a $(asan_LINK) -o $@ -lcmocka -lutil $(asan_LIBS)

# A program to look at every kind of screen: docs/screens.md.
$(BUILD)/tests/ui-demo: tests/ui/ui-demo.c $(BUILD)/asan/libheads.a
	$(call say,test,$@)
	$(Q)$(asan_CC) $(TEST_FLAGS) $< $(BUILD)/asan/libheads.a $(asan_LINK) -o $@ $(asan_LIBS)

$(BUILD)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(BUILD)/fuzz/libheads.a
	$(call say,fuzz,$@)
	$(Q)$(fuzz_CC) $(C_FLAGS) $(fuzz_FLAGS) $< $(BUILD)/fuzz/libheads.a $(fuzz_LINK) -o $@ $(fuzz_LIBS)

-include $(wildcard $(BUILD)/tests/unit/*.d $(BUILD)/tests/integration/*.d $(BUILD)/fuzz/*.d)

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

#: fuzz          replays each corpus and runs each fuzz target for FUZZ_SECONDS (5)
fuzz: $(FUZZ_PROGRAMS)
	tests/run-fuzz $(FUZZ_SECONDS) $(FUZZ_TARGETS)

#: machine       tests in QEMU, from power-on
machine: host rom demo dongle $(BUILD)/tests/dongle/pcsc.so | $(BUILD)/packages/machine
	HEADS_PATIENCE=$${HEADS_PATIENCE:-2} tests/machine/run

#: check         both compilers' warnings, clang-tidy, cppcheck, clang-format, shellcheck, unit and integration tests
check: warnings format tidy cppcheck unit integration

TEST_C := $(sort $(wildcard tests/*/*.c emulator/*/*.c))
CHECKED := $(SOURCES) $(HEADERS) $(TEST_C) $(sort $(wildcard tests/*/*.h))

# gcc's warnings are those of the host build; this adds clang's.
warnings: $(SOURCES:src/%.c=$(BUILD)/fuzz/obj/%.o) host

format: | $(BUILD)/packages/check
	clang-format --dry-run --Werror $(CHECKED)

TIDY_DONE := $(LIBRARY_SOURCES:src/%.c=$(BUILD)/tidy/%.ok) $(BUILD)/tidy/main.ok
$(BUILD)/tidy/%.ok: src/%.c .clang-tidy $(HEADERS) | $(BUILD)/packages/check $(BUILD)/packages/host
	@mkdir -p $(@D)
	$(call say,tidy,$<)
	$(Q)clang-tidy --quiet $< -- -std=gnu11 $(DEFINES) -Isrc 2>&1 | { grep -v 'warnings generated' || true; }
	@touch $@
tidy: $(TIDY_DONE)

# cppcheck does not know the cleanup attribute: its leaks are suppressed, ASan looks for them.
cppcheck: | $(BUILD)/packages/check
	cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability,performance --inline-suppr \
		--suppress=missingIncludeSystem --suppressions-list=tests/cppcheck-suppressions -j$(shell nproc) $(DEFINES) -Isrc src
	shellcheck modules/install-packages tests/run-all tests/dongle/with-gpg .ci/run emulator/demo/customize emulator/demo/heads-eventlog $(wildcard firmware/*.sh modules/*.sh)

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
DONGLE_FLAGS = $(filter-out -MMD -MP,$(C_FLAGS)) -Iemulator/dongle

$(BUILD)/tests/dongle/pcsc.so: tests/dongle/pcsc.c $(DONGLE_PARTS) $(DONGLE_HEADERS) $(addprefix src/base/,bytes.c digest.c encode.c error.c file.c text.c)
	@mkdir -p $(@D)
	$(call say,test,$@)
	$(Q)$(host_CC) $(DONGLE_FLAGS) -O2 -fPIC -shared -fvisibility=default $(filter %.c,$^) -o $@ -lgcrypt -lgpg-error

$(BUILD)/tests/unit/test_dongle: tests/unit/test_dongle.c $(DONGLE_PARTS) $(DONGLE_HEADERS) $(BUILD)/asan/libheads.a
	@mkdir -p $(@D)
	$(call say,test,$@)
	$(Q)$(asan_CC) $(DONGLE_FLAGS) $(asan_FLAGS) -Itests $(filter %.c %.a,$^) $(asan_LINK) -o $@ -lcmocka $(asan_LIBS)

$(BUILD)/tests/integration/test_dongle_gpg $(BUILD)/tests/integration/test_openpgp_gpg $(BUILD)/tests/integration/test_key_command \
	$(BUILD)/tests/integration/test_ownership_gpg: $(BUILD)/tests/dongle/pcsc.so

$(BUILD)/tests/unit/test_dongle_usb: tests/unit/test_dongle_usb.c emulator/dongle/usb.c $(DONGLE_PARTS) $(DONGLE_HEADERS) $(BUILD)/asan/libheads.a | $(BUILD)/packages/dongle
	@mkdir -p $(@D)
	$(call say,test,$@)
	$(Q)$(asan_CC) $(DONGLE_FLAGS) $(asan_FLAGS) -Itests $(filter %.c %.a,$^) $(asan_LINK) -o $@ -lcmocka -lusbredirparser $(asan_LIBS)

# Its HID side behind the TPM's tests: a shared library keeps its names apart from those of heads.
$(BUILD)/tests/dongle/libhid_dongle.so: tests/dongle/hid_dongle.c tests/dongle/hid_dongle.h $(DONGLE_PARTS) $(DONGLE_HEADERS) $(addprefix src/base/,bytes.c digest.c encode.c error.c file.c text.c)
	@mkdir -p $(@D)
	$(call say,test,$@)
	$(Q)$(host_CC) $(DONGLE_FLAGS) -O2 -fPIC -shared -fvisibility=hidden $(filter %.c,$^) -o $@ -lgcrypt -lgpg-error

$(BUILD)/tests/integration/test_hotp_tpm: tests/integration/test_hotp_tpm.c $(TEST_SUPPORT) $(BUILD)/asan/libheads.a $(BUILD)/tests/dongle/libhid_dongle.so | $(BUILD)/packages/test
	@mkdir -p $(@D)
	$(call say,test,$@)
	$(Q)$(asan_CC) $(TEST_FLAGS) $(filter %.c %.a %.so,$^) -Wl,-rpath,$(abspath $(BUILD))/tests/dongle $(asan_LINK) -o $@ -lcmocka -lutil $(asan_LIBS)
