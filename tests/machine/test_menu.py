# SPDX-License-Identifier: GPL-2.0-or-later
"""What the owner does on the screens: enrol, compare codes, boot, force, recover, switch off."""

import base64
import hashlib
import os
import re
import time

from boot_steps import (AUTO_BOOT, TO_MENU, TO_SYSTEM, expect_nothing_boots, expect_same_pcrs, logged_pcrs, machine_with,
                        reported, require)
from fixtures import CMDLINE, Owner, boot_files, grub_cfg, rom_for, tiny
from owner_steps import (MANUAL, code_at, codes_now, enrol, expect_code, expect_no_code, extended, force, shown_code, to_menu)

def patch_flash(machine, old, new):
    """Changes bytes in the flash chip of a machine that is off, as with a clip on the chip."""
    with open(machine.flash, "r+b") as chip:
        data = chip.read()
        require(data.count(old) == 1 and len(old) == len(new), f"{old!r} is {data.count(old)} times in the ROM")
        chip.seek(data.index(old))
        chip.write(new)


def test_totp_enrolment(directory):
    """The first start offers a secret and shows it once, as a code that a camera reads from the framebuffer, too; code
    and phone agree, now and after the next power-on."""
    with machine_with(directory, settings=MANUAL) as machine:
        secret = enrol(machine, picture=os.path.join(directory, "qr.png"))
        machine.line("menu ready", 30)
        require(shown_code(machine) in codes_now(secret), f"the screen shows {shown_code(machine)}, the phone {codes_now(secret)}")
        machine.refuse(re.escape(base64.b32encode(secret)[8:24]) + rb"[^\r\n]*heads:", "the secret must not be in the log")
        require(all(base64.b32encode(secret).decode() not in str(line) for line in machine.lines()), "the secret is in the log")
        machine.power_cut()
        machine.power_on()
        expect_code(machine, secret)
        first = shown_code(machine)
        machine.see(r"TOTP +(?!" + first[:3] + " ?" + first[3:] + r")\d{3} ?\d{3}", 45)   # it goes on by itself
        require(shown_code(machine) in codes_now(secret), "the refreshed code is wrong")


def test_A8_clock_a_year_ahead(directory):
    """The clock set a year ahead on the genuine machine: no code, until the owner says that the date is right."""
    ahead = time.time() + 366 * 86400
    with machine_with(directory, settings=MANUAL) as machine:
        secret = enrol(machine)
        machine.line("menu ready", 30)
        machine.power_cut()
        machine.power_on(rtc=time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ahead)))
        words, found = machine.line("totp", TO_MENU)
        require(words == "totp unavailable" and found["code"] == "clock", f"{words} {found}")
        machine.line("menu ready", TO_MENU)
        machine.see(r"TOTP +no code", 20)
        require(shown_code(machine) is None, "a code is on the screen")
        machine.send("t")
        machine.see(r"The date is right", 20)
        machine.send("y")
        machine.line("totp confirmed", 30)
        machine.line("totp ok", 30)
        machine.see(r"TOTP +\d{3} ?\d{3}\b", 20)
        wanted = {code_at(secret, time.time() + 366 * 86400 + shift) for shift in range(-90, 91, 30)}
        require(shown_code(machine) in wanted, f"the screen shows {shown_code(machine)}, the phone {wanted}")
        machine.power_cut()
        machine.power_on()                     # the clock is right again: behind the codes that were shown
        words, found = machine.line("totp", TO_MENU)
        require(words == "totp unavailable" and found["code"] == "clock", f"{words} {found}")


def test_A1_no_secret_on_the_bus(directory):
    """Making and releasing the TOTP secret: a listener between CPU and TPM sees every byte, and never the secret."""
    with machine_with(directory, settings=MANUAL) as machine:
        secret = enrol(machine)
        machine.line("menu ready", 30)
        machine.press_reset()
        expect_code(machine, secret)
        machine.send("p")
        machine.wait_off()
        traffic = machine.tpm_traffic()
        handover = hashlib.sha256(b"handover").digest()
        require(any(handover in message for message in traffic), "the log of the bus does not hold what was extended")
        for part in (secret, secret[:10], secret[10:], base64.b32encode(secret)):
            require(not any(part in message for message in traffic), "bytes of the secret went over the bus in clear")


def test_changed_payload_no_totp(directory):
    """One changed byte in the payload: PCR 2 differs and no code is shown; the old payload back, and it is."""
    with machine_with(directory, settings=MANUAL) as machine:
        secret = enrol(machine)
        machine.power_cut()
        patch_flash(machine, b"quiet loglevel=3 ", b"quiet loglevel=4 ")
        machine.power_on()
        expect_no_code(machine, r"PCR 2\b")
        machine.power_cut()
        patch_flash(machine, b"quiet loglevel=4 ", b"quiet loglevel=3 ")
        machine.power_on()
        expect_code(machine, secret)


def test_changed_settings_no_totp(directory):
    """Other settings in the ROM: PCR 7 differs."""
    with machine_with(directory, settings=MANUAL) as machine:
        enrol(machine)
        machine.power_cut()
        patch_flash(machine, MANUAL.encode(), MANUAL.replace("=0", "=9").encode())
        machine.power_on()
        expect_no_code(machine, r"PCR 7\b")
        # and with a changed machine nothing boots by itself, although CONFIG_AUTO_BOOT_TIMEOUT says so now
        expect_nothing_boots(machine, 10)


def test_recovery_no_totp(directory):
    """The recovery shell caps PCR 4 first; back in the menu there is no code until the machine is reset."""
    with machine_with(directory, settings=MANUAL) as machine:
        secret = enrol(machine)
        machine.line("menu ready", 30)
        machine.send("r")
        machine.see(r"Open the shell", 20)
        machine.send("y")
        _, cap = machine.line("cap", 30)
        require(cap["exit"] == "recovery" and cap["tpm"] == "capped", f"{cap}")
        machine.line("recovery", 30)
        machine.send("\n")
        machine.expect(rb"[#$] ", 30)
        machine.send("cat /sys/class/tpm/tpm0/pcr-sha256/4; grep -c totp /run/heads/log\n")
        found = machine.expect(rb"([0-9A-F]{64})\r?\n", 20).group(1).decode().lower()
        require(found == extended("recovery"), f"PCR 4 in the shell is {found}")
        machine.send("exit\n")
        machine.line("recovery ended", 30)
        expect_no_code(machine, r"PCR 4\b")
        machine.press_reset()
        expect_code(machine, secret)


def test_recovery_key_at_start(directory):
    """The key r leads to the shell from PID 1's line until the first screen, and nothing waits for it."""
    with machine_with(directory, settings=MANUAL) as machine:
        for line, menu_had_begun in (("key", False), ("tpm", True)):
            if menu_had_begun:
                machine.power_cut()
                machine.power_on()
            machine.line(line, TO_MENU)
            machine.send("r")
            _, found = machine.line("recovery", 60)
            require("start" in found["reason"], f"{found}")
            _, cap = machine.lines("cap")[0]
            require(cap["exit"] == "recovery" and cap["tpm"] == "capped", f"{cap}")
            require(any("family" in found for _, found in machine.lines("tpm")) == menu_had_begun, "PID 1 should have seen the first key")
            machine.refuse(rb"heads: (menu|ask) ")


def test_A5_forced_boot(directory):
    """Forcing needs a typed word, is known to PCR 4, and closes the TPM before anything boots."""
    with machine_with(directory, settings=MANUAL, spoil={"initrd.img": tiny("forced")}) as machine:
        secret = enrol(machine)
        machine.line("menu ready", 30)
        require(shown_code(machine) in codes_now(secret), "there is a code before the boot is forced")
        machine.send("f")
        machine.see(r"not what you signed", 20)
        machine.send("unsave\r")        # not the word
        machine.see(r"Power off", 20)
        machine.refuse(rb"heads: (boot|leave) ")
        force(machine, r"Tiny system")
        _, boot = machine.line("boot", 30)
        require(boot["mode"] == "forced", f"{boot}")
        machine.line("leave", TO_MENU)
        machine.expect(rb"tiny: up name=forced", TO_SYSTEM)
        machine.expect(rb"tiny: ready", TO_SYSTEM)
        pcrs = expect_same_pcrs(machine)
        require(pcrs[4] == extended("forced", "handover"), "PCR 4 should hold `forced` and `handover`")


def test_A5_basic_mode(directory):
    """In basic mode what does not verify boots by itself and without a word: as a forced boot, which PCR 4 tells."""
    with machine_with(directory, settings=AUTO_BOOT + "CONFIG_BASIC=y\n", spoil={"initrd.img": tiny("basic")}) as machine:
        words, _ = machine.line("verify", TO_MENU)
        require(words == "verify refused", f"it is judged all the same: {words}")
        _, boot = machine.line("boot", TO_MENU)
        require(boot["mode"] == "forced", f"{boot}")
        machine.expect(rb"tiny: up name=basic", TO_SYSTEM)
        machine.expect(rb"tiny: ready", TO_SYSTEM)
        pcrs = expect_same_pcrs(machine)
        require(pcrs[4] == extended("forced", "handover"), "PCR 4 should hold `forced` and `handover`")


def test_A5_forced_boot_given_up(directory):
    """Who begins to force and goes back has a closed TPM until the reset."""
    with machine_with(directory, settings=MANUAL, spoil={"initrd.img": tiny("forced")}) as machine:
        secret = enrol(machine)
        machine.send("f")
        machine.see(r"not what you signed", 20)
        machine.send("unsafe\r")
        machine.see(r"Tiny system", 30)
        machine.send("\x1b")
        machine.see(r"Power off", 20)
        require(shown_code(machine) is None, "a code is on the screen")
        machine.press_reset()
        expect_code(machine, secret)


def test_A5_capped_on_power_off(directory):
    with machine_with(directory, settings=MANUAL) as machine:
        to_menu(machine)
        machine.send("p")
        _, cap = machine.line("cap", 30)
        require(cap["exit"] == "power-off" and cap["tpm"] == "capped", f"{cap}")
        machine.line("leave", 20)
        require(logged_pcrs(machine)[4] == extended("handover"), "PCR 4 should hold `handover`")
        require(machine.wait_off() == 0, "the machine should be off")


def test_A5_capped_on_restart(directory):
    with machine_with(directory, settings=MANUAL) as machine:
        secret = enrol(machine)
        machine.line("menu ready", 30)
        machine.send("n")
        _, cap = machine.line("cap", 30)
        require(cap["exit"] == "reboot" and cap["tpm"] == "capped", f"{cap}")
        machine.line("init", 60)
        expect_code(machine, secret)


def test_other_entry(directory):
    """Another entry is chosen, shown as it would be started, and booted."""
    files = boot_files(**{
        "initrd-two.img": tiny("two"),
        "grub/grub.cfg": grub_cfg(("One", "/vmlinuz", "/initrd.img", CMDLINE), ("Two", "/vmlinuz", "/initrd-two.img", CMDLINE)),
    })
    with machine_with(directory, files=files, settings=MANUAL) as machine:
        to_menu(machine)
        machine.send("o")
        machine.see(r"Two", 20)
        machine.send("2")
        machine.see(r"initrd-two\.img", 20)
        machine.send("y")
        _, boot = machine.line("boot", 30)
        require(boot["mode"] == "verified" and boot["title"] == "Two", f"{boot}")
        expect_up(machine, "two")


def expect_up(machine, name):
    machine.line("leave", TO_MENU)
    machine.expect(rb"tiny: up name=" + name.encode() + rb"\b", TO_SYSTEM)
    machine.expect(rb"tiny: ready", TO_SYSTEM)


def test_report_on_screen(directory):
    """The report names each file and what is wrong with it."""
    spoil = {"vmlinuz": b"evil", "added-one": b"new", "config": None}
    with machine_with(directory, settings=MANUAL, spoil=spoil) as machine:
        to_menu(machine, "refused")
        require(reported(machine) == {("changed", "vmlinuz"), ("added", "added-one"), ("removed", "config")}, f"{reported(machine)}")
        machine.send("v")
        machine.settle()
        text = machine.screen()
        for word in ("vmlinuz", "added-one", "config", "changed", "added", "removed"):
            require(word in text, f"the report does not say {word}:\n{text}")
        machine.send("\x1b")
        machine.see(r"Power off", 20)


def test_key_stops_the_countdown(directory):
    """A key stops the boot that would begin by itself."""
    with machine_with(directory, settings="CONFIG_AUTO_BOOT_TIMEOUT=9\n") as machine:
        machine.line("menu ready", TO_MENU)
        machine.send("\x1b[B")
        expect_nothing_boots(machine, 10)


def test_A3_resets_are_told(directory):
    """One reset of the TPM from start to start is normal; one more is told by the log and on the menu. The system's
    screen knows how the starts ended."""
    with machine_with(directory, settings=MANUAL) as machine:
        machine.expect(rb"heads: tpm resets=first\r", TO_MENU)
        enrol(machine)      # so that the next starts ask nothing
        machine.line("menu ready", TO_MENU)
        for restart in (machine.press_reset, lambda: machine.send("n")):
            restart()
            machine.expect(rb"heads: tpm resets=\+1 restarts=\+0 ", TO_MENU)
            machine.line("menu ready", TO_MENU)
            machine.see(r"Power off", 20)
        machine.settle()
        require("resetCount" not in machine.screen(), "a normal start is no reason to warn")
        machine.send("i")
        machine.see(r"TPM resets +1 reset since the last start", 20)
        for line in (r"Access +open", r"Battery +none", r"Disks +\w+ +\d+ MiB"):
            machine.see(line, 10)
        machine.send("\x1b[6~\x1b[6~")
        date = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  "
        machine.see(f"{date}now *\n *{date}restarted *\n *{date}cut off or reset", 10)
        # A start that does not come as far as the menu.
        machine.press_reset()
        machine.line("init", TO_MENU)
        machine.press_reset()
        machine.expect(rb"heads: tpm resets=\+2 restarts=\+0 ", TO_MENU)
        machine.line("menu ready", TO_MENU)
        machine.see(r"TPM +reset while running.*resetCount \+2", 20)


def test_rom_of_another_owner(directory):
    """With another owner's key in the ROM the same disk is refused, and PCR 7 differs."""
    with machine_with(directory, settings=MANUAL) as machine:
        enrol(machine)
        machine.power_cut()
        with open(rom_for(Owner("stranger"), MANUAL), "rb") as rom, open(machine.flash, "wb") as chip:
            chip.write(rom.read())
        machine.power_on()
        words, found = machine.line("verify", TO_MENU)
        require(words == "verify refused" and found["signature"] == "unknown-key", f"{words} {found}")
        words, found = machine.line("totp", TO_MENU)
        require(words == "totp unavailable" and "7" in found["sentence"], f"{words} {found}")


for _test in (test_A8_clock_a_year_ahead, test_changed_payload_no_totp, test_recovery_no_totp, test_totp_enrolment):
    _test.seconds = 300
