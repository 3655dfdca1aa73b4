# SPDX-License-Identifier: GPL-2.0-or-later
"""What the machine tests are made of: owner keys, ROMs that know them, a tiny system, disks with a signed /boot."""

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import stat
import subprocess
import tempfile

from machine import TOP, Expected

MIB = 1 << 20
BUILD = os.path.join(TOP, "build")
BOARD = os.environ.get("BOARD", "qemu-q35-tpm2")
SHARED = os.path.join(BUILD, "machine", "shared")
HEADS = os.environ.get("HEADS_HOST", os.path.join(BUILD, "host", "heads"))
ROM = os.environ.get("HEADS_ROM", os.path.join(BUILD, BOARD, "heads-unowned.rom"))
KERNEL = os.environ.get("HEADS_KERNEL", os.path.join(BUILD, BOARD, "parts", "linux", "bzImage"))
BUSYBOX = "/bin/busybox"
PARTITION_START = MIB


def run(command, **more):
    """Runs a program of the workstation; its output becomes the error where it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, **more)
    if done.returncode != 0:
        raise Expected(f"{' '.join(command)} ended with status {done.returncode}: "
                       + done.stdout.decode("utf-8", "replace")[-800:])
    return done.stdout


@contextlib.contextmanager
def locked(name):
    """Several tests run at once and share what is in SHARED: one of them makes it."""
    os.makedirs(SHARED, exist_ok=True)
    with open(os.path.join(SHARED, name + ".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Owner:
    """A signing key in a GnuPG home of its own: home, fingerprint, public (path of the armoured public key)."""

    def __init__(self, name):
        self.name = name
        self.home = os.path.join(SHARED, name)
        self.public = os.path.join(SHARED, name + ".asc")
        gpg = ["gpg", "--homedir", self.home, "--batch", "--quiet", "--no-permission-warning"]
        with locked(name):
            try:
                if not os.path.exists(self.public):
                    shutil.rmtree(self.home, ignore_errors=True)
                    os.makedirs(self.home, mode=0o700)
                    run(gpg + ["--passphrase", "", "--quick-generate-key", f"{name} <{name}@test.invalid>",
                               "ed25519", "sign", "never"])
                    text = run(gpg + ["--armor", "--export"])
                    with open(self.public + ".new", "wb") as stream:
                        stream.write(text)
                    os.rename(self.public + ".new", self.public)
                listing = run(gpg + ["--with-colons", "--list-keys"]).decode()
            finally:
                self.quiet()
        self.fingerprint = re.search(r"^fpr:+([0-9A-F]{40}):", listing, re.M).group(1)

    def quiet(self):
        """No agent stays behind."""
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "all"], check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def sign(self, directory, *options):
        """Signs a /boot directory, as `heads boot sign` does for everybody."""
        with locked(self.name):
            try:
                run([HEADS, "boot", "sign", "--gnupghome", self.home, "--key", self.fingerprint, *options, directory])
            finally:
                self.quiet()


def rom_for(owner, settings=None):
    """The ROM with OWNER's public key and the text SETTINGS (lines CONFIG_X=y); owner may be None."""
    key = b""
    if owner:
        with open(owner.public, "rb") as stream:
            key = stream.read()
    name = hashlib.sha256(key + (settings or "").encode()).hexdigest()[:12]
    path = os.path.join(SHARED, f"heads-{name}.rom")
    with locked("rom-" + name):
        if not os.path.exists(path) or os.path.getmtime(path) <= os.path.getmtime(ROM):
            command = [os.path.join(TOP, "firmware", "rom-personalise"), "--rom", ROM, "--out", path + ".new"]
            if owner:
                command += ["--owner-key", owner.public]
            if settings:
                with open(path + ".settings", "w", encoding="ascii") as stream:
                    stream.write(settings)
                command += ["--settings", path + ".settings"]
            run(command)
            os.rename(path + ".new", path)
    return path


# The tiny system: what most tests boot in place of a distribution.

# Our kernel starts no scripts: busybox is PID 1 and runs this one.
INITTAB = b"::sysinit:/bin/sh /tiny\n"
SCRIPT = """\
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
exec </dev/ttyS0 >/dev/ttyS0 2>&1
stty -echo
# what the kernel says late must not land in what a test reads
dmesg -n 1
echo "tiny: up name=@NAME@"
echo "tiny: cmdline $(cat /proc/cmdline)"
for bank in /sys/class/tpm/tpm0/pcr-*; do
	for pcr in 0 1 2 3 4 5 6 7 8 9; do
		[ -r "$bank/$pcr" ] && echo "tiny: pcr ${bank##*pcr-} $pcr=$(cat "$bank/$pcr")"
	done
done
echo "tiny: ready"
while read -r -t 300 line; do
	if [ "$line" = off ]; then break; fi
	sh -c "$line"
	echo "tiny: done status=$?"
done
echo "tiny: off"
poweroff -f
"""


def cpio(files):
    """A newc archive of {path: bytes | (mode, bytes)}; directories are made as needed."""
    entries, made = [], set()
    for path, content in files.items():
        mode, data = content if isinstance(content, tuple) else (stat.S_IFREG | 0o755, content)
        parts = path.split("/")
        for depth in range(1, len(parts)):
            directory = "/".join(parts[:depth])
            if directory not in made:
                made.add(directory)
                entries.append((directory, stat.S_IFDIR | 0o755, b"", 0))
        if stat.S_ISDIR(mode):
            made.add(path)
        entries.append((path, mode, b"" if stat.S_ISCHR(mode) else data, data if stat.S_ISCHR(mode) else (0, 0)))
    result = bytearray()
    for number, (path, mode, data, device) in enumerate(entries + [("TRAILER!!!", 0, b"", 0)], 1):
        major, minor = device or (0, 0)
        name = path.encode() + b"\0"
        result += b"070701" + b"".join(b"%08X" % n for n in (
            number, mode, 0, 0, 1, 0, len(data), 0, 0, major, minor, len(name), 0)) + name
        result += bytes(-len(result) % 4) + data
        result += bytes(-len(result) % 4)
    return bytes(result)


def tiny(name="good", extra=None):
    """The initrd of the tiny system: says `tiny: up name=NAME`, its command line and the PCRs, then obeys lines."""
    with open(BUSYBOX, "rb") as stream:
        busybox = stream.read()
    files = {"bin/busybox": busybox, "init": (stat.S_IFLNK | 0o777, b"bin/busybox"), "etc/inittab": INITTAB,
             "tiny": SCRIPT.replace("@NAME@", name).encode()}
    for applet in "sh cat mount echo stty poweroff ls grep sha256sum hexdump sleep dd dmesg".split():
        files["bin/" + applet] = (stat.S_IFLNK | 0o777, b"busybox")
    for directory in ("proc", "sys", "dev"):
        files[directory] = (stat.S_IFDIR | 0o755, b"")
    files["dev/console"] = (stat.S_IFCHR | 0o600, (5, 1))
    files.update(extra or {})
    return cpio(files)


def tiny_run(machine, command, timeout=60):
    """Runs a shell line in the tiny system and returns (status, output)."""
    start = machine.position
    machine.send(command + "\n")
    match = machine.expect(rb"tiny: done status=(\d+)\r?\n", timeout)
    text = machine.output[start:match.start()].decode("utf-8", "backslashreplace").replace("\r\n", "\n")
    return int(match.group(1)), text


def tiny_pcrs(machine, bank="sha256"):
    """The PCRs as the booted tiny system read them: {number: lower-case hex}."""
    found = re.findall(rb"tiny: pcr " + bank.encode() + rb" (\d+)=([0-9A-Fa-f]+)", machine.output)
    return {int(number): value.decode().lower() for number, value in found}


def kernel():
    """The bytes of the kernel that most tests boot: the ROM's own."""
    with open(KERNEL, "rb") as stream:
        return stream.read()


def grub_cfg(*entries, head="set default=0\nset timeout=5\n"):
    """A grub.cfg of (title, kernel path, initrd path or None, command line)."""
    text = head
    for title, linux, initrd, cmdline in entries:
        text += f"menuentry '{title}' --class tiny {{\n\tlinux\t{linux} {cmdline}\n"
        text += f"\tinitrd\t{initrd}\n" if initrd else ""
        text += "}\n"
    return text.encode()


CMDLINE = "console=ttyS0,115200 quiet tiny=1"


def boot_files(**more):
    """The /boot of most tests: a kernel, the tiny initrd, a grub.cfg with one entry, and files beside them."""
    files = {
        "vmlinuz": kernel(),
        "initrd.img": tiny(),
        "config": b"CONFIG_TINY=y\n" * 100,
        "grub/grub.cfg": grub_cfg(("Tiny system", "/vmlinuz", "/initrd.img", CMDLINE)),
        "grub/grubenv": b"# GRUB Environment Block\n".ljust(1024, b"#"),
        "grub/fonts": Directory(),
        "current": Link("vmlinuz"),
    }
    files.update(more)
    return files


class Link:
    def __init__(self, target):
        self.target = target


class Directory:
    pass


class Fifo:
    pass


def place(root, path, content):
    """Puts one file, Link, Directory or Fifo below ROOT in the place of what is there; None removes it."""
    where = os.path.join(os.fsencode(root), os.fsencode(path))
    if os.path.isdir(where) and not os.path.islink(where):
        if isinstance(content, Directory):
            return
        shutil.rmtree(where)
    elif os.path.lexists(where):
        os.unlink(where)
    if content is None:
        return
    os.makedirs(os.path.dirname(where), exist_ok=True)
    if isinstance(content, Link):
        os.symlink(content.target, where)
    elif isinstance(content, Directory):
        os.mkdir(where)
    elif isinstance(content, Fifo):
        os.mkfifo(where)
    else:
        with open(where, "wb") as stream:
            stream.write(content)


class Disk:
    """A disk image: GPT with one partition for /boot.

    files    {path: bytes | Link | Directory | Fifo}
    signer   Owner who signs the directory, or None
    spoil    what happens after signing: {path: new content, or None to remove it}, or a function of the directory
    kind     ext4 or vfat (no links there)
    """

    def __init__(self, path, files, signer=None, spoil=None, kind="ext4", size=64 * MIB):
        self.path, self.kind = path, kind
        work = tempfile.mkdtemp(prefix="heads-disk-")
        try:
            boot = os.path.join(work, "boot")
            os.mkdir(boot)
            if kind == "ext4":
                os.mkdir(os.path.join(boot, "lost+found"), mode=0o700)
            for name, content in files.items():
                place(boot, name, content)
            if signer:
                signer.sign(boot)
            if callable(spoil):
                spoil(boot)
            elif spoil:
                for name, content in spoil.items():
                    place(boot, name, content)
            image = os.path.join(work, "filesystem")
            self.make_filesystem(image, boot, size)
            self.assemble(image, size)
            self.filesystem_blocks = {}
            if kind == "ext4":
                for name, content in files.items():
                    if isinstance(content, bytes) and content and isinstance(name, str):
                        self.filesystem_blocks[name] = self.find_blocks(image, name)
        finally:
            shutil.rmtree(work, ignore_errors=True)

    def make_filesystem(self, image, boot, size):
        if self.kind == "ext4":
            run(["mke2fs", "-q", "-t", "ext4", "-b", "4096", "-m", "0", "-d", boot, image, f"{size // MIB}M"])
            return
        with open(image, "wb") as stream:
            stream.truncate(size)
        run(["mkfs.vfat", "-F", "32", image])
        names = sorted(os.path.join(boot, name) for name in os.listdir(boot))
        if names:
            run(["mcopy", "-s", "-i", image] + names + ["::"], env=dict(os.environ, MTOOLS_SKIP_CHECK="1"))

    def assemble(self, image, size):
        with open(self.path, "wb") as disk, open(image, "rb") as filesystem:
            disk.truncate(size + 2 * PARTITION_START)
            position = PARTITION_START
            while block := filesystem.read(MIB):
                if block.count(0) != len(block):
                    os.pwrite(disk.fileno(), block, position)
                position += len(block)
        first = PARTITION_START // 512
        run(["sgdisk", "--clear", "--new", f"1:{first}:{first + size // 512 - 1}", "--typecode", "1:8300",
             "--change-name", "1:boot", self.path])

    @staticmethod
    def find_blocks(image, name):
        listing = run(["debugfs", "-R", f"blocks \"/{name}\"", image]).decode("ascii", "replace")
        return [int(word) for word in listing.split("\n", 1)[1].split() if word.isdigit()]

    def blocks(self, name):
        """The 4 KiB blocks of the whole disk that hold the file's content, in order."""
        return [PARTITION_START // 4096 + block for block in self.filesystem_blocks[name]]

    def all_file_blocks(self):
        return [block for name in self.filesystem_blocks for block in self.blocks(name)]

    def write(self, name, offset, data):
        """Overwrites bytes of a file in the image, below the filesystem."""
        block, start = divmod(offset, 4096)
        with open(self.path, "r+b") as disk:
            disk.seek(self.blocks(name)[block] * 4096 + start)
            disk.write(data)
