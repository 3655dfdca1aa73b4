# SPDX-License-Identifier: GPL-2.0-or-later
"""LUKS in a logical volume: found, unlocked, and refused where the volume group is not whole or not one (A7)."""

import os
import shutil

from boot_steps import require
from fixtures import MIB, TOP, run
from owner_steps import to_menu
from test_unlock import SIZE, LuksDisk, boot, expect_key, expect_without, machine_with_luks, make_key, restart

DATA = os.path.join(TOP, "tests", "data", "lvm")
PHYSICAL = 32 * MIB
FIRST_EXTENT = MIB
# What lvm2 laid out as demo-vg/root, in extents of 1 MiB: (physical volume, its extent, how many).
PIECES = ((0, 0, 3), (1, 0, 10), (0, 5, 11))


class LvmDisk(LuksDisk):
    """A LUKS volume in the logical volume demo-vg/root: physical volumes are a partition of the first disk and the whole of the second."""

    def make_disks(self):
        self.second = self.path + ".second"
        first = MIB // 512
        with open(self.path, "wb") as stream:
            stream.truncate(PHYSICAL + 2 * MIB)
        run(["sgdisk", "--clear", "--new", f"1:{first}:{first + PHYSICAL // 512 - 1}", "--typecode", "1:8e00", self.path])
        with open(self.second, "wb") as stream:
            stream.truncate(PHYSICAL)
        for number, (path, start) in enumerate(self.places()):
            with open(path, "r+b") as disk, open(os.path.join(DATA, f"pv{number}"), "rb") as content:
                disk.seek(start)
                shutil.copyfileobj(content, disk)

    def places(self):
        return (self.path, MIB), (self.second, 0)

    def pieces(self):
        """(disk, offset there, offset in the volume, bytes)"""
        done = 0
        for number, extent, count in PIECES:
            path, start = self.places()[number]
            yield path, start + FIRST_EXTENT + extent * MIB, done, count * MIB
            done += count * MIB
        require(done == SIZE, "the logical volume has another size than the LUKS volume")

    def write(self):
        with open(self.volume, "rb") as volume:
            for path, there, _, size in self.pieces():
                with open(path, "r+b") as disk:
                    disk.seek(there)
                    disk.write(volume.read(size))

    def read(self):
        with open(self.volume, "r+b") as volume:
            for path, there, _, size in self.pieces():
                with open(path, "rb") as disk:
                    disk.seek(there)
                    volume.write(disk.read(size))


def lvm_machine(directory, more_disks=()):
    second = os.path.join(directory, "luks.img.second")
    return machine_with_luks(directory, luks_disk=LvmDisk, more_disks=[second, *more_disks])


def test_unlock_luks_on_lvm(directory):
    """The key is made and released for a volume that lies in three pieces on two disks; no mapping is left behind."""
    with lvm_machine(directory) as machine:
        to_menu(machine)
        make_key(machine)
        restart(machine)
        boot(machine)
        expect_key(machine)
        restart(machine)
        machine.send("c")
        machine.see(r"Disk unlock key", 20)
        machine.send("d")
        machine.see(r"Disk +/dev/mapper/demo--vg-root", 30)
        machine.see(r"LVM +the logical volume wide of the group demo-vg is refused", 30)
        machine.send("x")
        machine.see(r"Power off", 20)
        machine.send("r")
        machine.see(r"Open the shell", 20)
        machine.send("y")
        machine.line("recovery", 30)
        machine.send("\n")
        machine.expect(rb"[#$] ", 30)
        machine.send("echo mappings: $(ls /sys/class/block | grep -c dm-) .\n")
        machine.expect(rb"mappings: 0 \.", 30)


def test_A7_volume_group_not_whole(directory):
    """A physical volume is missing, or there twice: the group is refused by name, and there is no key."""
    planted = os.path.join(directory, "planted.img")
    with open(planted, "wb") as stream:
        stream.truncate(PHYSICAL)
    with lvm_machine(directory, [planted]) as machine:
        to_menu(machine)
        make_key(machine)
        machine.power_cut()
        shutil.copyfile(machine.luks.second, planted)
        machine.power_on()
        to_menu(machine)
        boot(machine)
        expect_without(machine, "not-found", "group demo-vg is refused: two disks say", boot_it=False)
        machine.power_cut()
        with open(planted, "wb") as stream:
            stream.truncate(PHYSICAL)
        content = machine.luks.second + ".whole"
        shutil.copyfile(machine.luks.second, content)
        shutil.copyfile(planted, machine.luks.second)
        machine.power_on()
        to_menu(machine)
        boot(machine)
        expect_without(machine, "not-found", "group demo-vg is refused: no disk is its physical volume")
        machine.power_cut()
        shutil.copyfile(content, machine.luks.second)
        machine.power_on()
        to_menu(machine)
        boot(machine)
        expect_key(machine)


for _test in (test_unlock_luks_on_lvm, test_A7_volume_group_not_whole):
    _test.seconds = 400
