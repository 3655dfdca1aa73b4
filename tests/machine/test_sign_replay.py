# SPDX-License-Identifier: GPL-2.0-or-later
"""Power cuts while /boot is signed: each write of a signing run is recorded below the filesystem, and the disk is put
together again as it would be had the power gone there (A18). What is found is the old signed set or the new one."""

import json
import os
import random
import shutil
import subprocess

from boot_steps import TO_MENU, require
from fixtures import HEADS, MIB, Disk, Owner, boot_files, rom_for, run
from machine import Machine
from nbd import Server
from owner_steps import MANUAL, to_menu
from test_sign_in_machine import exported
from update_steps import stick

SIZE = 64 * MIB
CHANGED = b"CONFIG_TINY=m\n" * 100
# A disk may keep any of the writes that were not flushed yet, in any order: so many such choices are tried for each flush.
REORDERED = 3
# Where there are more writes, the states between two flushes are a sample of so many; those at the flushes are all looked at.
PREFIXES = 200


def open_ext4(image, tree):
    """As the kernel does when it mounts: the journal is played back, and nothing is repaired."""
    run_any(["e2fsck", "-E", "journal_only", "-y", image], (0, 1))
    run(["debugfs", "-R", f"rdump / {tree}", image])


def open_vfat(image, tree):
    """File by file: one whose chain of clusters is broken is there, and has not the bytes of any state."""
    more = dict(os.environ, MTOOLS_SKIP_CHECK="1")
    listed = run(["mdir", "-/", "-b", "-i", image, "::"], env=more).decode().splitlines()
    for path in (name[3:] for name in listed if name.startswith("::/")):
        where = os.path.join(tree, path)
        if path.endswith("/"):
            os.makedirs(where, exist_ok=True)
            continue
        os.makedirs(os.path.dirname(where), exist_ok=True)
        done = subprocess.run(["mcopy", "-n", "-i", image, "::/" + path, where], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, env=more, check=False)
        if done.returncode != 0:
            with open(where, "wb") as stream:
                stream.write(b"unreadable")


def run_any(command, statuses):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    require(done.returncode in statuses, f"{command} ended with {done.returncode}: {done.stdout[-500:]}")
    return done.stdout


class Platter:
    """What is on the disk: the image before the run, and the writes that have reached it."""

    def __init__(self, directory, image, kind):
        self.kind, self.directory = kind, directory
        self.path = os.path.join(directory, "platter.img")
        with open(image, "rb") as disk, open(self.path, "wb") as stream:
            disk.seek(MIB)
            stream.write(disk.read(SIZE))

    def write(self, offset, data, path=None):
        require(MIB <= offset and offset + len(data) <= MIB + SIZE, f"a write at {offset} outside the partition")
        with open(path or self.path, "r+b") as stream:
            stream.seek(offset - MIB)
            stream.write(data)

    def judge(self, more=()):
        """Starts from this disk, with some more writes on it: "old" or "new", and how the interruption is told."""
        cut, tree = os.path.join(self.directory, "cut.img"), os.path.join(self.directory, "tree")
        shutil.rmtree(tree, ignore_errors=True)
        os.mkdir(tree)
        run(["cp", "--sparse=always", self.path, cut])
        for offset, data in more:
            self.write(offset, data, cut)
        (open_vfat if self.kind == "vfat" else open_ext4)(cut, tree)
        found = json.loads(run_any([HEADS, "--json", "boot", "verify", "--keyring", Owner("owner").public, tree], (0, 1)))
        require(found["signature"] == "good", f"nobody has signed what is there: {found}")
        if found["result"] == "ok":
            return "new", found["interrupted"]
        changes = {name: found[name] for name in ("changed", "added", "removed", "retyped", "unreadable") if found[name]}
        require(changes == {"changed": ["/config"]}, f"the old set should miss the update and nothing else: {found}")
        return "old", found["interrupted"]


def recorded(directory, kind):
    """Signs in the menu, with the power on; returns the image as it was before, and the writes."""
    image = stick(directory, exported(directory, Owner("owner"), "owner.asc"))
    more = {"current": None} if kind == "vfat" else {}
    files = {name: content for name, content in boot_files(**more).items() if content is not None}
    disk = Disk(os.path.join(directory, "disk.img"), files, signer=Owner("owner"), spoil={"config": CHANGED}, kind=kind, size=SIZE)
    with Server(disk.path, os.path.join(directory, "nbd")) as server, \
            Machine(rom=rom_for(Owner("owner"), MANUAL), disks=["nbd:unix:" + server.path], directory=directory,
                    options=["--usb", image]) as machine:
        machine.power_on()
        to_menu(machine, mode="refused")
        server.record = []
        machine.send("g")
        machine.see(r"Choose the key", 30)
        machine.send("y")
        machine.see(r"Which key", 60)
        machine.settle(quiet=0.3)
        machine.send("\r")
        machine.line("sign ok", 90)
        words, _ = machine.line("verify", TO_MENU)
        require(words == "verify ok", f"what was signed should verify: {words}")
        writes = list(server.record)
    return disk.path, writes


def replay(directory, kind):
    """Every prefix (up to PREFIXES), and for each flush some of the choices that a disk has which keeps no order between two of them."""
    image, writes = recorded(directory, kind)
    platter, chance = Platter(directory, image, kind), random.Random(1)
    seen, told, pending, tried = [], set(), [], 0
    every = len(writes) // PREFIXES + 1

    def judge(more=()):
        state, interrupted = platter.judge(more)
        told.add(interrupted)
        return state

    def advance(pending):
        for number, write in enumerate(pending, 1):
            platter.write(*write)
            if number % every == 0 or number == len(pending):
                seen.append(judge())
        pending.clear()

    seen.append(judge())
    for step in writes:
        if step is not None:
            pending.append(step)
            continue
        flushed = seen[-1]
        outcomes = set()
        for _ in range(REORDERED if len(pending) > 1 else 0):
            outcomes.add(judge([write for write in pending if chance.random() < 0.5]))
            tried += 1
        advance(pending)
        require(flushed == "old" or outcomes <= {"new"}, "what was signed and flushed is gone again")
    advance(pending)
    count = seen.count("new")
    require(seen == ["old"] * (len(seen) - count) + ["new"] * count, f"the new set came and went: {seen}")
    require(seen[0] == "old" and seen[-1] == "new" and "new" in told, f"{seen} {told}")
    require(writes.count(None) >= 3 and len(seen) > 10, f"{len(seen)} states, {writes.count(None)} flushes: too few")
    print(f"{kind}: {len(seen)} prefixes, {writes.count(None)} flushes, {tried} reordered: {count} new, the rest old")


def test_A18_signing_replayed_on_ext4(directory):
    replay(directory, "ext4")


def test_A18_signing_replayed_on_vfat(directory):
    replay(directory, "vfat")


test_A18_signing_replayed_on_ext4.seconds = 420
test_A18_signing_replayed_on_vfat.seconds = 420
