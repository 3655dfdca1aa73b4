# SPDX-License-Identifier: GPL-2.0-or-later
"""A blank machine becomes its owner's, step by step, across the restarts and power cuts that come in between."""

import os
import re
import shutil

from boot_steps import TO_MENU, error_lines, machine_with, require
from fixtures import Owner, rom_for
from owner_steps import MANUAL, choose_key, own_tpm, to_menu
from test_sign_in_machine import PHRASE, exported
from test_tpm import PASSPHRASE, expect_record
from update_steps import stick


def open_steps(machine):
    machine.see(r"Power off", 20)
    machine.send("e")
    machine.see(r"\[.\] The TPM opens the disk", 20)


def require_done(machine, done):
    """The screen shows these steps as done, and no others."""
    machine.settle()
    shown = {int(n) for n in re.findall(r"(\d)  \[x\]", machine.screen())}
    require(shown == done, f"the steps {done} should be done, and the screen shows {shown}:\n{machine.screen()}")


def store_key(machine):
    owner = Owner("owner")
    open_steps(machine)
    require_done(machine, set())
    machine.send("4")       # before its time: the screen says what is missing
    machine.see(r"first the key and the TPM", 20)
    machine.send("\r")
    machine.see(r"\[.\] The TPM opens the disk", 20)
    machine.send("1")
    choose_key(machine, "secret.asc")
    machine.see(r"The key was not stored", 60)      # a secret key has no business in the ROM
    machine.send("\r")
    machine.see(r"\[.\] The TPM opens the disk", 20)
    machine.send("1")
    choose_key(machine, "public.asc")
    machine.see(owner.fingerprint, 60)
    machine.see(r"Write it into the ROM", 20)
    machine.send("y")
    machine.line("key stored", 120)
    machine.see(r"Restart now", 20)


def sign(machine):
    machine.send("5")
    machine.see(r"Choose the key", 30)
    machine.send("y")
    choose_key(machine, "secret.asc")
    machine.line("ask", 60)
    machine.see(r"Passphrase of the key", 30)
    machine.send(PHRASE + "\r")
    machine.line("sign ok", 90)
    machine.line("verify ok", TO_MENU)
    machine.see(r"read again, and verifies", 30)
    machine.send("\r")
    machine.see(r"\[.\] The TPM opens the disk", 20)


def test_a_blank_machine_becomes_the_owners(directory):
    """No key in the ROM, a new TPM, an unsigned /boot: the steps lead to a code, a signed boot and nothing left to do. The
    power is cut twice on the way."""
    secret = exported(directory, Owner("owner"), "secret.asc", PHRASE)
    public = os.path.join(directory, "public.asc")
    shutil.copy(Owner("owner").public, public)
    image = stick(directory, secret, public)
    with machine_with(directory, signer=None, rom=rom_for(None, MANUAL), options=["--usb", image]) as machine:
        to_menu(machine, mode="refused")
        store_key(machine)
        machine.power_cut()     # instead of the restart: the key is in the ROM
        machine.power_on()
        to_menu(machine, mode="refused")
        open_steps(machine)
        require_done(machine, {1})
        machine.send("2")
        own_tpm(machine, PASSPHRASE)
        machine.power_cut()     # the TPM is the owner's; the ROM does not know it yet
        machine.power_on()
        to_menu(machine, mode="refused")
        open_steps(machine)
        require_done(machine, {1, 2})
        machine.send("3")
        machine.see(r"Record it in the ROM", 60)
        machine.send("y")
        machine.line("tpm recorded", 120)
        machine.see(r"Restart now", 20)
        machine.send("n")       # later: but nothing is sealed before it
        machine.see(r"\[.\] The TPM opens the disk", 20)
        machine.send("4")
        machine.see(r"restart first", 20)
        machine.send("\r")
        machine.press_reset()
        expect_record(machine, "rom", "yes")
        to_menu(machine, mode="refused")
        open_steps(machine)
        require_done(machine, {1, 2, 3})
        machine.send("4")
        machine.see(r"Make a new secret", 20)
        machine.send("y")
        machine.see(r"TPM owner passphrase", 20)
        machine.send(PASSPHRASE + "\r")
        machine.line("totp enrolled", TO_MENU)
        machine.send("\r")
        machine.see(r"\[.\] The TPM opens the disk", 30)
        sign(machine)
        require_done(machine, {1, 2, 3, 4, 5})
        machine.power_cut()
        machine.power_on()
        machine.line("totp ok", TO_MENU)        # the ROM knows the TPM: the code comes before /boot is read
        machine.line("verify ok", TO_MENU)
        machine.line("menu ready", TO_MENU)
        machine.see(r"Power off", 20)
        require("step by step" not in machine.screen(), f"something is left to do:\n{machine.screen()}")
        codes = {error["code"] for error in error_lines(machine)}
        require(codes <= {"malformed"}, f"errors other than the secret key's refusal: {error_lines(machine)}")
        for word in (PASSPHRASE, PHRASE):
            require(word.encode() not in machine.output, f"{word} is on the console")
            require(not any(word.encode() in message for message in machine.tpm_traffic()), f"{word} is on the TPM's bus")
        machine.send("b")
        machine.expect(rb"tiny: ready", 120)


test_a_blank_machine_becomes_the_owners.seconds = 600
