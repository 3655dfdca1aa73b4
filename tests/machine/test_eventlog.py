# SPDX-License-Identifier: GPL-2.0-or-later
"""The event log of a measured boot: it leads to the PCRs, the ROM file predicts them, a witness reads it."""

import base64
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess

from boot_steps import AUTO_BOOT, TO_MENU, expect_tiny, machine_with, require
from fixtures import (CMDLINE, HEADS, Disk, Owner, boot_files, grub_cfg, kernel, rom_for, run, tiny, tiny_pcrs,
                      tiny_run)
from owner_steps import MANUAL, extended, to_menu

FIRMWARE = ["FMAP: FMAP"] + ["FMAP: COREBOOT CBFS: " + name for name in
                             ("bootblock", "fallback/romstage", "fallback/postcar", "fallback/ramstage")] + ["FMAP: SLOT_A CBFS: fallback/payload"]


# An extend from outside: Heads' own is an event, unless there is no log.
UNTOLD = "mv /run/heads/eventlog /tmp/log; heads pcr extend {} intruder >/dev/null; mv /tmp/log /run/heads/eventlog"


def predict(rom, *options):
    return json.loads(run([HEADS, "--json", "pcr", "predict", *options, rom]))


def in_shell(machine, command, timeout=40):
    """Runs a command in the recovery shell: (status, output)."""
    machine.send(f"echo be''gin; {command}; echo e''nd=$?\r")
    machine.expect(rb"begin\r?\n", 20)
    match = machine.expect(rb"(?s)(.*?)end=(\d+)", timeout)
    return int(match.group(2)), match.group(1).decode()


def to_shell(machine):
    """From the menu into the recovery shell."""
    machine.send("r")
    machine.see(r"Open the shell", 20)
    machine.send("y")
    machine.line("recovery", 30)
    machine.settle()


def fetch_log(machine):
    status, text = in_shell(machine, "base64 /run/heads/eventlog")
    require(status == 0, f"the log cannot be read: {text}")
    return base64.b64decode("".join(text.split()))


def witness(path):
    """The PCRs of the SHA-256 bank that tpm2_eventlog computes, as {number: hex}."""
    text = run(["tpm2_eventlog", path]).decode()
    require(text.count("pcrs:") == 1, f"tpm2_eventlog says no PCRs: {text[-300:]}")
    bank = re.search(r"sha256:\n((?: +\d+ *: 0x[0-9a-f]+\n?)+)", text[text.index("pcrs:"):])
    require(bank, f"tpm2_eventlog says no SHA-256 PCRs: {text[-600:]}")
    return {int(pcr): value for pcr, value in re.findall(r"(\d+) *: 0x([0-9a-f]+)", bank.group(1))}


def test_event_log(directory):
    """Firmware, owner's files, a forced boot that is given up, recovery: each an event, by two processes; they lead to
    the PCRs. A replay fails after an extend from outside; a log that was changed leads elsewhere."""
    with machine_with(directory, settings=MANUAL, spoil={"initrd.img": tiny("forced")}) as machine:
        to_menu(machine, "refused")
        words, found = machine.lines("eventlog")[0]
        require(found["firmware"] == "coreboot" and int(found["events"]) == len(FIRMWARE), f"{words} {found}")
        machine.send("f")
        machine.see(r"not what you signed", 20)
        machine.send("unsafe\r")
        machine.see(r"Tiny system", 30)
        machine.send("\x1b")
        machine.see(r"Power off", 20)
        to_shell(machine)

        status, text = in_shell(machine, "stat -c %a /run/heads/eventlog")
        require(text.split() == ["600"], f"the log's mode is {text}")
        status, text = in_shell(machine, "heads --json pcr replay /run/heads/eventlog")
        replay = json.loads(text)
        require(status == 0 and replay["result"] == "equal" and replay["first_difference"] is None, f"{status} {text}")
        status, text = in_shell(machine, "heads --json pcr read")
        pcrs = json.loads(text)["sha256"]
        require(all(pcrs[n] == value for n, value in replay["sha256"].items()), "replay and TPM differ")
        require(pcrs["4"] == extended("forced", "recovery"), f"PCR 4 is {pcrs['4']}")

        path = os.path.join(directory, "eventlog")
        with open(path, "wb") as stream:
            stream.write(fetch_log(machine))
        events = [json.loads(line) for line in run([HEADS, "--json", "pcr", "log", path]).splitlines()]
        require([e["data"] for e in events if e["pcr"] == 2] == FIRMWARE, f"{[e['data'] for e in events]}")
        require([e["data"] for e in events if e["pcr"] == 7] == ["heads/config.user"] * 2 + ["heads/owner.asc"] * 2 or
                [e["data"] for e in events if e["pcr"] == 7] == ["heads/owner.asc"] * 2 + ["heads/config.user"] * 2,
                f"{[e['data'] for e in events]}")
        require([e["data"] for e in events if e["pcr"] == 4] == ["forced", "recovery"], f"{[e['data'] for e in events]}")

        computed = witness(path)
        require(set(computed) == {2, 4, 7}, f"tpm2_eventlog computes the PCRs {sorted(computed)}")
        require(all(pcrs[str(n)] == value for n, value in computed.items()), f"tpm2_eventlog: {computed}, the TPM: {pcrs}")

        for options in ((), ("--log", path)):
            foretold = predict(machine.flash, *options)["sha256"]
            require(foretold == {n: pcrs[n] for n in ("2", "7")}, f"predict {options} says {foretold}, the TPM {pcrs}")

        status, text = in_shell(machine, "heads pcr extend 1 owner >/dev/null; heads --json pcr replay /run/heads/eventlog")
        require(status == 0 and json.loads(text)["events"] == len(events) + 1, f"our own extend is an event: {status} {text}")
        status, text = in_shell(machine, f"{UNTOLD.format(1)}; heads --json pcr replay /run/heads/eventlog")
        replay = json.loads(text)
        require(status == 1 and replay["result"] == "different" and replay["first_difference"]["pcr"] == 1,
                f"an extend that no event tells of: {status} {text}")


def test_prediction_of_changed_rom(directory):
    """One changed byte of the payload, and the owner's files of somebody else: predicted before, and so it comes."""
    with machine_with(directory) as machine:
        before = predict(machine.flash)["sha256"]
        machine.power_cut()
        with open(machine.flash, "r+b") as chip:
            data = chip.read()
            chip.seek(data.index(b"quiet loglevel=3 "))
            chip.write(b"quiet loglevel=4 ")
        foretold = predict(machine.flash)["sha256"]
        require(foretold["2"] != before["2"] and foretold["7"] == before["7"], f"{before} {foretold}")
        machine.power_on()
        machine.line("menu ready", TO_MENU)
        machine.expect(rb"tiny: ready", 90)
        pcrs = tiny_pcrs(machine)
        require({"2": pcrs[2], "7": pcrs[7]} == foretold, f"predicted {foretold}, found {pcrs}")


def replayed(path):
    """The PCRs of the SHA-256 bank that the log's events lead to, computed here: {number: hex}."""
    values = {}
    for line in run([HEADS, "--json", "pcr", "log", path]).splitlines():
        event = json.loads(line)
        if event["type"] != "EV_NO_ACTION":
            before = bytes.fromhex(values.get(event["pcr"], "00" * 32))
            values[event["pcr"]] = hashlib.sha256(before + bytes.fromhex(event["digests"]["sha256"])).hexdigest()
    return values


def test_A13_log_handed_to_system(directory):
    """The booted system finds the log beside its own files, cap included, and it leads to the PCRs that it reads."""
    with machine_with(directory) as machine:
        expect_tiny(machine)
        _, told = machine.lines("eventlog handed-over")[0]
        pcrs = tiny_pcrs(machine)
        status, text = tiny_run(machine, "/bin/busybox ls -l /heads-eventlog")
        require(status == 0 and text.strip().startswith("-r--------"), f"{status} {text}")
        path = system_log(machine, os.path.join(directory, "eventlog"))
        require(os.path.getsize(path) == int(told["bytes"]), f"{os.path.getsize(path)} bytes, told: {told}")
        for name, computed in (("our log", replayed(path)), ("tpm2_eventlog", witness(path))):
            require(set(computed) == {2, 4, 7, 8, 9}, f"{name} leads to the PCRs {sorted(computed)}")
            require(all(pcrs[n] == value for n, value in computed.items()), f"{name}: {computed}, the system: {pcrs}")
        require(pcrs[4] == extended("handover"), f"PCR 4 is {pcrs[4]}")


def test_log_not_handed_over(directory):
    """A setting keeps it back: the system's initrd is what the owner signed and nothing more."""
    with machine_with(directory, settings=AUTO_BOOT + "CONFIG_NO_EVENTLOG_HANDOVER=y\n") as machine:
        expect_tiny(machine)
        require(not machine.lines("eventlog handed-over"), "the log was handed over")
        status, text = tiny_run(machine, "/bin/busybox test ! -e /heads-eventlog")
        require(status == 0, f"the log is there: {text}")


def system_log(machine, path):
    """The log that the booted tiny system was given, written to PATH."""
    status, text = tiny_run(machine, "/bin/busybox base64 /heads-eventlog")
    require(status == 0, f"the system cannot read the log: {text}")
    with open(path, "wb") as stream:
        stream.write(base64.b64decode("".join(text.split())))
    return path


def why(*logs):
    """What `heads pcr why` says: [(kind, pcr, sentence)]."""
    done = subprocess.run([HEADS, "--json", "pcr", "why", *logs], stdout=subprocess.PIPE, check=False)
    causes = [(c["kind"], c["pcr"], c["sentence"]) for c in json.loads(done.stdout)["causes"]]
    require(done.returncode == (1 if causes else 0), f"why ended with {done.returncode}: {causes}")
    return causes


def test_why_between_two_boots(directory):
    """Nothing; then one changed byte of the payload, another setting, and a newly signed /boot with another kernel, initrd
    and command line: all that, and nothing else, is named from the logs that the booted systems were given."""
    logs = [os.path.join(directory, f"eventlog-{n}") for n in range(3)]
    with machine_with(directory) as machine:
        expect_tiny(machine)
        system_log(machine, logs[0])
        machine.power_cut()
        machine.power_on()
        expect_tiny(machine)
        system_log(machine, logs[1])
        require(why(*logs[:2]) == [], f"two equal boots: {why(*logs[:2])}")
        machine.power_cut()
        shutil.copyfile(rom_for(Owner("owner"), AUTO_BOOT + "CONFIG_TEST_WHY=y\n"), machine.flash)
        with open(machine.flash, "r+b") as chip:
            data = chip.read()
            chip.seek(data.index(b"quiet loglevel=3 "))
            chip.write(b"quiet loglevel=4 ")
        Disk(machine.disk.path, boot_files(**{
            "vmlinuz": kernel() + bytes(512), "initrd.img": tiny("changed"),
            "grub/grub.cfg": grub_cfg(("Tiny system", "/vmlinuz", "/initrd.img", CMDLINE + " why=changed"))}),
             signer=Owner("owner"))
        machine.power_on()
        expect_tiny(machine, "changed")
        system_log(machine, logs[2])
        causes = why(logs[0], logs[2])
        require({c[:2] for c in causes} == {("payload-changed", 2), ("settings-changed", 7), ("manifest-changed", 9),
                                            ("kernel-changed", 9), ("initrd-changed", 9), ("command-line-changed", 8)} and
                len(causes) == 6, f"six things changed: {causes}")


def test_A13_initrd_cannot_place_the_log(directory):
    """An initrd of the system that holds a link of the log's name: the link is replaced, its target stays as it is."""
    initrd = tiny(extra={"heads-eventlog": (stat.S_IFLNK | 0o777, b"etc/victim"), "etc/victim": b"untouched"})
    with machine_with(directory, files=boot_files(**{"initrd.img": initrd})) as machine:
        expect_tiny(machine)
        pcrs = tiny_pcrs(machine)
        status, text = tiny_run(machine, "/bin/busybox test ! -L /heads-eventlog && cat /etc/victim")
        require(status == 0 and text.strip() == "untouched", f"{status} {text}")
        computed = replayed(system_log(machine, os.path.join(directory, "eventlog")))
        require(all(pcrs[n] == value for n, value in computed.items()), f"the log: {computed}, the system: {pcrs}")
