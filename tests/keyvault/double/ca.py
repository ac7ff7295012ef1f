# SPDX-License-Identifier: GPL-2.0-or-later
"""A private certificate authority, and the certificates that it signs."""
import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def key_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption()).decode()


def _builder(subject, issuer, public_key, start, end):
    return (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
            .public_key(public_key).serial_number(x509.random_serial_number())
            .not_valid_before(start).not_valid_after(end))


class Authority:
    def __init__(self, name):
        self.key, self.name = ec.generate_private_key(ec.SECP256R1()), _name(name)
        now = datetime.datetime.utcnow()
        self.certificate = (
            _builder(self.name, self.name, self.key.public_key(), now - DAY, now + 30 * DAY)
            .add_extension(x509.BasicConstraints(True, 0), True)
            .add_extension(x509.KeyUsage(False, False, False, False, False, True, True, False,
                                         False), True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()),
                           False)
            .sign(self.key, hashes.SHA256()))
        self.pem = _pem(self.certificate)

    def server(self, names, expired=False):
        """Key and certificate of a server, one PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.utcnow()
        end = now - DAY if expired else now + 7 * DAY
        shown = [x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit()
                 else x509.DNSName(name) for name in names]
        certificate = (
            _builder(_name(names[0]), self.name, key.public_key(), now - 3 * DAY, end)
            .add_extension(x509.BasicConstraints(False, None), True)
            .add_extension(x509.SubjectAlternativeName(shown), False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
                self.key.public_key()), False)
            .sign(self.key, hashes.SHA256()))
        return key_pem(key) + _pem(certificate)


def client(name):
    """An application's own certificate, self-signed as they mostly are: key and certificate."""
    key = rsa.generate_private_key(65537, 2048)
    now = datetime.datetime.utcnow()
    certificate = _builder(_name(name), _name(name), key.public_key(), now - DAY,
                           now + 30 * DAY).sign(key, hashes.SHA256())
    return key_pem(key), _pem(certificate)
