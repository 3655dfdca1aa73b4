# SPDX-License-Identifier: GPL-2.0-or-later
"""The disk unlock key: made in the menu, handed to the system, and kept by the TPM when anything has changed (A5, A7)."""

import contextlib
import os
import re
import shutil
import subprocess

from boot_steps import TO_MENU, TO_SYSTEM, expect_few_commands, require
from fixtures import CMDLINE, MIB, Disk, Owner, boot_files, grub_cfg, rom_for, run, tiny, tiny_run
from machine import Machine
from nbd import Server
from owner_steps import MANUAL, extended, force, to_menu
from test_demo import PROMPT, Demo, debian_pcrs, shell
from test_tpm import PASSPHRASE as OWNER_PASSPHRASE, take_ownership

UUID = "6e2b4b62-0b0a-4c1e-9d5e-0a4f0c3d0b0a"
SECOND_UUID = "c6b6c6e4-2a3f-4f0e-8f44-55a0f1d2a7e1"
PASSPHRASE = "the disk's own"
SECOND_PASSPHRASE = "the other disk's"
CRYPTTAB = f"root UUID={UUID} none luks,discard,initramfs\n".encode()
SECOND_CRYPTTAB = f"data UUID={SECOND_UUID} none luks,initramfs\n".encode()
CHEAP = ["--batch-mode", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"]
START = MIB
SIZE = 24 * MIB


class LuksDisk:
    """A disk with one partition, a LUKS volume."""

    def __init__(self, path, kind="luks2", uuid=UUID, passphrase=PASSPHRASE, size=SIZE):
        self.path, self.volume, self.secret, self.size = path, path + ".volume", path + ".passphrase", size
        with open(self.secret, "w", encoding="ascii") as stream:
            stream.write(passphrase)
        with open(self.volume, "wb") as stream:
            stream.truncate(size)
        run(["cryptsetup", "luksFormat", *CHEAP, "--type", kind, "--uuid", uuid, self.volume, self.secret])
        self.make_disks()
        self.write()

    def make_disks(self):
        """The images in which the volume will be."""
        with open(self.path, "wb") as stream:
            stream.truncate(self.size + 2 * START)
        first = START // 512
        run(["sgdisk", "--clear", "--new", f"1:{first}:{first + self.size // 512 - 1}", "--typecode", "1:8309", self.path])

    def write(self):
        """The volume's file into the disk."""
        with open(self.path, "r+b") as disk, open(self.volume, "rb") as volume:
            disk.seek(START)
            shutil.copyfileobj(volume, disk)

    def read(self):
        """The other way."""
        with open(self.path, "rb") as disk, open(self.volume, "r+b") as volume:
            disk.seek(START)
            volume.write(disk.read(self.size))

    @contextlib.contextmanager
    def changed(self):
        """What cryptsetup does to the file inside is on the disk afterwards."""
        self.read()
        yield self.volume
        self.write()

    def opens(self, key):
        """Whether cryptsetup opens the volume with these bytes."""
        self.read()
        with open(self.path + ".key", "wb") as stream:
            stream.write(key)
        run(["cryptsetup", "open", "--test-passphrase", "--key-file", self.path + ".key", self.volume])


def files(crypttab=CRYPTTAB):
    initrd = tiny(extra={"cryptroot/crypttab": crypttab})
    entries = ("Tiny system", "/vmlinuz", "/initrd.img", CMDLINE), ("Tiny rescue", "/vmlinuz", "/initrd.img", CMDLINE + " rescue=1")
    return boot_files(**{"initrd.img": initrd, "grub/grub.cfg": grub_cfg(*entries)})


@contextlib.contextmanager
def machine_with_luks(directory, kind="luks2", settings=MANUAL, more_disks=(), crypttab=CRYPTTAB, luks_disk=LuksDisk):
    """A machine with a signed /boot on the first disk and a LUKS volume on the second, switched on."""
    disk = Disk(os.path.join(directory, "disk.img"), files(crypttab), signer=Owner("owner"))
    luks = luks_disk(os.path.join(directory, "luks.img"), kind)
    with Machine(rom=rom_for(Owner("owner"), settings), disks=[disk.path, luks.path, *more_disks], directory=directory) as machine:
        machine.disk, machine.luks = disk, luks
        machine.power_on()
        yield machine


def make_key(machine, unlock="", passphrase=PASSPHRASE, second=None):
    """In the main menu: makes the unlock key, with the TPM's passphrase UNLOCK; SECOND is that of a second disk."""
    machine.send("c")
    machine.see(r"Disk unlock key", 20)
    machine.send("d")
    machine.see(r"Make a new unlock key", 30)
    machine.send("m")
    machine.see(r"Passphrase of the disk", 30)
    machine.send("not this one\r")
    machine.see(r"does not open it", 30)
    machine.send(passphrase + "\r")
    if second:
        machine.see(SECOND_UUID, 60)
        machine.send(second + "\r")
    machine.see(r"New unlock passphrase", 60)
    machine.send(unlock + "\r")
    if unlock:
        machine.see(r"passphrase again", 30)
        machine.send(unlock + "\r")
    words, made = machine.line("unlock-key made", 60)
    require(made["disks"] == ("2" if second else "1") and made["passphrase"] == ("yes" if unlock else "no"), f"{words} {made}")
    machine.see(r"sealed in the TPM", 30)
    machine.send("\r")
    machine.see(r"Key +in the TPM", 30)
    machine.send("x")
    machine.see(r"Power off", 20)


def reseal_with_typos(machine, unlock):
    """In the main menu of a machine whose TPM wants its owner, with two disks: a new key. What is mistyped is told and asked
    again, alone: never again what was right before it. The TPM counts none of that."""
    def expect(title, told, told_now):
        machine.see(title, 60)
        machine.settle()
        require(re.search(title, machine.screen()) and bool(re.search(told, machine.screen())) == told_now,
                f"{title!r} should be asked, {'with' if told_now else 'without'} {told!r}:\n{machine.screen()}")

    machine.send("c")
    machine.see(r"Disk unlock key", 20)
    machine.send("d")
    machine.see(r"Make a new unlock key", 30)
    machine.send("m")
    for uuid, passphrase in ((UUID, PASSPHRASE), (SECOND_UUID, SECOND_PASSPHRASE)):
        asked, told = r"Passphrase of the disk(?s:.*)" + uuid, r"does not open it"
        expect(asked, told, False)
        machine.send("no disk's\r")
        machine.see(told, 30)
        expect(asked, told, True)
        machine.send(passphrase + "\r")
    asked, told = r"New unlock passphrase", r"The two were not the same"
    for again in ("mistyped", unlock):
        expect(asked, told, again == unlock)
        machine.send(unlock + "\r")
        machine.see(r"passphrase again", 30)
        machine.send(again + "\r")
    asked, told = r"TPM owner passphrase", r"That passphrase is wrong"
    expect(asked, told, False)
    machine.send("no owner's\r")
    machine.see(told, 30)
    expect(asked, told, True)
    machine.send(OWNER_PASSPHRASE + "\r")
    _, made = machine.line("unlock-key made", 60)
    require(made["disks"] == "2" and made["passphrase"] == "yes", f"{made}")
    machine.see(r"sealed in the TPM", 30)
    machine.send("\r")
    machine.see(r"Key +in the TPM, with an unlock passphrase", 30)
    machine.send("x")
    machine.see(r"Power off", 20)
    machine.send("c")
    machine.see(r"TPM: state", 20)
    machine.send("m")
    machine.see(r"TPM lockout +10 of 10 tries left", 20)
    machine.settle()
    machine.send("\x1b")
    machine.see(r"Power off", 20)


def restart(machine):
    machine.press_reset()
    to_menu(machine)


def boot(machine):
    machine.send("b")
    machine.line("boot", 30)


def expect_tiny_up(machine):
    machine.line("leave", TO_MENU)
    machine.expect(rb"tiny: ready", TO_SYSTEM)


def expect_key(machine, second=None):
    """The key was released, and the system has it where its crypttab says; it opens the disk, and SECOND where given."""
    _, released = machine.line("unlock-key released", TO_MENU)
    require(released["disks"] == ("2" if second else "1"), f"{released}")
    expect_tiny_up(machine)
    status, text = tiny_run(machine, "ls -l /secret.key; cat /cryptroot/crypttab; hexdump -v -e '/1 \"%02x\"' /secret.key; echo")
    require(status == 0 and "-r--------" in text, f"the key is not there, or open to others: {text}")
    require(f"root UUID={UUID} /secret.key luks,discard,initramfs" in text, f"the crypttab does not use the key: {text}")
    key = bytes.fromhex(re.search(r"^([0-9a-f]{128})\s*$", text, re.M).group(1))
    machine.luks.opens(key)
    if second:
        require(f"data UUID={SECOND_UUID} /secret.key luks,initramfs" in text, f"the crypttab lacks the second disk: {text}")
        second.opens(key)
    require(key.hex().encode() not in machine.output[:machine.output.index(b"tiny: up")], "the key is on the console")
    return key


def expect_without(machine, code, words, boot_it=True, cause=None):
    """The key is not released, for this reason; the system boots without it all the same."""
    _, why = machine.line("unlock-key unavailable", TO_MENU)
    require(why["code"] == code and re.search(words, why["sentence"]), f"expected {code} with {words!r}: {why}")
    if cause:
        _, found = machine.line("why", 30)
        require(found["kind"] == cause, f"the log and the TPM should lead to {cause}: {found}")
    machine.see(r"Boot without it", 30)
    if not boot_it:
        machine.send("\x1b")
        machine.see(r"Power off", 30)
        return
    machine.send("y")
    expect_tiny_up(machine)
    status, _ = tiny_run(machine, "ls /secret.key")
    require(status != 0, "the system has a /secret.key")
    this_start = machine.output[machine.output.rindex(b"heads: init "):]
    require(b"heads: unlock-key released" not in this_start, "the key was released")


def test_unlock_key(directory):
    """Made in the menu, used by the next boot; the owner's own changes of the key slots do not matter."""
    with machine_with_luks(directory) as machine:
        to_menu(machine)
        make_key(machine)
        restart(machine)
        boot(machine)
        key = expect_key(machine)
        expect_few_commands(machine)
        machine.power_cut()
        require(all(key not in message for message in machine.tpm_traffic()), "A1: the key crossed the TPM's bus in clear")
        new = os.path.join(directory, "new")
        with open(new, "w", encoding="ascii") as stream:
            stream.write("another passphrase")
        with machine.luks.changed() as volume:
            run(["cryptsetup", "luksAddKey", *CHEAP, "--key-file", machine.luks.secret, volume, new])
            run(["cryptsetup", "luksChangeKey", *CHEAP, "--key-file", machine.luks.secret, volume, new])
        machine.power_on()
        to_menu(machine)
        boot(machine)
        require(expect_key(machine) == key, "another key was released")


def to_unlock_screen(machine):
    machine.send("c")
    machine.see(r"Disk unlock key", 20)
    machine.send("d")
    machine.see(r"for a single boot entry", 30)


def make_key_for(machine, number, title):
    """In the main menu: makes an unlock key for the entry in this place of the list; stays on the screen of the keys."""
    to_unlock_screen(machine)
    machine.send("o")
    machine.see(r"for which entry", 30)
    machine.see(rf"{number} +{title}", 30)
    machine.send(str(number))
    machine.see(r"Passphrase of the disk", 30)
    machine.send(PASSPHRASE + "\r")
    machine.see(r"New unlock passphrase", 60)
    machine.send("\r")
    _, made = machine.line("unlock-key made", 60)
    require(made["entries"] == "one", f"{made}")
    machine.see(r"sealed in the TPM", 30)
    machine.send("\r")


def test_A5_key_of_another_entry(directory):
    """A key for one entry alone: another one is told that, before anything is measured, and boots without; the one gets it.
    A second key beside it, for that other one: each entry has its own, and forgetting one leaves the other."""
    with machine_with_luks(directory) as machine:
        to_menu(machine)
        make_key_for(machine, 2, "Tiny rescue")
        machine.see(r'For +the boot entry "Tiny rescue" alone', 30)
        machine.send("x")
        machine.see(r"Power off", 20)
        boot(machine)
        expect_without(machine, "refused", "for the boot entry 'Tiny rescue' alone", boot_it=False)
        machine.send("o")
        machine.see(r"2 +Tiny rescue", 20)
        machine.send("2")
        machine.see(r"Boot this entry", 20)
        machine.send("y")
        rescue = expect_key(machine)
        restart(machine)
        make_key_for(machine, 1, "Tiny system")
        machine.see(r'Key 1 +for the boot entry "Tiny rescue" alone', 30)
        machine.see(r'Key 2 +for the boot entry "Tiny system" alone', 30)
        machine.send("x")
        machine.see(r"Power off", 20)
        boot(machine)
        system = expect_key(machine)
        require(system != rescue, "two entries have the same key")
        machine.luks.opens(rescue)
        restart(machine)
        to_unlock_screen(machine)
        machine.see(r'Forget the one for the boot entry "Tiny system" alone', 30)
        machine.send("2")
        machine.see(r"any other key stays", 30)
        machine.send("y")
        machine.line("unlock-key forgotten", 60)
        machine.see(r'For +the boot entry "Tiny rescue" alone', 30)
        machine.send("x")
        machine.see(r"Power off", 20)
        boot(machine)
        expect_without(machine, "refused", "for the boot entry 'Tiny rescue' alone")
        machine.luks.opens(rescue)


def test_unlock_two_disks(directory):
    """One key opens two disks with passphrases of their own (LUKS2, LUKS1); without one of them, or with another in its
    place, it stays in the TPM (A7). Where the owner meant that change he makes the key anew, which asks each secret once."""
    second = LuksDisk(os.path.join(directory, "second.img"), "luks1", SECOND_UUID, SECOND_PASSPHRASE)
    with machine_with_luks(directory, more_disks=[second.path], crypttab=CRYPTTAB + SECOND_CRYPTTAB) as machine:
        to_menu(machine)
        take_ownership(machine)
        machine.send("n")
        make_key(machine, second=SECOND_PASSPHRASE)
        restart(machine)
        boot(machine)
        expect_key(machine, second)
        machine.power_cut()
        with open(second.path, "r+b") as stream:
            stream.seek(START)
            stream.write(bytes(SIZE))
        machine.power_on()
        to_menu(machine)
        boot(machine)
        expect_without(machine, "wrong-pcr", "PCR 6: the facts of the disks", boot_it=False)
        machine.power_cut()
        # The same UUID and passphrase; the slot says that it is ours.
        LuksDisk(second.path, "luks1", SECOND_UUID, SECOND_PASSPHRASE)
        planted = os.path.join(directory, "planted")
        with open(planted, "w", encoding="ascii") as stream:
            stream.write("planted")
        with second.changed() as volume:
            run(["cryptsetup", "luksAddKey", "--batch-mode", "--pbkdf-force-iterations", "1009", "--key-slot", "7",
                 "--key-file", second.secret, volume, planted])
        machine.power_on()
        to_menu(machine)
        boot(machine)
        expect_without(machine, "wrong-pcr", "PCR 6: the facts of the disks", boot_it=False)
        reseal_with_typos(machine, "short")
        boot(machine)
        machine.see(r"Unlock passphrase", 60)
        machine.see(r"TPM: 10 of 10 tries left", 30)
        machine.send("wrong\r")
        machine.see(r"That passphrase was wrong", 30)
        machine.see(r"TPM: 9 of 10 tries left", 30)
        machine.send("short\r")
        expect_key(machine, second)


def replay(luks, writes):
    """The disk as it is after each of WRITES: the owner's passphrase opens it, whatever the key slots of Heads are like."""
    whole, cut = luks.path + ".replayed", luks.path + ".cut"
    with open(luks.path, "rb") as disk, open(whole, "wb") as volume:
        disk.seek(START)
        volume.write(disk.read(SIZE))
    writes = [write for write in writes if write is not None]
    require(len(writes) > 5, f"{luks.path}: only {len(writes)} writes were seen")
    for number, (offset, data) in enumerate(writes):
        require(START <= offset and offset + len(data) <= START + SIZE, f"a write at {offset} outside of the volume")
        with open(whole, "r+b") as volume:
            volume.seek(offset - START)
            volume.write(data)
        run(["cp", "--sparse=always", whole, cut])      # cryptsetup repairs a damaged copy of the header
        done = subprocess.run(["cryptsetup", "open", "--test-passphrase", "--key-file", luks.secret, cut],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        require(done.returncode == 0, f"after write {number} of {len(writes)}, at {offset}: {done.stdout[-300:]}")


def test_A18_sealing_replayed(directory):
    """The power goes at any write to the headers of a LUKS2 and a LUKS1 volume, while the key is made and made anew."""
    boot_disk = Disk(os.path.join(directory, "disk.img"), files(CRYPTTAB + SECOND_CRYPTTAB), signer=Owner("owner"))
    first = LuksDisk(os.path.join(directory, "luks.img"), "luks2")
    second = LuksDisk(os.path.join(directory, "second.img"), "luks1", SECOND_UUID, SECOND_PASSPHRASE)
    with Server(first.path, os.path.join(directory, "nbd1")) as one, Server(second.path, os.path.join(directory, "nbd2")) as two, \
            Machine(rom=rom_for(Owner("owner"), MANUAL), directory=directory,
                    disks=[boot_disk.path, "nbd:unix:" + one.path, "nbd:unix:" + two.path]) as machine:
        machine.power_on()
        to_menu(machine)
        one.record, two.record = [], []
        make_key(machine, second=SECOND_PASSPHRASE)
        make_key(machine, second=SECOND_PASSPHRASE)
        machine.power_cut()
        recorded = ((first, one.record), (second, two.record))
    for luks, writes in recorded:
        replay(luks, writes)


def test_unlock_passphrase(directory):
    """A wrong passphrase is asked again with the TPM's count; three end in the system's own question."""
    with machine_with_luks(directory, kind="luks1") as machine:
        to_menu(machine)
        make_key(machine, "short")
        restart(machine)
        boot(machine)
        machine.see(r"Unlock passphrase", 60)
        machine.send("wrong\r")
        machine.see(r"That passphrase was wrong", 30)
        machine.see(r"TPM: 2 of 3 tries left", 30)
        machine.send("short\r")
        expect_key(machine)
        restart(machine)
        boot(machine)
        for number in range(1, 4):
            machine.expect(rb"heads: ask what=unlock-passphrase try=%d\r" % number, 60)
            machine.see(r"Unlock passphrase", 30)
            machine.settle()
            machine.send(f"wrong {number}\r")
        # swtpm allows three, and one was wrong before
        expect_without(machine, "locked-out", "TPM")


def test_A5_no_unlock_key_after_recovery_or_force(directory):
    """Recovery, a forced boot and other settings close the way to the key, each with its reason."""
    settings = MANUAL + "CONFIG_BOARD_NAME=before\n"
    with machine_with_luks(directory, settings=settings) as machine:
        to_menu(machine)
        make_key(machine)
        machine.send("r")
        machine.see(r"Open the shell", 20)
        machine.send("y")
        machine.line("recovery", 30)
        machine.send("\n")
        machine.expect(rb"[#$] ", 30)
        machine.send("exit\n")
        machine.line("recovery ended", 30)
        to_menu(machine)
        boot(machine)
        expect_without(machine, "wrong-pcr", "PCR 4: .*restart")
        machine.power_cut()
        with open(machine.flash, "r+b") as chip:
            content = chip.read()
            require(content.count(b"NAME=before") == 1, "the settings are not in the flash")
            chip.seek(0)
            chip.write(content.replace(b"NAME=before", b"NAME=behind"))
        machine.power_on()
        to_menu(machine)
        boot(machine)
        expect_without(machine, "wrong-pcr", "PCR 7: the settings")
        machine.power_cut()
        with open(machine.flash, "wb") as chip:
            chip.write(content)
        machine.disk.write("config", 0, b"spoiled")
        machine.power_on()
        to_menu(machine, "refused")
        force(machine, r"Tiny system")
        expect_tiny_up(machine)
        status, _ = tiny_run(machine, "ls /secret.key")
        require(status != 0, "the forced system has a /secret.key")
        require(not machine.lines("unlock-key"), "a forced boot has asked for the key")


def test_A7_other_headers(directory):
    """Another volume in the place of the owner's, one more of the same UUID, a reencryption: no key, and the reason."""
    with machine_with_luks(directory) as machine:
        to_menu(machine)
        make_key(machine)
        machine.power_cut()
        original = os.path.join(directory, "original")
        shutil.copyfile(machine.luks.path, original)
        # Same UUID, same passphrase, same cipher: only the volume key is another one. It even says that it has our slot.
        LuksDisk(machine.luks.path)
        planted = os.path.join(directory, "planted")
        with open(planted, "w", encoding="ascii") as stream:
            stream.write("planted")
        with machine.luks.changed() as volume:
            run(["cryptsetup", "luksAddKey", "--batch-mode", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1009",
                 "--key-slot", "31", "--key-file", machine.luks.secret, volume, planted])
        machine.power_on()
        to_menu(machine)
        boot(machine)
        expect_without(machine, "wrong-pcr", "PCR 6: the facts of the disks", cause="luks-changed")
        machine.power_cut()
        shutil.copyfile(original, machine.luks.path)
        with machine.luks.changed() as volume:
            run(["cryptsetup", "reencrypt", "--init-only", *CHEAP, "--key-file", machine.luks.secret,
                 "--key-slot", "0", "--reduce-device-size", "8M", volume])
        machine.power_on()
        to_menu(machine)
        boot(machine)
        expect_without(machine, "refused", r"\(reencryption\)", boot_it=False)
        machine.send("c")
        machine.see(r"Disk unlock key", 20)
        machine.send("d")
        machine.see(r"refused \(reencryption\)", 30)
        machine.power_cut()
        shutil.copyfile(original, machine.luks.path)
        machine.power_on()
        to_menu(machine)
        boot(machine)
        expect_key(machine)


def test_A7_duplicate_uuid(directory):
    """A planted volume with the same UUID: both are refused by name."""
    planted = os.path.join(directory, "planted.img")
    with open(planted, "wb") as stream:
        stream.truncate(SIZE)
    with machine_with_luks(directory, more_disks=[planted]) as machine:
        to_menu(machine)
        make_key(machine)
        machine.power_cut()
        shutil.copyfile(machine.luks.path, planted)
        machine.power_on()
        to_menu(machine)
        boot(machine)
        expect_without(machine, "refused", r"\(duplicate-uuid\)", boot_it=False)


def test_unlock_key_of_another_machine(directory):
    """The disk in a machine with another TPM boots without a key; forgetting removes it and its slot."""
    with machine_with_luks(directory) as machine:
        to_menu(machine)
        make_key(machine)
        machine.send("c")
        machine.see(r"Disk unlock key", 20)
        machine.send("d")
        machine.see(r"Forget the unlock key", 30)
        machine.send("f")
        machine.see(r"Forget it", 30)
        machine.send("y")
        machine.line("unlock-key forgotten", 60)
        machine.see(r"Key +none", 30)
        machine.send("x")
        make_key(machine)
        machine.power_cut()
        with machine.luks.changed() as volume:
            slots = re.findall(r"^ +(\d+): luks2", run(["cryptsetup", "luksDump", volume]).decode(), re.M)
        require(len(slots) == 2 and slots[0] == "0", f"the disk should have the owner's slot and one of Heads': {slots}")
        shutil.rmtree(os.path.join(directory, "tpm"))
        machine.power_on()
        to_menu(machine)
        boot(machine)
        expect_tiny_up(machine)
        status, _ = tiny_run(machine, "ls /secret.key")
        require(status != 0 and not machine.lines("unlock-key released"), "another TPM has released a key")


def test_A5_demo_boots_unattended(directory):
    """Debian, unmodified, comes up from power-on to its login without a key pressed; its root gets no key out of the TPM."""
    demo = Demo()
    with Machine(rom=rom_for(demo, "CONFIG_AUTO_BOOT_TIMEOUT=20\n"), disks=[demo.disk], snapshot=True, directory=directory) as machine:
        machine.power_on()
        machine.line("menu ready", TO_MENU)
        make_key(machine, passphrase=demo.values["DISK_PASSPHRASE"])
        machine.press_reset()
        _, released = machine.line("unlock-key released", 2 * TO_MENU)
        require(released["disks"] == "1", f"{released}")
        machine.line("leave", TO_MENU)
        start = machine.position
        machine.expect(rb"demo login: ", 240)
        require(b"unlock disk" not in machine.output[start:], "Debian has asked for the passphrase of the disk")
        machine.send("root\n")
        machine.expect(rb"Password: ", 30)
        machine.send(demo.values["ROOT_PASSWORD"] + "\n")
        machine.expect(PROMPT, 60)
        pcrs = debian_pcrs(machine)
        require(pcrs[4] == extended("handover") and pcrs[6] != "0" * 64, f"PCRs 4 and 6 are not what they should be: {pcrs}")
        status, text = shell(machine, "tpm2_unseal -T device:/dev/tpmrm0 -c 0x81000003 -p pcr:sha256:0,1,2,3,4,5,6,7")
        require(status != 0 and re.search(r"(?i)0x99d|policy check failed|PolicyPCR", text), f"the TPM should refuse: {text}")
        status, text = shell(machine, "find / -xdev -name secret.key")
        require("/secret.key" not in text.replace("-name secret.key", ""), f"the key is in Debian's files: {text}")


for _test in (test_unlock_key, test_A5_key_of_another_entry, test_A18_sealing_replayed, test_unlock_passphrase, test_A5_no_unlock_key_after_recovery_or_force, test_A7_other_headers,
              test_unlock_two_disks, test_unlock_key_of_another_machine):
    _test.seconds = 400
test_A5_demo_boots_unattended.seconds = 700
