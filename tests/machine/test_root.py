# SPDX-License-Identifier: GPL-2.0-or-later
"""The files of the root filesystem, compared with the signed list before a boot, and listed in the menu."""

import contextlib
import os
import shutil

from boot_steps import TO_MENU, TO_SYSTEM, require
from fixtures import HEADS, MIB, Directory, Disk, Link, Owner, boot_files, place, rom_for, run, tiny_run
from machine import Machine
from owner_steps import MANUAL, force, to_menu
from test_lvm import DATA
from test_sign_in_machine import exported
from test_unlock import CHEAP, CRYPTTAB, PASSPHRASE, UUID, LuksDisk, expect_tiny_up, make_key, restart
from test_unlock import files as files_with_crypttab
from update_steps import stick

DIRECTORIES = 'CONFIG_ROOT_DIRLIST="bin etc usr"\n'
CHECKED = DIRECTORIES + "CONFIG_ROOT_CHECK_AT_BOOT=y\n"
BY_ITSELF = CHECKED + "CONFIG_AUTO_BOOT_TIMEOUT=5\n"
ROOT = {
    "bin": Link("usr/bin"),
    "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\n",
    "usr/bin/ls": b"\x7fELF ls" * 5000,
    "usr/bin/cat": b"\x7fELF cat" * 5000,
    "usr/share/doc/copyright": b"free\n",
    "var/lib/dpkg/info/coreutils.list": b"/.\n/usr\n/usr/bin\n/usr/bin/ls\n/usr/bin/cat\n",
    "dev": Directory(),
}
TAMPERED = {"usr/bin/ls": b"\x7fELF lS" * 5000, "etc/passwd": b"root::0:0:root:/root:/bin/sh\n", "usr/bin/more": b"more\n"}
TOLD = {("changed", "/usr/bin/ls"), ("changed", "/etc/passwd"), ("added", "/usr/bin/more")}


class Lister:
    """The owner, who signs with /boot the list of a root's files (a directory), or none."""

    def __init__(self, directory, root):
        self.list = os.path.join(directory, "root.txt")
        tree = os.path.join(directory, "tree")
        shutil.rmtree(tree, ignore_errors=True)
        os.makedirs(tree)
        for name, content in root.items():
            place(tree, name, content)
        run([HEADS, "root", "hash", "--directories", "bin etc usr", "--output", self.list, tree])

    def sign(self, boot):
        Owner("owner").sign(boot, "--root-hashes", self.list)


def filesystem(path, root):
    """The bytes of ROOT as ext4, of 24 MiB."""
    Disk(path, root, size=24 * MIB)
    with open(path, "rb") as disk:
        disk.seek(MIB)
        return disk.read(24 * MIB)


def group(path, root):
    """A physical volume of 32 MiB: the group heads with the volume root in two pieces, and swap between, as lvm2 laid it out."""
    content = filesystem(path, root)
    with open(os.path.join(DATA, "whole"), "rb") as start:
        return start.read().ljust(MIB, b"\0") + content[:10 * MIB] + bytes(3 * MIB) + content[10 * MIB:] + bytes(4 * MIB)


def write(path, content):
    with open(path, "wb") as stream:
        stream.write(content)


class LuksRoot(LuksDisk):
    """A LUKS volume in whose data is a root filesystem, or a group with it. Encrypted in place: nothing here maps a device."""

    def __init__(self, path, root, content=filesystem):
        super().__init__(path)
        with open(self.volume, "wb") as volume:
            volume.write(content(path + ".plain", root))
            volume.truncate(64 * MIB)
        run(["cryptsetup", "reencrypt", "--encrypt", "--type", "luks2", "--reduce-device-size", "32M", *CHEAP,
             "--key-file", self.secret, self.volume])
        run(["cryptsetup", "luksUUID", "--batch-mode", "--uuid", UUID, self.volume])
        with open(path, "wb") as stream:
            stream.truncate(66 * MIB)
        first = MIB // 512
        run(["sgdisk", "--clear", "--new", f"1:{first}:{first + 64 * MIB // 512 - 1}", "--typecode", "1:8309", path])
        with open(path, "r+b") as disk, open(self.volume, "rb") as volume:
            disk.seek(MIB)
            shutil.copyfileobj(volume, disk)


@contextlib.contextmanager
def machine_with_root(directory, root=None, spoil=None, signer=None, settings=BY_ITSELF, **more):
    """/boot on the first disk, with the list of ROOT signed; ROOT, then spoiled, on the second as ext4. Switched on."""
    root = ROOT if root is None else root
    disk = Disk(os.path.join(directory, "disk.img"), boot_files(), signer=signer or Lister(directory, root))
    second = Disk(os.path.join(directory, "root.img"), root, spoil=spoil)
    with Machine(rom=rom_for(Owner("owner"), settings), disks=[disk.path, second.path], directory=directory, **more) as machine:
        machine.disk, machine.root = disk, second
        machine.power_on()
        yield machine


def reported(machine):
    return {(found["kind"], found["path"]) for words, found in machine.lines("root report")}


def expect_compared(machine, result, timeout=TO_MENU):
    words, found = machine.line("root verify", timeout)
    require(words == "root verify " + result, f"expected {result}: {words} {found}")
    return found


def expect_waiting(machine):
    """The owner is asked, and nothing boots meanwhile."""
    _, asked = machine.line("ask", 30)
    require(asked["what"] == "root-differs", f"{asked}")
    machine.see(r"Boot all the same", 30)
    machine.stay(2)
    machine.refuse(rb"heads: (loaded|leave) ", "what the owner has not agreed to must not be booted")


def test_root_as_signed_boots(directory):
    """A root that is as it was signed boots by itself, and is closed before; the list has no effect on a forced boot."""
    with machine_with_root(directory) as machine:
        found = expect_compared(machine, "ok")
        require(found["files"] == "4" and found["findings"] == "0" and found["journal"] == "clean", f"{found}")
        machine.line("root closed", 30)
        machine.line("loaded", TO_SYSTEM)
        expect_tiny_up(machine)
        machine.power_cut()
        machine.disk.write("config", 0, b"spoiled")
        machine.power_on()
        to_menu(machine, "refused")
        force(machine, r"Tiny system")
        expect_tiny_up(machine)
        this_start = machine.output[machine.output.rindex(b"heads: init "):]
        require(b"heads: root " not in this_start, "a forced boot compares nothing that is signed")


def test_root_changed_waits(directory):
    """Changed and added files are named with their package, and nothing boots until the owner says so."""
    with machine_with_root(directory, spoil=TAMPERED) as machine:
        found = expect_compared(machine, "refused")
        require(found["findings"] == "3" and found["files"] == "4", f"{found}")
        expect_waiting(machine)
        require(reported(machine) == TOLD, f"{reported(machine)}")
        machine.see(r"/usr/bin/ls: its content is not what was signed +\(of coreutils\)", 10)
        machine.send("n")
        machine.see(r"Power off", 30)
        machine.send("b")
        expect_compared(machine, "refused")
        machine.see(r"Boot all the same", 30)
        machine.send("y")
        machine.line("root overruled", 30)
        expect_tiny_up(machine)


def test_root_with_pending_journal_waits(directory):
    """The journal would change the files after they were compared: that is said, and nothing boots by itself."""
    def pending(root):
        run(["debugfs", "-w", "-R", "feature needs_recovery", f"{root.path}?offset={MIB}"])

    with machine_with_root(directory, settings=CHECKED + MANUAL) as machine:
        to_menu(machine)
        machine.power_cut()
        pending(machine.root)
        machine.power_on()
        to_menu(machine)
        machine.send("b")
        found = expect_compared(machine, "refused")
        require(found["findings"] == "0" and found["journal"] == "pending", f"{found}")
        expect_waiting(machine)


def test_two_roots_are_none(directory):
    """A second filesystem that looks like the root: what is compared might not be what boots."""
    Disk(os.path.join(directory, "disk.img"), boot_files(), signer=Lister(directory, ROOT))
    Disk(os.path.join(directory, "root.img"), ROOT)
    third = os.path.join(directory, "third.img")
    shutil.copyfile(os.path.join(directory, "root.img"), third)
    disks = [os.path.join(directory, name) for name in ("disk.img", "root.img", "third.img")]
    for more, code in (("", "refused"), ("CONFIG_ROOT_DEV=/dev/vdb1\n", None)):
        with Machine(rom=rom_for(Owner("owner"), CHECKED + MANUAL + more), disks=disks) as machine:
            machine.power_on()
            to_menu(machine)
            machine.send("b")
            if not code:
                expect_compared(machine, "ok")
                expect_tiny_up(machine)
                continue
            _, found = machine.line("root unknown", 60)
            require(found["code"] == code and "CONFIG_ROOT_DEV" in found["sentence"], f"{found}")
            expect_waiting(machine)


def test_root_in_luks(directory):
    """The root of an encrypted disk: with the passphrase that is asked for, then with the unlock key, unasked. A differing
    root behind a released key leaves a restart alone. A7: a second volume of the same UUID is not opened."""
    boot = os.path.join(directory, "disk.img")
    good, bad = Lister(directory, ROOT), None
    disk = Disk(boot, files_with_crypttab(), signer=good)
    os.makedirs(os.path.join(directory, "other"))
    bad = Lister(os.path.join(directory, "other"), {**ROOT, **TAMPERED})
    other = Disk(os.path.join(directory, "other.img"), files_with_crypttab(), signer=bad)
    luks = LuksRoot(os.path.join(directory, "luks.img"), ROOT)
    planted = os.path.join(directory, "planted.img")
    with open(planted, "wb") as stream:
        stream.truncate(os.path.getsize(luks.path))
    require(CRYPTTAB, "the initrd opens the disk")
    with Machine(rom=rom_for(Owner("owner"), CHECKED + MANUAL), disks=[boot, luks.path, planted], directory=directory) as machine:
        machine.disk, machine.luks = disk, luks
        machine.power_on()
        to_menu(machine)
        machine.send("b")
        machine.line("ask", 60)
        machine.see(r"Passphrase of the disk", 30)
        machine.send("not this one\r")
        machine.see(r"does not open it", 60)
        machine.send(PASSPHRASE + "\r")
        expect_compared(machine, "ok")
        machine.line("root closed", 30)
        expect_tiny_up(machine)
        restart(machine)
        make_key(machine)
        restart(machine)
        machine.send("b")
        machine.line("unlock-key released", TO_MENU)
        expect_compared(machine, "ok")
        machine.line("root closed", 30)
        expect_tiny_up(machine)
        machine.refuse(PASSPHRASE.encode(), "a passphrase is on the screen")
        machine.power_cut()
        shutil.copyfile(boot, boot + ".good")
        shutil.copyfile(other.path, boot)
        machine.power_on()
        to_menu(machine)
        machine.send("b")
        machine.line("unlock-key released", TO_MENU)
        expect_compared(machine, "refused")
        expect_waiting(machine)
        machine.send("n")
        machine.expect(rb"heads: init ", TO_MENU)
        machine.power_cut()
        shutil.copyfile(boot + ".good", boot)
        shutil.copyfile(luks.path, planted)
        machine.power_on()
        to_menu(machine)
        machine.send("b")
        machine.line("unlock-key unavailable", TO_MENU)
        machine.see(r"Boot without it", 30)
        machine.send("y")
        _, found = machine.line("root unknown", 60)
        require(found["code"] == "refused" and "duplicate-uuid" in found["sentence"], f"{found}")
        expect_waiting(machine)


def test_root_in_a_logical_volume(directory):
    """As installers lay it out: a group inside of the encrypted disk. It is found, compared and closed again, with the
    passphrase and with the unlock key, which the system gets; a group without encryption is found too. A7: a group of the
    same name outside keeps the one inside from being looked at."""
    boot, plain = os.path.join(directory, "disk.img"), os.path.join(directory, "plain.img")
    disk = Disk(boot, files_with_crypttab(), signer=Lister(directory, ROOT))
    luks = LuksRoot(os.path.join(directory, "luks.img"), ROOT, group)
    write(plain, bytes(32 * MIB))
    with Machine(rom=rom_for(Owner("owner"), CHECKED + MANUAL), disks=[boot, luks.path, plain], directory=directory) as machine:
        machine.disk, machine.luks = disk, luks
        machine.power_on()
        to_menu(machine)
        machine.send("b")
        machine.see(r"Passphrase of the disk", 60)
        machine.send(PASSPHRASE + "\r")
        _, found = machine.line("root opened", 60)
        require(found["device"] == "/dev/mapper/heads-root" and found["disk"] == "/dev/vdb1", f"{found}")
        expect_compared(machine, "ok")
        machine.line("root closed", 30)
        expect_tiny_up(machine)
        machine.power_cut()
        write(plain, group(plain + ".fs", {**ROOT, **TAMPERED}))
        machine.power_on()
        to_menu(machine)
        machine.send("b")
        _, found = machine.line("root opened", 60)
        require(found["device"] == "/dev/mapper/heads-root" and found["disk"] == "none", f"{found}")
        expect_compared(machine, "refused")
        expect_waiting(machine)
        require(reported(machine) == TOLD, f"{reported(machine)}")
        machine.power_cut()
        write(plain, group(plain + ".fs", ROOT)[:MIB].ljust(32 * MIB, b"\0"))
        machine.power_on()
        to_menu(machine)
        machine.send("b")
        machine.see(r"Passphrase of the disk", 60)
        machine.send(PASSPHRASE + "\r")
        _, found = machine.line("root unknown", 60)
        require(found["code"] == "not-found" and "two disks say" in found["sentence"], f"{found}")
        expect_waiting(machine)
        machine.power_cut()
        write(plain, bytes(32 * MIB))
        machine.power_on()
        to_menu(machine)
        make_key(machine)
        restart(machine)
        machine.send("b")
        _, found = machine.line("root opened", TO_MENU)
        require(found["device"] == "/dev/mapper/heads-root" and found["disk"] == "/dev/vdb1", f"{found}")
        expect_compared(machine, "ok")
        expect_tiny_up(machine)
        status, _ = tiny_run(machine, "ls /secret.key")
        require(status == 0, "the system has no /secret.key")


def test_root_listed_in_the_menu(directory):
    """Without a list the owner is told; he lists the files, signs, and the next boot compares them."""
    image = stick(directory, exported(directory, Owner("owner"), "owner.asc"))
    with machine_with_root(directory, signer=Owner("owner"), settings=CHECKED + MANUAL, options=["--usb", image]) as machine:
        to_menu(machine)
        machine.send("b")
        _, found = machine.line("root unknown", 60)
        require(found["code"] == "not-found" and "kexec_root_hashes.txt" in found["sentence"], f"{found}")
        expect_waiting(machine)
        machine.send("n")
        machine.see(r"Power off", 30)
        machine.send("h")
        machine.see(r"List them anew", 20)
        machine.send("l")
        machine.see(r"4 files, \d+ bytes were listed", 60)
        machine.see(r"no list that you signed before", 10)
        machine.send("y")
        _, listed = machine.line("root listed", 30)
        require(listed["files"] == "4", f"{listed}")
        machine.see(r"Choose the key", 30)
        machine.send("y")
        machine.see(r"Which key", 60)
        machine.settle(quiet=0.3)
        machine.send("\r")
        machine.line("sign ok", 90)
        words, _ = machine.line("verify", TO_MENU)
        require(words == "verify ok", f"{words}")
        machine.see(r"read again, and verifies", 30)
        machine.send("\r")
        machine.see(r"Power off", 30)
        machine.send("b")
        expect_compared(machine, "ok")
        expect_tiny_up(machine)


for _test in (test_root_as_signed_boots, test_root_in_luks, test_root_in_a_logical_volume, test_root_listed_in_the_menu, test_two_roots_are_none):
    _test.seconds = 420
