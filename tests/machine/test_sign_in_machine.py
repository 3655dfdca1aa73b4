# SPDX-License-Identifier: GPL-2.0-or-later
"""Signing /boot in the firmware, with the owner's secret key on a stick."""

import hashlib
import os
import subprocess
import time

from boot_steps import TO_MENU, machine_with, require
from fixtures import CMDLINE, Owner, grub_cfg, kernel, locked, place, run, tiny
from owner_steps import MANUAL, choose_key, to_menu
from update_steps import stick

PHRASE = "correct horse"


def exported(directory, owner, name, passphrase=None):
    """The secret key of OWNER as gpg exports it, under PASSPHRASE where one is given; returns the file's path."""
    path = os.path.join(directory, name)
    home = os.path.join(directory, "home-" + name)
    plain = ["gpg", "--homedir", owner.home, "--batch", "--quiet", "--yes", "--no-permission-warning"]
    with locked(owner.name):
        try:
            run(plain + ["--output", path, "--armor", "--export-secret-keys", owner.fingerprint])
        finally:
            owner.quiet()
    if passphrase is None:
        return path
    os.makedirs(home, mode=0o700)
    other = ["gpg", "--homedir", home, "--batch", "--quiet", "--yes", "--pinentry-mode", "loopback"]
    try:
        run(other + ["--import", path])
        run(other + ["--passphrase", passphrase, "--change-passphrase", owner.fingerprint])
        run(other + ["--passphrase", passphrase, "--output", path, "--export-secret-keys", owner.fingerprint])
    finally:
        run(["gpgconf", "--homedir", home, "--kill", "all"])
    return path


def update(boot):
    """What an update of the system does: another kernel, under a name of its own, with its initrd and configuration."""
    for name, content in (("vmlinuz-6.1.0-56-amd64", kernel()), ("initrd.img-6.1.0-56-amd64", tiny("updated")),
                          ("grub/grub.cfg", grub_cfg(("Tiny system", "/vmlinuz-6.1.0-56-amd64",
                                                      "/initrd.img-6.1.0-56-amd64", CMDLINE)))):
        place(boot, name, content)


def disk_hash(machine):
    with open(machine.disk.path, "rb") as stream:
        return hashlib.sha256(stream.read()).hexdigest()


def offer(machine, key):
    """From the main menu to the key's file being chosen; what changed is shown before."""
    machine.see(r"Power off", 30)
    machine.send("g")
    machine.see(r"kernel 6\.1\.0-56-amd64", 30)
    machine.see(r"Choose the key", 30)
    machine.send("y")
    choose_key(machine, key)


def refused(machine, code, words):
    _, found = machine.line("sign refused", 60)
    require(found["code"] == code and words in found["sentence"] and found["written"] == "no", f"{found}")
    machine.see(r"nothing was written", 20)
    machine.send("\r")


def test_signed_in_the_machine(directory):
    """An update of the system is refused; the owner reads what it changed, signs with the key of the stick, and boots. A
    wrong passphrase and a foreign key do not change one byte of the disk."""
    image = stick(directory, exported(directory, Owner("owner"), "owner.asc", PHRASE),
                  exported(directory, Owner("stranger"), "stranger.asc"))
    with machine_with(directory, spoil=update, settings=MANUAL, options=["--usb", image]) as machine:
        to_menu(machine, mode="refused")
        before = disk_hash(machine)
        offer(machine, "stranger.asc")
        refused(machine, "refused", "none of the owner's keys")
        offer(machine, "owner.asc")
        for _ in range(3):
            machine.line("ask", 60)
            machine.see(r"Passphrase of the key", 30)
            machine.send("correct hors\r")
        refused(machine, "wrong-passphrase", "not the passphrase")
        require(disk_hash(machine) == before, "the disk changed although nothing was signed")
        offer(machine, "owner.asc")
        machine.line("ask", 60)
        machine.send(PHRASE + "\r")
        _, signed = machine.line("sign ok", 90)
        require(signed["signer"] == Owner("owner").fingerprint, f"{signed}")
        words, _ = machine.line("verify", TO_MENU)
        require(words == "verify ok", f"what was signed should verify: {words}")
        machine.see(r"read again, and verifies", 30)
        machine.send("\r")
        _, found = machine.line("menu ready", TO_MENU)
        require(found["mode"] == "verified", f"{found}")
        machine.refuse(rb"correct hors", "a passphrase is on the screen")
        machine.send("b")
        machine.expect(rb"tiny: up name=updated", 120)
        machine.expect(rb"tiny: ready", 60)


test_signed_in_the_machine.seconds = 420

INDEX = "1a2b3c4"       # as the original counts: an NV index of the owner


def original_counter(directory):
    """A TPM with the counter that the original makes (tpm2_nvdefine); returns the content that kexec_rollback.txt hashes."""
    state, socket = os.path.join(directory, "tpm"), os.path.join(directory, "tpm.sock")
    os.makedirs(state, mode=0o700)
    run(["swtpm_setup", "--tpm2", "--tpmstate", state, "--pcr-banks", "sha256"])
    with subprocess.Popen(["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}", "--server", f"type=unixio,path={socket}",
                           "--ctrl", f"type=unixio,path={socket}.ctrl", "--flags", "not-need-init,startup-clear"]) as tpm:
        try:
            for _ in range(500):
                if os.path.exists(socket):
                    break
                time.sleep(0.01)
            for words in (["tpm2_nvdefine", "-C", "o", "-s", "8", "-a", "ownerread|authread|authwrite|nt=1", "0x" + INDEX],
                          ["tpm2_nvincrement", "0x" + INDEX], ["tpm2_nvread", "0x" + INDEX], ["tpm2_shutdown", "-c"]):
                said = run(words, env=dict(os.environ, TPM2TOOLS_TCTI=f"swtpm:path={socket}"))
                if words[0] == "tpm2_nvread":
                    value = said[-8:]
        finally:
            tpm.terminate()
    return f"{INDEX}: {value.hex()}\n".encode()


def test_A15_the_originals_counter_is_carried_over(directory):
    """A /boot with the original's counter: it vouches for the age; the menu makes a counter of our own, the next signing
    binds to both."""
    counter = hashlib.sha256(original_counter(directory)).hexdigest()

    def by_the_original(boot):
        place(boot, "kexec_rollback.txt", f"{counter}  /tmp/counter-{INDEX}\n".encode())
        Owner("owner").sign(boot)

    image = stick(directory, exported(directory, Owner("owner"), "owner.asc"))
    with machine_with(directory, spoil=by_the_original, settings=MANUAL, options=["--usb", image]) as machine:
        _, found = machine.line("rollback", TO_MENU)
        require(found["result"] == "ok", f"the original's counter should vouch for it: {found}")
        to_menu(machine)
        machine.send("c")
        machine.see(r"Refuse an older", 20)
        machine.send("k")
        machine.see(r"Make the counter", 20)
        machine.send("y")
        _, made = machine.line("rollback", 60)
        machine.see(r"The counter is at " + made["counter"], 20)
        machine.press_reset()
        _, found = machine.line("rollback", TO_MENU)
        require(found["result"] == "old", f"it was not signed for our counter: {found}")
        to_menu(machine, mode="refused")
        machine.send("g")
        machine.see(r"Choose the key", 30)
        machine.send("y")
        machine.see(r"Which key", 60)
        machine.settle(quiet=0.3)
        machine.send("\r")
        machine.line("sign ok", 90)
        _, found = machine.line("rollback", TO_MENU)
        require(found["result"] == "ok" and int(found["signed-for"]) == int(made["counter"]) + 1 and found["raised-by"] == "1",
                f"the new set should be bound to our counter: {found}")
        machine.see(r"read again, and verifies", 30)


test_A15_the_originals_counter_is_carried_over.seconds = 420
