# SPDX-License-Identifier: GPL-2.0-or-later
"""A blank machine becomes its owner's in one run and one restart: by the defaults without a dongle, and by all questions with
one."""

import json
import os
import random
import re
import shutil
import subprocess
import tempfile
import time

from boot_steps import TO_MENU, error_lines, machine_with, require
from dongle import Dongle
from fixtures import HEADS, MIB, Disk, Owner, boot_files, rom_for, run
from luks_content import LuksContent
from machine import Expected, Machine
from owner_steps import MANUAL, shown_code, to_menu
from test_keys import blank_stick, check_drive, sign_by_drive
from test_sign_in_machine import exported
from test_tpm import expect_record, take_ownership
from test_unlock import PASSPHRASE as OLD_DISK
from test_unlock import LuksDisk, files
from update_steps import stick

TO_KEY = 180        # seconds for GnuPG to make a key under emulation, at most
OWNER = "owner phrase of the test"
USER_PIN = "24681357"
ADMIN_PIN = "1357924680"
KEY_PHRASE = "key phrase of the test"


def begin(machine, mode):
    """From the main menu of a blank machine to the first question of a mode."""
    machine.see(r"Power off", 20)
    machine.send("e")
    machine.see(r"Do it all in one run", 20)
    machine.send("a")
    machine.see(r"Ask me everything", 20)
    machine.send(mode)


def confirm_plan(machine):
    """The plan says what is lost, and nothing but its word begins."""
    machine.line("ask", TO_MENU)
    machine.see(r"the TPM is cleared", 20)
    machine.see(r"Type the word mine", 20)
    machine.send("mine\r")


def expect_steps(machine, *steps):
    for step in steps:
        _, found = machine.line("ownership", TO_KEY)
        require(found.get("step") == step, f"{found} instead of {step}")


def read_drawn(machine):
    """The passphrase that is shown this once, with its entropy."""
    machine.see(r"51 bits", 60)
    machine.see(r"I have written it down", 20)
    machine.settle()
    found = re.search(r"^\W*((?:[a-z-]{3,9} ){3}[a-z-]{3,9})\W*$", machine.screen(), re.M)
    require(found, f"no passphrase is on the screen:\n{machine.screen()}")
    return found.group(1)


def oathtool(secret):
    return run(["oathtool", "--totp", "--base32", secret]).decode().strip()


def enrol(machine):
    """The secret is shown once; a wrong code is told, the phone's is taken. Returns it in base32."""
    secret = machine.see(r"\b([A-Z2-7]{32})\b", 60).group(1)
    machine.send("\r")
    machine.see(r"Does your phone show the same code", 20)
    machine.send("0000000\r")
    machine.see(r"not the code of now", 20)
    machine.send(oathtool(secret) + "\r")
    _, found = machine.line("totp enrolled", 30)
    require(found["confirmed"] == "yes", f"{found}")
    return secret


def finish(machine):
    """To the end of the run and the restart; returns the fingerprint."""
    _, found = machine.line("ownership complete", TO_MENU)
    machine.see(r"This machine is yours", 20)
    machine.send("\r")
    machine.see(r"Restart now", 20)
    machine.send("y")
    return found["key"]


def expect_owned(machine, secret):
    """After the restart: the ROM knows the TPM, the code is the phone's, /boot verifies, and the default boots."""
    expect_record(machine, "rom", "yes")
    machine.line("totp ok", TO_MENU)
    words, found = machine.line("verify", TO_MENU)
    require(words == "verify ok", f"{words} {found}")


def expect_menu(machine, secret):
    _, found = machine.line("menu ready", TO_MENU)
    require(found["mode"] == "verified", f"{found}")
    machine.see(r"TOTP +\d{3} ?\d{3}\b", 20)
    before, code, after = oathtool(secret), shown_code(machine), oathtool(secret)
    require(code in (before, after), f"the screen shows {code}, oathtool {before}")
    require("step by step" not in machine.screen(), f"something is left to do:\n{machine.screen()}")


def on_stick(image, name):
    """The content of a file at the top of the stick."""
    return run(["mtype", "-i", image, "::" + name], env=dict(os.environ, MTOOLS_SKIP_CHECK="1"))


def opens(directory, content, passphrase):
    """Whether stock GnuPG takes the secret key out of this file; returns its fingerprint."""
    home, path = os.path.join(directory, "check"), os.path.join(directory, "check.asc")
    os.makedirs(home, mode=0o700)
    with open(path, "wb") as stream:
        stream.write(content)
    gpg = ["gpg", "--homedir", home, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", passphrase]
    try:
        run(gpg + ["--import", path])
        run(gpg + ["--output", os.path.join(home, "signature"), "--detach-sign", path])
        listing = run(gpg + ["--with-colons", "--list-secret-keys"]).decode()
    finally:
        run(["gpgconf", "--homedir", home, "--kill", "all"])
    return re.search(r"^fpr:+([0-9A-F]{40}):", listing, re.M).group(1)


def test_the_defaults_without_a_dongle(directory):
    """One passphrase of four words is drawn and shown once; the key is made in the machine and kept on the stick under it.
    The power is cut in the run: with the passphrase typed in, it goes on."""
    image = stick(directory)
    with machine_with(directory, signer=None, rom=rom_for(None, MANUAL), options=["--usb", image]) as machine:
        to_menu(machine, mode="refused")
        begin(machine, "d")
        machine.see(r"Draw a new one", 20)
        machine.send("d")
        confirm_plan(machine)
        passphrase = read_drawn(machine)
        machine.send("y")
        machine.line("ownership begin", 20)
        expect_steps(machine, "tpm", "key", "counter", "boot", "totp")
        machine.see(r"\b([A-Z2-7]{32})\b", 60)
        machine.power_cut()     # before the phone has it, and before the flash is written
        machine.power_on()
        to_menu(machine, mode="refused")
        begin(machine, "d")
        machine.see(r"Draw a new one", 20)
        machine.send("t")
        machine.see(r"passphrase that was drawn", 20)
        machine.send(passphrase + "\r")
        machine.line("ask", TO_KEY)
        machine.see(r"\[x\] the ownership of the TPM", 20)
        machine.see(r"\[x\] your key", 20)
        machine.see(r"\[x\] your signature over /boot", 20)
        machine.send("mine\r")
        machine.line("ownership begin", 20)
        _, found = machine.line("ownership", TO_KEY)
        require(found.get("step") == "totp", f"the run should go on with the phone: {found}")
        secret = enrol(machine)
        fingerprint = finish(machine)
        expect_owned(machine, secret)
        expect_menu(machine, secret)
        require(not error_lines(machine), f"{error_lines(machine)}")
        require(not any(passphrase.encode() in message for message in machine.tpm_traffic()), "the passphrase is on the bus")
        machine.send("b")
        machine.expect(rb"tiny: ready", 120)
    require(opens(directory, on_stick(image, "heads-owner-key.asc"), passphrase) == fingerprint, "another key is on the stick")
    require(b"BEGIN PGP PUBLIC KEY BLOCK" in on_stick(image, "heads-owner-public.asc"), "no public key is on the stick")
    require(b"BEGIN PGP" in on_stick(image, "heads-owner-revocation.asc"), "no revocation is on the stick")
    summary = on_stick(image, "heads-summary-1.txt").decode()
    require(fingerprint in summary and "confirmed" in summary, f"{summary}")
    require(passphrase not in summary, "the summary holds the passphrase")


test_the_defaults_without_a_dongle.seconds = 600


def ask_twice(machine, title, secret):
    machine.see(title, 30)
    machine.send(secret + "\r")
    machine.see(title + ", again", 30)
    machine.send(secret + "\r")


def answer(machine):
    """All the questions, for a key that is moved to the dongle and has its copy on an encrypted drive."""
    machine.see(r"Where is your key made", 20)
    machine.send("m")
    machine.see(r"Where is the key kept", 20)
    machine.send("d")
    machine.see(r"Which stick becomes the backup drive", 20)
    machine.send("\r")
    machine.see(r"Which algorithm", 20)
    machine.send("e")
    machine.see(r"Your name in the key", 20)
    machine.send("Test Owner\r")
    machine.see(r"Your address in the key", 20)
    machine.send("t@example.org\r")
    machine.see(r"Shall the dongle check the firmware", 20)
    machine.send("y")
    ask_twice(machine, r"New owner passphrase of the TPM", OWNER)
    machine.see(r"New passphrase of the backup drive[\s\S]*12 to 99 characters", 20)
    ask_twice(machine, r"New passphrase of the backup drive", KEY_PHRASE)
    machine.see(r"New user PIN of the dongle", 20)
    machine.send("123\r")
    machine.see(r"6 to 64 characters, not 3", 20)
    ask_twice(machine, r"New user PIN of the dongle", USER_PIN)
    ask_twice(machine, r"New admin PIN of the dongle", ADMIN_PIN)
    machine.see(r"Which entry is booted", 20)
    machine.send("f")
    machine.see(r"Shall an older /boot be refused", 20)
    machine.send("y")
    machine.see(r"A summary on the backup drive", 20)
    machine.send("y")


def go_on_with(machine, dongle, step):
    """The run stopped at the dongle, which is not there. It is plugged in, and the run goes on, with STEP next; nothing is
    asked again."""
    _, found = machine.line("ownership stopped", TO_KEY)
    require(found["code"] == "no-device", f"{found}")
    dongle.plug_in()
    for _ in range(20):     # until the kernel has found it
        machine.see(r"The run has stopped", 20)
        machine.send("y")
        number, _ = machine.expect_any([rb"heads: ownership stopped code=no-device ", b"heads: ownership step=" + step], TO_KEY)
        if number == 1:
            return
    raise Expected("the run does not find the dongle")


def stop_at_another_stick(machine, image):
    """What is on the stick now is not what the plan was confirmed for: it is not written. Then it is the first one again."""
    with open(image, "r+b") as stream:
        stream.seek(4096)
        stream.write(b"holiday pictures")
        stream.flush()
        machine.send("mine\r")
        _, found = machine.line("ownership begin", TO_KEY)
        require(found["backup"] == "drive", f"{found}")
        expect_steps(machine, "tpm", "key")
        _, found = machine.line("ownership stopped", TO_KEY)
        require(found["code"] == "refused" and "not the stick that was shown" in found["sentence"], f"{found}")
        stream.seek(0)
        require(stream.read().strip(b"\0") == b"holiday pictures", "a stick was written to that the plan did not show")
        stream.seek(4096)
        stream.write(bytes(16))
    machine.see(r"The run has stopped", 20)
    machine.send("y")
    expect_steps(machine, "key")


def expect_rest(machine):
    """The steps that are left after the key, to the phone's: which of them the cut has left is not certain."""
    left = []
    while "totp" not in left:
        _, found = machine.line("ownership", TO_KEY)
        left.append(found.get("step"))
    require(set(left) <= {"counter", "boot", "hotp", "totp"}, f"{left}")


def test_all_questions_with_a_dongle(directory):
    """The key is made in memory and moved to the dongle, its copy is on the encrypted drive that a stick was made into; the
    dongle gets the secret by which it knows the firmware: green after the restart. When the dongle is pulled out the run
    stops there, and goes on with it; so it does at a stick that is not the one of the plan; after a power cut it goes on with
    the key that is on the drive. Later the drive signs /boot."""
    image = blank_stick(directory)
    with Dongle(directory) as dongle, machine_with(directory, signer=None, rom=rom_for(None, MANUAL),
                                                   options=["--usb", image] + dongle.options) as machine:
        dongle.plug_in()
        to_menu(machine, mode="refused")
        begin(machine, "q")
        answer(machine)
        machine.line("ask", TO_MENU)
        dongle.pull_out()
        machine.see(r"everything on the stick that becomes the backup drive is lost", 20)
        machine.see(r"stick /dev/sda \(QEMU.*64 MiB\)", 20)
        machine.see(r"Type the word mine", 20)
        stop_at_another_stick(machine, image)
        _, kept = machine.line("key backup", TO_KEY)
        go_on_with(machine, dongle, b"counter")
        machine.power_cut()
        dongle.pull_out()
        machine.power_on()
        dongle.plug_in()
        to_menu(machine, mode="refused")
        begin(machine, "q")
        answer(machine)
        machine.line("ask", TO_KEY)
        machine.see(r"\[x\] the ownership of the TPM", 20)
        machine.see(r"\[x\] your key", 20)
        machine.see(r"Type the word mine", 20)
        require("everything on the stick" not in machine.screen(), f"the drive has the key:\n{machine.screen()}")
        machine.send("mine\r")
        machine.line("ownership begin", TO_KEY)
        expect_rest(machine)
        secret = enrol(machine)
        fingerprint = finish(machine)
        require(fingerprint == kept["fingerprint"], f"another key than that of the drive: {kept}")
        expect_owned(machine, secret)
        _, found = machine.line("hotp ok", TO_MENU)
        require(found["serial"] == "00000001", f"{found}")
        expect_menu(machine, secret)
        machine.see(r"HOTP +green", 20)
        sign_by_drive(machine, fingerprint, KEY_PHRASE)
        require(not error_lines(machine), f"{error_lines(machine)}")
        for word in (OWNER, USER_PIN, ADMIN_PIN, KEY_PHRASE):
            require(word.encode() not in machine.output, f"{word} is on the console")
            require(not any(word.encode() in message for message in machine.tpm_traffic()), f"{word} is on the TPM's bus")
        machine.send("b")
        machine.expect(rb"tiny: ready", 120)
    copy = check_drive(directory, image, fingerprint, KEY_PHRASE, "Test Owner <t@example.org>", ["::/heads-summary-1.txt"])
    require(opens(directory, copy, "") == fingerprint, "another key is on the drive")
    summary = on_stick(os.path.join(directory, "public"), "heads-summary-1.txt").decode()
    require(fingerprint in summary and "Librem Key 00000001" in summary and "encrypted backup drive" in summary, f"{summary}")
    require(KEY_PHRASE not in summary, "the summary holds the passphrase")


test_all_questions_with_a_dongle.seconds = 600


ANSWERS = f"""\
# for a machine that is handed on
KEY=import
KEY_FILE=brought.asc
KEY_PASSPHRASE={KEY_PHRASE}
TPM_PASSPHRASE={OWNER}
DISK_PASSPHRASE={OLD_DISK}
NEW_DISK_PASSPHRASE=new phrase of the disk
REENCRYPT=yes
UNLOCK_KEY=yes
DEFAULT_ENTRY=first
SUMMARY=secrets
"""


def see_plan_of_drive(machine):
    """Answers from a file, for a backup drive: the stick with the file is not offered for it, and the plan names the other."""
    begin(machine, "f")
    machine.see(r"Which answers[\s\S]*drive\.txt", 60)
    machine.settle()
    machine.send("\x1b[B\r")
    machine.see(r"Which stick becomes the backup drive[\s\S]*/dev/sdb", 60)
    require("/dev/sda" not in machine.screen(), f"the answers would be erased:\n{machine.screen()}")
    machine.send("\r")
    machine.line("ask", TO_MENU)
    machine.see(r"everything on the stick that becomes the backup drive is lost", 20)
    machine.see(r"stick /dev/sdb \(", 20)
    machine.send("no\r")
    machine.line("verify refused", TO_MENU)
    machine.see(r"Do it all in one run", 20)
    machine.send("\x1b")


def test_A19_a_run_given_up(directory):
    """Whoever brings a key of his own and goes as far as the plan has /boot judged by that key. The menu does not learn of it:
    what the owner's key has not signed is refused afterwards as before. And a stick that he would have erased is not."""
    key = exported(directory, Owner("stranger"), "stranger.asc", "phrase of a stranger")
    answers = os.path.join(directory, "heads-owner.txt")
    with open(answers, "w", encoding="ascii") as stream:
        stream.write("KEY=import\nKEY_FILE=stranger.asc\nKEY_PASSPHRASE=phrase of a stranger\n"
                     f"TPM_PASSPHRASE={OWNER}\nROLLBACK=no\nHOTP=no\nDEFAULT_ENTRY=keep\nSUMMARY=none\n")
    drive = os.path.join(directory, "heads-owner-drive.txt")
    with open(drive, "w", encoding="ascii") as stream:
        stream.write("KEY=memory\nBACKUP=drive\nKEY_NAME=Stranger\nKEY_EMAIL=s@example.org\n"
                     f"KEY_PASSPHRASE=phrase of a stranger\nTPM_PASSPHRASE={OWNER}\n")
    image, blank = stick(directory, answers, drive, key), blank_stick(directory)
    with machine_with(directory, signer="stranger", settings=MANUAL, options=["--usb", image, "--usb", blank]) as machine:
        to_menu(machine, mode="refused")
        take_ownership(machine, OWNER)
        machine.send("n")
        see_plan_of_drive(machine)
        begin(machine, "f")
        machine.see(r"Which answers", 60)
        machine.send("\r")
        machine.line("verify ok", 90)       # by the key that was brought
        machine.line("ask", TO_MENU)
        machine.see(r"Type the word mine", 20)
        machine.send("no\r")
        machine.line("verify refused", TO_MENU)
        machine.see(r"Make this machine yours", 20)
        machine.send("\x1b")
        _, menu = machine.line("menu ready", TO_MENU)
        require(menu["mode"] == "refused", f"{menu}")
        machine.see(r"Power off", 20)
        require("Boot  " not in machine.screen(), f"a foreign /boot can be booted:\n{machine.screen()}")
        machine.send("b")
        machine.settle()
        machine.refuse(rb"heads: (boot entry|loaded|leave) ", "what the owner has not signed is booted")
    with open(blank, "rb") as stream:
        require(not any(stream.read()), "a stick was written to though nobody confirmed it")


def test_answers_from_a_file(directory):
    """Nobody types an answer, and the key is one that its owner has brought. The disk has another passphrase afterwards and
    another volume key, though the power was cut while all of it was written anew, and nothing in it was lost; and the TPM,
    which was told what the ROM will hold, opens it in the first boot."""
    answers = os.path.join(directory, "heads-owner-1.txt")
    with open(answers, "w", encoding="ascii") as stream:
        stream.write(ANSWERS)
    run([HEADS, "owner", "check", answers])
    owner = Owner("stranger")
    image = stick(directory, answers, exported(directory, owner, "brought.asc", KEY_PHRASE))
    disk = Disk(os.path.join(directory, "disk.img"), files(), signer=None)
    luks = LuksDisk(os.path.join(directory, "luks.img"), size=(16 + 40) * MIB)
    content = random.Random(5).randbytes(40 * MIB)
    with luks.changed() as volume:
        before = LuksContent(volume, OLD_DISK.encode())
        before.write(content)
    with Machine(rom=rom_for(None, MANUAL), disks=[disk.path, luks.path], directory=directory,
                 options=["--usb", image]) as machine:
        machine.power_on()
        to_menu(machine, mode="refused")
        begin(machine, "f")
        machine.see(r"Which answers", 60)
        machine.send("\r")
        machine.see(r"all of the disk is written anew", 60)
        confirm_plan(machine)
        machine.line("disk reencrypt", TO_KEY)
        machine.see(r"Encrypting /dev/vdb1 anew", 60)
        machine.see(r"\b[1-9]\d ?%", 60)
        machine.power_cut()
        machine.power_on()
        to_menu(machine, mode="refused")
        begin(machine, "f")
        machine.see(r"Which answers", 60)
        machine.send("\r")
        confirm_plan(machine)
        machine.line("ownership begin", TO_KEY)
        expect_steps(machine, "disk")
        _, found = machine.line("disk reencrypt", TO_KEY)
        require(found["resumed"] == "yes", f"{found}")
        machine.line("disk reencrypted", TO_KEY)
        expect_steps(machine, "tpm", "counter", "boot", "disk-key", "totp")
        secret = enrol(machine)
        require(finish(machine) == owner.fingerprint, "the ROM has another key than the one that was brought")
        expect_owned(machine, secret)
        expect_menu(machine, secret)
        machine.send("b")
        machine.line("unlock-key released", TO_MENU)
        machine.expect(rb"tiny: ready", 120)
        require(not error_lines(machine), f"{error_lines(machine)}")
        for word in (OWNER, KEY_PHRASE, "new phrase of the disk", OLD_DISK):
            require(word.encode() not in machine.output, f"{word} is on the console")
    luks.opens(b"new phrase of the disk")
    after = LuksContent(luks.volume, b"new phrase of the disk")
    require(after.key != before.key and "requirements" not in after.metadata["config"], f"{after.metadata['config']}")
    require(after.read(len(content)) == content, "what was on the disk is lost")
    try:
        luks.opens(OLD_DISK.encode())
    except Expected:
        pass
    else:
        raise Expected("the old passphrase still opens the disk")
    require("new phrase of the disk" in on_stick(image, "heads-summary-1.txt").decode(), "the secrets were asked for")


test_answers_from_a_file.seconds = 600


class Workstation:
    """Makes the machine in DIRECTORY its owner's while it is off: signs its /boot, in the place of an Owner."""

    def __init__(self, directory, rom):
        self.tpm, self.flash = os.path.join(directory, "tpm"), os.path.join(directory, "prepared.rom")
        self.medium, self.answers = os.path.join(directory, "medium"), os.path.join(directory, "answers.txt")
        self.told = None
        os.makedirs(self.tpm, mode=0o700)
        os.mkdir(self.medium)
        shutil.copyfile(rom, self.flash)
        with open(self.answers, "w", encoding="ascii") as stream:
            stream.write(f"TPM_PASSPHRASE={OWNER}\nKEY=memory\nKEY_NAME=Test Owner\nKEY_EMAIL=t@example.org\n"
                         f"KEY_PASSPHRASE={KEY_PHRASE}\nDEFAULT_ENTRY=first\n")

    def sign(self, boot):
        with tempfile.TemporaryDirectory(prefix="heads-swtpm-") as sockets:
            data, control = os.path.join(sockets, "tpm"), os.path.join(sockets, "ctrl")
            with subprocess.Popen(["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self.tpm}", "--flags",
                                   "not-need-init,startup-clear", "--server", f"type=unixio,path={data}",
                                   "--ctrl", f"type=unixio,path={control}"], stderr=subprocess.DEVNULL) as swtpm:
                try:
                    while swtpm.poll() is None and not os.path.exists(data):
                        time.sleep(0.01)
                    self.told = json.loads(b"[" + b",".join(run(
                        [HEADS, "-q", "--json", "--tpm", "swtpm:" + data, "owner", "reset", "--yes", "--rom", self.flash,
                         "--boot", boot, "--medium", self.medium, self.answers]).splitlines()) + b"]")
                finally:
                    swtpm.terminate()


def test_prepared_from_a_workstation(directory):
    """`heads owner reset` while the machine is off: its first start knows the TPM, shows the phone's code, verifies /boot with
    its counter and has the default entry; nothing is asked, and nothing is left to do."""
    workstation = Workstation(directory, rom_for(None, MANUAL))
    disk = Disk(os.path.join(directory, "disk.img"), boot_files(), signer=workstation)
    secret, result = workstation.told
    require(result["result"] == "owned", f"{result}")
    with Machine(rom=workstation.flash, disks=[disk.path], directory=directory) as machine:
        machine.power_on()
        expect_record(machine, "rom", "yes")
        machine.line("totp ok", TO_MENU)
        for what in ("rollback", "default"):
            _, found = machine.line(what, TO_MENU)
            require(found["result"] == "ok", f"{what}: {found}")
        words, found = machine.line("verify", TO_MENU)
        require(words == "verify ok" and found["signer"] == result["key"], f"{words} {found}")
        expect_menu(machine, secret["secret"])
        require(not error_lines(machine), f"{error_lines(machine)}")
