# SPDX-License-Identifier: GPL-2.0-or-later
"""A block device that cheats: an NBD server for QEMU on a UNIX socket.

It serves an image, counts how often each 4 KiB block is read, and can serve
other bytes for chosen blocks from the second read on (threat A6). Writes go
to a copy in memory, so the image stays as it is.

Protocol: the fixed newstyle handshake, then simple replies, as in the NBD
project's doc/proto.md.
"""

import os
import socket
import struct
import threading

BLOCK = 4096
MAGIC = b"NBDMAGIC"
OPTION_MAGIC = b"IHAVEOPT"
REPLY_MAGIC = 0x3E889045565A9
OPT_EXPORT_NAME, OPT_ABORT, OPT_INFO, OPT_GO = 1, 2, 6, 7
REP_ACK, REP_INFO, REP_UNSUPPORTED = 1, 3, 0x80000001
FLAGS = 0x1 | 0x4                   # transmission: has flags, takes flush
CMD_READ, CMD_WRITE, CMD_DISC, CMD_FLUSH = 0, 1, 2, 3
EINVAL = 22


def receive(connection, size):
    data = bytearray()
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return bytes(data)


class Server:
    """Serves IMAGE on the UNIX socket PATH until close().

    reads[n]     how often block n was read (power-on of a machine to its end)
    evil[n]      4096 bytes that block n holds from its second read on
    evil_served  how many evil blocks went out
    held         blocks whose readers wait until release()
    record       None, or a list that takes what the machine does to the disk: (offset, bytes), and None for a flush
    """

    def __init__(self, image, path):
        self.image = os.open(image, os.O_RDONLY)
        self.size = os.fstat(self.image).st_size
        self.path = path
        self.evil = {}
        self.evil_served = 0
        self.written = {}
        self.record = None
        self.held = set()
        self.released = threading.Event()
        self.reads = {}
        self.lock = threading.Lock()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(4)
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.release()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)    # wakes accept()
        except OSError:
            pass
        self.listener.close()
        self.thread.join(5)

    def read_bytes(self, blocks):
        """How many bytes were read of BLOCKS, repeated reads counted each time."""
        with self.lock:
            return BLOCK * sum(self.reads.get(block, 0) for block in blocks)

    def hold(self, blocks):
        """Whoever reads one of these blocks waits, as for a slow disk."""
        self.released.clear()
        self.held = set(blocks)

    def release(self):
        self.held = set()
        self.released.set()

    def forget(self):
        """Starts counting anew, as after a power-on."""
        with self.lock:
            self.reads.clear()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            try:
                if self.handshake(connection):
                    self.transmission(connection)
            except (EOFError, OSError):
                pass

    def handshake(self, connection):
        connection.sendall(MAGIC + OPTION_MAGIC + struct.pack(">H", 0x3))
        client = struct.unpack(">I", receive(connection, 4))[0]
        while True:
            magic, option, length = struct.unpack(">8sII", receive(connection, 16))
            if magic != OPTION_MAGIC:
                return False
            receive(connection, length)
            if option == OPT_EXPORT_NAME:
                padding = b"" if client & 0x2 else bytes(124)
                connection.sendall(struct.pack(">QH", self.size, FLAGS) + padding)
                return True
            if option in (OPT_GO, OPT_INFO):
                self.reply(connection, option, REP_INFO, struct.pack(">HQH", 0, self.size, FLAGS))
                self.reply(connection, option, REP_ACK)
                if option == OPT_GO:
                    return True
            elif option == OPT_ABORT:
                self.reply(connection, option, REP_ACK)
                return False
            else:
                self.reply(connection, option, REP_UNSUPPORTED)

    @staticmethod
    def reply(connection, option, kind, data=b""):
        connection.sendall(struct.pack(">QIII", REPLY_MAGIC, option, kind, len(data)) + data)

    def transmission(self, connection):
        while True:
            _, _, command, handle, offset, length = struct.unpack(">IHHQQI", receive(connection, 28))
            data, error = b"", 0
            if command == CMD_DISC:
                return
            if command == CMD_READ:
                data = self.read(offset, length)
            elif command == CMD_WRITE:
                self.write(offset, receive(connection, length))
            elif command == CMD_FLUSH:
                self.flush()
            else:
                error = EINVAL
            connection.sendall(struct.pack(">IIQ", 0x67446698, error, handle) + data)

    def block(self, number):
        if number in self.written:
            return self.written[number]
        return os.pread(self.image, BLOCK, number * BLOCK).ljust(BLOCK, b"\0")

    def read(self, offset, length):
        first, last = offset // BLOCK, (offset + length - 1) // BLOCK
        parts = []
        if not self.held.isdisjoint(range(first, last + 1)):
            self.released.wait()
        with self.lock:
            for number in range(first, last + 1):
                count = self.reads.get(number, 0)
                self.reads[number] = count + 1
                if count and number in self.evil:
                    self.evil_served += 1
                    parts.append(self.evil[number])
                else:
                    parts.append(self.block(number))
        start = offset - first * BLOCK
        return b"".join(parts)[start:start + length]

    def flush(self):
        with self.lock:
            if self.record is not None:
                self.record.append(None)

    def write(self, offset, data):
        with self.lock:
            if self.record is not None:
                self.record.append((offset, data))
            position = 0
            while position < len(data):
                number, start = divmod(offset + position, BLOCK)
                part = data[position:position + BLOCK - start]
                block = bytearray(self.block(number))
                block[start:start + len(part)] = part
                self.written[number] = bytes(block)
                position += len(part)
