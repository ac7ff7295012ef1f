# SPDX-License-Identifier: GPL-2.0-or-later
"""Bring your own key: the transfer blob, a key under a key exchange key of the vault's HSM
(CKM_RSA_AES_KEY_WRAP: an AES key under RSA-OAEP with SHA-1, then the key under that AES key
with padding, RFC 5649)."""
import json

from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import padding

from . import material
from .errors import bad_parameter, operation_not_permitted

OAEP = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)


def unwrap(vault, jwk, now):
    try:
        blob = json.loads(material.unb64(jwk["key_hsm"], "key_hsm"))
        header, ciphertext = blob["header"], material.unb64(blob["ciphertext"], "ciphertext")
        if header["alg"] != "dir" or header["enc"] != "CKM_RSA_AES_KEY_WRAP":
            raise bad_parameter("The transfer blob's algorithm is not supported")
        segments = header["kid"].split("/")
        name, version_id = segments[4], segments[5]
    except (ValueError, KeyError, TypeError, IndexError):
        raise bad_parameter("The transfer blob is not valid") from None
    exchange = vault.find(name, now).version(version_id)
    if exchange.ops != ["import"]:
        raise operation_not_permitted("import")
    length = exchange.material.size // 8
    try:
        aes = exchange.material.key.decrypt(ciphertext[:length], OAEP)
        dump = keywrap.aes_key_unwrap_with_padding(aes, ciphertext[length:])
        return material.load(jwk["kty"], dump)
    except (ValueError, keywrap.InvalidUnwrap):
        raise bad_parameter("The transfer blob cannot be unwrapped") from None
