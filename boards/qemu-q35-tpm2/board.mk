# SPDX-License-Identifier: GPL-2.0-or-later
# The emulated machine: QEMU q35, 16 MiB of CFI flash, TPM 2.0 on TIS.
BOARD_ARCHITECTURE := x86_64
BOARD_FLASH_BYTES := 16777216
# The command line of the ROM's own kernel, not of the owner's.
BOARD_COMMAND_LINE := console=tty0 console=ttyS0,115200 quiet loglevel=3 panic=30
