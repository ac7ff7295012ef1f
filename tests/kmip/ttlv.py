# SPDX-License-Identifier: GPL-2.0-or-later
"""TTLV for the double, written from the standard and not from envol's codec."""
import struct

STRUCTURE, INTEGER, LONG, BIG, ENUM, BOOLEAN, TEXT, BYTES, DATE = range(1, 10)


def item(tag, kind, value):
    return struct.pack(">I", tag << 8 | kind) + struct.pack(">I", len(value)) + \
        value + b"\0" * (-len(value) % 8)


def structure(tag, *children):
    return item(tag, STRUCTURE, b"".join(children))


def integer(tag, value):
    return item(tag, INTEGER, struct.pack(">i", value))


def enum(tag, value):
    return item(tag, ENUM, struct.pack(">I", value))


def text(tag, value):
    return item(tag, TEXT, value.encode())


def data(tag, value):
    return item(tag, BYTES, value)


def date(tag, value):
    return item(tag, DATE, struct.pack(">q", value))


def decode(raw):
    """A list of (tag, type, value); the value of a structure is such a list."""
    found, at = [], 0
    while at < len(raw):
        head, length = struct.unpack(">II", raw[at:at + 8])
        value = raw[at + 8:at + 8 + length]
        at += 8 + length + -length % 8
        kind = head & 0xff
        if kind == STRUCTURE:
            value = decode(value)
        elif kind in (INTEGER, ENUM):
            value = struct.unpack(">i", value)[0]
        elif kind in (LONG, DATE):
            value = struct.unpack(">q", value)[0]
        elif kind == BOOLEAN:
            value = value[7] == 1
        elif kind == TEXT:
            value = value.decode()
        found.append((head >> 8, kind, value))
    return found


def find(children, *tags):
    """The value at a path of tags, or None."""
    for tag in tags:
        for child, _, value in children:
            if child == tag:
                children = value
                break
        else:
            return None
    return children


def find_all(children, tag):
    return [value for child, _, value in children if child == tag]
