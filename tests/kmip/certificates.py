#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""certificates.py DIR - a CA, another one, and certificates of servers and clients, good and bad."""
import datetime
import ipaddress
import os
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime.utcnow()
DAY = datetime.timedelta(days=1)
TOP = sys.argv[1]


def new_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def write(path, data, mode):
    fd = os.open(os.path.join(TOP, path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(fd, "wb") as out:
        out.write(data)


def write_key(path, key):
    write(path, key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                  serialization.NoEncryption()), 0o600)


def write_certificate(path, certificate):
    write(path, certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def build(subject, issuer, key, first, last):
    return (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer))
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(first).not_valid_after(last))


def make_ca(path, subject):
    key = new_key()
    certificate = (build(subject, subject, key, NOW - DAY, NOW + 30 * DAY)
                   .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
                   .sign(key, hashes.SHA256()))
    write_certificate(path, certificate)
    return subject, key


def make(path, ca, key, subject, usage, names=(), first=NOW - DAY, last=NOW + 30 * DAY):
    issuer, ca_key = ca
    builder = (build(subject, issuer, key, first, last)
               .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
               .add_extension(x509.ExtendedKeyUsage([usage]), critical=False))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    write_certificate(path, builder.sign(ca_key, hashes.SHA256()))


def main():
    server, client = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
    here = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost"),
            x509.DNSName("kmip.test")]
    ca, other = make_ca("ca.pem", "envol test CA"), make_ca("other-ca.pem", "another CA")
    key = new_key()
    write_key("server.key", key)
    make("server.pem", ca, key, "kmip.test", server, here)
    make("wrong-name.pem", ca, key, "elsewhere", server, [x509.DNSName("elsewhere.test")])
    make("expired.pem", ca, key, "kmip.test", server, here, NOW - 3 * DAY, NOW - DAY)
    make("future.pem", ca, key, "kmip.test", server, here, NOW + DAY, NOW + 2 * DAY)
    make("client-as-server.pem", ca, key, "kmip.test", client, here)
    key = new_key()
    write_key("client.key", key)
    make("client.pem", ca, key, "envol", client)
    make("other-client.pem", ca, key, "somebody else", client)
    make("foreign-client.pem", other, key, "envol", client)
    write_key("unrelated.key", new_key())
    write("encrypted.key", key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret")), 0o600)


main()
