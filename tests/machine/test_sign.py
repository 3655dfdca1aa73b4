# SPDX-License-Identifier: GPL-2.0-or-later
"""What signing leaves on /boot, as a start finds it: its age, the owner's default entry, an interrupted signing."""

import os
import re
import shutil

from boot_steps import AUTO_BOOT, TO_MENU, expect_nothing_boots, expect_tiny, machine_with, require
from fixtures import CMDLINE, HEADS, Disk, Owner, boot_files, grub_cfg, locked, run
from owner_steps import MANUAL, to_menu


def sign(boot, verb="sign", options=(), last=()):
    """`heads boot sign` or `default` by the test owner, with further options."""
    owner = Owner("owner")
    with locked(owner.name):
        try:
            run([HEADS, "boot", verb, "--gnupghome", owner.home, "--key", owner.fingerprint, *options, boot, *last])
        finally:
            owner.quiet()


def signed_disk(path, **options):
    """The usual /boot, signed with these options of `boot sign`."""
    words = [word for name, value in options.items() for word in ("--" + name, str(value))]
    return Disk(path, boot_files(), spoil=lambda boot: sign(boot, options=words))


def make_counter(machine):
    """The menu's offer to refuse an older /boot; gives the counter's value."""
    to_menu(machine)
    machine.send("c")
    machine.see(r"Refuse an older", 20)
    machine.send("k")
    machine.see(r"Make the counter", 20)
    machine.send("y")
    _, found = machine.line("rollback", TO_MENU)
    machine.see(r"The counter is at " + found["counter"], 20)
    return int(found["counter"])


def see_menu(machine, mode):
    """The main menu; the offer to make a TOTP secret, which comes first, is for later."""
    machine.see(r"Make a new secret", TO_MENU)
    machine.send("n")
    _, found = machine.line("menu ready", TO_MENU)
    require(found["mode"] == mode, f"the menu should be in mode {mode}, not {found['mode']}")
    machine.see(r"Power off", 20)


def expect_age(machine, result, verify):
    _, found = machine.line("rollback", TO_MENU)
    require(found["result"] == result, f"the age should be {result}: {found}")
    words, _ = machine.line("verify", TO_MENU)
    require(words == verify, f"{verify} was expected, not {words}")
    return found


def test_A15_older_boot_is_refused(directory):
    """A /boot that was signed before the last one, or before there was a counter, is not booted."""
    with machine_with(directory, settings=MANUAL) as machine:
        value = make_counter(machine)
        machine.power_cut()
        machine.power_on()
        expect_age(machine, "old", "verify refused")
        see_menu(machine, "refused")
        machine.see(rf"(?s)older\s+than\s+the\s+last\s+signed\s+one.*--rollback\s+{value + 1}\b", 20)
        machine.power_cut()
        path = machine.disk.path
        signed_disk(path, rollback=value + 1)
        shutil.copyfile(path, path + ".older")
        machine.power_on()
        require(expect_age(machine, "ok", "verify ok")["raised-by"] == "1", "the counter should have been raised once")
        see_menu(machine, "verified")
        machine.power_cut()
        signed_disk(path, rollback=value + 2)
        machine.power_on()
        expect_age(machine, "ok", "verify ok")
        see_menu(machine, "verified")
        machine.power_cut()
        shutil.copyfile(path + ".older", path)
        machine.power_on()
        expect_age(machine, "old", "verify refused")
        see_menu(machine, "refused")
        machine.see(rf"(?s)older\s+than\s+the\s+last\s+signed\s+one\s+\({value + 1}\s+<\s+{value + 2}\)", 20)
        machine.refuse(rb"heads: (boot|loaded|leave) ", "an older /boot must not be booted")


test_A15_older_boot_is_refused.seconds = 420

ENTRIES = [("One", "/vmlinuz", "/initrd.img", CMDLINE), ("Two", "/vmlinuz", "/initrd.img", CMDLINE + " two=1")]


def test_default_entry(directory):
    """The owner's default boots by itself in the place of the boot loader's."""
    files = boot_files(**{"grub/grub.cfg": grub_cfg(*ENTRIES)})
    with machine_with(directory, files=files, settings=AUTO_BOOT,
                      spoil=lambda boot: sign(boot, "default", last=["grub:1"])) as machine:
        _, found = machine.line("default", TO_MENU)
        require(found["result"] == "ok" and found["saved"] == "Two", f"{found}")
        expect_tiny(machine)
        require(re.search(rb"tiny: cmdline [^\r\n]*two=1", machine.output), "the default entry was not booted")


def test_changed_default_leads_to_the_menu(directory):
    """A default that changed is not booted, and no other entry in its place."""
    def change(boot):
        sign(boot, "default", last=["grub:1"])
        with open(os.path.join(boot, "grub", "grub.cfg"), "r+b") as stream:
            text = stream.read().replace(b"two=1", b"two=2")
            stream.seek(0)
            stream.write(text)
        sign(boot)

    files = boot_files(**{"grub/grub.cfg": grub_cfg(*ENTRIES)})
    with machine_with(directory, files=files, settings=AUTO_BOOT, spoil=change) as machine:
        _, found = machine.line("default", TO_MENU)
        require(found["result"] == "refused" and "is not what it was" in found["reason"], f"{found}")
        machine.line("menu ready", TO_MENU)
        machine.see(r"Default +none: your default entry", 20)
        expect_nothing_boots(machine)


def test_interrupted_signing(directory):
    """The power went while the new set was being put in place: it is in force all the same."""
    def interrupt(boot):
        names = ["kexec_hashes.txt", "kexec_tree.txt", "kexec_types.txt", "kexec.sig"]
        old = {}
        for name in names:
            with open(os.path.join(boot, name), "rb") as stream:
                old[name] = stream.read()
        with open(os.path.join(boot, "config"), "ab") as stream:
            stream.write(b"CONFIG_NEW=y\n")
        sign(boot)
        for name in names:
            shutil.copyfile(os.path.join(boot, name), os.path.join(boot, name + ".new"))
        for name in names[1:]:
            with open(os.path.join(boot, name), "wb") as stream:
                stream.write(old[name] if name != "kexec_tree.txt" else b"")

    with machine_with(directory, settings=AUTO_BOOT, spoil=interrupt) as machine:
        words, _ = machine.line("verify", TO_MENU)
        require(words == "verify ok", f"the new set should be in force: {words}")
        _, found = machine.line("sign interrupted", TO_MENU)
        require(found["in-force"] == "new", f"{found}")
        machine.expect(rb"tiny: ready", 120)
