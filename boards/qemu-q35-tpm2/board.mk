# SPDX-License-Identifier: GPL-2.0-or-later
# The emulated machine: QEMU q35, 16 MiB of CFI flash, TPM 2.0 on TIS.
BOARD_ARCHITECTURE := x86_64
BOARD_FLASH_BYTES := 16777216
# The command line of the ROM's own kernel, not of the owner's. tsc=reliable: QEMU's processor does not say that its
# counter is steady, and the kernel would read the time from the emulated HPET, which stops all processors each time.
BOARD_COMMAND_LINE := console=tty0 console=ttyS0,115200 quiet loglevel=3 panic=30 tsc=reliable
