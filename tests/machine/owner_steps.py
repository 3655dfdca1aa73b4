# SPDX-License-Identifier: GPL-2.0-or-later
"""What the owner does and sees on the screens, in steps that several machine tests share."""

import base64
import hashlib
import hmac
import os
import re
import struct
import time

from boot_steps import TO_MENU, require
from fixtures import run
from machine import TOP

MANUAL = "CONFIG_AUTO_BOOT_TIMEOUT=0\n"


def expect_picture(machine, name):
    """The screen is as its picture in tests/data/screens, whatever key it names. HEADS_SCREENS=write writes that anew."""
    path = os.path.join(TOP, "tests", "data", "screens", name + "-80x24.txt")
    machine.settle()
    found = re.sub(r"\b[0-9A-F]{40}\b", "F" * 40, machine.screen()) + "\n"
    if os.environ.get("HEADS_SCREENS") == "write":
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(found)
    with open(path, encoding="utf-8") as stream:
        require(found == stream.read(), f"the screen is not that of {path}:\n{found}")


def extended(*texts):
    """PCR 4 after these boot modes, lower-case hex."""
    value = bytes(32)
    for text in texts:
        value = hashlib.sha256(value + hashlib.sha256(text.encode()).digest()).digest()
    return value.hex()


def code_at(secret, seconds):
    """RFC 6238, written down a second time."""
    mac = hmac.new(secret, struct.pack(">Q", int(seconds) // 30), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7FFFFFFF) % 1000000:06d}"


def codes_now(secret):
    """The code of this half minute and its neighbours: the machine's clock is the workstation's."""
    return {code_at(secret, time.time() + shift) for shift in (-30, 0, 30)}


def to_menu(machine, mode="verified"):
    """Waits for the main menu; leaves the offer to make a TOTP secret, where it comes first, for later."""
    machine.expect(rb"heads: (?:entries|verify refused|error) ", TO_MENU)
    machine.see(r"Make a new secret|Power off", TO_MENU)
    if "Make a new secret" in machine.screen():
        machine.send("n")
    _, found = machine.line("menu ready", TO_MENU)
    require(found["mode"] == mode, f"the menu should be in mode {mode}, not {found['mode']}")
    machine.see(r"Power off")


def enrol(machine, picture=None):
    """Makes the TOTP secret when the first start offers it; returns the secret. Ends in the main menu. picture: a file for
    what the framebuffer shows meanwhile, whose QR code a phone must be able to read."""
    machine.see(r"Make a new secret", TO_MENU)
    machine.send("y")
    machine.line("totp enrolled", TO_MENU)
    found = machine.see(r"\b([A-Z2-7]{32})\b", 30)
    if picture:
        machine.settle()
        machine.screenshot(picture)
        code = run(["zbarimg", "--quiet", "--raw", "--nodbus", "-Sdisable", "-Sqrcode.enable", picture]).decode()
        require(f"secret={found.group(1)}" in code, f"the framebuffer's QR code says {code!r}")
    machine.send("\r")
    machine.line("totp ok", 30)
    machine.see(r"TOTP +\d", 30)
    return base64.b32decode(found.group(1))


def shown_code(machine):
    machine.settle()
    found = re.search(r"TOTP +(\d{3}) ?(\d{3})\b", machine.screen())
    return found and found.group(1) + found.group(2)


def expect_code(machine, secret):
    machine.line("totp ok", TO_MENU)
    machine.line("menu ready", TO_MENU)
    machine.see(r"TOTP +\d{3} ?\d{3}\b", 20)
    require(shown_code(machine) in codes_now(secret), f"the screen shows {shown_code(machine)}, the phone {codes_now(secret)}")


def expect_no_code(machine, pcrs):
    """The TPM keeps the secret: the log and the screen name the PCRs that changed, and no code is shown."""
    words, found = machine.line("totp", TO_MENU)
    require(words == "totp unavailable" and found["code"] == "wrong-pcr", f"{words} {found}")
    require(re.search(pcrs, found["sentence"]), f"the sentence should name {pcrs}: {found['sentence']}")
    machine.line("menu ready", TO_MENU)
    machine.see(r"TOTP +not available", 20)
    require(shown_code(machine) is None, "a code is on the screen")


def force(machine, entry):
    """Boots the default ENTRY (as the list shows it) although /boot does not verify."""
    machine.see(r"Power off", 20)
    machine.send("f")
    machine.see(r"not what you signed", 20)
    machine.send("unsafe\r")
    machine.see(entry, 30)
    require(shown_code(machine) is None, "a code is on the screen although the boot is forced")
    machine.send("\r")
    machine.see(r"Boot this entry", 20)
    machine.send("y")


def choose_key(machine, name):
    """From the list of files on sticks to the key NAME."""
    machine.see(r"Which key", 60)
    machine.see(name.replace(".", r"\."), 10)
    for _ in range(4):
        machine.settle(quiet=0.3)
        if any(name in line for line in machine.terminal.marked()):
            break
        machine.send("\x1b[B")
    machine.send("\r")


def own_tpm(machine, passphrase):
    """From the screen TPM to the end of taking its ownership; returns the Name of the new storage key."""
    machine.see(r"TPM owner", 20)
    machine.send("y")
    machine.see(r"The TPM is cleared", 20)
    machine.send("clear\r")
    machine.see(r"Choose the new owner passphrase", 20)
    machine.send(passphrase + "\r")
    machine.see(r"The same passphrase again", 20)
    machine.send(passphrase + "\r")
    _, found = machine.line("tpm owned", 60)
    machine.see(r"The TPM is yours", 20)
    return found["name"]
