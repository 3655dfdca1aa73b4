# SPDX-License-Identifier: GPL-2.0-or-later
"""The owner's settings and files in the ROM: changed on the machine, and without effect under any other name."""

import os
import shutil

from boot_steps import machine_with, require
from fixtures import HEADS, Owner, rom_for, run
from owner_steps import MANUAL, to_menu


def open_setting(machine, word, row):
    """From the main menu to the list of settings, searched for WORD until ROW is seen."""
    machine.send("s")
    machine.see(r"type to search", 30)
    machine.send(word)
    return machine.see(row, 30)


def choose_yes(machine):
    """In the list of settings, at one that is not set: to the question of who may change it, or to its being written."""
    machine.send("\r")
    machine.see(r"Default +n", 30)
    machine.send("y")


def write_yes(machine):
    """From there until the ROM has it, where anybody may."""
    machine.see(r"In the ROM +not set", 30)
    machine.send("y\r")
    return machine.line("setting", 120)


def test_a_setting_survives_power_off(directory):
    """Searched, changed and written on the machine: the flash has it at the next power-on, and the others with it."""
    with machine_with(directory, settings=MANUAL + "CONFIG_OF_MINE='a  b'\n") as machine:
        to_menu(machine)
        open_setting(machine, "eventlog", r"NO_EVENTLOG_HANDOVER +n +default +works")
        choose_yes(machine)
        _, found = write_yes(machine)
        require(found["name"] == "CONFIG_NO_EVENTLOG_HANDOVER", f"{found}")
        machine.see(r"from the next start on", 30)
        machine.power_cut()
        machine.power_on()
        to_menu(machine)
        _, rom = machine.lines("rom ")[-1]
        require(rom["settings"] == "yes" and rom["key"] == "yes", f"{rom}")
        open_setting(machine, "eventlog", r"NO_EVENTLOG_HANDOVER +y +rom")
        machine.send("\x7f" * 8 + "of_mine")
        machine.see(r"OF_MINE +a  b +rom +unknown", 30)


def test_a_file_named_like_one_of_the_initramfs_has_no_effect(directory):
    """What the original would put in the place of its own programs and settings is measured here, and no more."""
    rom, content = os.path.join(directory, "planted.rom"), os.path.join(directory, "content")
    shutil.copy(rom_for(Owner("owner"), MANUAL), rom)
    with open(content, "w", encoding="ascii") as stream:
        stream.write('CONFIG_BOARD_NAME="planted"\n')
    names = ["heads/initrd/etc/heads/board.settings", "heads/etc/heads/board.settings", "heads/initrd/init",
             "heads/initrd/etc/config.user", "heads/config.user.old", "etc/heads/board.settings"]
    for name in names:
        run([HEADS, "rom", "add", rom, name, content])
    with machine_with(directory, rom=rom) as machine:
        to_menu(machine)
        measured = {found["what"] for _, found in machine.lines("measure") if found["pcr"] == "7"}
        require(set(names[:5]) <= measured and names[5] not in measured, f"measured: {measured}")
        require("planted" not in machine.screen(), "a planted file has named the machine")
        require("QEMU q35" in machine.screen(), "the board's own settings are gone")
