# SPDX-License-Identifier: GPL-2.0-or-later
"""For the suites beside this file: a running double, a plain client, and TAP."""
import base64
import http.client
import json
import os
import ssl
import subprocess
import sys
import tempfile
import traceback
import urllib.parse

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.realpath(__file__))
API = "7.4"
TESTS = []
DEK = bytes(range(64))


def b64(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Double:
    """The double in a process of its own, which ends with ours."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="envol-double-")
        self.process = subprocess.Popen([os.path.join(HERE, "start"), self.directory.name],
                                        stdout=subprocess.PIPE, text=True)
        self.facts = {}
        for line in self.process.stdout:
            if line.strip() == "ready":
                break
            name, _, value = line.strip().partition("=")
            self.facts[name] = value
        assert "CONTROL" in self.facts, "the double did not start"
        self.told = http.client.HTTPConnection(urllib.parse.urlsplit(self.facts["CONTROL"]).netloc,
                                               timeout=60)
        self.tls = ssl.create_default_context(cafile=self.facts["CA"])

    def __getattr__(self, name):
        return self.facts[name.upper()]

    def read(self, fact):
        with open(self.facts[fact.upper()]) as f:
            return f.read()

    def tell(self, verb, **said):
        self.told.request("POST", f"/{verb}", json.dumps(said))
        answer = self.told.getresponse()
        raw = answer.read()
        assert answer.status == 200, f"tell {verb}: {raw}"
        return json.loads(raw)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.directory.cleanup()


class Answer:
    def __init__(self, status, headers, raw):
        self.status, self.headers, self.raw = status, headers, raw

    @property
    def json(self):
        return json.loads(self.raw)

    @property
    def inner(self):
        """"code/inner code" of an error."""
        error = self.json["error"]
        return "/".join(filter(None, (error["code"], error.get("innererror", {}).get("code"))))


class Client:
    """Plain HTTPS to one place, on one connection."""

    def __init__(self, double, place="vault", token=None):
        self.double, self.token = double, token
        url = urllib.parse.urlsplit(double.facts[place.upper()])
        kind = http.client.HTTPConnection
        options = {"timeout": 60}
        if url.scheme == "https":
            kind, options["context"] = http.client.HTTPSConnection, double.tls
        self.connection = kind(url.hostname, url.port, **options)

    def call(self, method, path, body=None, headers=None, api=API):
        headers = dict(headers or {})
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if api:
            path += ("&" if "?" in path else "?") + f"api-version={api}"
        if body is not None and not isinstance(body, (bytes, str)):
            body, headers["Content-Type"] = json.dumps(body), "application/json"
        if body is None and method == "POST":
            headers["Content-Length"] = "0"
        try:
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        except Exception:
            self.connection.close()
            raise


def vault_client(double, place="vault", client_id=None, **made):
    resource = "https://managedhsm.azure.net" if place == "hsm" else "https://vault.azure.net"
    made.setdefault("resource", resource)
    if client_id:
        made["client_id"] = client_id
    return Client(double, place, double.tell("token", **made)["access_token"])


def create(client, name="kek", **body):
    body.setdefault("kty", "RSA")
    answer = client.call("POST", f"/keys/{name}/create", body)
    same(answer.status, 200, answer.raw)
    return answer.json


def wrap(client, name="kek", alg="RSA-OAEP-256"):
    answer = client.call("POST", f"/keys/{name}//wrapkey", {"alg": alg, "value": b64(DEK)})
    same(answer.status, 200, answer.raw)
    return answer.json


def unwrap(client, wrapped, alg="RSA-OAEP-256"):
    path = urllib.parse.urlsplit(wrapped["kid"]).path
    return client.call("POST", f"{path}/unwrapkey", {"alg": alg, "value": wrapped["value"]})


def refused(answer, status, inner):
    same((answer.status, answer.inner), (status, inner), answer.raw)


def test(function):
    TESTS.append(function)
    return function


def same(got, expected, what=""):
    assert got == expected, f"{what}: got {got!r}, expected {expected!r}" if what else \
        f"got {got!r}, expected {expected!r}"


def start_none():
    """As run(), for tests that need no running double."""
    run(starts=False)


def run(starts=True):
    """Every test of the program, each with a double as at the start. TAP."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    chosen = [at for at in TESTS if wanted in at.__name__]
    double = Double() if starts else None
    failed = 0
    try:
        for number, function in enumerate(chosen, 1):
            if double:
                double.tell("reset")
            try:
                function(double)
                print(f"ok {number} - {function.__name__}", flush=True)
            except Exception as wrong:
                failed += 1
                print(f"not ok {number} - {function.__name__}", flush=True)
                where = traceback.extract_tb(wrong.__traceback__)[-1]
                print("# " + f"{type(wrong).__name__}: {wrong}".replace("\n", "\n# "))
                print(f"# {os.path.basename(where.filename)}:{where.lineno}", flush=True)
                traceback.print_exc()
    finally:
        if double:
            double.stop()
    print(f"1..{len(chosen)}")
    sys.exit(1 if failed or not chosen else 0)
