# SPDX-License-Identifier: GPL-2.0-or-later
"""Steps that many machine tests share, in terms of docs/console-log.md."""

import contextlib
import os
import re

from fixtures import BOARD, Disk, Owner, boot_files, rom_for, tiny_pcrs
from machine import TOP, Expected, Machine

AUTO_BOOT = "CONFIG_AUTO_BOOT_TIMEOUT=1\n"
TO_MENU = 60        # seconds from power-on to the menu, at most
TO_SYSTEM = 60      # from the menu to the tiny system


def board_words(name):
    """The words that the board's settings say under CONFIG_BOOT_KERNEL_ADD or _REMOVE."""
    with open(os.path.join(TOP, "boards", BOARD, "board.settings"), encoding="ascii") as stream:
        match = re.search(rf'^CONFIG_BOOT_KERNEL_{name}="?([^"\n]*)', stream.read(), re.M)
    return match.group(1).split() if match else []


def final_words(cmdline):
    """The words that reach the kernel: the entry's without those that the board removes, and those that it adds."""
    words = [word for word in cmdline.split() if word not in board_words("REMOVE")]
    return words + [word for word in board_words("ADD") if word not in words]


def require(condition, sentence):
    if not condition:
        raise Expected(sentence)


@contextlib.contextmanager
def machine_with(directory, files=None, spoil=None, signer="owner", settings=AUTO_BOOT, kind="ext4", rom=None, **more):
    """A machine whose ROM knows the test owner and whose disk holds FILES signed by SIGNER (a name, or None), then
    spoiled. Switched on; .disk is its Disk. By default it boots a verified /boot by itself."""
    disk = Disk(os.path.join(directory, "disk.img"), boot_files() if files is None else files,
                signer=Owner(signer) if signer else None, spoil=spoil, kind=kind)
    with Machine(rom=rom or rom_for(Owner("owner"), settings), disks=[disk.path], directory=directory, **more) as machine:
        machine.disk = disk
        machine.power_on()
        yield machine


def reported(machine):
    """What the log says does not fit: {(kind, path)}."""
    return {(found["kind"], found["path"].lstrip("/")) for _, found in machine.lines("report")}


def error_lines(machine):
    return [found for _, found in machine.lines("error")]


def expect_nothing_boots(machine, seconds=2):
    """The machine stays in its menu for longer than SECONDS: by default those of AUTO_BOOT, and one more."""
    machine.stay(seconds)
    machine.refuse(rb"heads: (boot|loaded|leave) |tiny: up", "nothing may be booted here")


def expect_refused(machine, **wanted):
    """/boot is refused for the reasons WANTED (fields of the verify line), the menu comes up, nothing boots."""
    words, found = machine.line("verify", TO_MENU)
    require(words == "verify refused", f"/boot should have been refused, but: {words} {found}")
    for key, value in wanted.items():
        require(found.get(key) == str(value), f"verify should say {key}={value}, not {found}")
    _, menu = machine.line("menu ready", TO_MENU)
    require(menu["mode"] == "refused", f"the menu should be ready in mode refused, not {menu['mode']}")
    expect_nothing_boots(machine)
    require("login" not in machine.screen(), "something booted")


def expect_tiny(machine, name="good"):
    """A verified /boot boots by itself to the tiny system NAME; the PCRs that the log tells are those that it reads."""
    words, _ = machine.line("verify", TO_MENU)
    require(words == "verify ok", f"/boot should verify, but: {words}")
    machine.line("leave", TO_MENU)
    machine.expect(rb"tiny: up name=([\w-]+)", TO_SYSTEM)
    machine.expect(rb"tiny: ready", TO_SYSTEM)
    machine.refuse(rb"tiny: up name=(?!" + name.encode() + rb"\b)", f"the system {name} was expected")
    require(f"tiny: up name={name}".encode() in machine.output, f"the system {name} did not come up")


def tpm_commands(machine):
    """The commands that the TPM got in the last start, of PID 1, the menu, and PID 1 at the end."""
    return (int(machine.lines("rom files")[-1][1]["tpm-commands"]) + int(machine.lines("cost")[-1][1]["tpm-commands"]) +
            int(machine.lines("tpm shutdown")[-1][1]["commands"]))


def expect_few_commands(machine, most=40):
    require(tpm_commands(machine) <= most, f"at most {most} TPM commands, not {tpm_commands(machine)}")


def logged_pcrs(machine, bank="sha256"):
    """The last `pcrs` line of the bank: {number: hex}."""
    lines = [found for _, found in machine.lines("pcrs") if found["bank"] == bank]
    require(lines, "there is no pcrs line in the log")
    return {int(key): value for key, value in lines[-1].items() if key.isdigit()}


def expect_same_pcrs(machine):
    logged, read = logged_pcrs(machine), tiny_pcrs(machine)
    require(logged and logged == {n: read.get(n) for n in logged},
            f"the log's PCRs differ from those that the system reads:\n{logged}\n{read}")
    return read
