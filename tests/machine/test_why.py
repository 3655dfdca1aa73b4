# SPDX-License-Identifier: GPL-2.0-or-later
"""Why the TOTP secret does not open: changes made on purpose, and what log, screen and `heads pcr why` say of them."""

import base64
import json
import os
import re
import shutil

from boot_steps import TO_MENU, machine_with, require
from fixtures import Disk, Owner, boot_files, rom_for
from owner_steps import MANUAL, enrol
from test_eventlog import UNTOLD, in_shell, to_shell

SETTINGS = MANUAL + "CONFIG_TEST_WHY=y\n"


def expect_causes(machine, *wanted):
    """The log names these (kind, PCR), in this order, and the menu shows the first; returns the sentences."""
    words, found = machine.line("totp", TO_MENU)
    require(words == "totp unavailable", f"{words} {found}")
    sentences = []
    for kind, pcr in wanted:
        words, found = machine.line("why", TO_MENU)
        require((found["kind"], found.get("pcr")) == (kind, pcr), f"{kind} of PCR {pcr} should be next, not {found}")
        sentences.append(found["sentence"])
    machine.line("menu ready", TO_MENU)
    machine.see(r"Why +" + re.escape(sentences[0][:40]), 20)
    return sentences


def expect_open(machine):
    """The secret opens and a code is on the menu; whether it is the phone's is for other tests."""
    words, found = machine.line("totp", TO_MENU)
    require(words.startswith("totp ok"), f"{words} {found}")
    machine.line("menu ready", TO_MENU)
    machine.see(r"TOTP +\d{3} ?\d{3}\b", 20)


def with_rom(machine, rom):
    """Another ROM in the flash chip, and a start."""
    machine.power_cut()
    shutil.copyfile(rom, machine.flash)
    machine.power_on()


def test_A17_why_the_rom_differs(directory):
    """The payload, a setting, the owner's key in the ROM: each is named, and with all as it was there is a code."""
    with machine_with(directory, settings=SETTINGS) as machine:
        enrol(machine)
        machine.expect(rb"heads: why kept=tpm ", 30)
        machine.power_cut()
        with open(machine.flash, "r+b") as chip:
            data = chip.read()
            place = data.index(b"quiet loglevel=3 ")
            chip.seek(place)
            chip.write(b"quiet loglevel=4 ")
        machine.power_on()
        expect_causes(machine, ("payload-changed", "2"))

        with_rom(machine, rom_for(Owner("owner"), MANUAL + "CONFIG_TEST_WHY=n\n"))
        sentences = expect_causes(machine, ("settings-changed", "7"))
        require(sentences == ["settings file config.user changed: CONFIG_TEST_WHY y -> n"], f"{sentences}")

        with_rom(machine, rom_for(Owner("stranger"), SETTINGS))
        expect_causes(machine, ("owner-key-changed", "7"))

        with_rom(machine, rom_for(Owner("owner"), SETTINGS))
        expect_open(machine)
        require(not [f for w, f in machine.lines("why") if "kind" in f and f["kind"] not in
                     ("payload-changed", "settings-changed", "owner-key-changed")], "a cause that was not made")


test_A17_why_the_rom_differs.seconds = 300


def shell_causes(machine):
    status, text = in_shell(machine, "heads --json pcr why")
    answer = json.loads(text)
    require(status == 1, f"`pcr why` ended with {status}: {text}")
    return [(c["kind"], c["pcr"]) for c in answer["causes"]], answer["source"]


def test_A5_why_after_the_start(directory):
    """A forced boot, the recovery shell, extends from outside and by hand: the shell and the next menu name them."""
    with machine_with(directory, settings=SETTINGS) as machine:
        enrol(machine)
        machine.line("menu ready", 30)
        to_shell(machine)
        causes, source = shell_causes(machine)
        require((causes, source) == ([("recovery-entered", 4)], "tpm"), f"{causes} from {source}")
        status, text = in_shell(machine, "heads pcr extend 3 owner")
        require(status == 0, text)
        status, text = in_shell(machine, UNTOLD.format(1))
        require(status == 0, text)
        causes, _ = shell_causes(machine)
        require(causes == [("recovery-entered", 4), ("unknown-extend", 3), ("unknown-extend", 1)], f"{causes}")
        status, text = in_shell(machine, "heads pcr extend 4 usb")
        machine.send("exit\r")
        machine.line("recovery ended", 30)
        expect_causes(machine, ("recovery-entered", "4"), ("unknown-extend", "3"), ("usb-boot", "4"),
                      ("unknown-extend", "1"))
        machine.press_reset()
        expect_open(machine)
        machine.settle()
        to_shell(machine)
        status, text = in_shell(machine, "rm /run/heads/eventlog")
        causes, _ = shell_causes(machine)
        require(causes == [("event-log-missing", None)], f"{causes}")


def test_A2_why_another_tpm(directory):
    """A TPM that has never seen this machine: the list that is signed on /boot tells it from a machine that is new."""
    with machine_with(directory, settings=SETTINGS) as machine:
        enrol(machine)
        machine.line("menu ready", 30)
        to_shell(machine)
        status, text = in_shell(machine, "heads pcr list | base64")
        listed = base64.b64decode("".join(text.split()))
        require(status == 0 and listed.startswith(b"heads baseline 1\n") and listed.endswith(SETTINGS.encode()), f"{listed}")
        require(b" recovery\n" not in listed, f"the recovery shell is no part of what the secret is sealed to: {listed}")
        machine.power_cut()
        Disk(machine.disk.path, boot_files(**{"kexec_eventlog.txt": listed}), signer=Owner("owner"))
        shutil.rmtree(os.path.join(directory, "tpm"))
        machine.power_on()
        words, found = machine.line("totp", TO_MENU)
        require(words == "totp unavailable" and found["code"] == "no-secret", f"{words} {found}")
        _, found = machine.line("why", TO_MENU)
        require((found["kind"], found["source"]) == ("tpm-changed", "signed"), f"{found}")
        machine.see(r"this is another TPM", 30)
