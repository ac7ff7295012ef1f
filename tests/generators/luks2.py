# SPDX-License-Identifier: GPL-2.0-or-later
"""A LUKS2 header in a file, to be changed by somebody who may write the disk: both
copies with their checksums made anew, so that LUKS2 itself sees nothing."""
import hashlib
import json
import struct

BINARY = 4096
FIRST, SECOND = b"LUKS\xba\xbe", b"SKUL\xba\xbe"
SEQUENCE, LABEL, UUID, SUBSYSTEM, OFFSET, CHECKSUM = 16, 24, 168, 208, 256, 448


class Header:
    def __init__(self, path):
        self.path = path
        with open(path, "rb") as f:
            self.binary = bytearray(f.read(BINARY))
            assert self.binary[:6] == FIRST, "no LUKS2 header"
            self.size = struct.unpack_from(">Q", self.binary, 8)[0]
            text = f.read(self.size - BINARY)
        self.json = json.loads(text.rstrip(b"\0"))

    def token(self):
        """The token of type envol, and its number as LUKS2 writes it."""
        for number, token in self.json["tokens"].items():
            if token["type"] == "envol":
                return number, token
        raise KeyError("no envol token")

    def set(self, at, text):
        field = {LABEL: 48, UUID: 40, SUBSYSTEM: 48}[at]
        self.binary[at:at + field] = text.encode().ljust(field, b"\0")

    def write(self):
        text = json.dumps(self.json, separators=(",", ":")).encode()
        area = text.ljust(self.size - BINARY, b"\0")
        assert len(area) == self.size - BINARY, "too much JSON"
        with open(self.path, "r+b") as f:
            for magic, offset in (FIRST, 0), (SECOND, self.size):
                copy = bytearray(self.binary)
                copy[:6] = magic
                struct.pack_into(">Q", copy, OFFSET, offset)
                copy[CHECKSUM:CHECKSUM + 64] = bytes(64)
                copy[CHECKSUM:CHECKSUM + 32] = hashlib.sha256(copy + area).digest()
                f.seek(offset)
                f.write(copy + area)
