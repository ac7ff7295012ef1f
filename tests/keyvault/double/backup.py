# SPDX-License-Identifier: GPL-2.0-or-later
"""The opaque blobs of backup and restore: the service's outer form, sealed under a key of the
double's, so that a blob of another origin or one that was changed is refused."""
import base64
import json
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from . import material
from .errors import bad_parameter
from .keys import Key, Version

MAGIC = b"&AzureKeyVaultKeyBackupV1.microsoft.com"
KEPT = ("id", "kty", "ops", "enabled", "nbf", "exp", "exportable", "created", "updated", "tags",
        "release_policy")


def make(sealing, key, kid):
    content = {"name": key.name, "policy": key.policy, "versions": [
        dict({name: getattr(version, name) for name in KEPT},
             material=material.b64(version.material.dump())) for version in key.versions]}
    header = material.b64(json.dumps({"kid": kid, "alg": "dir", "enc": "A256GCM"}).encode())
    iv = os.urandom(12)
    sealed = AESGCM(sealing).encrypt(iv, json.dumps(content).encode(), header.encode())
    jwe = ".".join((header, "", material.b64(iv), material.b64(sealed[:-16]),
                    material.b64(sealed[-16:])))
    return material.b64(MAGIC + jwe.encode())


def read(sealing, text, now):
    blob = material.unb64(text)
    try:
        if not blob.startswith(MAGIC):
            raise ValueError
        header, _, iv, sealed, tag = blob[len(MAGIC):].decode().split(".")
        content = json.loads(AESGCM(sealing).decrypt(
            material.unb64(iv), material.unb64(sealed) + material.unb64(tag), header.encode()))
    except (ValueError, InvalidTag):
        raise bad_parameter("Backup blob is corrupt or was not made by this service") from None
    key = Key(content["name"])
    key.policy = content["policy"]
    for kept in content["versions"]:
        dump = base64.urlsafe_b64decode(kept["material"] + "==")
        version = Version(kept["kty"], material.load(kept["kty"], dump), now)
        for name in KEPT:
            setattr(version, name, kept[name])
        key.versions.append(version)
    return key
