# SPDX-License-Identifier: GPL-2.0-or-later
"""What a key does: wrap, unwrap, encrypt, decrypt, sign, verify."""
import os

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, keywrap
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .errors import bad_parameter
from .material import b64, number, octets, unb64

HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
RSA_PADDING = {
    "RSA1_5": padding.PKCS1v15,
    "RSA-OAEP": lambda: padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None),
    "RSA-OAEP-256": lambda: padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None),
}
KEY_WRAP_BITS = {"A128KW": 128, "A192KW": 192, "A256KW": 256, "CKM_AES_KEY_WRAP": None,
                 "CKM_AES_KEY_WRAP_PAD": None}
WRAP = keywrap.aes_key_wrap, keywrap.aes_key_wrap_with_padding
UNWRAP = keywrap.aes_key_unwrap, keywrap.aes_key_unwrap_with_padding
GCM_BITS = {"A128GCM": 128, "A192GCM": 192, "A256GCM": 256}
CURVE_OF = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "ES256K": "P-256K"}
# What a key cannot decrypt: reported of RSA in software; for the others a guess.
NO_OAEP = "Error occurred while decoding OAEP padding."
INCORRECT = "The parameter is incorrect."


def _unsupported(alg, kty):
    return bad_parameter(f"Key and signing algorithm are incompatible. Key is of type '{kty}', "
                         f"and algorithm is '{alg}'.")


def _rsa(version, alg):
    if not version.kty.startswith("RSA") or alg not in RSA_PADDING:
        raise _unsupported(alg, version.kty)
    return RSA_PADDING[alg]()


def _key_wrap(version, alg, do, value):
    bits = KEY_WRAP_BITS[alg]
    if not version.kty.startswith("oct") or (bits and bits != version.material.size):
        raise _unsupported(alg, version.kty)
    try:
        return do[alg == "CKM_AES_KEY_WRAP_PAD"](version.material.key, value)
    except (ValueError, keywrap.InvalidUnwrap):
        raise bad_parameter(INCORRECT) from None


def encrypt(version, body, wrapping):
    alg, value = body.get("alg"), unb64(body.get("value"))
    if wrapping and alg in KEY_WRAP_BITS:
        return {"value": b64(_key_wrap(version, alg, WRAP, value))}
    if not wrapping and alg in GCM_BITS:
        if version.material.size != GCM_BITS[alg] or not version.kty.startswith("oct"):
            raise _unsupported(alg, version.kty)
        iv = os.urandom(12)
        aad = unb64(body["aad"], "aad") if body.get("aad") else None
        sealed = AESGCM(version.material.key).encrypt(iv, value, aad)
        answer = {"value": b64(sealed[:-16]), "iv": b64(iv), "tag": b64(sealed[-16:])}
        if aad is not None:
            answer["aad"] = b64(aad)
        return answer
    scheme = _rsa(version, alg)
    try:
        return {"value": b64(version.material.key.public_key().encrypt(value, scheme))}
    except ValueError:
        raise bad_parameter(INCORRECT) from None


def decrypt(version, body, wrapping):
    alg, value = body.get("alg"), unb64(body.get("value"))
    if wrapping and alg in KEY_WRAP_BITS:
        return {"value": b64(_key_wrap(version, alg, UNWRAP, value))}
    if not wrapping and alg in GCM_BITS:
        if version.material.size != GCM_BITS[alg] or not version.kty.startswith("oct"):
            raise _unsupported(alg, version.kty)
        aad = unb64(body["aad"], "aad") if body.get("aad") else None
        try:
            return {"value": b64(AESGCM(version.material.key).decrypt(
                unb64(body.get("iv"), "iv"), value + unb64(body.get("tag"), "tag"), aad))}
        except (InvalidTag, ValueError):
            raise bad_parameter(INCORRECT) from None
    scheme = _rsa(version, alg)
    try:
        return {"value": b64(version.material.key.decrypt(value, scheme))}
    except ValueError:
        raise bad_parameter(NO_OAEP if alg.startswith("RSA-OAEP") else INCORRECT) from None


def _signing(version, alg):
    """Arguments of sign and verify for a digest, after the signature where there is one."""
    digest = HASHES.get(str(alg)[2:5])
    if digest and version.kty.startswith("RSA") and alg[:2] in ("RS", "PS"):
        scheme = padding.PKCS1v15() if alg[:2] == "RS" else padding.PSS(
            padding.MGF1(digest()), digest.digest_size)
        return digest, (scheme, utils.Prehashed(digest()))
    if version.kty.startswith("EC") and CURVE_OF.get(alg) == version.material.fields["crv"]:
        return digest, (ec.ECDSA(utils.Prehashed(digest())),)
    raise _unsupported(alg, version.kty)


def _digest(text, digest):
    value = unb64(text)
    if len(value) != digest.digest_size:
        raise bad_parameter(f"Invalid length of 'value': {len(value)} bytes. Length of 'value' "
                            f"should be {digest.digest_size} bytes.")
    return value


def sign(version, body):
    digest, how = _signing(version, body.get("alg"))
    signature = version.material.key.sign(_digest(body.get("value"), digest), *how)
    if version.kty.startswith("EC"):  # JWA: the two numbers side by side
        length = (version.material.size + 7) // 8
        r, s = utils.decode_dss_signature(signature)
        signature = octets(r, length) + octets(s, length)
    return {"value": b64(signature)}


def verify(version, body):
    digest, how = _signing(version, body.get("alg"))
    signature = unb64(body.get("value"))
    if version.kty.startswith("EC"):
        half = len(signature) // 2
        signature = utils.encode_dss_signature(number(signature[:half]), number(signature[half:]))
    try:
        version.material.key.public_key().verify(signature, _digest(body.get("digest"), digest),
                                                 *how)
    except InvalidSignature:
        return {"value": False}
    return {"value": True}
