# SPDX-License-Identifier: GPL-2.0-or-later
"""From power-on to a small system: what is signed boots, and is measured."""

import hashlib
import os
import re
import shutil

from boot_steps import (AUTO_BOOT, TO_MENU, TO_SYSTEM, error_lines, expect_few_commands, expect_nothing_boots,
                        expect_same_pcrs, expect_tiny, final_words, machine_with, require)
from fixtures import CMDLINE, Directory, Disk, Link, Owner, boot_files, grub_cfg, rom_for, tiny, tiny_run
from machine import Machine
from nbd import Server

ZERO = "0" * 64


def extend(pcr, digest):
    return hashlib.sha256(bytes.fromhex(pcr) + bytes.fromhex(digest)).hexdigest()


def test_default_entry_boots(directory):
    """The default entry boots by itself; the log tells what it cost."""
    with machine_with(directory) as machine:
        expect_tiny(machine)
        _, verify = machine.lines("verify ok")[0]
        require(verify["signer"] == Owner("owner").fingerprint, f"the signer should be the owner: {verify}")
        # seven entries of boot_files(), of which the directory and the link are not read
        require(verify["files"] == "5", f"5 files are signed, not {verify['files']}")
        _, cost = machine.lines("cost")[0]
        require(cost["processes"] == "1", f"one program (gpgv) should have been started, not {cost['processes']}")
        expect_few_commands(machine)
        status, cmdline = tiny_run(machine, "cat /proc/cmdline")
        require(status == 0 and cmdline.split() == final_words(CMDLINE), f"the command line is {cmdline!r}")
        machine.send("off\n")
        machine.wait_off()


def test_A5_capped_on_boot(directory):
    """The booted system finds the PCRs that the log told, PCR 4 capped, PCR 8 and 9 holding what was booted."""
    with machine_with(directory) as machine:
        expect_tiny(machine)
        pcrs = expect_same_pcrs(machine)
        handover = hashlib.sha256(b"handover").hexdigest()
        require(pcrs[4] == extend(ZERO, handover), "PCR 4 should hold `handover` and nothing else")
        require(pcrs[0] == pcrs[1] == pcrs[3] == pcrs[5] == ZERO, "PCRs 0, 1, 3 and 5 should be zero")
        for pcr in (2, 7, 8, 9):
            require(pcrs[pcr] != ZERO, f"PCR {pcr} was not extended")
        # The measure lines alone lead to the PCRs.
        for pcr in (4, 7, 8, 9):
            value = ZERO
            for _, found in machine.lines("measure"):
                if found["pcr"] == str(pcr):
                    value = extend(value, found["sha256"])
            require(value == pcrs[pcr], f"replaying the measure lines of PCR {pcr} gives {value}, the TPM holds {pcrs[pcr]}")
        measured = {found["sha256"] for _, found in machine.lines("measure") if found["pcr"] == "9"}
        for name in ("vmlinuz", "initrd.img"):
            digest = hashlib.sha256(boot_files()[name]).hexdigest()
            require(digest in measured, f"the content of {name} was not measured into PCR 9")


# TPM2_HierarchyChangeAuth for the platform hierarchy, with an empty authorisation and an empty new one.
CHANGE_PLATFORM_AUTH = bytes.fromhex("80020000001d000001294000000c00000009" + "40000009" + "0000" + "01" + "0000" + "0000")


def test_A21_platform_locked(directory):
    """The booted system has none of the firmware's rights over the TPM: the platform hierarchy refuses it."""
    with machine_with(directory) as machine:
        expect_tiny(machine)
        _, found = [(words, found) for words, found in machine.lines("tpm") if "platform-auth" in found][-1]
        require(found["platform-auth"] == "random", f"{found}")
        octal = "".join(f"\\{byte:03o}" for byte in CHANGE_PLATFORM_AUTH)
        status, text = tiny_run(machine, f"exec 3<>/dev/tpm0; printf '{octal}' >&3; dd bs=4096 count=1 <&3 2>/dev/null | "
                                         "hexdump -v -e '1/1 \"%02x\"'")
        # TPM_RC_BAD_AUTH, session 1
        require(status == 0 and "80010000000a000009a2" in text, f"the TPM should refuse an empty authorisation: {text!r}")
        machine.send("off\n")
        machine.wait_off()


def test_boot_from_vfat(directory):
    """/boot may be vfat."""
    files = {name: content for name, content in boot_files().items() if not isinstance(content, Link)}
    with machine_with(directory, files=files, kind="vfat") as machine:
        expect_tiny(machine)
        _, device = machine.lines("boot-device")[0]
        require(device["type"] == "vfat", f"{device}")


def boots_from(directory, bus, device):
    """A /boot on a disk of this kind is found, under the name that Linux gives it, and boots."""
    with machine_with(directory, options=["--disk-bus", bus]) as machine:
        _, found = machine.line("boot-device", TO_MENU)
        require(re.fullmatch(device, found["path"]), f"/boot should be on {device}, not on {found['path']}")
        expect_tiny(machine)


def test_boot_from_ahci(directory):
    boots_from(directory, "ahci", r"/dev/sd[a-z]\d*")


def test_boot_from_nvme(directory):
    boots_from(directory, "nvme", r"/dev/nvme0n1p?\d*")


def test_boot_read_once(directory):
    """Every block of the files of /boot comes from the disk once, and nothing is read twice."""
    disk = Disk(os.path.join(directory, "disk.img"), boot_files(), signer=Owner("owner"))
    with Server(disk.path, os.path.join(directory, "nbd")) as server, \
            Machine(rom=rom_for(Owner("owner"), AUTO_BOOT), disks=["nbd:unix:" + server.path], directory=directory) as machine:
        machine.power_on()
        expect_tiny(machine)
        twice = [block for block in disk.all_file_blocks() if server.reads.get(block, 0) != 1]
        require(not twice, f"{len(twice)} blocks of files were not read exactly once")


def test_A6_second_read(directory):
    """A disk that serves another initrd from the second read on: only the first, verified one can boot.

    The initrd is the largest file, read first; the others are more than the machine's memory can cache, so that whoever
    reads it a second time asks the disk.
    """
    padding = os.urandom(14 << 20)
    good, evil = (tiny(name, extra={"padding": padding}) for name in ("good", "evil"))
    files = boot_files(**{"initrd.img": good})
    files.update({f"large-{n}": os.urandom(14 << 20) for n in range(12)})
    disk = Disk(os.path.join(directory, "disk.img"), files, signer=Owner("owner"), size=256 << 20)
    with Server(disk.path, os.path.join(directory, "nbd")) as server, \
            Machine(rom=rom_for(Owner("owner"), AUTO_BOOT), disks=["nbd:unix:" + server.path], directory=directory,
                    memory=192) as machine:
        blocks = disk.blocks("initrd.img")
        server.evil = {block: evil[n * 4096:(n + 1) * 4096].ljust(4096, b"\0") for n, block in enumerate(blocks)}
        machine.power_on()
        expect_tiny(machine)
        require(server.read_bytes(blocks) >= len(good), "the initrd was not read from this disk at all")
        require(server.evil_served == 0, f"{server.evil_served} blocks of the initrd were read a second time")


def test_A6_first_read(directory):
    """The same disk the other way round: what the first read brings is what is verified, and it is refused."""
    files = boot_files()
    disk = Disk(os.path.join(directory, "disk.img"), files, signer=Owner("owner"))
    with Server(disk.path, os.path.join(directory, "nbd")) as server, \
            Machine(rom=rom_for(Owner("owner"), AUTO_BOOT), disks=["nbd:unix:" + server.path], directory=directory) as machine:
        good = {}
        with open(disk.path, "rb") as image:
            for block in disk.blocks("initrd.img"):
                image.seek(block * 4096)
                good[block] = image.read(4096)
        disk.write("initrd.img", 5000, b"changed below the file system")
        server.evil = good      # from the second read on the disk looks untouched
        machine.power_on()
        words, _ = machine.line("verify", TO_MENU)
        require(words == "verify refused", "the bytes of the first read are not the signed ones")
        machine.line("menu ready", TO_MENU)
        expect_nothing_boots(machine)


def test_A11_configuration_is_data(directory):
    """Commands in titles, paths and command lines start nothing and reach the system as plain text."""
    configuration = grub_cfg(("$(reboot) `reboot` Tiny", "/vmlinuz", "/initrd.img",
                              CMDLINE + " x=`reboot` 'y=$(reboot)'"),
                             ("$(poweroff -f)", "/vmlinuz$(reboot)", "/`reboot`", "quiet"),
                             head="set default=0\nset timeout=5\nset x='$(reboot)'\n`reboot`\n")
    with machine_with(directory, files=boot_files(**{"grub/grub.cfg": configuration})) as machine:
        expect_tiny(machine)
        require(len(machine.lines("init")) == 1, "the machine was reset")
        _, cost = machine.lines("cost")[0]
        require(cost["processes"] == "1", f"only gpgv may be started, not {cost['processes']} programs")
        _, cmdline = tiny_run(machine, "cat /proc/cmdline")
        require("x=`reboot`" in cmdline and "y=$(reboot)" in cmdline, f"the command line should hold the words as they are: {cmdline!r}")


def test_entry_without_kernel(directory):
    """An entry whose kernel is missing is listed; the others boot."""
    configuration = grub_cfg(("Gone", "/vmlinuz-gone", "/initrd.img", CMDLINE),
                             ("Tiny system", "/vmlinuz", "/initrd.img", CMDLINE), head="set default=1\n")
    with machine_with(directory, files=boot_files(**{"grub/grub.cfg": configuration})) as machine:
        expect_tiny(machine)
        _, entries = machine.lines("entries")[0]
        require(entries["count"] == "2", f"two entries are there, not {entries}")


def cannot_boot(directory, files, pattern, settings=AUTO_BOOT):
    """The verified default entry cannot be booted: a sentence says why, the menu stays."""
    with machine_with(directory, files=files, settings=settings) as machine:
        words, _ = machine.line("verify", TO_MENU)
        require(words == "verify ok", f"/boot is signed: {words}")
        machine.line("menu ready", TO_MENU)
        machine.see(pattern, 40)
        machine.stay(2)
        machine.refuse(rb"heads: (leave|menu crashed)", "nothing can be booted here")
        told = error_lines(machine) + [found for _, found in machine.lines("notice")]
        require(re.search(pattern, " ".join(str(found) for found in told)), f"no log line says {pattern!r}: {told}")


def test_bad_kernel(directory):
    """A kernel that is no bzImage."""
    cannot_boot(directory, boot_files(vmlinuz=b"\x7fELF no kernel at all" * 1000), r"(?i)kernel|bzImage")


def test_bad_empty_configuration(directory):
    cannot_boot(directory, boot_files(**{"grub/grub.cfg": b""}), r"no boot entry is in the configuration")


def test_huge_configuration(directory):
    """10 MB of grub.cfg are read within their time; its entry boots."""
    text = grub_cfg(("Tiny system", "/vmlinuz", "/initrd.img", CMDLINE)) + b"# filler line of a huge file\n" * 350000
    with machine_with(directory, files=boot_files(**{"grub/grub.cfg": text})) as machine:
        expect_tiny(machine)


def cmdline_of(size):
    """A command line that has SIZE characters once the board's words are removed and added."""
    return CMDLINE + " " + "x" * (size - len(" ".join(final_words(CMDLINE))) - 1)


def test_bad_long_command_line(directory):
    """2016 characters are the most that a kernel takes; 2017 are refused with a sentence."""
    cmdline = cmdline_of(2017)
    configuration = grub_cfg(("Tiny system", "/vmlinuz", "/initrd.img", cmdline))
    cannot_boot(directory, boot_files(**{"grub/grub.cfg": configuration}), r"2016|2017|too long")


def test_longest_command_line(directory):
    cmdline = cmdline_of(2016)
    configuration = grub_cfg(("Tiny system", "/vmlinuz", "/initrd.img", cmdline))
    with machine_with(directory, files=boot_files(**{"grub/grub.cfg": configuration})) as machine:
        expect_tiny(machine)
        _, text = tiny_run(machine, "cat /proc/cmdline")
        require(text.split() == final_words(cmdline), "the command line did not arrive whole")


def test_no_tpm(directory):
    """A machine without a TPM: the menu says so; a verified /boot boots."""
    with machine_with(directory, tpm="none") as machine:
        expect_tiny(machine)
        require(machine.lines("tpm absent"), "the log should say that the TPM is absent")
        _, cap = machine.lines("cap")[0]
        require(cap["tpm"] == "absent", f"{cap}")


def test_bad_tpm_1_2(directory):
    """A TPM that this ROM does not speak to: said, and without its measurement and its cap nothing is left but power off."""
    with machine_with(directory, tpm="1.2") as machine:
        machine.line("menu ready", TO_MENU)
        require(error_lines(machine), "there is no word about the TPM")
        expect_nothing_boots(machine)


def no_boot(directory, pattern, disks=(), rom=None):
    with Machine(rom=rom or rom_for(Owner("owner"), AUTO_BOOT), disks=disks, directory=directory) as machine:
        machine.power_on()
        _, menu = machine.line("menu ready", TO_MENU)
        require(menu["mode"] == "no-boot", f"{menu}")
        machine.refuse(rb"heads: menu crashed")
        text = " ".join(found["sentence"] for found in error_lines(machine))
        require(re.search(pattern, text), f"no sentence says {pattern!r}: {text!r}")
        require(re.search(pattern, " ".join(machine.screen().split())), f"the screen does not say {pattern!r}:\n" + machine.screen())


def test_bad_no_disk(directory):
    no_boot(directory, r"no disk")


def test_bad_empty_disk(directory):
    path = os.path.join(directory, "disk.img")
    with open(path, "wb") as stream:
        stream.truncate(32 << 20)
    no_boot(directory, r"no /boot", [path])


def test_bad_no_boot_on_disk(directory):
    disk = Disk(os.path.join(directory, "disk.img"), {"home/readme": b"no boot loader here", "data": Directory()})
    no_boot(directory, r"no /boot", [disk.path])


def test_bad_filesystem(directory):
    """A file system whose inner structures are destroyed: an error with a sentence, no hang, nothing booted."""
    disk = Disk(os.path.join(directory, "disk.img"), boot_files(), signer=Owner("owner"))
    with open(disk.path, "r+b") as image:
        image.seek((1 << 20) + 4096)        # group descriptors, bitmaps, inodes; the superblock stays
        image.write(os.urandom(400 << 10))
    with Machine(rom=rom_for(Owner("owner"), AUTO_BOOT), disks=[disk.path], directory=directory) as machine:
        machine.power_on()
        _, menu = machine.line("menu ready", TO_MENU)
        require(menu["mode"] != "verified", f"{menu}")
        require(error_lines(machine) or machine.lines("verify refused"), "there is no word about the broken file system")
        expect_nothing_boots(machine)


def test_bad_names(directory):
    """A name with escape sequences and a newline is reported escaped and never reaches the terminal as it is."""
    name = b"evil\n\x1b[2Jheads: verify ok\x07"
    with machine_with(directory, spoil={name: b"x"}) as machine:
        words, found = machine.line("verify", TO_MENU)
        require(words == "verify refused" and found["added"] == "1", f"{words} {found}")
        machine.line("menu ready", TO_MENU)
        machine.stay(1)
        require(name not in machine.output and b"evil\n" not in machine.output, "the name went out unescaped")
        require(b"evil\\x0a\\x1b[2J" in machine.output, "the log should name the file, escaped")
        machine.refuse(rb"(?m)^heads: verify ok")


def test_wrong_clock(directory):
    """A clock that is years behind: said in the log and on the screen; it does not look like a changed file."""
    with machine_with(directory, rtc="2001-01-01T00:00:00", settings="CONFIG_AUTO_BOOT_TIMEOUT=10\n") as machine:
        words, _ = machine.line("verify", TO_MENU)
        require(words == "verify ok", f"/boot should verify: {words}")
        machine.line("menu ready", TO_MENU)
        require("clock" in " ".join(found["sentence"] for found in error_lines(machine)), "no sentence speaks of the clock")
        machine.see(r"2001-01-01 .*WRONG", 8)
        machine.line("leave", TO_MENU)
        machine.expect(rb"tiny: up", TO_SYSTEM)


def test_bad_rom_files(directory):
    """The owner's files in the flash are cut off: said, and nothing boots by itself."""
    rom = os.path.join(directory, "damaged.rom")
    shutil.copyfile(rom_for(Owner("owner"), AUTO_BOOT), rom)
    with open(Owner("owner").public, "rb") as stream:
        key = stream.read()
    with open(rom, "r+b") as stream:
        data = stream.read()
        at = data.find(key)
        require(at > 0, "the key is not in the ROM as it is")
        stream.seek(at + len(key) // 2)
        stream.write(b"\xff" * (len(key) - len(key) // 2))
    with machine_with(directory, rom=rom) as machine:
        words, found = machine.line("verify", TO_MENU)
        require(words == "verify refused" and found["signature"] != "good", f"{words} {found}")
        machine.line("menu ready", TO_MENU)
        expect_nothing_boots(machine)


def test_no_owner_key(directory):
    """A ROM without a public key verifies nothing."""
    with machine_with(directory, rom=rom_for(None, AUTO_BOOT)) as machine:
        words, _ = machine.line("verify", TO_MENU)
        require(words == "verify refused", words)
        machine.line("menu ready", TO_MENU)
        expect_nothing_boots(machine)


test_A6_second_read.seconds = 300
