# SPDX-License-Identifier: GPL-2.0-or-later
"""Drives an emulated machine from a test or from anybody's script.

    with Machine(rom="build/qemu-q35-tpm2/heads.rom", disks=["disk.img"]) as machine:
        machine.power_on()
        machine.expect(rb"heads: menu ready", 60)
        machine.send("\\r")
        print(machine.screen())

The machine is started by emulator/run; what it says on the serial port is
kept in serial.log of its directory. The TPM and the flash chip keep their
contents from one power_on() to the next, as a real machine does.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
from screen import Screen  # noqa: E402

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
# Emulation on a busy machine is slow: HEADS_PATIENCE=3 makes every wait three times as long.
PATIENCE = float(os.environ.get("HEADS_PATIENCE", "1"))
FIELD = re.compile(r'([\w.-]+)=("[^"]*"|\S*)')


class Expected(Exception):
    """Something that should have been seen was not; the text says what was seen instead."""


def fields(line):
    """The words and KEY=value pairs of a log line: ("verify ok", {"files": "312"})."""
    words = re.split(r"\s+[\w.-]+=", line, maxsplit=1)[0].strip()
    found = {}
    for key, value in FIELD.findall(line):
        if value.startswith('"'):
            value = re.sub(r"\\x([0-9a-f]{2})", lambda digits: chr(int(digits.group(1), 16)), value[1:-1])
        found[key] = value
    return words, found


class Monitor:
    """QEMU's machine protocol on a UNIX socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30 * PATIENCE)
        self.socket.connect(path)
        self.stream = self.socket.makefile("rw", encoding="utf-8")
        self.events = []
        self.answer()
        self.command("qmp_capabilities")

    def answer(self):
        while True:
            line = self.stream.readline()
            if not line:
                raise Expected("QEMU closed its monitor")
            message = json.loads(line)
            if "event" not in message:
                return message
            self.events.append(message)

    def command(self, name, **arguments):
        self.stream.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.stream.flush()
        message = self.answer()
        if "error" in message:
            raise Expected(f"QEMU refused {name}: {message['error']['desc']}")
        return message.get("return")

    def close(self):
        self.stream.close()
        self.socket.close()


class Machine:
    """One emulated machine with its own flash chip, TPM, sockets and log.

    starts      how many times a machine was switched on or reset by this process, for tests/machine/run to tell

    directory   keeps flash, tpm/, serial.log and tpm.log; a temporary one that goes away with the machine otherwise
    rom         flash image to begin with, copied; None to start KERNEL, INITRD, APPEND directly
    disks       images or nbd:unix:PATH; SNAPSHOT leaves them unchanged
    options     further options of emulator/run
    """

    starts = 0

    def __init__(self, rom=None, disks=(), directory=None, snapshot=False, tpm="2.0", rtc=None, cpus=1, memory=1024,
                 usb=(), kernel=None, initrd=None, append="", options=()):
        self.temporary = directory is None
        self.directory = os.path.abspath(directory or tempfile.mkdtemp(prefix="heads-machine-"))
        os.makedirs(self.directory, exist_ok=True)
        self.sockets = tempfile.mkdtemp(prefix="heads-sockets-")    # a short path: UNIX sockets allow 107 bytes
        self.flash = os.path.join(self.directory, "flash")
        self.tpm_log = os.path.join(self.directory, "tpm.log")
        self.rtc = rtc
        self.process = self.serial = self.monitor = None
        self.log = open(os.path.join(self.directory, "serial.log"), "ab")
        self.output = b""           # everything since power_on()
        self.position = 0           # where the next expect() goes on
        self.terminal = Screen()
        self.errors = os.path.join(self.directory, "emulator.log")
        if rom:
            shutil.copyfile(rom, self.flash)
        self.command = [sys.executable, os.path.join(TOP, "emulator", "run"), "--headless",
                        "--serial", "unix:" + os.path.join(self.sockets, "serial"), "--serial-wait",
                        "--monitor", "unix:" + os.path.join(self.sockets, "monitor"),
                        "--tpm", tpm, "--cpus", str(cpus), "--memory", str(memory)]
        if tpm != "none":
            self.command += ["--tpm-state", os.path.join(self.directory, "tpm"), "--tpm-log", self.tpm_log]
        if rom:
            self.command += ["--rom", self.flash, "--rom-writable"]
        else:
            self.command += ["--kernel", kernel, "--append", append] + (["--initrd", initrd] if initrd else [])
        for disk in disks:
            self.command += ["--disk", disk]
        for stick in usb:
            self.command += ["--usb", stick]
        if snapshot:
            self.command.append("--snapshot")
        self.command += list(options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.power_cut()
        self.log.close()
        shutil.rmtree(self.sockets, ignore_errors=True)
        if self.temporary:
            shutil.rmtree(self.directory, ignore_errors=True)

    def power_on(self, rtc=None):
        """Starts the machine; RTC replaces its clock."""
        if self.process is not None:
            raise Expected("the machine is on already")
        Machine.starts += 1
        self.output, self.position, self.terminal = b"", 0, Screen()
        command = list(self.command)
        if rtc or self.rtc:
            command += ["--rtc", rtc or self.rtc]
        with open(self.errors, "ab") as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
        self.serial = self.connect("serial")
        self.connect("monitor").close()
        self.monitor = Monitor(os.path.join(self.sockets, "monitor"))

    def connect(self, name):
        path = os.path.join(self.sockets, name)
        for _ in range(int(300 * PATIENCE)):
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(path)
                return connection
            except OSError:
                connection.close()
            if self.process.poll() is not None:
                with open(self.errors, encoding="utf-8", errors="replace") as errors:
                    raise Expected("the emulator did not start: " + errors.read()[-500:])
            time.sleep(0.1)
        raise Expected(f"the emulator did not open its {name} socket")

    def power_cut(self):
        """Pulls the plug. Disks, flash and TPM hold what had been written."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.off()

    def off(self):
        if self.serial:
            self.serial.close()
        if self.monitor:
            self.monitor.close()
        self.process = self.serial = self.monitor = None

    def receive(self, timeout):
        """Takes in what the serial port says within TIMEOUT seconds; False when the machine is off."""
        self.serial.settimeout(max(timeout, 0.01))
        try:
            data = self.serial.recv(65536)
        except TimeoutError:
            return True
        except OSError:
            return False
        if not data:
            return False
        self.log.write(data)
        self.log.flush()
        self.output += data
        self.terminal.feed(data)
        while self.terminal.answers:
            self.send(self.terminal.answers.pop(0))
        return True

    def expect(self, pattern, timeout=60, since=None):
        """Waits for a regular expression in the serial output after the last one expected; returns the match."""
        regex = re.compile(pattern.encode() if isinstance(pattern, str) else pattern)
        start = self.position if since is None else since
        end = time.monotonic() + timeout * PATIENCE
        on = True
        while True:
            match = regex.search(self.output, start)
            if match:
                self.position = match.end()
                return match
            left = end - time.monotonic()
            if not on or left <= 0:
                why = "the machine went off" if not on else f"not within {timeout} s"
                raise Expected(f"{regex.pattern!r} was not seen ({why});\n{self.evidence(start)}")
            on = self.receive(min(left, 1))

    def evidence(self, start):
        """What a failed test shows: the log lines since START, the last words of anything else, and the screen. The end of
        the serial output alone would be the ticking of a clock."""
        text = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b" ", self.output[start:]).decode("utf-8", "backslashreplace")
        log = [line.rstrip() for line in text.splitlines() if "heads: " in line]
        return "\n".join(["its log lines were:"] + log[-30:] + ["the last of the serial output was:", text[-500:],
                                                                "the screen is:", self.terminal.text()])

    def expect_any(self, patterns, timeout=60):
        """Waits for the first of several patterns and returns its number and match."""
        joined = b"|".join(b"(?P<n%d>%s)" % (n, p.encode() if isinstance(p, str) else p) for n, p in enumerate(patterns))
        match = self.expect(joined, timeout)
        number = next(n for n in range(len(patterns)) if match.group(f"n{n}") is not None)
        return number, match

    def line(self, what, timeout=60):
        """Waits for the log line `heads: WHAT ...` and returns its words and fields."""
        match = self.expect(rb"heads: (" + re.escape(what.encode()) + rb"(?: [^\r\n]*)?)\r?\n", timeout)
        return fields(match.group(1).decode("utf-8", "backslashreplace"))

    def lines(self, what=""):
        """All log lines that begin with WHAT since power_on(), as (words, fields)."""
        found = re.findall(rb"heads: (" + re.escape(what.encode()) + rb"[^\r\n]*)", self.output)
        return [fields(line.decode("utf-8", "backslashreplace")) for line in found]

    def refuse(self, pattern, why=""):
        """Fails if PATTERN was ever in the serial output since power_on()."""
        regex = re.compile(pattern.encode() if isinstance(pattern, str) else pattern)
        match = regex.search(self.output)
        if match:
            raise Expected(f"{match.group(0)!r} must not appear{': ' + why if why else ''}")

    def send(self, keys):
        self.serial.sendall(keys if isinstance(keys, bytes) else keys.encode())

    def settle(self, quiet=0.5, timeout=10):
        """Takes in output until there was none for QUIET seconds: less than one, because the menu's clock ticks."""
        end = time.monotonic() + timeout * PATIENCE
        while time.monotonic() < end:
            before = len(self.output)
            if not self.receive(quiet * min(PATIENCE, 1.5)) or len(self.output) == before:
                return

    def clock(self):
        """The time of day that the menu's first lines show, in seconds; None where no clock is on the screen."""
        found = re.search(r"\d{4}-\d\d-\d\d (\d\d):(\d\d):(\d\d) UTC", self.terminal.text())
        return found and sum(int(number) * unit for number, unit in zip(found.groups(), (3600, 60, 1)))

    def stay(self, seconds):
        """Leaves the machine alone until the clock that it shows has gone on by more than SECONDS, so that what it would
        do by itself within that time is done. Where no clock is on the screen, the workstation's time counts."""
        began, shown = time.monotonic(), None
        while self.receive(0.2):
            waited, now = time.monotonic() - began, self.clock()
            if now is None:
                if waited > seconds + 1:
                    return
                continue
            shown = now if shown is None else shown
            if (now - shown) % 86400 > seconds:
                return
            if waited > (seconds + 30) * PATIENCE:
                raise Expected(f"the clock on the screen stands still:\n{self.terminal.text()}")

    def screen(self):
        """What a person at the serial terminal sees now, 24 lines."""
        self.settle()
        return self.terminal.text()

    def see(self, pattern, timeout=30):
        """Waits until the screen shows PATTERN; returns the match."""
        end = time.monotonic() + timeout * PATIENCE
        while True:
            match = re.search(pattern, self.terminal.text())
            if match:
                return match
            if time.monotonic() > end or not self.receive(0.5):
                raise Expected(f"the screen does not show {pattern!r} within {timeout} s but:\n{self.terminal.text()}")

    def wait_off(self, timeout=30):
        """Waits for the machine to switch itself off; returns QEMU's exit status."""
        end = time.monotonic() + timeout * PATIENCE
        while time.monotonic() < end and self.receive(0.5):
            pass
        try:
            status = self.process.wait(max(0.1, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise Expected(f"the machine is still on after {timeout} s:\n" + self.terminal.text()) from None
        self.off()
        return status

    def qmp(self, name, **arguments):
        return self.monitor.command(name, **arguments)

    def tpm_traffic(self):
        """Every TPM command and answer since the machine was made, as bytes, in order: the bus seen by a listener."""
        messages = []
        with open(self.tpm_log, encoding="ascii", errors="replace") as stream:
            for line in stream:
                if re.match(r" *(SWTPM_IO_|Ctrl )", line):
                    messages.append(bytearray())
                elif messages and re.fullmatch(r"[0-9A-F ]+", line.strip()):
                    messages[-1] += bytes.fromhex(line)
        return [bytes(message) for message in messages]

    def press_power(self):
        """The power button: what the operating system gets by ACPI."""
        self.qmp("system_powerdown")

    def press_reset(self):
        Machine.starts += 1
        self.qmp("system_reset")

    def screenshot(self, path):
        """Writes what the window would show, as PNG."""
        self.qmp("screendump", filename=os.path.abspath(path), format="png")
