# SPDX-License-Identifier: GPL-2.0-or-later
"""The virtual security dongle in somebody's hand: plugged in and pulled out while the machine runs.

    with Dongle(directory) as dongle, machine_with(directory, options=dongle.options) as machine:
        dongle.plug_in()
        ...
        dongle.pull_out()

What it holds stays with it. It can be plugged in once the machine is switched on: the socket is the machine's.
"""

import os
import shutil
import subprocess
import tempfile
import time

from machine import PATIENCE, TOP, Expected

PROGRAM = os.path.join(TOP, "build", "dongle")


class Dongle:
    def __init__(self, directory, model="librem-key"):
        self.state = os.path.join(directory, "dongle")
        self.model = model
        self.place = tempfile.mkdtemp(prefix="heads-dongle-")   # a short path: UNIX sockets allow 107 bytes
        self.socket = os.path.join(self.place, "socket")
        self.options = ["--dongle", self.socket]
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.pull_out()
        shutil.rmtree(self.place, ignore_errors=True)

    def plug_in(self, fault=None):
        """fault: where it pulls itself out again, "unplug=card-2a@1" (docs/emulator.md)."""
        end = time.monotonic() + 20 * PATIENCE
        while not os.path.exists(self.socket):
            if time.monotonic() > end:
                raise Expected("the machine has no place for the dongle")
            time.sleep(0.05)
        self.process = subprocess.Popen([PROGRAM, "--model", self.model, "--state", self.state] +
                                        (["--fault", fault] if fault else []) + [self.socket], stdin=subprocess.DEVNULL)

    def pull_out(self):
        if self.process:
            self.process.terminate()
            self.process.wait()
        self.process = None

    def has_pulled_itself_out(self):
        return self.process is not None and self.process.poll() is not None

    def memory(self):
        """What it holds: {name: value}, values in hexadecimal, numbers in decimal."""
        with open(self.state, encoding="ascii") as stream:
            return dict(line.rstrip("\n").split(" ", 1) for line in stream if " " in line)

    def change(self, name, value):
        """As by another machine: while it is not plugged in."""
        assert self.process is None or self.has_pulled_itself_out()
        with open(self.state, encoding="ascii") as stream:
            lines = stream.readlines()
        with open(self.state, "w", encoding="ascii") as stream:
            stream.writelines(f"{name} {value}\n" if line.startswith(name + " ") else line for line in lines)
