# SPDX-License-Identifier: GPL-2.0-or-later
"""The clock, set in the menu."""

import time

from boot_steps import TO_MENU, machine_with, require
from owner_steps import MANUAL, enrol, expect_code, shown_code, codes_now, to_menu


def open_time(machine):
    machine.see(r"Power off", 30)
    machine.send("c")
    machine.see(r"Time: set the clock", 20)
    machine.send("t")
    machine.see(r"Type the time in UTC", 20)


def type_time(machine, text):
    machine.send("\x7f" * 19 + text + "\r")


def test_A8_the_clock_is_set_by_who_confirms_it(directory):
    """A machine whose clock is a year ahead shows no code; the owner sets the clock right, confirmed in the TPM, and the
    code is the phone's, after a power cycle too. What is no date, or lies before the release, changes nothing."""
    with machine_with(directory, settings=MANUAL) as machine:
        secret = enrol(machine)
        machine.line("menu ready", 30)
        machine.power_cut()
        ahead = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 365 * 86400))
        machine.power_on(rtc=ahead)
        words, found = machine.line("totp", TO_MENU)
        require(words == "totp unavailable" and found["code"] == "clock", f"{words} {found}")
        machine.line("menu ready", TO_MENU)
        for text, sentence in (("2026-02-30 10:00", r"no day and time"), ("tomorrow", r"a date is written"),
                               ("2001-01-01 10:00", r"before")):
            open_time(machine)
            type_time(machine, text)
            machine.see(r"The clock was not set", 20)
            machine.see(sentence, 20)
            machine.send("\r")
        machine.refuse(rb"heads: clock set")
        open_time(machine)
        type_time(machine, time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()))
        machine.line("clock", 30)
        machine.line("totp ok", 30)
        machine.see(r"TOTP +\d{3} ?\d{3}\b", 20)
        require(shown_code(machine) in codes_now(secret), "the code is not the phone's")
        machine.press_reset()
        expect_code(machine, secret)


test_A8_the_clock_is_set_by_who_confirms_it.seconds = 240
