# SPDX-License-Identifier: GPL-2.0-or-later
"""PID 1: both consoles at once, a menu that crashes, the back-off."""

import os
import re
import time

from boot_steps import machine_with, require
from machine import PATIENCE
from owner_steps import MANUAL, enrol, expect_code, expect_no_code, to_menu


# As the original's settings name it.
GERMAN = "CONFIG_KEYBOARD_KEYMAP=/usr/lib/kbd/keymaps/i386/qwertz/de-latin1.map\n"


def press(machine, *keys):
    """Keys at once on the machine's own keyboard, beside the framebuffer."""
    machine.qmp("send-key", keys=[{"type": "qcode", "data": key} for key in keys])


def colours(path):
    """The different pixels of a PPM picture, with how often each is there."""
    with open(path, "rb") as stream:
        data = stream.read()
    header = data.split(b"\n", 3)
    require(header[0] == b"P6", "QEMU's picture should be a PPM")
    counts = {}
    pixels = header[3]
    for start in range(0, len(pixels) - 2, 3):
        pixel = pixels[start:start + 3]
        counts[pixel] = counts.get(pixel, 0) + 1
    return counts


def expect_other_picture(machine, path, before):
    """The serial line is written first: the framebuffer may follow a moment later."""
    end = time.monotonic() + 20 * PATIENCE
    while True:
        machine.qmp("screendump", filename=path)
        if colours(path) != before:
            return
        require(time.monotonic() < end, "the framebuffer did not follow")
        machine.receive(0.1)


def test_two_consoles(directory):
    """The framebuffer shows the same menu as the serial line, and keys of its keyboard count on both. That keyboard has
    the layout of the settings: letters, AltGr, Shift, dead keys."""
    with machine_with(directory, settings=MANUAL + GERMAN) as machine:
        to_menu(machine)
        require(machine.lines("keyboard")[0][1]["layout"] == "de", "the layout is told")
        machine.see(r"Power off", 20)
        machine.settle()
        picture = os.path.join(directory, "menu.ppm")
        machine.qmp("screendump", filename=picture)
        before = colours(picture)
        require(len(before) >= 4, f"the menu has at least four colours, the framebuffer shows {len(before)}")
        press(machine, "i")
        machine.see(r"Esc continue", 20)
        expect_other_picture(machine, picture, before)
        press(machine, "esc")
        machine.see(r"Power off", 20)
        press(machine, "s")
        machine.see(r"type to search", 20)
        for keys, typed in ((["y"], "z"), (["z"], "zy"), (["alt_r", "q"], "zy@"), (["shift", "slash"], "zy@_")):
            press(machine, *keys)
            machine.see("Search: " + re.escape(typed), 20)
        press(machine, "grave_accent")
        press(machine, "spc")
        machine.see(r"Search: zy@_\^", 20)


def test_A5_crash_of_the_menu(directory):
    """A menu that crashes is started again, later each time, in a machine whose TPM is capped."""
    with machine_with(directory, settings=MANUAL) as machine:
        secret = enrol(machine)
        machine.line("menu ready", 30)
        machine.send("r")
        machine.see(r"Open the shell", 20)
        machine.send("y")
        machine.line("recovery", 30)
        machine.expect(rb"[#$] ", 30)
        # The killer outlives its shell and ends two menus.
        machine.send("(trap '' HUP; for n in 1 2; do sleep 6; killall -SEGV heads; done) &\n")
        machine.send("exit\n")
        machine.line("recovery ended", 30)
        for wait in ("1", "2"):
            _, crash = machine.line("menu crashed", 60)
            require(crash["status"] == "139" and crash["wait-s"] == wait, f"{crash}")
            _, cap = machine.line("cap", 30)
            require(cap["exit"] == "crash" and cap["mode"] == "crash" and cap["tpm"] == "capped", f"{cap}")
        expect_no_code(machine, r"PCR 4\b")
        machine.press_reset()
        expect_code(machine, secret)


def test_power_button(directory):
    """The machine's power button ends the menu, and the shell, in order: capped, the TPM shut down."""
    with machine_with(directory, settings=MANUAL) as machine:
        to_menu(machine)
        for where in ("menu", "recovery"):
            machine.qmp("system_powerdown")
            _, button = machine.line("power-button pressed", 30)
            require(button["in"] == where, f"the button was pressed in {where}, the log says {button['in']}")
            _, cap = machine.line("cap", 30)
            require(cap["exit"] == "power-off", f"the way out should be power-off, not {cap['exit']}")
            machine.expect(rb"heads: tpm shutdown=clear", 30)
            require(machine.wait_off(30) == 0, "QEMU should end with 0")
            if where == "recovery":
                break
            machine.power_on()
            machine.line("key", 60)
            machine.send("r")
            machine.line("recovery", 30)
            machine.expect(rb"[#$] ", 30)
