# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever is changed under /boot after signing is named and not booted."""

import os

from boot_steps import expect_refused, machine_with, reported, require
from fixtures import Directory, Link, Owner, place, tiny


def spoiled(directory, spoil, *wanted, **fields):
    """A signed /boot, then SPOIL: refused, and the log names exactly WANTED."""
    with machine_with(directory, spoil=spoil) as machine:
        expect_refused(machine, signature="good", **fields)
        require(reported(machine) == set(wanted), f"the report should name {set(wanted)}, not {reported(machine)}")


def test_changed_kernel(directory):
    def change(boot):
        with open(os.path.join(boot, "vmlinuz"), "r+b") as stream:
            stream.seek(100000)
            byte = stream.read(1)
            stream.seek(100000)
            stream.write(bytes([byte[0] ^ 1]))
    spoiled(directory, change, ("changed", "vmlinuz"), changed=1, added=0, removed=0, retyped=0)


def test_changed_initrd(directory):
    spoiled(directory, {"initrd.img": tiny("evil")}, ("changed", "initrd.img"), changed=1)


def test_changed_configuration(directory):
    spoiled(directory, lambda boot: place(boot, "grub/grub.cfg", b"menuentry 'evil' {\n\tlinux /vmlinuz init=/bin/sh\n}\n"),
            ("changed", "grub/grub.cfg"), changed=1)


def test_A12_changed_grubenv(directory):
    spoiled(directory, {"grub/grubenv": b"# GRUB Environment Block\nsaved_entry=1\n".ljust(1024, b"#")},
            ("changed", "grub/grubenv"), changed=1)


def test_added_file(directory):
    spoiled(directory, {"grub/custom.cfg": b"menuentry 'more' {\n}\n"}, ("added", "grub/custom.cfg"), added=1)


def test_added_directory_and_link(directory):
    spoiled(directory, {"new": Directory(), "other": Link("vmlinuz")}, ("added", "new"), ("added", "other"), added=2)


def test_A12_added_under_kexec_directory(directory):
    spoiled(directory, {"kexec_evil/vmlinuz": b"evil"}, ("added", "kexec_evil"), ("added", "kexec_evil/vmlinuz"), added=2)


def test_removed_file(directory):
    spoiled(directory, {"config": None}, ("removed", "config"), removed=1)


def test_removed_directory(directory):
    spoiled(directory, {"grub/fonts": None}, ("removed", "grub/fonts"), removed=1)


def test_retyped_file_to_link(directory):
    spoiled(directory, {"config": Link("vmlinuz")}, ("retyped", "config"), retyped=1)


def test_retyped_directory_to_file(directory):
    spoiled(directory, {"grub/fonts": b"a file now"}, ("retyped", "grub/fonts"), retyped=1)


def test_retargeted_link(directory):
    spoiled(directory, {"current": Link("initrd.img")}, ("changed", "current"), changed=1)


def test_A19_signature_missing(directory):
    with machine_with(directory, spoil={"kexec.sig": None}) as machine:
        expect_refused(machine, signature="missing")


def test_A19_everything_unsigned(directory):
    """A /boot that nobody ever signed."""
    with machine_with(directory, signer=None) as machine:
        expect_refused(machine, signature="missing")


def test_signature_of_a_stranger(directory):
    with machine_with(directory, signer="stranger") as machine:
        expect_refused(machine, signature="unknown-key")


def test_signature_of_other_files(directory):
    """A manifest changed to fit changed files: the signature does not hold for it."""
    def forge(boot):
        own = os.path.join(boot, "kexec.sig")
        with open(own, "rb") as stream:
            good = stream.read()
        place(boot, "initrd.img", tiny("evil"))
        Owner("stranger").sign(boot)
        place(boot, "kexec.sig", good)
    with machine_with(directory, spoil=forge) as machine:
        expect_refused(machine, signature="bad")


def test_signature_is_garbage(directory):
    with machine_with(directory, spoil={"kexec.sig": b"-----BEGIN PGP SIGNATURE-----\n\nnothing\n"}) as machine:
        expect_refused(machine, signature="bad")
