# SPDX-License-Identifier: GPL-2.0-or-later
"""The owner's key made in the firmware: for an encrypted backup drive, and on the dongle."""

import os
import subprocess

from boot_steps import TO_MENU, machine_with, require
from fixtures import MIB, run
from luks_content import LuksContent
from owner_steps import MANUAL, expect_picture, to_menu
from test_access import answer, back_to_menu, not_proven
from test_card import ADMIN_PIN, PIN
from test_settings import choose_yes, open_setting, write_yes
from test_sign_in_machine import update
from update_steps import stick

PHRASE = "four random words here"
NAME, MAIL = "Owner of Tests", "o@example.org"
PUBLIC_AT = 1 * MIB         # docs/formats.md, "Backup drive"
PRIVATE_AT = 5 * MIB
CARD_KEY = rb"signature key[^:\r\n]*: *([0-9A-F]{40})"


def blank_stick(directory):
    path = os.path.join(directory, "blank.img")
    with open(path, "wb") as stream:
        stream.truncate(64 * MIB)
    return path


def open_keys(machine):
    machine.see(r"Power off", 30)
    machine.send("c")
    machine.see(r"Keys: security dongle", 20)
    machine.send("g")
    machine.line("key card", 60)
    machine.see(r"New keys", 20)


def new_keys(machine, way):
    """From the screen of keys to the questions that are behind the name."""
    machine.send("m")
    machine.see(r"Where shall the new keys be", 20)
    machine.send(way)
    machine.see(r"Which kind of key", 20)
    machine.send("e")
    machine.see(r"Your name", 20)
    machine.send(NAME + "\r")
    machine.see(r"Your address", 20)
    machine.send(MAIL + "\r")


def choose_stick(machine, phrase):
    machine.see(r"Which stick becomes", 20)
    machine.send("\r")
    machine.see(r"Everything on /dev/sd\w \(.*\) is destroyed", 20)
    machine.send("erase\r")
    machine.see(r"At least 12 characters", 20)
    machine.send(phrase + "\r")
    machine.see(r"backup drive, again", 20)
    machine.send(phrase + "\r")


def into_rom(machine, fingerprint):
    """The public key into the ROM, and a restart."""
    machine.see(fingerprint, 30)
    machine.send("\r")
    machine.see(r"Where to with the public key", 20)
    machine.send("w")
    machine.see(fingerprint, 30)
    machine.send("y")
    machine.line("key stored", 120)
    machine.see(r"in force from the next start", 20)
    machine.send("y")


def close_lock(machine):
    """In force from the next start on."""
    machine.see(r"Power off", 30)
    open_setting(machine, "access_lock", r"ACCESS_LOCK +n +default +works")
    choose_yes(machine)
    write_yes(machine)
    back_to_menu(machine)


def prove_by_drive(machine):
    """The lock opens to the drive's key, and not to whoever has the drive without its passphrase."""
    for phrase in ("four random words\r", PHRASE + "\r"):
        machine.see(r"Power off", 30)
        machine.send("r")
        machine.see(r"Only the owner may open the recovery shell", 30)
        machine.send("b")
        _, asked = machine.line("ask", 60)
        require(asked["what"] == "drive-passphrase", f"{asked}")
        machine.see(r"Passphrase of the backup drive", 20)
        machine.send(phrase)
        if phrase.startswith(PHRASE):
            break
        machine.line("ask", 120)
        machine.see(r"not its passphrase", 20)
        machine.send("\x1b")
        answer(machine, "access refused", "shell", code="refused")
        not_proven(machine)
    answer(machine, "access allowed", "shell", by="drive")
    machine.see(r"Open the shell", 30)


def drive_in_the_shell(machine):
    """`heads key backup`: keys made there, on the drive instead of those before; one that was ended in the middle of it is
    no drive. `heads key restore`: from it onto a dongle that is as from the factory, and not with another passphrase.
    Returns the fingerprint."""
    drive = "--drive /dev/sda --drive-passphrase"
    machine.send("y")
    machine.line("recovery", 30)
    machine.expect(rb"[#$] ", 60)
    # As if it were plugged in just now: the kernel looks into it a second later, and that is waited for.
    machine.send("cd /sys/bus/usb/drivers/usb-storage; set -- *:*; echo $1 >unbind; echo $1 >bind; "
                 f"cd /run/heads; echo '{PHRASE}' >phrase; echo {ADMIN_PIN} >admin; "
                 f"heads --json key restore --out key.asc {drive} admin; echo other=$?\n")
    machine.expect(rb"other=1\r?\n", 120)
    machine.send(f"heads key generate --name '{NAME}' --email {MAIL} --out own.asc --backup own.key --passphrase phrase "
                 "--admin-pin admin; echo made=$?\n")
    machine.expect(rb"made=0\r?\n", 240)
    machine.send(f"heads key backup --key own.key --passphrase phrase {drive} phrase & "
                 "timeout 60 sh -c 'until grep unfinished /sys/class/block/sda2/uevent; do :; done'; kill -9 $!; wait $!; "
                 f"heads --json key restore --out key.asc {drive} phrase; echo torn=$?\n")
    machine.expect(rb"PARTNAME=heads-unfinished\r?\n", 120)
    machine.expect(rb"torn=2\r?\n", 60)
    machine.send(f"heads --json key backup --key own.key --passphrase phrase {drive} phrase; echo kept=$?\n")
    fingerprint = machine.expect(rb'"fingerprint": ?"([0-9A-F]{40})"', 240).group(1)
    machine.expect(rb"kept=0\r?\n", 60)
    machine.send("heads key card; heads key reset --serial 00000001; echo reset=$?\n")
    before = machine.expect(CARD_KEY, 60).group(1)
    machine.expect(rb"reset=0\r?\n", 60)
    machine.send(f"heads --json key restore --out key.asc --admin-pin admin {drive} phrase; echo restored=$?; "
                 "heads key card; echo card=$?\n")
    machine.expect(rb'"fingerprint": ?"' + fingerprint + rb'"', 180)
    machine.expect(rb"restored=0\r?\n", 60)
    after = machine.expect(CARD_KEY, 60).group(1)
    machine.expect(rb"card=0\r?\n", 60)
    require(after == before, f"the dongle should have the key that was backed up: {before} {after}")
    return fingerprint.decode()


def sign_by_drive(machine, fingerprint, *phrases):
    """The last of the passphrases is the drive's."""
    machine.see(r"Power off", 30)
    machine.send("g")
    machine.see(r"Choose the key", 30)
    machine.send("y")
    machine.see(r"Which key signs", 20)
    machine.send("b")
    _, asked = machine.line("ask", 60)
    require(asked["what"] == "drive-passphrase", f"{asked}")
    machine.see(r"Passphrase of the backup drive", 20)
    for phrase in phrases[:-1]:
        machine.send(phrase + "\r")
        machine.line("ask", 120)
        machine.see(r"not its passphrase", 20)
    machine.send(phrases[-1] + "\r")
    _, signed = machine.line("sign ok", 180)
    require(signed["signer"] == fingerprint, f"{signed}")
    words, _ = machine.line("verify", TO_MENU)
    require(words == "verify ok", f"what was signed should verify: {words}")
    machine.see(r"read again, and verifies", 30)
    machine.send("\r")
    _, found = machine.line("menu ready", TO_MENU)
    require(found["mode"] == "verified", f"{found}")


def dongle_from_drive(machine, fingerprint):
    """The keys of the drive onto a dongle that is as from the factory."""
    open_keys(machine)
    machine.see(r"signature key +ed25519  [0-9A-F]{40}", 20)
    expect_picture(machine, "keys-card")
    machine.send("f")
    machine.see(r"The three keys on the dongle 00000001 are destroyed", 20)
    machine.send("reset\r")
    machine.line("key reset", 60)
    machine.see(r"The dongle is as from the factory", 20)
    machine.send("\r")
    machine.line("key card", 60)
    machine.see(r"New keys", 20)
    machine.send("m")
    machine.see(r"Where shall the new keys be", 20)
    machine.send("l")
    machine.see(r"admin PIN.*Tries left: 3", 30)
    machine.send(ADMIN_PIN + "\r")
    machine.line("ask", 60)
    machine.see(r"Passphrase of the backup drive", 20)
    machine.send(PHRASE + "\r")
    _, moved = machine.line("key moved", 180)
    require(moved["fingerprint"] == fingerprint, f"{moved}")
    machine.see(r"The dongle has the keys of the backup drive", 30)


def shown_keys(directory, key):
    """What gpg on a workstation says of a public key."""
    home = os.path.join(directory, "home")
    os.makedirs(home, mode=0o700, exist_ok=True)
    return subprocess.run(["gpg", "--homedir", home, "--batch", "--with-colons", "--show-keys"], input=key,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout.decode()


def check_drive(directory, image, fingerprint, phrase, owner=f"{NAME} <{MAIL}>", more=()):
    """With the programs of a workstation: both partitions are what docs/formats.md says, the passphrase opens the private
    one, and no secret lies open. Returns the secret key. MORE: further files in the public one."""
    parts = {"public": (PUBLIC_AT, 4 * MIB), "private": (PRIVATE_AT, 24 * MIB)}
    with open(image, "rb") as stream:
        disk = stream.read()
    for name, (start, size) in parts.items():
        with open(os.path.join(directory, name), "wb") as stream:
            stream.write(disk[start:start + size])
    public, private = (os.path.join(directory, name) for name in parts)
    run(["fsck.vfat", "-n", public])
    listing = run(["mdir", "-b", "-i", public, "::"]).decode()
    require(sorted(listing.split()) == sorted(["::/owner.asc", "::/readme.txt", *more]), listing)
    key = run(["mtype", "-i", public, "::owner.asc"])
    shown = shown_keys(directory, key)
    require(f"fpr:::::::::{fingerprint}:" in shown and owner in shown, shown)
    dump = run(["cryptsetup", "luksDump", private]).decode()
    for words in ("Version:       \t2", "Label:         \theads-keys", "aes-xts-plain64", "argon2id"):
        require(words in dump, f"{words!r} should be in the header:\n{dump}")
    require(b"PRIVATE KEY" not in disk, "a secret key lies open on the stick")
    content = os.path.join(directory, "content")
    with open(content, "wb") as stream:
        stream.write(LuksContent(private, phrase.encode()).read(4 * MIB))
    run(["fsck.vfat", "-n", content])
    listing = run(["mdir", "-b", "-i", content, "::"]).decode()
    require(sorted(listing.split()) == ["::/owner.asc", "::/revoke.asc", "::/secret.asc"], listing)
    return run(["mtype", "-i", content, "::secret.asc"])


def test_keys_for_drive_and_dongle(directory):
    """Keys are made in memory, written to an encrypted drive and to the dongle; the public half goes into the ROM. After
    the restart the drive signs /boot, which verifies, fills the dongle anew and opens the access lock. `heads key backup`
    makes the drive again of other keys, and `heads key restore` fills the dongle from it. The passphrase is nowhere on
    screen or log."""
    image = blank_stick(directory)
    with machine_with(directory, spoil=update, settings=MANUAL,
                      options=["--usb", image, "--dongle-state", os.path.join(directory, "dongle"), "--dongle-model",
                               "nitrokey-3"]) as machine:
        to_menu(machine, mode="refused")
        close_lock(machine)
        open_keys(machine)
        new_keys(machine, "b")
        choose_stick(machine, PHRASE)
        machine.see(r"admin PIN.*Tries left: 3", 30)
        machine.send(ADMIN_PIN + "\r")
        _, made = machine.line("key made", 120)
        require(made["on"] == "memory" and made["algorithm"] == "ed25519", f"{made}")
        fingerprint = made["fingerprint"]
        machine.line("key backup", 120)
        machine.line("key moved", 120)
        into_rom(machine, fingerprint)
        to_menu(machine, mode="refused")
        sign_by_drive(machine, fingerprint, "four random words", PHRASE)
        # The factory's PIN, which the screen tells after the dongle was set back.
        machine.refuse(ADMIN_PIN.encode(), "a PIN is on the screen or the log")
        dongle_from_drive(machine, fingerprint)
        back_to_menu(machine)
        prove_by_drive(machine)
        machine.refuse(PHRASE.encode(), "a passphrase is on the screen or the log")
        made = drive_in_the_shell(machine)
    require(made != fingerprint, "the drive should have other keys now")
    check_drive(directory, image, made, PHRASE)


test_keys_for_drive_and_dongle.seconds = 600


def onto_stick(machine, kind, fingerprint):
    machine.see(r"On which stick", 20)
    machine.send("\r")
    _, written = machine.line("key written", 60)
    require(written["file"] == f"{kind}-{fingerprint[-16:].lower()}.asc", f"{written}")
    machine.see(kind + r"-[0-9a-f]{16}\.asc is on /dev/sd", 20)
    machine.send("\r")
    return written["file"]


def test_keys_on_the_dongle(directory):
    """The dongle makes its keys and says when they expire; public key and revocation certificate go onto a stick, where
    gpg reads them. The way out without the public key is asked for. The factory reset names the dongle."""
    note = os.path.join(directory, "note.txt")
    with open(note, "w", encoding="ascii") as stream:
        stream.write("a stick\n")
    image = stick(directory, note)
    with machine_with(directory, settings=MANUAL,
                      options=["--usb", image, "--dongle-state", os.path.join(directory, "dongle"), "--dongle-model",
                               "nitrokey-3"]) as machine:
        to_menu(machine)
        open_keys(machine)
        new_keys(machine, "d")
        machine.see(r"user PIN.*Tries left: 3", 30)
        machine.send(PIN + "\r")
        machine.see(r"admin PIN.*Tries left: 3", 30)
        machine.send(ADMIN_PIN + "\r")
        _, made = machine.line("key made", 180)
        require(made["on"] == "dongle", f"{made}")
        fingerprint = made["fingerprint"]
        machine.see(fingerprint, 30)
        machine.send("\r")
        machine.see(r"Where to with the public key", 20)
        machine.send("\x1b")
        machine.see(r"Leave without the public key[\s\S]*n  Back", 20)    # all of it: Esc and a letter at once are Alt
        machine.settle()
        machine.send("\x1b")
        machine.see(r"Onto a stick", 20)
        machine.send("s")
        public = onto_stick(machine, "owner", fingerprint)
        machine.see(r"Where to with the public key", 20)
        machine.send("d")
        machine.line("key card", 60)
        machine.see(r"When the key expires", 20)
        machine.send("e")
        machine.see(r"In how many days", 20)
        machine.send("365\r")
        machine.see(r"user PIN.*Tries left: 3", 30)
        machine.send(PIN + "\r")
        machine.line("key expiry", 120)
        machine.see(r"has the new date", 20)
        machine.send("\r")
        machine.see(r"Where to with the public key", 20)
        machine.send("s")
        onto_stick(machine, "owner", fingerprint)
        machine.send("d")
        machine.line("key card", 60)
        machine.see(r"A revocation certificate", 20)
        machine.send("v")
        machine.see(r"not to be trusted any more", 20)
        machine.send("y")
        machine.see(r"user PIN.*Tries left: 3", 30)
        machine.send(PIN + "\r")
        revocation = onto_stick(machine, "revoke", fingerprint)
        machine.line("key card", 60)
        machine.see(r"Factory reset", 20)
        machine.send("f")
        machine.see(r"The three keys on the dongle 00000001 are destroyed", 20)
        machine.send("reset\r")
        machine.line("key reset", 60)
    environment = dict(os.environ, MTOOLS_SKIP_CHECK="1")
    key = run(["mtype", "-i", image, "::" + public], env=environment)
    certificate = run(["mtype", "-i", image, "::" + revocation], env=environment)
    for line in shown_keys(directory, key).splitlines():
        fields = line.split(":")
        if fields[0] in ("pub", "sub"):
            require(int(fields[6]) - int(fields[5]) in range(365 * 86400, 366 * 86400), line)
    home = ["gpg", "--homedir", os.path.join(directory, "home"), "--batch"]
    for content in (key, certificate):
        subprocess.run(home + ["--import"], input=content, stderr=subprocess.DEVNULL, check=True)
    require("\npub:r:" in "\n" + run(home + ["--with-colons", "--list-keys"]).decode(), "the certificate does not revoke it")


test_keys_on_the_dongle.seconds = 420
