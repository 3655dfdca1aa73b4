# SPDX-License-Identifier: GPL-2.0-or-later
"""What lies encrypted in a LUKS2 volume (aes-xts-plain64), written and read on a workstation without device mapper."""

import json
import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from fixtures import run


class LuksContent:
    """The content of the volume in a file, as of now, opened with a passphrase."""

    def __init__(self, volume, passphrase):
        key_file, phrase_file = volume + ".volume-key", volume + ".phrase"
        with open(phrase_file, "wb") as stream:
            stream.write(passphrase)
        if os.path.exists(key_file):
            os.unlink(key_file)
        run(["cryptsetup", "luksDump", "--batch-mode", "--dump-volume-key", "--volume-key-file", key_file,
             "--key-file", phrase_file, volume])
        self.volume = volume
        self.metadata = json.loads(run(["cryptsetup", "luksDump", "--dump-json-metadata", volume]))
        (segment,) = self.metadata["segments"].values()
        assert segment["encryption"] == "aes-xts-plain64", segment
        self.offset, self.sector, self.tweak = int(segment["offset"]), segment["sector_size"], int(segment["iv_tweak"])
        with open(key_file, "rb") as stream:
            self.key = stream.read()

    def _sectors(self, data, begin):
        """XTS, each sector with its number; the numbers count sectors of 512 bytes whatever a sector's size is."""
        parts = []
        for at in range(0, len(data), self.sector):
            number = self.tweak + at // 512
            context = begin(Cipher(algorithms.AES(self.key), modes.XTS(number.to_bytes(16, "little"))))
            parts.append(context.update(data[at:at + self.sector]) + context.finalize())
        return b"".join(parts)

    def write(self, content):
        with open(self.volume, "r+b") as stream:
            stream.seek(self.offset)
            stream.write(self._sectors(content, Cipher.encryptor))

    def read(self, size):
        with open(self.volume, "rb") as stream:
            stream.seek(self.offset)
            return self._sectors(stream.read(size), Cipher.decryptor)
