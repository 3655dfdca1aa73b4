# SPDX-License-Identifier: GPL-2.0-or-later
"""The demo machine: from power-on to a Debian's login, and what that Debian can and cannot ask of the TPM."""

import os
import re

from boot_steps import TO_MENU, logged_pcrs, require
from fixtures import HEADS, SHARED, locked, rom_for, run
from machine import TOP, Machine
from owner_steps import enrol, expect_code, extended, force

PROMPT = rb"root@demo:[^\r\n]*# "


class Demo:
    """A demo disk for the tests alone: that of `make run` may be in use, or changed by its owner."""

    def __init__(self):
        out, program = os.path.join(SHARED, "demo"), os.path.join(TOP, "emulator", "demo", "make-disk")
        self.disk = os.path.join(out, "disk.img")
        with locked("demo"):
            if not os.path.exists(self.disk) or os.path.getmtime(self.disk) < os.path.getmtime(program):
                run([program, "--out", out, "--heads", HEADS])
        self.values = {}
        with open(os.path.join(out, "credentials"), encoding="utf-8") as stream:
            for line in stream:
                key, _, value = line.rstrip("\n").partition("=")
                self.values[key] = value
        self.public = self.values["OWNER_KEY"]

    def log_in(self, machine):
        """From the kernel's start to root's prompt."""
        machine.expect(rb"unlock disk [^\r\n]*: ?", 180)
        machine.settle(quiet=1)
        machine.send(self.values["DISK_PASSPHRASE"] + "\n")
        machine.expect(rb"demo login: ", 240)
        machine.send("root\n")
        machine.expect(rb"Password: ", 30)
        machine.send(self.values["ROOT_PASSWORD"] + "\n")
        machine.expect(PROMPT, 60)


def shell(machine, command, seconds=60):
    """Runs a line at root's prompt; returns (status, output)."""
    machine.send(f"{command}; echo status''=$?\n")
    start = machine.position
    match = machine.expect(rb"status=(\d+)", seconds)
    machine.expect(PROMPT, 30)
    return int(match.group(1)), machine.output[start:match.start()].decode("utf-8", "backslashreplace")


def debian_pcrs(machine):
    """PCRs 0 to 9 as tpm2-tools read them inside Debian."""
    status, text = shell(machine, "tpm2_pcrread -T device:/dev/tpmrm0 sha256:0,1,2,3,4,5,6,7,8,9")
    found = {int(n): value.lower() for n, value in re.findall(r"(\d+) *: 0x([0-9A-Fa-f]{64})", text)}
    require(status == 0 and len(found) == 10, f"tpm2_pcrread ended with {status}: {text}")
    return found


def expect_sealed(machine):
    """The TOTP secret is there, and the TPM refuses it because of the PCRs, not for another reason."""
    status, text = shell(machine, "tpm2_readpublic -T device:/dev/tpmrm0 -c 0x81004d47")
    require(status == 0, f"the sealed object cannot be found: {text}")
    status, text = shell(machine, "tpm2_unseal -T device:/dev/tpmrm0 -c 0x81004d47 -p pcr:sha256:0,1,2,3,4,7 | tee /tmp/secret; "
                                  "test -s /tmp/secret")
    require(status != 0, f"Debian got the TOTP secret out of the TPM: {text}")
    require(re.search(r"(?i)0x99d|policy check failed|PolicyPCR", text), f"the TPM refused for another reason: {text}")


def expect_log(machine, pcrs):
    """The event log is where docs/event-log.md says, and Debian's own tools compute the PCRs from it."""
    status, text = shell(machine, "stat -c %a /run/heads/eventlog; tpm2_eventlog /run/heads/eventlog | sed -n '/^pcrs:/,$p'")
    computed = {int(n): value for n, value in re.findall(r"(\d+) *: 0x([0-9a-f]{64})\b", text)}
    require(status == 0 and "400" in text.split(), f"the log was not handed over: {text}")
    require(set(computed) == {2, 4, 7, 8, 9}, f"tpm2_eventlog computes the PCRs {sorted(computed)}: {text}")
    require(all(pcrs[n] == value for n, value in computed.items()), f"tpm2_eventlog: {computed}, the TPM: {pcrs}")


def test_demo_boots_to_login(directory):
    """The first start leads through the TOTP secret; then Enter boots Debian, which asks for its passphrase."""
    demo = Demo()
    with Machine(rom=rom_for(demo), disks=[demo.disk], snapshot=True, directory=directory) as machine:
        machine.power_on()
        enrol(machine)
        machine.line("menu ready", 30)
        words, verify = machine.lines("verify")[0]
        require(words == "verify ok" and verify["signer"] == demo.values["OWNER_FINGERPRINT"], f"{words} {verify}")
        require(int(verify["files"]) > 250, f"a real /boot has more files than {verify['files']}")
        _, entries = machine.lines("entries")[0]
        require(int(entries["count"]) >= 3, f"Debian's grub.cfg lists three entries: {entries}")
        machine.send("\r")
        machine.line("leave", TO_MENU)
        demo.log_in(machine)
        found = debian_pcrs(machine)
        logged = logged_pcrs(machine)
        require(logged and logged == {n: found.get(n) for n in logged}, f"Debian reads other PCRs than the log tells:\n{found}\n{logged}")
        require(found[4] == extended("handover"), "PCR 4 should hold `handover`")
        expect_sealed(machine)
        expect_log(machine, found)
        machine.send("poweroff\n")
        machine.wait_off(120)


def test_A5_debian_cannot_unseal_after_forced_boot(directory):
    """A /boot that does not verify, forced: the Debian that comes up cannot have the TOTP secret."""
    demo = Demo()
    disk = os.path.join(directory, "disk.img")
    run(["cp", "--sparse=always", demo.disk, disk])
    added = os.path.join(directory, "added")
    with open(added, "w", encoding="ascii") as stream:
        stream.write("somebody was here\n")
    run(["debugfs", "-w", "-R", f"write {added} added", disk + "?offset=1048576"])
    with Machine(rom=rom_for(demo), disks=[disk], directory=directory) as machine:
        machine.power_on()
        secret = enrol(machine)
        machine.line("menu ready", 30)
        force(machine, r"Debian GNU/Linux")
        _, boot = machine.line("boot", 30)
        require(boot["mode"] == "forced", f"{boot}")
        machine.line("leave", TO_MENU)
        demo.log_in(machine)
        require(debian_pcrs(machine)[4] == extended("forced", "handover"), "PCR 4 should hold `forced` and `handover`")
        expect_sealed(machine)
        # and after a reset the machine that nobody forces has its code again
        machine.press_reset()
        expect_code(machine, secret)


for _test in (test_demo_boots_to_login, test_A5_debian_cannot_unseal_after_forced_boot):
    _test.seconds = 600
