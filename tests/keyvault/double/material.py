# SPDX-License-Identifier: GPL-2.0-or-later
"""Key material: made, imported, shown as a JSON web key, kept in a backup."""
import base64
import os

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from .errors import bad_parameter

CURVES = {"P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1,
          "P-256K": ec.SECP256K1}
RSA_SIZES = 2048, 3072, 4096
OCT_SIZES = 128, 192, 256


def b64(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def unb64(text, what="value"):
    """base64url, with or without padding, and nothing that is neither."""
    if not isinstance(text, str):
        raise bad_parameter(f"Property  has invalid value\r\n{what}")
    try:
        bare = text.rstrip("=")
        if not all(c.isalnum() or c in "-_" for c in bare):
            raise ValueError
        return base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
    except ValueError:
        raise bad_parameter(f"Content of '{what}' is not base64url.\r\nProperty '{what}' is "
                            "required.\r\n") from None  # reported


def number(octets):
    return int.from_bytes(octets, "big")


def octets(value, length=None):
    return value.to_bytes(length or (value.bit_length() + 7) // 8, "big")


class Rsa:
    def __init__(self, key):
        self.key, self.size = key, key.key_size
        self.fields = {"n": b64(octets(key.public_key().public_numbers().n)),
                       "e": b64(octets(key.public_key().public_numbers().e))}

    def dump(self):
        return self.key.private_bytes(serialization.Encoding.DER,
                                      serialization.PrivateFormat.PKCS8,
                                      serialization.NoEncryption())


class Ec(Rsa):
    def __init__(self, key, curve):
        self.key, self.size = key, key.key_size
        point = key.public_key().public_numbers()
        length = (key.key_size + 7) // 8
        self.fields = {"crv": curve, "x": b64(octets(point.x, length)),
                       "y": b64(octets(point.y, length))}


class Oct:
    fields = {}

    def __init__(self, key):
        self.key, self.size = key, len(key) * 8

    def dump(self):
        return self.key


def generate(kty, size=None, curve=None, exponent=None):
    if kty.startswith("RSA"):
        if (size or 2048) not in RSA_SIZES:
            raise bad_parameter("The specified RSA key size is not supported")
        return Rsa(rsa.generate_private_key(exponent or 65537, size or 2048))
    if kty.startswith("EC"):
        curve = curve or "P-256"
        if curve not in CURVES:
            raise bad_parameter("The specified curve is not supported")
        return Ec(ec.generate_private_key(CURVES[curve]()), curve)
    if (size or 256) not in OCT_SIZES:
        raise bad_parameter("The specified AES key size is not supported")
    return Oct(os.urandom((size or 256) // 8))


def load(kty, dump):
    if kty.startswith("oct"):
        return Oct(dump)
    key = serialization.load_der_private_key(dump, None)
    if kty.startswith("RSA"):
        return Rsa(key)
    return Ec(key, next(name for name, curve in CURVES.items()
                        if isinstance(key.curve, curve)))


def from_jwk(jwk):
    """A private JSON web key, as PUT /keys/NAME brings it."""
    kty = jwk.get("kty")
    try:
        if kty in ("RSA", "RSA-HSM"):
            n, e, d, p, q, dp, dq, qi = (number(unb64(jwk[f], f)) for f in
                                         ("n", "e", "d", "p", "q", "dp", "dq", "qi"))
            key = rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi,
                                        rsa.RSAPublicNumbers(e, n)).private_key()
            if key.key_size not in RSA_SIZES:
                raise bad_parameter("The specified RSA key size is not supported")
            return Rsa(key)
        if kty in ("EC", "EC-HSM"):
            x, y, d = (number(unb64(jwk[f], f)) for f in ("x", "y", "d"))
            curve = CURVES[jwk["crv"]]()
            return Ec(ec.EllipticCurvePrivateNumbers(
                d, ec.EllipticCurvePublicNumbers(x, y, curve)).private_key(), jwk["crv"])
        if kty == "oct-HSM":
            key = unb64(jwk["k"], "k")
            if len(key) * 8 not in OCT_SIZES:
                raise bad_parameter("The specified AES key size is not supported")
            return Oct(key)
    except KeyError as missing:
        raise bad_parameter(f"Property {missing} is missing") from None
    except ValueError as wrong:
        raise bad_parameter(f"The key material is not valid: {wrong}") from None
    raise bad_parameter(f"Key type {kty} cannot be imported")
