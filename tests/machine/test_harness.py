# SPDX-License-Identifier: GPL-2.0-or-later
"""The harness tested by itself: without a ROM, with a kernel started directly."""

import hashlib
import os
import re
import select
import signal
import socket
import subprocess
import sys
import termios
import time

from fixtures import CMDLINE, KERNEL, Disk, Owner, cpio, tiny, tiny_pcrs, tiny_run
from machine import PATIENCE, TOP, Expected, Machine, fields
from nbd import Server
from screen import Screen


def require(condition, sentence):
    if not condition:
        raise Expected(sentence)


def tiny_initrd(directory, name="harness"):
    path = os.path.join(directory, "initrd")
    with open(path, "wb") as stream:
        stream.write(tiny(name))
    return path


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as stream:
        return [int(word) for word in stream.read().split()]


def gone(pids, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        left = []
        for pid in pids:
            try:
                with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stream:
                    if stream.read().rsplit(")", 1)[1].split()[0] != "Z":
                        left.append(pid)
            except FileNotFoundError:
                pass
        if not left:
            return True
        time.sleep(0.1)
    return False


def test_harness_machine(directory):
    """Power on, serial both ways, TPM, power off."""
    with Machine(kernel=KERNEL, initrd=tiny_initrd(directory), append=CMDLINE, directory=directory) as machine:
        machine.power_on()
        machine.expect(rb"tiny: up name=harness", 60)
        machine.expect(rb"tiny: ready", 60)
        pcrs = tiny_pcrs(machine)
        require(len(pcrs) == 10 and all(len(value) == 64 for value in pcrs.values()), f"ten PCRs expected, found {pcrs}")
        status, text = tiny_run(machine, "cat /proc/cmdline; false")
        require(status == 1 and "tiny=1" in text, f"the tiny system answered {status} {text!r}")
        machine.send("off\n")
        require(machine.wait_off() == 0, "QEMU should end with status 0")
        require(os.path.getsize(machine.tpm_log) > 1000, "the TPM log is empty")


def test_harness_errors(directory):
    """A missing, truncated or unreadable part is one sentence and status 2."""
    short = os.path.join(directory, "short.rom")
    with open(short, "wb") as stream:
        stream.write(bytes(1000000))
    whole = os.path.join(directory, "whole.rom")
    with open(whole, "wb") as stream:
        stream.write(bytes(1 << 20))
    for options, pattern in ((["--rom", short], "has 1000000 bytes"), (["--rom", directory + "/none"], "there is no ROM"),
                             (["--rom", whole, "--disk", directory + "/none"], "there is no disk image"),
                             (["--rom", whole, "--serial", "unix:" + "x" * 120], "107 bytes")):
        done = subprocess.run([sys.executable, os.path.join(TOP, "emulator", "run"), "--headless"] + options,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        require(done.returncode == 2 and pattern in done.stderr and done.stderr.count("\n") == 1,
                f"{options} ended with {done.returncode}: {done.stderr}")


def test_harness_leaves_nothing(directory):
    """Whatever ends emulator/run, QEMU and swtpm end with it and sockets and copies are removed."""
    initrd = tiny_initrd(directory)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL):
        work = os.path.join(directory, f"tmp-{number}")
        os.makedirs(work, exist_ok=True)
        child = subprocess.Popen([sys.executable, os.path.join(TOP, "emulator", "run"), "--headless", "--kernel", KERNEL,
                                  "--initrd", initrd, "--serial", "none"], env=dict(os.environ, TMPDIR=work),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        began = time.monotonic()
        while len(pids := children(child.pid)) < 2:
            require(time.monotonic() - began < 20, "emulator/run should have started swtpm and QEMU")
            time.sleep(0.1)
        child.send_signal(number)
        status = child.wait(20)
        require(gone(pids), f"after signal {number} a child of emulator/run still runs")
        require(status == (-number if number == signal.SIGKILL else 128 + number), f"signal {number} ended in {status}")
        require(number == signal.SIGKILL or not os.listdir(work), f"after signal {number} files are left: {os.listdir(work)}")


def test_harness_terminal(directory):
    """In a terminal: keys go to the machine, Ctrl-A x ends it, the terminal is as it was before."""
    ours, theirs = os.openpty()
    before = termios.tcgetattr(theirs)
    child = subprocess.Popen([sys.executable, os.path.join(TOP, "emulator", "run"), "--headless", "--kernel", KERNEL,
                              "--initrd", tiny_initrd(directory), "--append", CMDLINE],
                             stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    try:
        output = read_until(ours, b"tiny: ready", 60)
        require(termios.tcgetattr(theirs) != before, "the terminal should be raw while the machine runs")
        os.write(ours, b"true\n")
        output += read_until(ours, b"tiny: done status=0", 20)
        os.write(ours, b"\x01x")
        require(child.wait(20) == 0, f"Ctrl-A x should end with status 0, not {child.returncode}")
        require(termios.tcgetattr(theirs) == before, "the terminal was not restored")
    finally:
        child.kill()
        child.wait()
        os.close(ours)
        os.close(theirs)


def read_until(descriptor, text, seconds):
    output, end = b"", time.monotonic() + seconds * PATIENCE
    while text not in output:
        left = end - time.monotonic()
        require(left > 0, f"{text!r} was not seen within {seconds} s but {output[-500:]!r}")
        if select.select([descriptor], [], [], left)[0]:
            output += os.read(descriptor, 65536)
    return output


def test_harness_second_read(directory):
    """The cheating disk: the second read of a file's blocks brings other bytes, and reads are counted."""
    owner = Owner("owner") if os.environ.get("HEADS_SIGNED_HARNESS") else None
    files = {"payload": os.urandom(40000), "other": os.urandom(5000)}
    disk = Disk(os.path.join(directory, "disk.img"), files, signer=owner)
    blocks = disk.blocks("payload")
    require(len(blocks) == 10, f"40000 bytes are 10 blocks, not {len(blocks)}")
    with Server(disk.path, os.path.join(directory, "nbd")) as server, \
            Machine(kernel=KERNEL, initrd=tiny_initrd(directory), append=CMDLINE, directory=directory,
                    disks=["nbd:unix:" + server.path]) as machine:
        server.evil = {block: bytes(4096) for block in blocks}
        machine.power_on()
        machine.expect(rb"tiny: ready", 60)
        read = f"dd if=/dev/vda bs=4096 skip={blocks[0]} count=10 iflag=direct 2>/dev/null | sha256sum"
        first, second = (re.search(r"[0-9a-f]{64}", tiny_run(machine, read)[1]).group(0) for _ in range(2))
        require(first != second, "the second read brought the same bytes as the first")
        require(server.evil_served == 10, f"10 other blocks should have been served, not {server.evil_served}")
        require(server.read_bytes(blocks) == 2 * 40960, f"{server.read_bytes(blocks)} bytes were counted")
        machine.send("off\n")
        machine.wait_off()


def test_harness_usb(directory):
    """A USB stick is a disk of the machine, left unchanged by --snapshot; the dongle's socket waits for a program."""
    stick, dongle = os.path.join(directory, "stick.img"), os.path.join(directory, "dongle")
    content = os.urandom(1 << 20)
    with open(stick, "wb") as stream:
        stream.write(content)
    with Machine(kernel=KERNEL, initrd=tiny_initrd(directory), append=CMDLINE, directory=directory, usb=[stick],
                 snapshot=True, options=["--dongle", dongle]) as machine:
        machine.power_on()
        machine.expect(rb"tiny: ready", 60)
        tiny_run(machine, "n=0; while [ ! -b /dev/sda ] && [ $n -lt 20 ]; do sleep 1; n=$((n+1)); done")
        _, text = tiny_run(machine, "sha256sum </dev/sda")
        require(hashlib.sha256(content).hexdigest() in text, f"the stick's content is not that of its image: {text!r}")
        tiny_run(machine, "dd if=/dev/zero of=/dev/sda bs=4096 count=1 conv=fsync 2>/dev/null || echo x >/dev/sda")
        connection = socket.socket(socket.AF_UNIX)
        with connection:
            connection.settimeout(10)
            connection.connect(dongle)
            require(len(connection.recv(64)) > 0, "QEMU should say hello in the usb-redir protocol")
        machine.send("off\n")
        machine.wait_off()
    with open(stick, "rb") as stream:
        require(stream.read() == content, "the image was changed although --snapshot was given")


def test_harness_screen(directory):
    """The terminal in memory shows what a terminal shows."""
    del directory
    screen = Screen()
    screen.feed(b"\x1b[H\x1b[2Jone\r\n\x1b[5;10H\x1b[7mchosen\x1b[m\x1b[24;1Hlast\x1b[3;1H\x1b(0lqk\x1b(B")
    rows = screen.text().split("\n")
    require(rows[0] == "one" and rows[4] == " " * 9 + "chosen" and rows[23] == "last" and rows[2] == "┌─┐", repr(rows))
    require(screen.marked() == ["chosen"], repr(screen.marked()))
    screen.feed("\x1b[1;1Hé".encode()[:-1])
    screen.feed("é".encode()[-1:] + b"\x1b[")
    screen.feed(b"K")
    require(screen.text().split("\n")[0] == "é", repr(screen.text()))
    screen.feed(b"\x1b[24;1H\nx\x1b[6n")
    require(screen.text().split("\n")[3] == " " * 9 + "chosen", "a line feed on the last row scrolls")
    require(screen.answers == [b"\x1b[24;2R"], repr(screen.answers))
    words, found = fields(r'verify refused signature=missing title="a \x22 ms=9 \x5cx41 \x1bc" ms=3')
    require(words == "verify refused" and found == {"signature": "missing", "title": 'a " ms=9 \\x41 \x1bc', "ms": "3"},
            repr(found))


def test_harness_archive(directory):
    """The archives of the tiny system are what cpio would make of them."""
    del directory
    archive = cpio({"a/b": b"text", "a/c": (0o120777, b"b")})
    require(archive[:6] == b"070701" and len(archive) % 4 == 0 and archive.count(b"070701") == 4, "no newc archive")


test_harness_leaves_nothing.seconds = 120
