# SPDX-License-Identifier: GPL-2.0-or-later
"""What the TPM keeps goes on after an update and after a changed setting, and the old firmware loses it (A17)."""

import base64
import contextlib
import os
import shutil

from boot_steps import TO_MENU, require
from fixtures import Disk, Owner, rom_for
from machine import Machine
from owner_steps import MANUAL, expect_code, expect_no_code, to_menu
from test_eventlog import in_shell, to_shell
from test_hotp import program
from test_settings import open_setting
from test_unlock import LuksDisk, boot, expect_key, expect_without, files, make_key
from test_update import give_passphrase, install
from update_steps import package, started_slot, stick


def said(machine, words):
    """Whether the log of this start has a line that begins so."""
    this_start = machine.output[machine.output.rindex(b"heads: init "):]
    return b"heads: " + words.encode() in this_start


@contextlib.contextmanager
def owned_machine(directory, options, hotp):
    """A machine whose TPM has an owner, a TOTP secret, a disk unlock key, and a programmed dongle; in the main menu."""
    disk = Disk(os.path.join(directory, "disk.img"), files(), signer=Owner("owner"))
    luks = LuksDisk(os.path.join(directory, "luks.img"))
    if hotp:
        options = options + ["--dongle-state", os.path.join(directory, "dongle"), "--dongle-model", "librem-key"]
    with Machine(rom=rom_for(Owner("owner"), MANUAL), disks=[disk.path, luks.path], directory=directory,
                 options=options) as machine:
        machine.luks = luks
        machine.power_on()
        to_menu(machine)
        to_shell(machine)
        status, text = in_shell(machine, "echo correct horse >/tmp/p; heads tpm reset --yes --owner-passphrase /tmp/p", 120)
        require(status == 0, f"heads tpm reset: {text}")
        machine.press_reset()
        machine.see(r"Make a new secret", TO_MENU)
        machine.send("y")
        give_passphrase(machine)
        machine.line("totp enrolled", TO_MENU)
        machine.secret = base64.b32decode(machine.see(r"\b([A-Z2-7]{32})\b", 30).group(1))
        machine.send("\r")
        machine.line("menu ready", 60)
        if hotp:
            program(machine)
            machine.line("hotp programmed", 60)
        machine.see(r"Power off", 30)
        make_key(machine)
        yield machine


def test_A17_update_keeps_code_dongle_and_disk_key(directory):
    """Old or new firmware until the new one has booted; then the new one alone, and the old one put back opens nothing."""
    image = stick(directory, package(directory, Owner("owner")))
    with owned_machine(directory, ["--usb", image], hotp=True) as machine:
        with open(machine.flash, "rb") as stream:
            before = stream.read()
        install(machine, "heads-update.tar")
        machine.line("update written", 120)
        _, given = machine.lines("approval given")[-1]
        require(all(word in given["secrets"] for word in ("TOTP", "HOTP", "disk")), f"{given}")
        machine.see(r"Restart now", 60)
        machine.send("y")
        require(started_slot(machine)["slot"] == "SLOT_B", "the update does not run")
        expect_code(machine, machine.secret)
        require(said(machine, "hotp ok"), "the dongle does not confirm the new firmware")
        require(said(machine, "approval pending running=new"), "the new firmware does not know that the old one is approved")
        boot(machine)
        machine.line("approval dropped", TO_MENU)
        machine.power_cut()
        with open(machine.flash, "rb") as stream:
            after = stream.read()
        # The old firmware, put back with a programmer.
        with open(machine.flash, "wb") as stream:
            stream.write(before)
        machine.power_on()
        expect_no_code(machine, r"PCR 2\b")
        require(said(machine, "hotp unavailable"), "the dongle was given a code")
        boot(machine)
        expect_without(machine, "wrong-pcr", r"PCR 2\b", boot_it=False)
        machine.power_cut()
        with open(machine.flash, "wb") as stream:
            stream.write(after)
        machine.power_on()
        expect_code(machine, machine.secret)
        boot(machine)
        expect_key(machine)


test_A17_update_keeps_code_dongle_and_disk_key.seconds = 500


def test_a_changed_setting_asks_nothing_at_the_next_start(directory):
    """The owner sets a time for the automatic boot: after the restart the code is there, and the disk is opened."""
    with owned_machine(directory, [], hotp=False) as machine:
        open_setting(machine, "auto_boot_timeout", r"AUTO_BOOT_TIMEOUT")
        machine.send("\r")
        machine.see(r"Default", 30)
        machine.send("\r")
        machine.see(r"Default", 30)
        machine.settle()
        machine.send("\x7f" * 6 + "5\r")
        machine.see(r"told beforehand", 60)
        machine.send("y")
        machine.line("approval given", 60)
        machine.line("setting", 120)
        machine.see(r"from the next start on", 30)
        machine.power_cut()
        machine.power_on()
        expect_code(machine, machine.secret)
        require(said(machine, "approval pending running=new"), "the old settings are approved still")
        machine.line("boot", 60)
        expect_key(machine)
        require(said(machine, "approval dropped"), "what was before the change still opens the TPM")


test_a_changed_setting_asks_nothing_at_the_next_start.seconds = 400


def test_what_runs_is_approved_by_hand(directory):
    """The flash was changed with a programmer: the owner sees why, types the passphrase once, and code and disk go on;
    what was approved before opens nothing."""
    with owned_machine(directory, [], hotp=False) as machine:
        machine.power_cut()
        before = os.path.join(directory, "before.rom")
        shutil.copyfile(machine.flash, before)
        shutil.copyfile(rom_for(Owner("owner"), MANUAL + "CONFIG_OF_MINE=y\n"), machine.flash)
        machine.power_on()
        expect_no_code(machine, r"PCR 7\b")
        machine.send("t")
        machine.see(r"Approve what runs now", 30)
        machine.see(r"CONFIG_OF_MINE", 10)
        machine.send("v")
        give_passphrase(machine)
        _, resealed = machine.line("approval resealed", 60)
        require("TOTP" in resealed["secrets"] and "disk" in resealed["secrets"], f"{resealed}")
        machine.see(r"to what runs now", 30)
        machine.send("\r")
        machine.press_reset()
        expect_code(machine, machine.secret)
        require(not said(machine, "approval pending"), "two sets are approved")
        boot(machine)
        expect_key(machine)
        machine.power_cut()
        shutil.copyfile(before, machine.flash)
        machine.power_on()
        expect_no_code(machine, r"PCR 7\b")


test_what_runs_is_approved_by_hand.seconds = 400
