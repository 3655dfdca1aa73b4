# SPDX-License-Identifier: GPL-2.0-or-later
"""The security dongle that recognises the firmware (A9): programmed on the screen, asked at each start."""

import os
import shutil

from boot_steps import TO_MENU, error_lines, machine_with, require
from fixtures import Owner, rom_for
from owner_steps import MANUAL, enrol

ADMIN_PIN = "12345678"


def plug(machine, directory, model="librem-key"):
    """From the next power-on on this dongle is plugged in (model None: none); it remembers what it was given."""
    machine.command = machine.command[:machine.command.index("--dongle-state")] if "--dongle-state" in machine.command \
        else machine.command
    if model:
        machine.command += ["--dongle-state", os.path.join(directory, "dongle"), "--dongle-model", model]


def program(machine, pin=ADMIN_PIN):
    machine.see(r"Power off", 20)
    machine.send("c")
    machine.see(r"HOTP: security", 20)
    machine.send("h")
    machine.see(r"admin PIN tries left: 3", 20)
    machine.send("y")
    machine.see(r"Tries left: 3", 20)
    machine.send(pin + "\r")


def start(machine, words, **wanted):
    """Off and on again: the dongle's answer on the log."""
    machine.power_cut()
    machine.power_on()
    found, values = machine.line("hotp", TO_MENU)
    require(found == words, f"{found} {values}")
    for key, value in wanted.items():
        require(values.get(key) == value, f"{key} should be {value}: {values}")
    machine.line("menu ready", TO_MENU)
    return values


def test_hotp(directory):
    """A wrong PIN is told with what is left; a programmed dongle confirms each start; no code twice, no PIN on the log."""
    with machine_with(directory, settings=MANUAL, options=["--dongle-state", os.path.join(directory, "dongle"),
                                                           "--dongle-model", "librem-key"]) as machine:
        enrol(machine)
        machine.refuse(rb"heads: hotp", "nothing was set up")
        program(machine, "00000000")
        machine.see(r"2 tries are left", 20)
        machine.send(ADMIN_PIN + "\r")
        machine.line("hotp programmed", 60)
        machine.see(r"HOTP +green: the dongle confirms this firmware", 20)
        for _ in range(2):
            start(machine, "hotp ok", serial="00000001")
            machine.see(r"HOTP +green", 20)
        machine.refuse(ADMIN_PIN.encode())
        require(not error_lines(machine), f"{error_lines(machine)}")
        # Without the dongle the menu says so.
        plug(machine, directory, None)
        start(machine, "hotp refused", answer="absent")
        machine.see(r"HOTP +plug in your dongle", 20)


test_hotp.seconds = 300


def test_A9_changed_settings_and_a_foreign_dongle(directory):
    """Another dongle gets no code although it holds the secret; where a setting was changed the TPM has no code."""
    with machine_with(directory, settings=MANUAL, options=["--dongle-state", os.path.join(directory, "dongle"),
                                                           "--dongle-model", "librem-key"]) as machine:
        enrol(machine)
        program(machine)
        machine.line("hotp programmed", 60)
        plug(machine, directory, "nitrokey-pro")
        start(machine, "hotp refused", answer="foreign")
        machine.see(r"NOT YOUR DONGLE", 20)
        plug(machine, directory)
        start(machine, "hotp ok")
        machine.power_cut()
        shutil.copyfile(rom_for(Owner("owner"), MANUAL + "CONFIG_OF_MINE=y\n"), machine.flash)
        start(machine, "hotp unavailable", code="wrong-pcr")
        machine.see(r"HOTP +not available: PCR 7 changed", 20)


test_A9_changed_settings_and_a_foreign_dongle.seconds = 300

FIRST_PIN = "secrets of mine"


def test_A9_nitrokey_3(directory):
    """A Nitrokey 3 gets its first PIN and a secret, and confirms the next start; GnuPG has the same reader in between.
    Another one gets no code."""
    with machine_with(directory, settings=MANUAL) as machine:
        machine.power_cut()
        plug(machine, directory, "nitrokey-3")
        machine.power_on()
        enrol(machine)
        machine.see(r"Power off", 20)
        machine.send("c")
        machine.see(r"HOTP: security", 20)
        machine.send("h")
        machine.see(r"its secrets have no PIN yet", 20)
        machine.send("y")
        machine.see(r"New secrets PIN", 20)
        machine.send(FIRST_PIN + "\r")
        machine.see(r"of the dongle, again", 20)
        machine.send(FIRST_PIN + "\r")
        _, found = machine.line("hotp programmed", 60)
        require(found["serial"] == "00000001", f"{found}")
        machine.see(r"HOTP +green: the dongle confirms this firmware", 20)
        start(machine, "hotp ok", serial="00000001")
        machine.send("c")
        machine.see(r"Keys: security dongle", 20)
        machine.send("g")
        _, card = machine.line("key card", 60)
        require(card["serial"] == "00000001", f"{card}")
        machine.see(r"New keys", 20)
        machine.send("\x1b")
        machine.see(r"Power off", 20)
        # The dongle is the same for HOTP after GnuPG had it.
        machine.send("c")
        machine.see(r"HOTP: security", 20)
        machine.send("h")
        machine.see(r"secrets PIN tries left: 8", 20)
        machine.send("\x1b")
        machine.refuse(FIRST_PIN.encode(), "a PIN is on the screen or the log")
        require(not error_lines(machine), f"{error_lines(machine)}")
        plug(machine, directory, "librem-key")
        start(machine, "hotp refused", answer="foreign")
        machine.see(r"NOT YOUR DONGLE", 20)


test_A9_nitrokey_3.seconds = 300
