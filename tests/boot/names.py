# SPDX-License-Identifier: GPL-2.0-or-later
"""A server of names that keeps silent until it is told to answer."""
import os
import pathlib
import socket
import struct
import tempfile
import threading

ADDRESS = "127.0.0.77"    # nobody's; QEMU's user network takes no other port than 53


class Names:
    """Every name has one address. QEMU asks it where `command` stands before its own."""

    def __init__(self, answer):
        self.answer, self.asked, self.answers = socket.inet_aton(answer), 0, False
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((ADDRESS, 53))
        self.top = tempfile.TemporaryDirectory(prefix="envol-names-")
        conf = pathlib.Path(self.top.name) / "resolv.conf"
        conf.write_text(f"nameserver {ADDRESS}\n")
        there = os.path.realpath("/etc/resolv.conf")
        self.command = ["unshare", "--mount", "--propagation", "private", "sh", "-c",
                        'mount --bind "$0" "$1" && shift && exec "$@"', conf, there]
        self.socket.settimeout(0.3)
        self.ends, self.server = False, threading.Thread(target=self.serve, daemon=True)
        self.server.start()

    def serve(self):
        while not self.ends:
            try:
                query, whom = self.socket.recvfrom(512)
            except TimeoutError:
                continue
            self.asked += 1
            if self.answers:
                self.socket.sendto(self.reply(query), whom)

    def reply(self, query):
        end = query.index(b"\0", 12) + 5
        is_a = struct.unpack(">H", query[end - 4:end - 2])[0] == 1
        head = query[:2] + struct.pack(">HHHHH", 0x8180, 1, is_a, 0, 0)
        record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + self.answer
        return head + query[12:end] + (record if is_a else b"")

    def stop(self):
        # The address stays taken while a thread reads from it.
        self.ends = True
        self.server.join()
        self.socket.close()
        self.top.cleanup()
