# SPDX-License-Identifier: GPL-2.0-or-later
"""The owner's key on the security dongle: signing /boot in the firmware with it."""

import os
import shutil
import subprocess

from boot_steps import TO_MENU, machine_with, require
from fixtures import Owner, locked, run
from machine import TOP
from owner_steps import MANUAL, to_menu
from test_sign_in_machine import disk_hash, update

PIN = "123456"
ADMIN_PIN = "12345678"
WRONG = "654321"
FRESH = "98765432"


def card_with(directory, owner):
    """A dongle's memory with OWNER's key in it: moved there by gpg, as on the owner's workstation. Returns its path."""
    state = os.path.join(directory, "dongle")
    home = os.path.join(directory, "gpg")
    os.makedirs(home, mode=0o700)
    library = os.path.join(TOP, "build", "tests", "dongle", "pcsc.so")
    with open(os.path.join(home, "scdaemon.conf"), "w", encoding="ascii") as stream:
        stream.write(f"disable-ccid\npcsc-driver {library}\n")
    gpg = ["gpg", "--homedir", home, "--no-tty", "--quiet", "--expert", "--pinentry-mode", "loopback"]
    environment = dict(os.environ, DONGLE_STATE=state, HOME=home)
    with locked(owner.name):
        try:
            secret = run(["gpg", "--homedir", owner.home, "--batch", "--export-secret-keys", owner.fingerprint])
        finally:
            owner.quiet()

    def told(words, *answers):
        subprocess.run(gpg + words, env=environment, input=b"".join(answers), stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=True)

    try:
        told(["--batch", "--import"], secret)
        told(["--command-fd", "0", "--edit-key", owner.fingerprint],
             b"keytocard\ny\n1\n12345678\n12345678\nsave\n")
        listing = run(gpg + ["--batch", "--with-colons", "--card-status"], env=environment).decode()
    finally:
        run(["gpgconf", "--homedir", home, "--kill", "all"])
    require(f"\nfpr:{owner.fingerprint}:" in listing, f"the key did not get to the card:\n{listing}")
    shutil.rmtree(home, ignore_errors=True)      # the agent, as it ends, takes its sockets away beside us
    return state


def sign(machine):
    """From the main menu to the question for the PIN, or to the signing where it was given before."""
    machine.see(r"Power off", 30)
    machine.send("g")
    machine.see(r"Choose the key", 30)
    machine.send("y")
    machine.see(r"Which key signs", 20)
    machine.send("d")


def change_pin(machine):
    """On the screen of keys: what the dongle says, and another user PIN. Ends in the main menu."""
    machine.see(r"Power off", 30)
    machine.send("c")
    machine.see(r"Keys: security dongle", 20)
    machine.send("g")
    _, card = machine.line("key card", 60)
    require(card["pin"] == "3" and card["admin"] == "3", f"{card}")
    machine.see(Owner("owner").fingerprint, 20)
    machine.send("p")
    machine.see(r"Set the reset code", 20)
    machine.send("u")
    machine.see(r"Tries left: 3", 20)
    machine.send(PIN + "\r")
    machine.see(r"New user PIN", 20)
    machine.send(FRESH + "\r")
    machine.see(r"New user PIN, again", 20)
    machine.send(FRESH + "\r")
    _, changed = machine.line("key pin-changed", 60)
    require(changed["which"] == "user", f"{changed}")
    machine.see(r"has the new user PIN", 20)
    machine.send("\r")
    machine.line("key card", 60)
    machine.see(r"Set the reset code", 20)
    machine.send("\x1b")
    machine.see(r"Factory reset", 20)
    machine.send("\x1b")


def test_signed_with_the_dongle(directory):
    """An update of the system is signed with the key on the dongle. A wrong PIN is told with what is left, and never
    locks the dongle; the disk stays as it was."""
    state = card_with(directory, Owner("owner"))
    with machine_with(directory, spoil=update, settings=MANUAL,
                      options=["--dongle-state", state, "--dongle-model", "nitrokey-pro"]) as machine:
        to_menu(machine, mode="refused")
        machine.refuse(rb"gpg", "GnuPG is not started before the owner asks")
        before = disk_hash(machine)
        sign(machine)
        _, asked = machine.line("ask", 60)
        require(asked["left"] == "3", f"{asked}")
        machine.see(r"Tries left: 3", 20)
        machine.send(WRONG + "\r")
        _, asked = machine.line("ask", 60)
        require(asked["left"] == "2", f"{asked}")
        machine.see(r"2 tries are left", 20)
        machine.send(WRONG + "\r")
        # The last try is not spent.
        _, refused = machine.line("sign refused", 60)
        require(refused["code"] == "locked-out" and refused["written"] == "no", f"{refused}")
        require(disk_hash(machine) == before, "the disk changed although nothing was signed")


test_signed_with_the_dongle.seconds = 300


def test_pin_once_a_start(directory):
    """From power-on: one wrong PIN, then the right one; the second signing asks for none; the screen of keys
    changes it. As the owner's proof, where the shell is locked, it is asked for each time. gpgv accepts what was
    signed, and the system starts."""
    state = card_with(directory, Owner("owner"))
    with machine_with(directory, spoil=update, settings=MANUAL + "CONFIG_ACCESS_LOCK=y\n",
                      options=["--dongle-state", state, "--dongle-model", "librem-key"]) as machine:
        to_menu(machine, mode="refused")
        sign(machine)
        machine.line("ask", 60)
        machine.see(r"Tries left: 3", 20)
        machine.send(WRONG + "\r")
        machine.line("ask", 60)
        machine.see(r"2 tries are left", 20)
        machine.send(PIN + "\r")
        _, signed = machine.line("sign ok", 90)
        require(signed["signer"] == Owner("owner").fingerprint, f"{signed}")
        words, _ = machine.line("verify", TO_MENU)
        require(words == "verify ok", f"what was signed should verify: {words}")
        machine.see(r"read again, and verifies", 30)
        machine.send("\r")
        machine.line("menu ready", TO_MENU)
        sign(machine)
        words, _ = machine.line("sign ok", 90)
        machine.see(r"read again, and verifies", 30)
        machine.send("\r")
        machine.line("menu ready", TO_MENU)
        change_pin(machine)
        machine.see(r"Power off", 30)
        machine.send("r")
        machine.see(r"Key on the security dongle", 20)
        machine.send("d")
        _, asked = machine.line("ask", 60)
        require(asked["what"] == "card-pin", f"{asked}")
        machine.see(r"User PIN of the dongle", 20)
        machine.send(FRESH + "\r")
        _, allowed = machine.line("access allowed", 60)
        require(allowed["action"] == "shell" and allowed["by"] == "dongle", f"{allowed}")
        machine.see(r"Open the shell", 20)
        machine.send("n")
        machine.refuse(WRONG.encode(), "a PIN is on the screen or the log")
        machine.refuse(FRESH.encode(), "a PIN is on the screen or the log")
        machine.see(r"Power off", 30)
        machine.send("b")
        machine.expect(rb"tiny: up name=updated", 120)
        machine.expect(rb"tiny: ready", 60)


test_pin_once_a_start.seconds = 420
