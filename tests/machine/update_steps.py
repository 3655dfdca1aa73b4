# SPDX-License-Identifier: GPL-2.0-or-later
"""Firmware updates in tests: another version of the ROM, packages of it, sticks that carry them, an emulated chip's hash."""

import hashlib
import json
import os
import shutil
import zipfile

from boot_steps import TO_MENU, require
from fixtures import BOARD, BUILD, HEADS, MIB, ROM, SHARED, locked, run
from machine import TOP

BOARD_SETTINGS = os.path.join(TOP, "boards", BOARD, "board.settings")
NEXT_VERSION = "250.0.0"
NEXT_MARK = "heads.next=1"


def next_rom():
    """The ROM as it is, but for one word more on the command line of its kernel: another payload."""
    path = os.path.join(SHARED, "next.rom")
    parts = os.path.join(BUILD, BOARD, "parts")
    with locked("next-rom"):
        if os.path.exists(path) and os.path.getmtime(path) > os.path.getmtime(ROM):
            return path
        new = path + ".new"
        shutil.copyfile(ROM, new)
        run(["cbfstool", new, "remove", "-r", "SLOT_A", "-n", "fallback/payload"])
        run(["cbfstool", new, "add-payload", "-r", "SLOT_A", "-n", "fallback/payload",
             "-f", os.path.join(parts, "linux", "bzImage"), "-I", os.path.join(BUILD, BOARD, "initramfs.zst"),
             "-C", "console=tty0 console=ttyS0,115200 quiet loglevel=3 panic=30 " + NEXT_MARK])
        run([os.path.join(TOP, "firmware", "slot-mark"), new, "SLOT_A", "1"])
        os.rename(new, path)
    return path


def package(directory, signer, version=NEXT_VERSION, rom=None, settings=BOARD_SETTINGS, name="heads-update.tar"):
    """A signed update package; returns its path."""
    path = os.path.join(directory, name)
    with locked(signer.name):
        try:
            run([HEADS, "--settings", settings, "rom", "package", "--version", version, "--gnupghome", signer.home,
                 "--key", signer.fingerprint, "--out", path, rom or next_rom()])
        finally:
            signer.quiet()
    return path


def zipped(directory, name, rom, change=lambda data: data):
    """An update as the original Heads packs it: a zip of the image and its SHA-256 sum. change spoils the image after
    the sum was made, so that the zip itself is sound."""
    path = os.path.join(directory, name)
    with open(rom, "rb") as stream:
        data = stream.read()
    with zipfile.ZipFile(path, "w", compression=zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("heads-next.rom", bytes(change(bytearray(data))))
        archive.writestr("sha256sum.txt", f"{hashlib.sha256(data).hexdigest()}  heads-next.rom\n")
    return path


def stick(directory, *files):
    """The image of a USB stick (vfat, no partitions) with these files at its top."""
    path = os.path.join(directory, "stick.img")
    size = sum(os.path.getsize(file) for file in files) // MIB + 40
    with open(path, "wb") as stream:
        stream.truncate(size * MIB)
    run(["mkfs.vfat", "-F", "32", path])
    for file in files:
        run(["mcopy", "-i", path, file, "::"], env=dict(os.environ, MTOOLS_SKIP_CHECK="1"))
    return path


def flash_hash(machine):
    with open(machine.flash, "rb") as stream:
        return hashlib.sha256(stream.read()).hexdigest()


def predicted(rom):
    """What `heads pcr predict` says of an image: {"2": hex, "7": hex}."""
    return json.loads(run([HEADS, "--json", "pcr", "predict", rom]))["sha256"]


def open_update(machine, name):
    """From the main menu to the question whether to install the file NAME, or to its refusal."""
    machine.see(r"Power off", 30)
    machine.send("w")
    machine.see(r"Look for an update", 40)
    machine.send("y")
    choose(machine, name)


def choose(machine, name):
    machine.see(r"Which file", 60)
    machine.see(name.replace(".", r"\."), 10)
    for _ in range(16):
        machine.settle(quiet=0.3)
        if any(name in line for line in machine.terminal.marked()):
            break
        machine.send("\x1b[B")
    require(any(name in line for line in machine.terminal.marked()), f"{name} is not in the list:\n{machine.screen()}")
    machine.send("\r")


def started_slot(machine):
    """What PID 1 says of the slots at this start: {"slot": "SLOT_A", "sequence": "1", "other": "empty"}."""
    while True:
        _, found = machine.line("rom", TO_MENU)
        if "slot" in found:
            return found
