#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""envol and Azure's SDK for Python use one key: a DEK that envol wrapped is unwrapped by the SDK
and proved by the header, and a wrap by the SDK, put in its place, opens the volume. Headers are
read and sealed by tests/interop/read-token, which knows them from Documentation/token.md."""
import base64
import hashlib
import hmac
import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys

from azure.identity import ClientSecretCredential
from azure.keyvault.keys import KeyClient
from azure.keyvault.keys.crypto import CryptographyClient, KeyWrapAlgorithm
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from lib import HERE, run, same, test

TESTS = os.path.dirname(HERE)
ENVOL = os.path.realpath(os.path.join(os.environ.get("O", "build"), "envol"))
OAEP_SHA1 = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
VAULT, HSM = "https://corp.vault.azure.net", "https://hsm.managedhsm.azure.net"


def load(path):
    name = os.path.basename(path).replace("-", "_").removesuffix(".py")
    loader = importlib.machinery.SourceFileLoader(name, os.path.join(TESTS, path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


reader, luks2 = load("interop/read-token"), load("generators/luks2.py")


class Place:
    """A directory with a configuration for that double, and a volume in a file."""

    def __init__(self, double, vault, **settings):
        self.double, self.vault = double, vault
        self.directory = os.path.join(double.directory.name, "place")
        os.makedirs(self.directory, exist_ok=True)
        self.image = os.path.join(self.directory, "image")
        settings = {"ca_file": double.ca, "proxy": double.proxy, "identity": "secret",
                    "tenant": double.tenant, "client_id": double.client_id,
                    "client_secret_file": double.secret_file, **settings}
        self.config = os.path.join(self.directory, "envol.conf")
        with open(self.config, "w") as f:
            f.write(f"[defaults]\nkeystore = {self.directory}/keys\nstate = {self.directory}/state"
                    "\ntpm = none\n[https]\n")
            f.writelines(f"{name} = {value}\n" for name, value in settings.items())
        os.chmod(self.config, 0o600)
        os.environ.update(HTTPS_PROXY=double.proxy, NO_PROXY="127.0.0.1",
                          REQUESTS_CA_BUNDLE=double.ca)
        self.credential = ClientSecretCredential(double.tenant, double.client_id,
                                                 double.read("secret_file"))
        self.keys = KeyClient(vault, self.credential)

    def envol(self, *words, status=0):
        done = subprocess.run([ENVOL, "--config", self.config, *words], capture_output=True,
                              text=True, timeout=120)
        same(done.returncode, status, f"envol {' '.join(words)}: {done.stderr}")
        return done.stdout + done.stderr

    def format(self, name):
        with open(self.image, "wb") as f:
            f.truncate(8 << 20)
        self.envol("format", self.image, "--kek", f"{self.vault}/keys/{name}", "--yes")
        return self.header()

    def header(self):
        uuid, luks = reader.read_luks2(self.image)
        token, = (at for at in luks["tokens"].values() if at["type"] == "envol")
        return uuid, luks, token

    def open(self, status=0):
        return self.envol("--json", "open", self.image, "data", "--test", status=status)

    def crypto(self, name, version):
        return CryptographyClient(f"{self.vault}/keys/{name}/{version}", self.credential)

    def sdk_unwraps(self, name):
        """The DEK, by the SDK and from what the header says."""
        _, _, token = self.header()
        part = token["wraps"][0]["parts"][0]
        same(part["uri"], f"{self.vault}/keys/{name}")
        unwrapped = self.crypto(name, part["version"]).unwrap_key(
            KeyWrapAlgorithm(part["algorithm"]), base64.b64decode(part["bytes"]))
        return unwrapped.key


def proved(header, dek):
    """The header says that this is its DEK, in three ways; and the volume's fingerprint."""
    uuid, luks, token = header
    digest = luks["digests"]["0"]
    same(base64.b64encode(hashlib.pbkdf2_hmac(
        digest["hash"], dek, base64.b64decode(digest["salt"]), digest["iterations"])).decode(),
        digest["digest"], "digest")
    sealed = base64.b64decode(token["sealed"])
    mac = hmac.digest(reader.hkdf(dek, b"envol header mac 1", 32), sealed, "sha256")
    same(base64.b64encode(mac).decode(), token["mac"], "MAC")
    same(reader.encode(reader.values(uuid, luks, token)), sealed, "sealed")
    return reader.hkdf(dek, b"envol fingerprint 1", 16).hex()


def put_wrap(place, dek, wrapped):
    """Other bytes for the wrap, sealed anew by the DEK."""
    header = luks2.Header(place.image)
    _, token = header.token()
    token["wraps"][0]["parts"][0]["bytes"] = base64.b64encode(wrapped).decode()
    uuid, _, _ = place.header()
    sealed = reader.encode(reader.values(uuid, header.json, token))
    mac = hmac.digest(reader.hkdf(dek, b"envol header mac 1", 32), sealed, "sha256")
    token["sealed"], token["mac"] = (base64.b64encode(at).decode() for at in (sealed, mac))
    header.write()


def both_ways(place, name, algorithm):
    header = place.format(name)
    same(header[2]["wraps"][0]["parts"][0]["algorithm"], algorithm)
    dek = place.sdk_unwraps(name)
    same(len(dek), 64)
    fingerprint = proved(header, dek)
    assert fingerprint in place.open(), "envol shows another fingerprint"
    version = header[2]["wraps"][0]["parts"][0]["version"]
    if algorithm == "A256KW":   # the SDK would wrap with an AES key of its own making here
        place.double.tell("access", vault="hsm", denied=["get"])
    wrapped = place.crypto(name, version).wrap_key(
        KeyWrapAlgorithm(algorithm), dek).encrypted_key
    put_wrap(place, dek, wrapped)
    assert fingerprint in place.open()
    put_wrap(place, dek, wrapped[:-1] + bytes([wrapped[-1] ^ 1]))
    place.open(status=4)


@test
def a_key_of_the_sdks_with_the_wrap_made_here(double):
    place = Place(double, VAULT)
    place.keys.create_rsa_key("disk7", size=3072)
    both_ways(place, "disk7", "RSA-OAEP-256")


@test
def a_key_of_envols_with_the_wrap_made_there(double):
    place = Place(double, VAULT, wrap="remote", key_size=2048)
    place.envol("key", "create", f"{VAULT}/keys/disk7")
    same(place.keys.get_key("disk7").key_type, "RSA")
    both_ways(place, "disk7", "RSA-OAEP-256")
    asked = [at["path"] for at in double.tell("requests")["requests"] if at["place"] == "envol"]
    assert any("wrapkey" in path.lower() and "unwrap" not in path.lower() for path in asked)


@test
def the_older_oaep_where_it_is_asked_for(double):
    place = Place(double, VAULT, algorithm="RSA-OAEP")
    place.keys.create_rsa_key("disk7", size=4096, hardware_protected=True)
    both_ways(place, "disk7", "RSA-OAEP")


@test
def an_aes_key_of_a_managed_hsm(double):
    place = Place(double, HSM)
    place.keys.create_oct_key("disk7", size=256, hardware_protected=True)
    both_ways(place, "disk7", "A256KW")


@test
def rotated_and_disabled_by_the_sdk(double):
    place = Place(double, VAULT)
    key = place.keys.create_rsa_key("disk7", size=2048)
    header = place.format("disk7")
    same(header[2]["wraps"][0]["parts"][0]["version"], key.properties.version)
    new = place.keys.rotate_key("disk7").properties.version
    place.open()
    place.envol("rekey", place.image)
    versions = [wrap["parts"][0]["version"] for wrap in place.header()[2]["wraps"]]
    assert new in versions, versions
    place.open()
    for version in versions:
        place.keys.update_key_properties("disk7", version, enabled=False)
    assert "disabled" in place.open(status=2)
    place.keys.update_key_properties("disk7", new, enabled=True)
    place.open()


@test
def an_open_costs_one_request(double):
    place = Place(double, VAULT)
    place.keys.create_rsa_key("disk7", size=2048)
    place.format("disk7")
    place.open()    # whatever the first has to learn
    double.tell("requests", clear=True)
    place.open()
    asked = [(at["method"], at["path"].rsplit("/", 1)[-1].lower())
             for at in double.tell("requests")["requests"] if at["place"] == "envol"
             and "oauth2" not in at["path"]]
    same(asked, [("POST", "unwrapkey")])


@test
def a_key_comes_in_the_transfer_blob_of_its_owner_s_hsm(double):
    place = Place(double, VAULT)
    exchange = place.keys.create_rsa_key("exchange", size=2048, hardware_protected=True,
                                         key_operations=["import"])
    own, aes = rsa.generate_private_key(public_exponent=65537, key_size=2048), os.urandom(32)
    numbers = rsa.RSAPublicNumbers(int.from_bytes(exchange.key.e, "big"),
                                   int.from_bytes(exchange.key.n, "big"))
    sealed = numbers.public_key().encrypt(aes, OAEP_SHA1) + keywrap.aes_key_wrap_with_padding(
        aes, own.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
                               serialization.NoEncryption()))
    blob = os.path.join(place.directory, "own.byok")

    def write(ciphertext):
        with open(os.open(blob, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            json.dump({"schema_version": "1.0.0", "generator": "a vendor's tool",
                       "header": {"kid": exchange.id, "alg": "dir", "enc": "CKM_RSA_AES_KEY_WRAP"},
                       "ciphertext": base64.urlsafe_b64encode(ciphertext).rstrip(b"=").decode()}, f)

    write(sealed[:-1] + b"\0")
    place.envol("key", "import", f"{VAULT}/keys/own", blob, status=1)
    write(sealed)
    place.envol("key", "import", f"{VAULT}/keys/own", blob)
    same(place.keys.get_key("own").key.n.lstrip(b"\0"),
         own.public_key().public_numbers().n.to_bytes(256, "big"))
    place.format("own")
    place.open()


if not os.access(ENVOL, os.X_OK):
    sys.exit(f"{ENVOL} is not built")
run()
