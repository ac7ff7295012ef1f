# SPDX-License-Identifier: GPL-2.0-or-later
"""A vault and its keys, versions and deleted keys. No HTTP here."""
import threading
import uuid

from . import errors, material
from .access import Access
from .limits import Limits

ALL_OPS = ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"]
DEFAULT_OPS = {"RSA": ALL_OPS, "EC": ["sign", "verify"],
               "oct": ["encrypt", "decrypt", "wrapKey", "unwrapKey"]}
KNOWN_OPS = set(ALL_OPS) | {"import", "export"}
KTYS = {"RSA", "RSA-HSM", "EC", "EC-HSM"}
HSM_KTYS = KTYS | {"oct-HSM", "oct"}
DAY = 86400
LEEWAY = 300  # of nbf and exp


class Version:
    def __init__(self, kty, stuff, now, ops=None, attributes=None):
        attributes = attributes or {}
        self.id = uuid.uuid4().hex
        self.kty, self.material = kty, stuff
        self.ops = list(ops or DEFAULT_OPS[kty.split("-")[0]])
        self.enabled = attributes.get("enabled", True)
        self.nbf, self.exp = attributes.get("nbf"), attributes.get("exp")
        self.exportable = attributes.get("exportable", False)
        self.created = self.updated = int(now)
        self.tags = self.release_policy = None
        self.echo = {}  # what an import named beyond need comes back

    def check(self, operation, now, wrap_when_disabled=False):
        """May it do that? What an expired key made it still undoes."""
        forward = operation in ("wrapKey", "encrypt", "sign")
        if operation not in self.ops:
            raise errors.operation_not_permitted(operation)
        if not self.enabled and not (forward and wrap_when_disabled):
            raise errors.disabled(operation)
        if forward and self.exp is not None and now >= self.exp + LEEWAY:
            raise errors.expired(operation)
        if forward and self.nbf is not None and now < self.nbf - LEEWAY:
            raise errors.not_yet_valid(operation)


class Key:
    def __init__(self, name):
        self.name, self.versions, self.policy = name, [], None
        self.deleted_at = self.gone_at = self.back_at = None

    @property
    def latest(self):
        return self.versions[-1]

    def version(self, version_id):
        if not version_id:
            return self.latest
        for version in self.versions:
            if version.id == version_id.lower():
                return version
        raise errors.key_not_found(f"{self.name}/{version_id}")


class Vault:
    """Names are compared without regard to case, and shown as they were made."""

    made = {}  # for reuse_material, whatever the vault

    def __init__(self, name, is_hsm=False, region="eastus"):
        self.name, self.is_hsm, self.region = name, is_hsm, region
        self.lock = threading.RLock()
        self.keys, self.deleted = {}, {}
        self.recoverable_days, self.purge_protected, self.soft_delete = 90, True, True
        self.delete_seconds = 0.0   # until a deleted key shows among the deleted
        self.recover_seconds = 0.0  # until a recovered one shows again
        self.read_only = self.wrap_when_disabled = self.empty_page = False
        self.reuse_material = False
        self.access, self.limits = Access(), Limits()

    @property
    def recovery_level(self):
        if not self.soft_delete:
            return "Purgeable"
        level = "Recoverable" if self.recoverable_days == 90 else "CustomizedRecoverable"
        return level if self.purge_protected else level + "+Purgeable"

    @property
    def max_versions(self):
        return 100 if self.is_hsm else None

    def settle(self, now):
        """Deletions and recoveries that were under way, and retention that ran out."""
        for name, key in list(self.deleted.items()):
            if now >= key.deleted_at + self.recoverable_days * DAY:
                del self.deleted[name]

    def find(self, name, now):
        self.settle(now)
        key = self.keys.get(name.lower())
        if not key or (key.back_at and now < key.back_at):
            raise errors.key_not_found(name)
        return key

    def find_deleted(self, name, now):
        self.settle(now)
        key = self.deleted.get(name.lower())
        if not key or now < key.gone_at:
            raise errors.deleted_not_found(name)
        return key

    def check_free(self, name, now):
        self.settle(now)
        key = self.deleted.get(name.lower())
        if key:
            raise errors.being_deleted(name) if now < key.gone_at else errors.name_deleted(name)

    def check_type(self, kty):
        if kty not in (HSM_KTYS if self.is_hsm else KTYS):
            raise errors.bad_parameter(f"Key type {kty} is not supported")
        if self.is_hsm and not kty.endswith("-HSM"):
            return kty + "-HSM"  # there is no other in an HSM
        return kty

    def add(self, name, version, now):
        self.check_free(name, now)
        unknown = set(version.ops) - KNOWN_OPS
        if unknown:
            raise errors.bad_parameter(f"Property  has invalid value {', '.join(unknown)}")
        if "import" in version.ops and (version.ops != ["import"] or
                                        version.kty != "RSA-HSM"):
            raise errors.bad_parameter("import must be the only operation of an RSA-HSM key")
        key = self.keys.setdefault(name.lower(), Key(name))
        if self.max_versions and len(key.versions) >= self.max_versions:
            raise errors.bad_parameter("The key has too many versions")
        key.versions.append(version)
        return key

    def generate(self, kty, size, curve, exponent=None):
        """New material; with reuse_material all keys of one kind are the same, which spares
        tests that make many and never mix them up."""
        kind = kty, size, curve, exponent
        if self.reuse_material and kind in self.made:
            return self.made[kind]
        made = material.generate(kty, size, curve, exponent)
        self.made[kind] = made
        return made

    def create(self, name, body, now):
        kty = self.check_type(body.get("kty"))
        with self.lock:
            self.check_free(name, now)
        stuff = self.generate(kty, body.get("key_size"), body.get("crv"),
                              body.get("public_exponent"))
        with self.lock:
            version = Version(kty, stuff, now, body.get("key_ops"), body.get("attributes"))
            version.tags, version.release_policy = body.get("tags"), body.get("release_policy")
            if version.release_policy and not version.exportable:
                raise errors.bad_parameter("A key with a release policy must be exportable")
            return self.add(name, version, now), version

    def rotate(self, name, now, lifetime=None):
        old = self.find(name, now).latest
        stuff = self.generate(old.kty, old.material.size, old.material.fields.get("crv"))
        with self.lock:
            new = Version(old.kty, stuff, now, old.ops,
                          {"enabled": True, "exportable": old.exportable})
            new.tags, new.release_policy = old.tags, old.release_policy
            if lifetime:
                new.exp = int(now) + lifetime
            return self.add(name, new, now), new

    def delete(self, name, now):
        key = self.find(name, now)
        del self.keys[name.lower()]
        key.deleted_at, key.gone_at = now, now + self.delete_seconds
        if self.soft_delete:
            self.deleted[name.lower()] = key
        return key

    def recover(self, name, now):
        key = self.find_deleted(name, now)
        del self.deleted[name.lower()]
        key.deleted_at = key.gone_at = None
        key.back_at = now + self.recover_seconds
        self.keys[name.lower()] = key
        return key

    def purge(self, name, now):
        self.find_deleted(name, now)
        if self.purge_protected:
            raise errors.purge_protected(f"{self.name};location={self.region}")
        del self.deleted[name.lower()]

    def restore(self, key, now):
        if key.name.lower() in self.keys:
            raise errors.name_taken(key.name)
        self.check_free(key.name, now)
        self.keys[key.name.lower()] = key
        return key
