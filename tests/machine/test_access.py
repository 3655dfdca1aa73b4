# SPDX-License-Identifier: GPL-2.0-or-later
"""The locks on what leads to unsigned code: every way of docs/threat-model.md, in each mode."""

import os
import shutil

from boot_steps import TO_MENU, TO_SYSTEM, machine_with, require
from fixtures import CMDLINE, Owner, grub_cfg, place, rom_for
from owner_steps import MANUAL, choose_key, to_menu
from test_settings import open_setting
from test_sign_in_machine import PHRASE, exported
from test_tpm import PASSPHRASE, take_ownership
from update_steps import flash_hash, next_rom, open_update, package, stick

LOCK = MANUAL + "CONFIG_ACCESS_LOCK=y\n"
RESTRICTED = MANUAL + "CONFIG_RESTRICTED_BOOT=y\n"


def spoil(boot):
    """Somebody else's boot configuration."""
    place(boot, "grub/grub.cfg", grub_cfg(("Not mine", "/vmlinuz", "/initrd.img", CMDLINE + " evil=1")))


def answer(machine, words, action, **wanted):
    """The next line of the log about access."""
    found_words, found = machine.line("access", 60)
    require(found_words == words and found["action"] == action, f"{words} {action} expected: {found_words} {found}")
    for key, value in wanted.items():
        require(found[key] == value, f"{key}={value} expected: {found}")


def early_key(machine, mode):
    """The key of PID 1 at power-on leads to the menu, not to a shell."""
    machine.line("key", TO_MENU)
    machine.send("r")
    answer(machine, "access refused", "early-shell", mode=mode)


def not_proven(machine):
    machine.see(r"The owner was not proven", 20)
    machine.send("\r")


def open_restricted(machine):
    """To the question that the change of the mode's own setting is locked behind."""
    machine.see(r"Power off", 30)
    open_setting(machine, "restricted", r"RESTRICTED_BOOT +y +rom +works")
    machine.send("\r")
    machine.see(r"Default +n", 30)
    machine.send("n")
    machine.see(r"In the ROM +y", 30)
    machine.send("y")
    machine.see(r"Only the owner may change a setting", 30)


def back_to_menu(machine):
    for _ in range(4):
        machine.settle()
        if "Power off" in machine.screen():
            return
        machine.send("\x1b")
    machine.see(r"Power off", 10)


def test_restricted_mode_refuses_every_route_to_unsigned_code(directory):
    """No shell, no forced boot, no unsigned firmware for anybody; signed firmware, settings and the TPM for the owner
    alone: a stranger's key and no key at all change neither flash nor TPM, the owner's key does."""
    owner, plain = Owner("owner"), os.path.join(directory, "heads-plain.rom")
    shutil.copy(next_rom(), plain)
    image = stick(directory, exported(directory, owner, "owner.asc"), exported(directory, Owner("stranger"), "stranger.asc"),
                  plain, package(directory, owner))
    with machine_with(directory, spoil=spoil, settings=RESTRICTED, options=["--usb", image]) as machine:
        early_key(machine, "restricted")
        to_menu(machine, mode="refused")
        for label in ("Recovery shell", "Boot although"):
            require(label not in machine.screen(), f"{label} is offered:\n{machine.screen()}")
        machine.send("rf")
        machine.stay(1)
        require("Power off" in machine.screen(), "a key without a line left the menu")
        before = flash_hash(machine)
        open_update(machine, "heads-plain.rom")
        answer(machine, "access refused", "unsigned-firmware", mode="restricted")
        machine.see(r"nobody may install firmware", 20)
        machine.send("\r")
        open_update(machine, "heads-update.tar")
        machine.see(r"Only the owner may install firmware", 60)
        machine.send("n")
        answer(machine, "access refused", "signed-firmware", code="none")
        machine.see(r"Power off", 30)
        machine.send("c")
        machine.see(r"TPM: state", 20)
        machine.send("m")
        machine.see(r"TPM owner", 20)
        machine.send("y")
        machine.see(r"Only the owner may take ownership", 20)
        require("Owner passphrase of the TPM" not in machine.screen(), "a TPM without owner passphrase proves nothing")
        machine.send("n")
        answer(machine, "access refused", "ownership", code="none")
        open_restricted(machine)
        machine.send("k")
        choose_key(machine, "stranger.asc")
        answer(machine, "access refused", "settings", code="refused")
        not_proven(machine)
        back_to_menu(machine)
        require(flash_hash(machine) == before, "the flash changed")
        machine.refuse(rb"heads: (recovery|loaded|update begin|update written|tpm owned|setting|boot entry)")
        open_restricted(machine)
        machine.send("k")
        choose_key(machine, "owner.asc")
        answer(machine, "access allowed", "settings", by="key")
        _, found = machine.line("setting", 120)
        require(found["name"] == "CONFIG_RESTRICTED_BOOT", f"{found}")
        machine.see(r"from the next start on", 30)
        machine.power_cut()
        machine.power_on()
        to_menu(machine, mode="refused")
        machine.see(r"Boot although", 20)


test_restricted_mode_refuses_every_route_to_unsigned_code.seconds = 420


def test_locked_by_the_owners_key(directory):
    """The recovery shell and a forced boot want the owner's key: a stranger's and a wrong passphrase open nothing; the
    key r stays without effect after a crash of the menu."""
    image = stick(directory, exported(directory, Owner("owner"), "owner.asc", PHRASE),
                  exported(directory, Owner("stranger"), "stranger.asc"))
    with machine_with(directory, spoil=spoil, settings=LOCK, options=["--usb", image]) as machine:
        early_key(machine, "locked")
        to_menu(machine, mode="refused")
        machine.send("r")
        machine.see(r"Only the owner may open the recovery shell", 20)
        machine.send("k")
        choose_key(machine, "stranger.asc")
        answer(machine, "access refused", "shell", code="refused")
        not_proven(machine)
        machine.see(r"Power off", 20)
        machine.send("r")
        machine.see(r"Key on a stick", 20)
        machine.send("k")
        choose_key(machine, "owner.asc")
        for _ in range(3):
            machine.line("ask", 60)
            machine.see(r"Passphrase of the key", 30)
            machine.send("correct hors\r")
        answer(machine, "access refused", "shell", code="wrong-passphrase")
        not_proven(machine)
        machine.refuse(rb"heads: recovery")
        prove_by_key(machine, "r", "shell")
        machine.see(r"Open the shell", 20)
        machine.send("y")
        machine.line("recovery", 30)
        machine.expect(rb"[#$] ", 30)
        machine.send("(trap '' HUP; for n in 1 2 3; do sleep 6; killall -SEGV heads; done) &\n")
        machine.send("exit\n")
        machine.line("recovery ended", 30)
        for wait in ("1", "2", "4"):
            _, crash = machine.line("menu crashed", 90)
            require(crash["wait-s"] == wait, f"{crash}")
        machine.line("cap", 30)
        machine.send("r")
        answer(machine, "access refused", "early-shell", mode="locked")
        to_menu(machine, mode="refused")
        prove_by_key(machine, "f", "forced-boot")
        machine.see(r"not what you signed", 20)
        machine.send("\x1b")
        machine.see(r"Power off", 20)
        require(len(machine.lines("recovery reason")) <= 1, "a second shell was opened")
        machine.refuse(rb"correct hors", "a passphrase is on the screen")


test_locked_by_the_owners_key.seconds = 420


def prove_by_key(machine, letter, action):
    machine.see(r"Power off", 30)
    machine.send(letter)
    machine.see(r"Key on a stick", 20)
    machine.send("k")
    choose_key(machine, "owner.asc")
    machine.line("ask", 60)
    machine.see(r"Passphrase of the key", 30)
    machine.send(PHRASE + "\r")
    answer(machine, "access allowed", action, by="key")


def prove_by_passphrase(machine, letter, question, action):
    machine.see(r"Power off", 30)
    machine.send(letter)
    machine.see(question, 20)
    machine.send("p")
    machine.see(r"TPM owner passphrase", 20)
    machine.send("wrong horse battery\r")
    machine.see(r"That passphrase is wrong", 30)
    machine.send(PASSPHRASE + "\r")
    answer(machine, "access allowed", action, by="passphrase")


def test_locked_by_the_owner_passphrase(directory):
    """The owner of the TPM closes the lock in the settings; from the next start on his passphrase opens it, each time
    anew, and never goes over the bus."""
    with machine_with(directory, spoil=spoil, settings=MANUAL) as machine:
        to_menu(machine, mode="refused")
        take_ownership(machine)
        machine.send("n")
        machine.see(r"Power off", 30)
        open_setting(machine, "access_lock", r"ACCESS_LOCK +n +default +works")
        machine.send("\r")
        machine.see(r"Default +n", 30)
        machine.send("y")
        machine.see(r"In the ROM +not set", 30)
        machine.send("y\r")
        machine.line("setting", 120)
        machine.power_cut()
        machine.power_on()
        early_key(machine, "locked")
        to_menu(machine, mode="refused")
        prove_by_passphrase(machine, "r", r"Only the owner may open the recovery shell", "shell")
        machine.see(r"Open the shell", 20)
        machine.send("n")
        prove_by_passphrase(machine, "f", r"Only the owner may boot what does not verify", "forced-boot")
        machine.see(r"not what you signed", 20)
        machine.send("unsafe\r")
        machine.see(r"Not mine", 30)
        machine.send("\r")
        machine.see(r"Boot this entry", 20)
        machine.send("y")
        machine.expect(rb"tiny: up name=good", TO_SYSTEM)
        traffic = machine.tpm_traffic()
        require(not any(b"correct horse battery" in message for message in traffic), "the passphrase went over the bus")


test_locked_by_the_owner_passphrase.seconds = 300


def test_a_lock_that_nobody_could_open_is_not_closed(directory):
    """Without an owner's key in the ROM and without an owner passphrase neither mode can be switched on."""
    with machine_with(directory, rom=rom_for(None, MANUAL)) as machine:
        to_menu(machine, mode="refused")
        before = flash_hash(machine)
        for word, row, words in (("access_lock", r"ACCESS_LOCK +n +default", r"nobody could open the lock"),
                                 ("restricted", r"RESTRICTED_BOOT +n +default", r"holds no key of an owner")):
            open_setting(machine, word, row)
            machine.send("\r")
            machine.see(r"Default +n", 30)
            machine.send("y")
            machine.see(r"In the ROM +not set", 30)
            machine.send("y")
            machine.see(words, 30)
            machine.send("\r")
            back_to_menu(machine)
        require(flash_hash(machine) == before, "the flash changed")
