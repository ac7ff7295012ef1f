# SPDX-License-Identifier: GPL-2.0-or-later
"""Sockets, TLS and HTTP under the double: reads a request, asks, sends the reply or the fault."""
import http.server
import json
import socket
import socketserver
import ssl
import struct
import threading
import time
import urllib.parse
from email.utils import formatdate

from . import faults
from .control import Control
from .entra import Entra
from .identity import Identity
from .vaultapi import Request, VaultApi
from .world import AUTHORITIES, SUFFIXES, Reply

MAX_BODY = 1 << 20


class Listener(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One port. `place` says what lies behind it: a vault's name, "identity" or "control"."""
    daemon_threads = allow_reuse_address = True
    request_queue_size = 512

    def __init__(self, world, place, context=None, handler=None):
        super().__init__(("127.0.0.1", 0), handler or Handler)
        self.world, self.place, self.context = world, place, context
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 1},
                         daemon=True).start()

    def finish_request(self, request, client_address):
        # The handshake belongs in the connection's own thread: one that stalls holds nobody up.
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.context:
            request.settimeout(30)
            request = self.context.wrap_socket(request, server_side=True)
        try:
            self.RequestHandlerClass(request, client_address, self)
        finally:
            try:
                request.close()
            except OSError:
                pass

    def handle_error(self, request, client_address):
        pass  # clients that hang up or refuse the certificate: it is their test that says so


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "double", ""
    timeout = 120

    def log_message(self, format, *args):
        pass

    def version_string(self):
        return "Microsoft-IIS/10.0"

    def read_request(self):
        url = urllib.parse.urlsplit(self.path)
        # Names of the query may come percent-encoded too.
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        segments = [urllib.parse.unquote(part) for part in url.path.split("/")[1:]]
        if segments and segments[0] == "":  # "//rng"
            segments = segments[1:]
        host = self.headers.get("Host", f"localhost:{self.server.port}")
        headers = {name.lower(): value for name, value in self.headers.items()}
        length = int(headers.get("content-length", 0))
        body = self.rfile.read(min(length, MAX_BODY)) if length else b""
        return Request(self.command, host, segments, query, headers, body,
                       self.client_address[0])

    def find(self, request):
        """What answers this request."""
        world, place = self.server.world, self.server.place
        name = request.host.split(":")[0].lower()
        if place == "control":
            return Control(world, request)
        if place == "identity":
            return Identity(world, request)
        first = request.segments[0].lower() if request.segments else ""
        if name in AUTHORITIES or (name.partition(".")[2] not in SUFFIXES and
                                   first not in ("keys", "deletedkeys", "rng", "")):
            return Entra(world, request)
        return VaultApi(world, world.vault_of(name, place), request)

    def serve(self):
        world = self.server.world
        request = self.read_request()
        path, began = "/" + "/".join(request.segments), time.monotonic()
        controls = self.server.place == "control"
        picked = [] if controls else faults.pick(world, self.command, path, request.host,
                                                 self.server.place)
        for fault in picked:
            if fault.do == "slow":
                time.sleep(fault.rule["seconds"])
        # Most faults spoil the answer of what was done; those "before" keep it from being done.
        kept = any(fault.rule.get("before") for fault in picked)
        reply = Reply(503) if kept else self.find(request).answer()
        faults.change(reply, picked)
        if not controls:
            world.note({"method": self.command, "path": path, "host": request.host,
                        "place": self.server.place, "query": request.query,
                        "status": reply.status, "connection": id(self.connection),
                        "authorized": "authorization" in request.headers,
                        "headers": {name: value for name, value in request.headers.items()
                                    if name != "authorization"},
                        "faults": [fault.do for fault in picked],
                        "seconds": time.monotonic() - began})
        for fault in picked:
            if fault.do in faults.CONNECTION:
                return self.send_fault(fault, reply)
        self.send(*self.encode(reply))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = serve

    # ---- answers -----------------------------------------------------------

    def encode(self, reply):
        body = reply.body
        if body is None:
            body = b""
        elif not isinstance(body, bytes):
            body = body.encode() if isinstance(body, str) else json.dumps(
                body, separators=(",", ":")).encode()
        skew = float(reply.headers.pop("x-double-skew", 0))
        lines = [f"HTTP/1.1 {reply.status} {self.responses.get(reply.status, ('',))[0]}"]
        headers = dict(reply.headers)
        if body:
            headers.setdefault("content-type", "application/json; charset=utf-8")
        if reply.status != 204:
            headers["content-length"] = str(len(body))
        # Managed HSM sends none; a client must do without.
        if "x-ms-server-latency" not in headers:
            headers["date"] = formatdate(self.server.world.now() + skew, usegmt=True)
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n", body

    def send(self, head, body):
        self.connection.sendall(head + body)

    def send_fault(self, fault, reply):
        head, body = self.encode(reply)
        rule, out = fault.rule, self.connection.sendall
        self.close_connection = fault.do not in ("drip", "huge_headers")
        if fault.do == "hang":
            time.sleep(rule.get("seconds", 3600))
        elif fault.do == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                       struct.pack("ii", 1, 0))
        elif fault.do == "cut":
            whole = head + body
            out(whole[:rule.get("after", len(head) + len(body) // 2)])
        elif fault.do == "not_http":
            out(b"SSH-2.0-OpenSSH_9.2\r\n" + b"\0" * 64)
        elif fault.do == "drip":
            for at in range(0, len(head + body), rule.get("octets", 1)):
                out((head + body)[at:at + rule.get("octets", 1)])
                time.sleep(rule.get("seconds", 0.1))
        elif fault.do == "huge_headers":
            filler = f"x-filler: {'A' * rule.get('size', 1 << 20)}\r\n".encode()
            out(head[:-2] + filler + b"\r\n" + body)
        elif fault.do == "endless_headers":
            out(head[:-2])
            self.pour(b"x-filler: AAAAAAAAAAAAAAAA\r\n" * 512)
        elif fault.do == "endless":
            out(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                b"transfer-encoding: chunked\r\n\r\na\r\n{\"value\":\"\r\n")
            self.pour(b"4000\r\n" + b"A" * 0x4000 + b"\r\n")

    def pour(self, piece):
        """Until the other side has had enough."""
        for _ in range(1 << 20):
            self.connection.sendall(piece)


class Proxy(socketserver.StreamRequestHandler):
    """CONNECT, the way to every name that the double plays: vaults and authorities by their
    real names arrive at its own ports."""

    def handle(self):
        line = self.rfile.readline(4096).decode("latin-1").split()
        headers = {}
        while True:
            header = self.rfile.readline(8192).decode("latin-1").strip()
            if not header:
                break
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        world, host = self.server.world, line[1].partition(":")[0].lower() if len(line) > 1 else ""
        world.note({"method": line[0] if line else "", "path": "", "host": host,
                    "place": "proxy", "status": 200, "headers": headers})
        for fault in faults.pick(world, "CONNECT", "", host, "proxy"):
            self.wfile.write(f"HTTP/1.1 {fault.rule.get('status', 407)} Refused\r\n"
                             "content-length: 0\r\n\r\n".encode())
            return
        port = self.server.routes(host)
        if not line or line[0] != "CONNECT" or not port:
            self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", port)) as far:
            self.wfile.write(b"HTTP/1.1 200 Connection Established\r\n\r\n")
            there = threading.Thread(target=self.copy, args=(self.connection, far), daemon=True)
            there.start()
            self.copy(far, self.connection)
            there.join()

    @staticmethod
    def copy(source, sink):
        try:
            while True:
                piece = source.recv(65536)
                if not piece:
                    break
                sink.sendall(piece)
        except OSError:
            pass
        for end, how in ((sink, socket.SHUT_WR), (source, socket.SHUT_RD)):
            try:
                end.shutdown(how)
            except OSError:
                pass


def context(pem_file, highest=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(pem_file)
    if highest:  # an old server, to be refused
        made.set_ciphers("DEFAULT:@SECLEVEL=0")
        made.minimum_version, made.maximum_version = ssl.TLSVersion.TLSv1, highest
    return made
