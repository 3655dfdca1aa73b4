# SPDX-License-Identifier: GPL-2.0-or-later
"""The dongle is pulled out while a machine becomes its owner's, with the key made on it: at each thing that the run asks of
it. The run says so, waits, and goes on with it; nothing is lost, and no PIN is spent."""

import os

from boot_steps import TO_MENU, error_lines, machine_with, require
from dongle import Dongle
from fixtures import rom_for, run
from machine import Expected
from owner_steps import MANUAL, to_menu
from test_ownership import (ADMIN_PIN, OWNER, TO_KEY, USER_PIN, begin, enrol, expect_menu, expect_owned, expect_steps, finish,
                            on_stick)
from update_steps import stick

OTHER_USER_PIN = "86427531"
OTHER_ADMIN_PIN = "0864297531"

ANSWERS = f"""\
KEY=card
KEY_NAME=Test Owner
KEY_EMAIL=t@example.org
KEY_ALGORITHM=ed25519
USER_PIN={USER_PIN}
ADMIN_PIN={ADMIN_PIN}
TPM_PASSPHRASE={OWNER}
HOTP=yes
DEFAULT_ENTRY=first
SUMMARY=plain
"""

# Where the dongle pulls itself out, and what is not done then (OpenPGP card 3.4, 7.2; the HID protocol of the Nitrokey Pro).
IN_KEY = (
    ("unplug-after=card-e6@1", "set back half way: no OpenPGP card until that is ended"),
    ("unplug=card-24@2", "one PIN is changed, the other one is not"),
    ("unplug=card-47@2", "one of three keys is made"),
    ("unplug-after=card-2a@1", "the keys are made, and have not signed one another"),
)
IN_BOOT = (
    ("unplug=card-20@1", "before the PIN"),
    ("unplug-after=card-2a@1", "it has signed, and the signature is lost"),
)
IN_HOTP = (
    ("unplug=hid-07@1", "before the admin PIN"),
    ("unplug=hid-01@1", "it has the secret, and no place for it"),
    ("unplug=hid-18@1", "it is programmed, and not tried"),
)


def stopped(machine, word):
    _, found = machine.line("ownership stopped", TO_KEY)
    require(found["code"] == "no-device", f"{found}")
    require(word in found["sentence"] and "dongle" in found["sentence"], f"{found}")
    machine.see(r"The run has stopped", 20)


def again(machine, dongle):
    """Goes on as often as the kernel needs to find the dongle; returns the fields of the line after that."""
    for _ in range(20):
        machine.see(r"Go on with what is missing", 20)
        machine.send("y")
        number, match = machine.expect_any([rb"heads: ownership stopped code=([a-z-]+) sentence=\"([^\"]*)\"\r?\n",
                                            rb"heads: ownership step=(?:counter|totp)\r?\n"], TO_KEY)
        if number == 1:
            return None
        code, sentence = (group.decode() for group in match.groups()[1:3])
        if code != "no-device" or dongle.has_pulled_itself_out():
            return code, sentence
    raise Expected("the run does not find the dongle")


def pull(machine, dongle, places, word):
    """Plugged in, pulled out at each of these places."""
    for fault, what in places:
        dongle.plug_in(fault)
        found = again(machine, dongle)
        require(found and found[0] == "no-device", f"{what}: {found}")
        require(word in found[1] and "dongle" in found[1], f"{what}: {found}")


def refused_pin(machine, dongle, question, pin):
    """Another PIN than the answers' is on the dongle: the tries left are shown, and it alone is asked for, once. While it is
    asked for the dongle is pulled out: the PIN is not asked for again."""
    dongle.plug_in()
    found = again(machine, dongle)
    require(found and found[0] == "wrong-passphrase" and "2 tries are left" in found[1], f"{found}")
    machine.see(r"2 tries are left", 20)
    machine.send("y")
    machine.see(r"\b" + question, 20)
    machine.settle()
    require("New" not in machine.screen(), f"a new PIN is asked for:\n{machine.screen()}")
    dongle.pull_out()
    machine.send(pin + "\r")


def test_pulled_out_wherever_it_is_used(directory):
    answers = os.path.join(directory, "heads-owner.txt")
    with open(answers, "w", encoding="ascii") as stream:
        stream.write(ANSWERS)
    image = stick(directory, answers)
    with Dongle(directory) as dongle, machine_with(directory, signer=None, rom=rom_for(None, MANUAL),
                                                   options=["--usb", image] + dongle.options) as machine:
        to_menu(machine, mode="refused")
        begin(machine, "f")
        machine.see(r"Which answers", 60)
        machine.send("\r")
        _, found = machine.line("ownership refused", TO_KEY)     # it was not plugged in yet
        require(found["code"] == "no-device", f"{found}")
        dongle.plug_in()
        for _ in range(20):
            machine.see(r"Look again", 20)
            machine.send("y")
            number, _ = machine.expect_any([b"heads: ownership refused code=no-device ",
                                            b"heads: ask what=ownership-plan"], TO_KEY)
            if number == 1:
                break
        dongle.pull_out()
        machine.see(r"Type the word mine", 20)
        machine.send("mine\r")
        machine.line("ownership begin", TO_KEY)
        expect_steps(machine, "tpm", "key")
        stopped(machine, "your key failed")
        pull(machine, dongle, IN_KEY, "your key failed")
        dongle.plug_in()
        require(again(machine, dongle) is None, "the key is not made")
        dongle.pull_out()
        stopped(machine, "your signature over /boot failed")
        pull(machine, dongle, IN_BOOT, "your signature over /boot failed")
        dongle.change("user-pin", OTHER_USER_PIN.encode().hex())
        refused_pin(machine, dongle, "User PIN of the dongle", OTHER_USER_PIN)
        stopped(machine, "your signature over /boot failed")
        pull(machine, dongle, IN_HOTP, "the secret of the dongle (HOTP) failed")
        dongle.change("admin-pin", OTHER_ADMIN_PIN.encode().hex())
        refused_pin(machine, dongle, "Admin PIN of the dongle", OTHER_ADMIN_PIN)
        stopped(machine, "the secret of the dongle (HOTP) failed")
        dongle.plug_in()
        require(again(machine, dongle) is None, "the dongle is not programmed")
        secret = enrol(machine)
        fingerprint = finish(machine)
        expect_owned(machine, secret)
        _, found = machine.line("hotp ok", TO_MENU)
        require(found["serial"] == "00000001", f"{found}")
        expect_menu(machine, secret)
        machine.see(r"HOTP +green", 20)
        require(not error_lines(machine), f"{error_lines(machine)}")
        for word in (OWNER, USER_PIN, ADMIN_PIN, OTHER_USER_PIN, OTHER_ADMIN_PIN):
            require(word.encode() not in machine.output, f"{word} is on the console")
            require(not any(word.encode() in message for message in machine.tpm_traffic()), f"{word} is on the TPM's bus")
        machine.send("b")
        machine.expect(rb"tiny: ready", 120)
    card = dongle.memory()
    require((card["user-tries"], card["admin-tries"]) == ("3", "3"), f"tries are spent: {card}")
    public = os.path.join(directory, "public.asc")
    with open(public, "wb") as stream:
        stream.write(on_stick(image, "heads-owner-public.asc"))
    listing = run(["gpg", "--homedir", directory, "--batch", "--with-colons", "--show-keys", public]).decode().upper()
    require(fingerprint in listing and card["sign-fingerprint"].upper() in listing, f"another key is on the stick:\n{listing}")
    summary = on_stick(image, "heads-summary-1.txt").decode()
    require(fingerprint in summary and "on the dongle alone" in summary, f"{summary}")


test_pulled_out_wherever_it_is_used.seconds = 900
