# SPDX-License-Identifier: GPL-2.0-or-later
"""Firmware updates on the machine: installed, refused, interrupted (A17, DESIGN rule 4)."""

import collections
import os

from boot_steps import TO_MENU, machine_with, require
from fixtures import BUILD, Owner, boot_files, rom_for, run, tiny, tiny_run
from machine import Machine
from owner_steps import MANUAL, enrol, expect_code, expect_no_code, to_menu
from test_eventlog import in_shell, to_shell
from update_steps import (BOARD_SETTINGS, NEXT_VERSION, flash_hash, next_rom, open_update, package, predicted,
                          started_slot, stick, zipped)

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
        machine.see(r"Writing: \d+ of \d+ KiB, \d+ s", 30)
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
        machine.see(r"nothing was written", 20)
        with open(machine.flash, "rb") as stream:
            require(stream.read() == before, "the flash changed although the update was refused")


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
            require(flash_hash(machine) == before, f"the flash changed although {name} was refused")
            machine.send("\r")
        machine.see(r"Power off", 30)


test_a17_updates_refused.seconds = 300


def test_a17_zip_of_the_original(directory):
    """The original's zip is no signed update: a wrong sum is refused, a right one is installed after the red question
    and its word alone, and with nothing typed the flash stays as it was."""
    image = stick(directory, zipped(directory, "damaged.zip", next_rom(), flipped),
                  zipped(directory, "original-v2.zip", next_rom()))
    with machine_with(directory, settings=MANUAL, options=["--usb", image]) as machine:
        to_menu(machine)
        before = flash_hash(machine)
        open_update(machine, "damaged.zip")
        _, refused = machine.line("update refused", 90)
        require(refused["code"] == "refused" and "SHA-256" in refused["sentence"], f"{refused}")
        machine.see(r"nothing was written", 20)
        machine.send("\r")
        open_update(machine, "original-v2.zip")
        machine.see(r"NOBODY VOUCHES", 90)
        machine.send("yes\r")
        machine.see(r"Power off", 30)
        require(not machine.lines("update begin") and flash_hash(machine) == before, "written without the word")
        open_update(machine, "original-v2.zip")
        machine.see(r"NOBODY VOUCHES", 90)
        machine.send("unsigned\r")
        _, begun = machine.line("update begin", 30)
        require(begun["version"] == "unknown", f"{begun}")
        machine.line("update written", 120)
        machine.see(r"Restart now", 30)
        machine.send("y")
        require(started_slot(machine)["slot"] == "SLOT_B", "the update does not run")


test_a17_zip_of_the_original.seconds = 300


def changed_blocks(base, path, known):
    """{offset: content} of the blocks that differ from base. Contents are kept once, in KNOWN: there are hundreds of
    pictures of megabytes, each of which has what the one before it has."""
    with open(path, "rb") as stream:
        data = stream.read()
    return {at: known.setdefault(data[at:at + BLOCK], data[at:at + BLOCK])
            for at in range(0, len(data), BLOCK) if data[at:at + BLOCK] != base[at:at + BLOCK]}


def test_power_cut_in_update(directory):
    """The flash as it stood at moments spread over an update: each starts to the menu, the old or the new firmware, and
    says which. (The machine is stopped for each picture, so that a picture is what a cut would leave.)"""
    image = stick(directory, package(directory, Owner("owner")))
    pictures, known = [], {}
    with machine_with(directory, settings=MANUAL, options=["--usb", image]) as machine:
        to_menu(machine)
        with open(machine.flash, "rb") as stream:
            base = stream.read()
        install(machine, "heads-update.tar")
        while not machine.lines("update written"):
            machine.qmp("stop")
            pictures.append(changed_blocks(base, machine.flash, known))
            machine.qmp("cont")
            machine.receive(0.02)
        machine.line("update written", 10)
        pictures.append(changed_blocks(base, machine.flash, known))
    different = [now for last, now in zip([None] + pictures, pictures) if now != last]
    require(len(different) >= 4, f"only {len(different)} pictures differ")
    chosen = [different[n * (len(different) - 1) // (CUTS - 1)] for n in range(CUTS)] if len(different) > CUTS else different
    seen = collections.Counter()
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
            seen[found["slot"], found["other"]] += 1
    print(f"{len(chosen)} cuts of {len(different)} states of the flash: {dict(seen)}")
    require(set(seen) <= {("SLOT_A", "empty"), ("SLOT_A", "unfinished"), ("SLOT_B", "whole")}, f"{seen}")
    require(("SLOT_A", "unfinished") in seen and ("SLOT_B", "whole") in seen, f"old and new were not both seen: {seen}")


test_power_cut_in_update.seconds = 120 + 25 * CUTS


def test_flash_lock_asked_for(directory):
    """Before a boot the board's lock is asked for (the port keeps what was written to it), before that it is not."""
    def port(machine):
        return machine.qmp("human-monitor-command", **{"command-line": "i /xb 0xb2"})

    with open(os.path.join(BUILD, "rom", "heads"), "rb") as program, open(BOARD_SETTINGS, "rb") as settings:
        extra = {"bin/heads": program.read(), "etc/heads/board.settings": settings.read()}
    with machine_with(directory, files=boot_files(**{"initrd.img": tiny(extra=extra)}), settings=MANUAL) as machine:
        to_menu(machine)
        require("0xcb" not in port(machine), "the lock was set before the owner's choice")
        machine.send("b")
        _, found = machine.line("flash", 60)
        require(found["lock"] == "smi", f"{found}")
        machine.expect(rb"tiny: ready", 90)
        require("0xcb" in port(machine), f"the port says {port(machine)}")
        status, text = tiny_run(machine, "heads --settings /etc/heads/board.settings rom info | grep lock")
        require(status == 0 and "was told to lock the flash" in text, f"rom info in the system: {text}")


def shell(machine, command, status=0, words="", timeout=40):
    """Runs it in the recovery shell, where it must end with this status and say these words."""
    found, text = in_shell(machine, command + " 2>&1", timeout)
    flat = " ".join(text.split())
    require(found == status and words in flat, f"{command}: status {found}, expected {status} and {words!r}: {text}")
    return text


def other_stages(directory):
    """next_rom with one file more among coreboot's own."""
    path = os.path.join(directory, "whole.rom")
    with open(next_rom(), "rb") as stream, open(path, "wb") as copy:
        copy.write(stream.read())
    run(["cbfstool", path, "add", "-n", "another/stage", "-t", "raw", "-f", BOARD_SETTINGS])
    return path


def test_rom_verbs_on_the_chip(directory):
    """Without FILE the verbs of `heads rom` mean the chip of this machine: the owner's files are changed there and are
    in force after a power cut, coreboot's own are not; a whole image keeps the owner's files."""
    image = stick(directory, other_stages(directory))
    with machine_with(directory, settings=MANUAL, options=["--usb", image]) as machine:
        to_menu(machine)
        to_shell(machine)
        shell(machine, "heads rom info | grep lock", words="not locked now")
        shell(machine, "heads rom info | grep SLOT_A", words="SLOT_A")
        shell(machine, "heads rom list | grep -c romstage", words="1")
        shell(machine, "heads rom extract heads/config.user | grep -c TIMEOUT", words="1")
        before = flash_hash(machine)
        shell(machine, "echo CONFIG_AUTO_BOOT_TIMEOUT=0 >/tmp/c; echo CONFIG_DEBUG_OUTPUT=n >>/tmp/c")
        shell(machine, "heads rom add heads/config.user /tmp/c", status=1, words="already")
        shell(machine, "heads rom remove fallback/romstage", status=1, words="the owner's files alone are changed")
        shell(machine, "heads rom remove heads/nothing", status=2, words="heads/nothing")
        require(flash_hash(machine) == before, "the flash changed although every change was refused")
        shell(machine, "heads rom replace heads/config.user /tmp/c", words="Approve what runs now")
        shell(machine, "heads rom add heads/keys/more.asc /etc/heads/board.settings", status=2)
        shell(machine, "heads rom add heads/note /tmp/c", words="added")
        shell(machine, "heads rom remove heads/note", words="removed")
        machine.power_cut()
        machine.power_on()
        to_menu(machine)
        to_shell(machine)
        shell(machine, "heads rom extract heads/config.user | grep -c DEBUG_OUTPUT", words="1")
        shell(machine, "mkdir -p /tmp/m && mount -t vfat -o ro /dev/sda /tmp/m")
        shell(machine, "heads rom update --unsigned --plan /tmp/m/whole.rom", status=1,
              words="run `heads rom flash FILE`")
        shell(machine, "heads rom flash --plan /tmp/m/whole.rom", words="Kept heads/config.user")
        shell(machine, "heads settings set CONFIG_DEBUG_OUTPUT n", words="Approve what runs now")
        before = flash_hash(machine)
        shell(machine, "echo no | heads rom flash /tmp/m/whole.rom", status=1, words="nothing was written")
        require(flash_hash(machine) == before, "written without the word")
        shell(machine, "echo flash | heads rom flash /tmp/m/whole.rom", words="written and verified", timeout=200)
        machine.power_cut()
        machine.power_on()
        require(started_slot(machine) == {"slot": "SLOT_A", "sequence": "1", "other": "empty"}, "another slot runs")
        to_menu(machine)
        files = [line for _, line in machine.lines("rom") if "files" in line][-1]
        require(files["key"] == "yes" and files["settings"] == "yes", f"{files}")
        to_shell(machine)
        shell(machine, "heads rom extract heads/config.user | grep -c DEBUG_OUTPUT", words="1")
        shell(machine, "heads rom list | grep -c another/stage", words="1")


test_rom_verbs_on_the_chip.seconds = 400


def give_passphrase(machine):
    machine.see(r"TPM owner passphrase", 60)
    machine.send("correct horse\r")
