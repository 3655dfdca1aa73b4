# SPDX-License-Identifier: GPL-2.0-or-later
"""Firmware updates on the machine: installed, refused, interrupted (A17, DESIGN rule 4)."""

import base64
import os

from boot_steps import TO_MENU, machine_with, require
from fixtures import Owner, rom_for
from machine import Machine
from owner_steps import MANUAL, enrol, expect_code, expect_no_code, to_menu
from test_eventlog import in_shell, to_shell
from update_steps import (BOARD_SETTINGS, NEXT_VERSION, flash_hash, next_rom, open_update, package, predicted,
                          started_slot, stick)

BLOCK = 4096
# How many moments of a flash test_power_cut_in_update cuts the power at; HEADS_CUTS=50 for the long run.
CUTS = int(os.environ.get("HEADS_CUTS", "6"))


def install(machine, name):
    open_update(machine, name)
    machine.see(r"Install this update", 60)
    machine.send("y")
    machine.line("update begin", 30)


def test_update_installed(directory):
    """A signed update is written into the other slot and runs; settings and key stay; PCR 2 is as predicted, and an
    older version is refused from then on."""
    owner = Owner("owner")
    image = stick(directory, package(directory, owner),
                  package(directory, owner, version="249.9.9", rom=rom_for(owner, MANUAL), name="heads-older.tar"))
    with machine_with(directory, settings=MANUAL, options=["--usb", image]) as machine:
        require(started_slot(machine) == {"slot": "SLOT_A", "sequence": "1", "other": "empty"}, "the first start")
        enrol(machine)
        machine.line("menu ready", 30)
        with open(machine.flash, "rb") as stream:
            before = stream.read()
        install(machine, "heads-update.tar")
        _, written = machine.line("update written", 120)
        require(written["slot"] == "SLOT_B", f"{written}")
        machine.line("update", 60)
        with open(machine.flash, "rb") as stream:
            after = stream.read()
        changed = {at for at in range(0, len(before), BLOCK) if before[at:at + BLOCK] != after[at:at + BLOCK]}
        require(all(at == 0x2000 or 0x800000 <= at < 0xf00000 for at in changed), "something beside SLOT_B was written")
        machine.see(r"Restart now", 30)
        machine.send("y")
        found = started_slot(machine)
        require(found == {"slot": "SLOT_B", "sequence": "2", "other": "whole"}, f"the update does not run: {found}")
        files = [line for _, line in machine.lines("rom") if "files" in line][-1]
        require(files["key"] == "yes" and files["settings"] == "yes", f"{files}")
        expect_no_code(machine, r"PCR 2\b")
        require(predicted(machine.flash)["2"] == predicted(next_rom())["2"], "another payload runs than the package's")
        # the floor outlives the flash: the old firmware is back, and takes nothing older than what ran
        machine.power_cut()
        with open(machine.flash, "wb") as stream:
            stream.write(before)
        machine.power_on()
        to_menu(machine)
        open_update(machine, "heads-older.tar")
        _, refused = machine.line("update refused", 60)
        require(refused["code"] == "refused" and NEXT_VERSION in refused["sentence"], f"{refused}")


test_update_installed.seconds = 300


def spoil(path, change):
    with open(path, "rb") as stream:
        data = bytearray(stream.read())
    data = change(data)
    with open(path, "wb") as stream:
        stream.write(data)
    return path


def flipped(data):
    data[5_000_000] ^= 1
    return data


def unsigned(data):
    """Without its second member."""
    size = int(data[512 + 512 + 124:512 + 512 + 135], 8)
    return data[:1024] + data[1024 + 512 + (size + 511) // 512 * 512:]


def test_a17_updates_refused(directory):
    """Older, foreign, changed, cut short, unsigned, signed by somebody else: each has its sentence, and not one byte of
    the flash changes."""
    owner, other = Owner("owner"), Owner("other")
    foreign = os.path.join(directory, "foreign.settings")
    with open(BOARD_SETTINGS, encoding="ascii") as stream, open(foreign, "w", encoding="ascii") as copy:
        copy.write(stream.read().replace("CONFIG_BOARD=qemu-q35-tpm2", "CONFIG_BOARD=x230"))
    cases = {
        "heads-1older.tar": (package(directory, owner, version="0.0.1", name="heads-1older.tar"),
                             "refused", "older version 0.0.1"),
        "heads-2board.tar": (package(directory, owner, settings=foreign, name="heads-2board.tar"),
                             "refused", "board x230"),
        "heads-3flip.tar": (spoil(package(directory, owner, name="heads-3flip.tar"), flipped),
                            "refused", "not what was signed"),
        "heads-4cut.tar": (spoil(package(directory, owner, name="heads-4cut.tar"), lambda data: data[:9_000_000]),
                           "malformed", "ends within a file"),
        "heads-5bare.tar": (spoil(package(directory, owner, name="heads-5bare.tar"), unsigned),
                            "malformed", "manifest.sig is missing"),
        "heads-6other.tar": (package(directory, other, name="heads-6other.tar"), "refused", "not one of the keys"),
    }
    image = stick(directory, *(path for path, _, _ in cases.values()))
    with machine_with(directory, settings=MANUAL, options=["--usb", image]) as machine:
        to_menu(machine)
        before = flash_hash(machine)
        for name, (_, code, words) in cases.items():
            open_update(machine, name)
            _, refused = machine.line("update refused", 90)
            require(refused["code"] == code and words in refused["sentence"], f"{name}: {refused}")
            machine.see(r"nothing was written", 20)
            machine.send("\r")
        machine.see(r"Power off", 30)
        require(flash_hash(machine) == before, "the flash changed although every update was refused")


test_a17_updates_refused.seconds = 300


def changed_blocks(base, path):
    with open(path, "rb") as stream:
        data = stream.read()
    return {at: data[at:at + BLOCK] for at in range(0, len(data), BLOCK) if data[at:at + BLOCK] != base[at:at + BLOCK]}


def test_power_cut_in_update(directory):
    """The flash as it stood at moments spread over an update: each starts to the menu, the old or the new firmware, and
    says which. (The machine is stopped for each picture, so that a picture is what a cut would leave.)"""
    image = stick(directory, package(directory, Owner("owner")))
    pictures = []
    with machine_with(directory, settings=MANUAL, options=["--usb", image]) as machine:
        to_menu(machine)
        with open(machine.flash, "rb") as stream:
            base = stream.read()
        install(machine, "heads-update.tar")
        while not machine.lines("update written"):
            machine.qmp("stop")
            pictures.append(changed_blocks(base, machine.flash))
            machine.qmp("cont")
            machine.receive(0.02)
        machine.line("update written", 10)
        pictures.append(changed_blocks(base, machine.flash))
    different = [now for last, now in zip([None] + pictures, pictures) if now != last]
    require(len(different) >= 4, f"only {len(different)} pictures differ")
    chosen = [different[n * (len(different) - 1) // (CUTS - 1)] for n in range(CUTS)] if len(different) > CUTS else different
    seen = set()
    for number, picture in enumerate(chosen):
        data = bytearray(base)
        for at, block in picture.items():
            data[at:at + BLOCK] = block
        path = os.path.join(directory, "cut.rom")
        with open(path, "wb") as stream:
            stream.write(data)
        with Machine(rom=path, directory=os.path.join(directory, f"cut-{number}")) as machine:
            machine.power_on()
            found = started_slot(machine)
            to_menu(machine, mode="no-boot")
            seen.add((found["slot"], found["other"]))
    require(seen <= {("SLOT_A", "empty"), ("SLOT_A", "unfinished"), ("SLOT_B", "whole")}, f"{seen}")
    require(("SLOT_A", "unfinished") in seen and ("SLOT_B", "whole") in seen, f"old and new were not both seen: {seen}")


test_power_cut_in_update.seconds = 120 + 25 * CUTS


def test_flash_lock_asked_for(directory):
    """Before a boot the board's lock is asked for (the port keeps what was written to it), before that it is not."""
    def port(machine):
        return machine.qmp("human-monitor-command", **{"command-line": "i /xb 0xb2"})

    with machine_with(directory, settings=MANUAL) as machine:
        to_menu(machine)
        require("0xcb" not in port(machine), "the lock was set before the owner's choice")
        machine.send("b")
        _, found = machine.line("flash", 60)
        require(found["lock"] == "smi", f"{found}")
        machine.expect(rb"tiny: ready", 90)
        require("0xcb" in port(machine), f"the port says {port(machine)}")


def test_totp_continues_after_update(directory):
    """With an owner passphrase the phone's code is right before and after an update, without a new secret."""
    image = stick(directory, package(directory, Owner("owner")))
    with machine_with(directory, settings=MANUAL, options=["--usb", image]) as machine:
        to_menu(machine)
        to_shell(machine)
        status, text = in_shell(machine, "echo correct horse >/tmp/p; heads tpm reset --yes --owner-passphrase /tmp/p", 90)
        require(status == 0, f"heads tpm reset: {text}")
        machine.press_reset()
        machine.see(r"Make a new secret", TO_MENU)
        machine.send("y")
        give_passphrase(machine)
        machine.line("totp enrolled", TO_MENU)
        secret = base64.b32decode(machine.see(r"\b([A-Z2-7]{32})\b", 30).group(1))
        machine.send("\r")
        machine.line("totp ok", 30)
        machine.line("menu ready", 30)
        install(machine, "heads-update.tar")
        machine.line("update written", 120)
        require(machine.lines("approval given"), "the TPM was not told")
        machine.see(r"Restart now", 30)
        machine.send("y")
        require(started_slot(machine)["slot"] == "SLOT_B", "the update does not run")
        expect_code(machine, secret)


def give_passphrase(machine):
    machine.see(r"TPM owner passphrase", 60)
    machine.send("correct horse\r")


test_totp_continues_after_update.seconds = 300
