#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""double.py DIR [OPTION…] - a KMIP server that can what PyKMIP can't (Re-key, TLS 1.3, passwords, nonces of the
client's alone, no Encrypt) and does what none should. Prints its port, serves until its stdin ends.

--fault NAME   what is wrong with its answers, see FAULTS; --at OPERATION (number): with those alone
--cert NAME    certificate, of DIR; --client-ca NAME; --tls13
--versions 1.4,2.0   --no-encrypt   --client-nonce   --password WORD   --delay MS   --loss PERCENT"""
import argparse
import os
import random
import socket
import ssl
import struct
import sys
import threading
import time

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from ttlv import (BYTES, data, date, decode, enum, find, find_all, integer, item, structure, text)

CREATE, REKEY, LOCATE, GET, ATTRIBUTES, ACTIVATE, DESTROY, QUERY, DISCOVER, ENCRYPT, DECRYPT = \
    1, 4, 8, 10, 11, 18, 20, 24, 30, 31, 32
UID, NAME, STATE = 0x420094, 0x420053, 0x42008d
PRE_ACTIVE, ACTIVE = 1, 2
ATTRIBUTE_NAMES = {0x420057: "Object Type", STATE: "State", 0x420028: "Cryptographic Algorithm",
                   0x42002a: "Cryptographic Length", 0x42002c: "Cryptographic Usage Mask",
                   0x420039: "Initial Date", NAME: "Name", 0x42004a: "Link"}


class Refused(Exception):
    def __init__(self, reason, said):
        super().__init__(said)
        self.reason = reason


class Server:
    def __init__(self, options):
        self.options, self.lock, self.keys = options, threading.Lock(), {}
        self.versions = [tuple(map(int, v.split("."))) for v in options.versions.split(",")]

    def new_key(self, name):
        uid = f"k-{len(self.keys) + 1}"
        self.keys[uid] = {"name": name, "state": PRE_ACTIVE, "value": os.urandom(32),
                          "time": int(time.time()), "links": []}
        return uid

    def key(self, payload):
        uid = find(payload, UID)
        if uid not in self.keys:
            raise Refused(1, "no such object")
        return uid, self.keys[uid]

    # ---- operations: the children of the response's payload

    def create(self, payload, version):
        group = find(payload, 0x420125) or find(payload, 0x420091)
        name = find(group, NAME, 0x420055)
        for attribute in find_all(group, 0x420008):
            if find(attribute, 0x42000a) == "Name":
                name = find(attribute, 0x42000b, 0x420055)
        return [enum(0x420057, 2), text(UID, self.new_key(name))]

    def rekey(self, payload, version):
        uid, old = self.key(payload)
        new = self.new_key(old["name"])
        old["name"] = None
        old["links"].append((0x106, new))
        self.keys[new]["links"].append((0x107, uid))
        return [text(UID, new)]

    def locate(self, payload, version):
        group = find(payload, 0x420125) or payload
        wanted = find(group, NAME, 0x420055)
        for attribute in find_all(group, 0x420008):
            if find(attribute, 0x42000a) == "Name":
                wanted = find(attribute, 0x42000b, 0x420055)
        found = [uid for uid, key in self.keys.items() if wanted in (None, key["name"])]
        return [text(UID, uid) for uid in found[:find(payload, 0x42004f)]]

    def get(self, payload, version):
        uid, key = self.key(payload)
        return [enum(0x420057, 2), text(UID, uid), structure(0x42008f, structure(
            0x420040, enum(0x420042, 1), structure(0x420045, data(0x420043, key["value"])),
            enum(0x420028, 3), integer(0x42002a, 256)))]

    def attributes(self, payload, version):
        uid, key = self.key(payload)
        values = [(0x420057, lambda t: enum(t, 2)), (STATE, lambda t: enum(t, key["state"])),
                  (0x420028, lambda t: enum(t, 3)), (0x42002a, lambda t: integer(t, 256)),
                  (0x42002c, lambda t: integer(t, self.options.usage)), (0x420039, lambda t: date(t, self.options.date or key["time"]))]
        if key["name"]:
            values.append((NAME, lambda t: structure(t, text(0x420055, key["name"]),
                                                     enum(0x420054, 1))))
        for kind, to in key["links"]:
            values.append((0x42004a, lambda t, kind=kind, to=to: structure(
                t, enum(0x42004b, kind), text(0x42004c, to))))
        if version >= (2, 0):
            return [text(UID, uid), structure(0x420125, *[make(tag) for tag, make in values])]
        return [text(UID, uid)] + [structure(0x420008, text(0x42000a, ATTRIBUTE_NAMES[tag]),
                                             make(0x42000b)) for tag, make in values]

    def activate(self, payload, version):
        uid, key = self.key(payload)
        key["state"] = ACTIVE
        return [text(UID, uid)]

    def destroy(self, payload, version):
        uid, _ = self.key(payload)
        del self.keys[uid]
        return [text(UID, uid)]

    def query(self, payload, version):
        known = [op for op in OPERATIONS if not self.options.no_encrypt or
                 op not in (ENCRYPT, DECRYPT)]
        return [enum(0x42005c, op) for op in known] + [text(0x42009d, "double")]

    def discover(self, payload, version):
        asked = [(find(v, 0x42006a), find(v, 0x42006b)) for v in find_all(payload, 0x420069)]
        return [structure(0x420069, integer(0x42006a, a), integer(0x42006b, b))
                for a, b in asked if (a, b) in self.versions]

    def encrypt(self, payload, version):
        uid, key = self.key(payload)
        nonce = find(payload, 0x42003d)
        if nonce is None and self.options.client_nonce:
            raise Refused(7, "a nonce is needed")
        answer = [text(UID, uid)]
        given, nonce = nonce, nonce or os.urandom(12)
        sealed = AESGCM(key["value"]).encrypt(nonce, find(payload, 0x4200c2),
                                              find(payload, 0x4200fe))
        answer.append(data(0x4200c2, sealed[:-16]))
        if not given:
            answer.append(data(0x42003d, nonce))
        return answer + [data(0x4200ff, sealed[-16:])]

    def decrypt(self, payload, version):
        uid, key = self.key(payload)
        try:
            plain = AESGCM(key["value"]).decrypt(
                find(payload, 0x42003d), find(payload, 0x4200c2) + find(payload, 0x4200ff),
                find(payload, 0x4200fe))
        except InvalidTag:
            raise Refused(10, "the tag does not fit") from None
        return [text(UID, uid), data(0x4200c2, plain)]

    # ---- messages

    def answer(self, raw):
        request = decode(raw)[0][2]
        header, batch = find(request, 0x420077), find(request, 0x42000f)
        version = (find(header, 0x420069, 0x42006a), find(header, 0x420069, 0x42006b))
        operation, number = find(batch, 0x42005c), find(batch, 0x420093)
        fault = self.options.fault if self.options.at in (0, operation) else None
        try:
            if version not in self.versions:
                raise Refused(0x3f, "no such version")
            if self.options.password and find(header, 0x42000c, 0x420023, 0x420025, 0x4200a1) != \
                    self.options.password:
                raise Refused(3, "who are you?")
            if operation in (ENCRYPT, DECRYPT) and self.options.no_encrypt:
                raise Refused(5, "no such operation")
            if fault in REASONS:
                raise Refused(REASONS[fault], "so it is told")
            with self.lock:
                payload = OPERATIONS[operation](self, find(batch, 0x420079), version)
            result = [enum(0x42007f, 0)]
        except Refused as refused:
            payload = None
            result = [enum(0x42007f, 1), enum(0x42007e, refused.reason), text(0x42007d, str(refused))]
        if fault == "pending":
            payload, result = None, [enum(0x42007f, 2)]
        if fault == "uid":
            payload = [text(UID, "another")] + payload[1:]
        if fault == "no-uid":
            payload = payload[1:]
        if fault == "short-data":
            payload = [data(0x4200c2, b"x") if p[:3] == b"\x42\x00\xc2" else p for p in payload]
        if fault == "no-tag":
            payload = [p for p in payload if p[:3] != b"\x42\x00\xff"]
        if fault == "no-nonce":
            payload = [p for p in payload if p[:3] != b"\x42\x00\x3d"]
        if fault == "plain":
            payload = [data(0x4200c2, find(find(batch, 0x420079), 0x4200c2))
                       if p[:3] == b"\x42\x00\xc2" else p for p in payload]
        if fault == "two-uids":
            payload = payload + payload[:1]
        if fault == "operation":
            operation = QUERY
        if fault == "number":
            number = number[:-1] + bytes([number[-1] ^ 1])
        if fault == "version":
            version = (1, 3)
        if payload is not None:
            result.append(structure(0x42007c, *payload))
        one = structure(0x42000f, enum(0x42005c, operation), data(0x420093, number), *result)
        head = structure(0x42007a, structure(0x420069, integer(0x42006a, version[0]),
                                             integer(0x42006b, version[1])),
                         date(0x420092, int(time.time())), integer(0x42000d, 1))
        if fault == "two":
            one += one
        whole = structure(0x42007b, head, one)
        return FAULTS[fault](whole) if fault in FAULTS else [whole]


OPERATIONS = {CREATE: Server.create, REKEY: Server.rekey, LOCATE: Server.locate, GET: Server.get,
              ATTRIBUTES: Server.attributes, ACTIVATE: Server.activate, DESTROY: Server.destroy,
              QUERY: Server.query, DISCOVER: Server.discover, ENCRYPT: Server.encrypt,
              DECRYPT: Server.decrypt}
REASONS = {"denied": 0x0c, "state": 0x43, "broken": 0x100, "archived": 0x0d, "limit": 0x3a,
           "sensitive": 0x16}


def deep(_):
    inner = b""
    for _ in range(3000):
        inner = structure(0x420020, inner)
    return [structure(0x42007b, inner)]


def trickle(whole):
    for byte in whole:
        yield bytes([byte])
        time.sleep(0.2)


def endless(whole):
    yield whole[:4] + struct.pack(">I", 0xe000)
    while True:
        yield bytes(64)
        time.sleep(0.05)


def silent(_):
    time.sleep(600)
    return []


# What is sent in place of a whole answer; None ends the connection.
FAULTS = {
    "cut": lambda whole: [whole[:len(whole) // 2], None],
    "close": lambda whole: [None],
    "garbage": lambda whole: [os.urandom(256), None],
    "http": lambda whole: [b"HTTP/1.1 400 Bad Request\r\n\r\n", None],
    "huge": lambda whole: [whole[:4] + b"\x7f\xff\xff\xf8" + bytes(1000)],
    "long": lambda whole: [structure(0x42007b, item(0x420020, BYTES, bytes(62000)))],
    "short": lambda whole: [whole[:4] + struct.pack(">I", len(whole) - 16) + whole[8:]],
    "odd": lambda whole: [whole[:4] + struct.pack(">I", len(whole) - 7) + whole[8:]],
    "type": lambda whole: [whole[:3] + b"\x07" + whole[4:]],
    "padding": lambda whole: [whole[:-1] + b"\xff"],
    "empty": lambda whole: [structure(0x42007b)],
    "deep": deep,
    "trickle": trickle,
    "endless": endless,
    "silent": silent,
}


def read_exactly(stream, length):
    got = b""
    while len(got) < length:
        more = stream.recv(length - len(got))
        if not more:
            raise EOFError
        got += more
    return got


def converse(server, stream, options):
    while True:
        head = read_exactly(stream, 8)
        raw = head + read_exactly(stream, struct.unpack(">I", head[4:])[0])
        for part in server.answer(raw):
            if part is None:
                return
            stream.sendall(part)


def serve(server, context, connection, options):
    try:
        with context.wrap_socket(connection, server_side=True) as stream:
            converse(server, stream, options)
    except (OSError, EOFError, ssl.SSLError):
        pass


def relay(source, sink, options):
    """One direction of a long wire: each piece is late, and some are lost once and sent again, which is
    what TCP makes of it: a timeout in which everything behind it waits."""
    try:
        while True:
            piece = source.recv(1400)
            late = options.delay / 2000
            if random.random() * 100 < options.loss:
                late += 0.2 + options.delay / 1000
            time.sleep(late)
            if not piece:
                break
            sink.sendall(piece)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def accept(listening, handle):
    while True:
        connection, _ = listening.accept()
        threading.Thread(target=handle, args=(connection,), daemon=True).start()


def listen():
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(("127.0.0.1", 0))
    listening.listen(64)
    return listening


def lengthen(connection, to, options):
    time.sleep(options.delay / 1000)    # the handshake of TCP
    far = socket.create_connection(to)
    threading.Thread(target=relay, args=(connection, far, options), daemon=True).start()
    relay(far, connection, options)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("top")
    parser.add_argument("--fault")
    parser.add_argument("--at", type=int, default=0)
    parser.add_argument("--cert", default="server")
    parser.add_argument("--client-ca", default="ca")
    parser.add_argument("--tls13", action="store_true")
    parser.add_argument("--versions", default="2.1,2.0,1.4")
    parser.add_argument("--no-encrypt", action="store_true")
    parser.add_argument("--client-nonce", action="store_true")
    parser.add_argument("--password")
    parser.add_argument("--usage", type=int, default=12, help="mask of every key")
    parser.add_argument("--date", type=int, help="when each key was made, in seconds")
    parser.add_argument("--to", help="HOST:PORT: a wire to another server, and no server")
    parser.add_argument("--delay", type=int, default=0, help="ms of a round trip on the wire")
    parser.add_argument("--loss", type=float, default=0, help="percent")
    options = parser.parse_args()
    listening = listen()
    if options.to:
        host, port = options.to.rsplit(":", 1)
        handle = lambda connection: lengthen(connection, (host, int(port)), options)  # noqa: E731
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3 if options.tls13 else \
            ssl.TLSVersion.TLSv1_2
        context.maximum_version = context.minimum_version
        context.load_cert_chain(f"{options.top}/{options.cert}.pem", f"{options.top}/server.key")
        context.load_verify_locations(f"{options.top}/{options.client_ca}.pem")
        context.verify_mode = ssl.CERT_REQUIRED
        server = Server(options)
        server.keys[server.new_key("disk7")]["state"] = ACTIVE
        server.new_key("asleep")
        handle = lambda connection: serve(server, context, connection, options)  # noqa: E731
    threading.Thread(target=accept, args=(listening, handle), daemon=True).start()
    print(listening.getsockname()[1], flush=True)
    sys.stdin.read()


main()
