# SPDX-License-Identifier: GPL-2.0-or-later
"""The TPM's owner: ownership taken on the screen, the TPM recorded and recognised, a TPM that is none of ours."""

import os
import shutil

from boot_steps import TO_MENU, TO_SYSTEM, error_lines, machine_with, require
from fixtures import Disk, Owner, boot_files, rom_for
from machine import Machine
from nbd import Server
from owner_steps import MANUAL, own_tpm, to_menu

PASSPHRASE = "correct horse battery"
STRANGER = "000b" + "5a" * 32


def take_ownership(machine, passphrase=PASSPHRASE, record=False):
    """From the main menu through the screens; returns the Name of the new storage key. record: the ROM remembers it, and
    the machine restarts."""
    machine.see(r"Power off", 20)
    machine.send("c")
    machine.see(r"TPM: state", 20)
    machine.send("m")
    name = own_tpm(machine, passphrase)
    machine.send("\r")
    machine.see(r"Record it in the ROM", 20)
    machine.send("y" if record else "n")
    if record:
        machine.line("tpm recorded", 120)
        machine.see(r"Restart now", 20)
        machine.send("y")
    else:
        machine.see(r"Make a new secret", 20)
    return name


def expect_record(machine, record, match):
    found = machine.expect(rb"heads: tpm record=(\w+) match=(\w+)\r", TO_MENU)
    require(found.groups() == (record.encode(), match.encode()), f"{found.group(0)}")


def test_take_ownership(directory):
    """The TPM is cleared after a typed word, gets the passphrase, and asks for it once in a start, never on the bus."""
    with machine_with(directory, settings=MANUAL, options=["--tpm-banks", "sha1,sha256"]) as machine:
        _, tpm = machine.line("tpm", TO_MENU)
        require(tpm["banks"] == "sha1,sha256", f"{tpm}")
        to_menu(machine)
        machine.send("c")
        machine.see(r"TPM: state", 20)
        machine.send("m")
        machine.see(r"TPM owner +has none", 20)
        machine.see(r"sha1 +open: the firmware does not extend it", 20)
        machine.send("y")
        machine.see(r"The TPM is cleared", 20)
        machine.send("clean\r")     # not the word
        machine.see(r"Power off", 20)
        machine.refuse(rb"heads: tpm owned")
        take_ownership(machine)
        machine.send("y")           # the secret is made at once, with the passphrase that was just chosen
        machine.line("totp enrolled", TO_MENU)
        machine.refuse(r"TPM owner passphrase\b.*\n.*What", "the passphrase is asked although it was just chosen")
        machine.send("\r")
        machine.line("totp ok", 30)
        machine.press_reset()
        machine.expect(rb"heads: tpm family=2.0 banks=sha256\r", TO_MENU)
        machine.expect(rb"heads: tpm resets=\+1 ", 20)      # the clear is no sign of another TPM
        machine.line("totp ok", TO_MENU)
        machine.line("menu ready", TO_MENU)
        machine.see(r"Power off", 20)
        machine.send("c")
        machine.see(r"TPM: state", 20)
        machine.send("m")
        machine.see(r"TPM owner +has a passphrase", 20)
        machine.see(r"TPM lockout +10 of 10 tries left", 20)
        machine.see(r"Esc no", 20)      # the last line: all of the screen is there
        machine.settle()
        machine.send("\x1b")
        machine.see(r"Power off", 20)
        # A new secret needs the owner now: a wrong passphrase is told, the right one is taken, and asked once.
        machine.send("t")
        machine.see(r"Make a new secret", 20)
        machine.send("y")
        machine.see(r"TPM owner passphrase", 20)
        machine.send("wrong horse battery\r")
        machine.see(r"That passphrase is wrong", 20)
        machine.send(PASSPHRASE + "\r")
        machine.line("totp enrolled", TO_MENU)
        machine.send("\r")
        machine.line("totp ok", 30)
        machine.see(r"Power off", 20)
        machine.send("p")
        machine.wait_off()
        traffic = machine.tpm_traffic()
        require(len(traffic) > 100, "the log of the bus is empty")
        for word in PASSPHRASE.split() + [PASSPHRASE]:
            require(not any(word.encode() in message for message in traffic), f"{word} went over the bus in clear")
            require(word.encode() not in machine.output, f"{word} is on the console")


test_take_ownership.seconds = 300


def code_before_boot_is_read(machine, server):
    """A slow disk: the code is on the screen, with ways out and none into a system, and then all the rest."""
    server.hold(machine.disk.blocks("initrd.img"))
    machine.power_on()
    expect_record(machine, "rom", "yes")
    machine.line("totp ok", TO_MENU)
    _, shown = machine.line("menu shown", TO_MENU)
    require(shown["mode"] == "reading", f"{shown}")
    machine.see(r"TOTP +\d{3} ?\d{3}\b", 20)
    machine.see(r"/boot +is being (read|looked for)", 20)
    machine.see(r"Power off", 20)
    for word in ("Boot  ", "Other boot entries", "Report", "dangerous"):
        require(word not in machine.screen(), f"{word} is offered before /boot was read:\n{machine.screen()}")
    machine.send("bof")     # boot, other entries, forced boot
    machine.settle()
    machine.refuse(rb"heads: (boot|verify|entries|menu ready) ")
    server.release()
    machine.line("verify ok", TO_MENU)
    _, ready = machine.line("menu ready", TO_MENU)
    require(ready["mode"] == "verified", f"{ready}")
    machine.see(r"b +Boot  ", 20)


def test_A2_another_tpm_behind_the_same_rom(directory):
    """The ROM records the TPM's key: the right TPM is recognised, and its code is there before /boot is read; another one
    is named, asked nothing, and releases nothing."""
    disk = Disk(os.path.join(directory, "disk.img"), boot_files(), signer=Owner("owner"))
    with Server(disk.path, os.path.join(directory, "nbd")) as server, \
            Machine(rom=rom_for(Owner("owner"), MANUAL), disks=["nbd:unix:" + server.path], directory=directory) as machine:
        machine.disk = disk
        machine.power_on()
        to_menu(machine)
        take_ownership(machine, record=True)
        expect_record(machine, "rom", "yes")
        require(not error_lines(machine), f"{error_lines(machine)}")
        # What is sealed now opens at the next start: PCR 7 has the Name in it.
        machine.see(r"Make a new secret", TO_MENU)
        machine.send("y")
        machine.see(r"TPM owner passphrase", 20)
        machine.send(PASSPHRASE + "\r")
        machine.line("totp enrolled", TO_MENU)
        machine.power_cut()
        code_before_boot_is_read(machine, server)
        machine.send("p")
        _, cap = machine.line("cap", 30)
        require(cap["bus"] == "authenticated", f"{cap}")
        machine.wait_off()
        # Somebody solders another TPM in.
        shutil.rmtree(os.path.join(machine.directory, "tpm"))
        machine.power_on()
        expect_record(machine, "rom", "no")
        require({"foreign-tpm"} == {error["code"] for error in error_lines(machine)}, f"{error_lines(machine)}")
        _, found = machine.line("totp", TO_MENU)
        require(found["code"] == "foreign-tpm", f"{found}")
        machine.line("menu ready", TO_MENU)
        machine.see(r"NOT THE RECORDED ONE", 20)
        # The owner can see it, restart, and take it over.
        machine.send("p")
        _, cap = machine.line("cap", 30)
        require(cap["tpm"] == "capped" and cap["bus"] == "plain", f"{cap}")
        machine.wait_off()


test_A2_another_tpm_behind_the_same_rom.seconds = 300


def test_A2_the_signed_boot_records_the_tpm(directory):
    """Where the ROM records none, the signed /boot does: before anything is released."""
    with machine_with(directory, files=boot_files(**{"kexec_tpm_name.txt": (STRANGER + "\n").encode()}),
                      settings=MANUAL) as machine:
        machine.line("verify ok", TO_MENU)
        expect_record(machine, "boot", "no")
        words, found = machine.line("totp", TO_MENU)
        require(words == "totp unavailable" and found["code"] == "foreign-tpm", f"{words} {found}")
        machine.line("menu ready", TO_MENU)
        machine.see(r"NOT THE RECORDED ONE", 20)


def test_tpm_1_2(directory):
    """A TPM 1.2 is said to be one; what is signed boots."""
    with machine_with(directory, settings=MANUAL, tpm="1.2") as machine:
        _, found = machine.line("tpm unsupported", TO_MENU)
        require("version 1.2" in found["sentence"] and "TPM 2.0" in found["sentence"], f"{found}")
        machine.line("verify ok", TO_MENU)
        machine.line("menu ready", TO_MENU)
        machine.see(r"version 1\.2", 20)
        machine.send("b")
        _, cap = machine.line("cap", 30)
        require(cap["tpm"] == "unsupported", f"{cap}")
        machine.expect(rb"tiny: up name=good", TO_SYSTEM)
