# SPDX-License-Identifier: GPL-2.0-or-later
"""The keys part of the service's REST interface: a request to a vault, and its reply."""
import base64
import json
import os
import random
import re
import uuid

from . import backup, byok, errors, operations, policy, release, tokens
from .errors import bad_parameter
from .material import b64, from_jwk
from .keys import Version
from .world import TENANT, Reply

OLD_VERSIONS = ("2016-10-01", "7.0", "7.1", "7.2", "7.3-preview", "7.3", "7.4-preview.1", "7.4")
VERSIONS = OLD_VERSIONS + ("7.5-preview.1", "7.5", "7.6-preview.2", "7.6", "2025-06-01-preview",
                           "2025-07-01", "2026-01-01-preview", "2026-03-01-preview")
PAGE = 25
NAME = re.compile(r"[0-9a-zA-Z-]{1,127}\Z")
CRYPTO = {"wrapkey": "wrapKey", "unwrapkey": "unwrapKey", "encrypt": "encrypt",
          "decrypt": "decrypt", "sign": "sign", "verify": "verify"}
READ_ONLY_ALLOWS = {"get", "list", "backup", "getrotationpolicy", "rng"} | set(CRYPTO.values())


class Request:
    """method, host (with port, as asked), path segments, query, headers (lower case), body."""

    def __init__(self, method, host, segments, query, headers, body, address):
        self.method, self.host, self.segments = method, host, segments
        self.query, self.headers, self.raw, self.address = query, headers, body, address

    def json(self):
        try:
            body = json.loads(self.raw)
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise bad_parameter("The request body is not a JSON object")
        return body


class VaultApi:
    def __init__(self, world, vault, request):
        self.world, self.vault, self.request = world, vault, request
        self.now = world.now()
        self.base = f"https://{request.host}"

    # ---- who asks ----------------------------------------------------------

    def challenge(self):
        resource = self.world.resource_of(self.request.host.split(":")[0], self.vault)
        return (f'Bearer authorization="{self.world.authority(self.request.host)}/{TENANT}", '
                f'resource="{resource}"')

    def authenticate(self):
        scheme, _, token = self.request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise errors.unauthorized("AKV10000: Request is missing a Bearer or PoP token.",
                                      self.challenge())
        try:
            claims = tokens.verify(token.strip(), self.world.signing_key.public_key())
        except ValueError:
            raise errors.unauthorized("AKV10001: Token could not be read or its signature is "
                                      "invalid.", self.challenge()) from None
        issuer = f"https://sts.windows.net/{TENANT}/"
        if claims["iss"] != issuer:
            raise errors.unauthorized(f"AKV10032: Invalid issuer. Expected one of {issuer}, found "
                                      f"{claims['iss']}.", self.challenge())
        expected = self.world.resource_of(self.request.host.split(":")[0], self.vault)
        if claims["aud"] != expected:
            raise errors.unauthorized(f"AKV10022: Invalid audience. Expected {expected}, found: "
                                      f"{claims['aud']}.", self.challenge())
        revoked = self.world.revoked_before.get(claims["appid"], 0)
        if self.now >= claims["exp"] or claims["iat"] < revoked:
            raise errors.unauthorized("[TokenExpired] Error validating token: 'S2S12086'.",
                                      self.challenge())
        demanded = self.world.demanded
        if demanded and demanded not in claims.get("acrs", []):
            # Only who has said that it understands is told what is missing.
            raise errors.unauthorized("AKV10033: The access token does not meet the conditions.",
                                      self.claims_challenge(demanded)
                                      if "cp1" in claims.get("xms_cc", []) else self.challenge())
        return claims

    def claims_challenge(self, context):
        """Continuous access evaluation's, in the form of its documentation."""
        asked = json.dumps({"access_token": {"acrs": {"essential": True, "value": context}}})
        return ('Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/'
                'oauth2/authorize", error="insufficient_claims", '
                f'claims="{base64.b64encode(asked.encode()).decode()}"')

    def permit(self, permission, name=None):
        self.vault.access.check(self.vault, self.token, permission, name, self.request.address)
        if self.vault.read_only and permission not in READ_ONLY_ALLOWS:
            raise errors.read_only()

    # ---- what is shown -----------------------------------------------------

    def kid(self, key, version=None):
        kid = f"{self.base}/keys/{key.name}"
        return f"{kid}/{version.id}" if version else kid

    def modern(self):
        return self.request.query.get("api-version", "") not in OLD_VERSIONS

    def attributes(self, version):
        shown = {"enabled": version.enabled, "nbf": version.nbf, "exp": version.exp,
                 "created": version.created, "updated": version.updated,
                 "recoveryLevel": self.vault.recovery_level,
                 "recoverableDays": self.vault.recoverable_days
                 if self.vault.soft_delete else None,
                 "exportable": version.exportable}
        if self.modern() and not self.vault.is_hsm:
            shown["hsmPlatform"] = "2" if version.kty.endswith("-HSM") else "0"
        return {name: value for name, value in shown.items() if value is not None}

    def bundle(self, key, version):
        ops = list(version.ops)
        if self.vault.is_hsm:
            random.shuffle(ops)
        shown = {"key": {"kid": self.kid(key, version), "kty": version.kty, "key_ops": ops,
                         **version.material.fields, **version.echo},
                 "attributes": self.attributes(version)}
        if version.release_policy:
            shown["release_policy"] = version.release_policy
        if version.tags:
            shown["tags"] = version.tags
        return shown

    def deleted_head(self, key):
        return {"recoveryId": f"{self.base}/deletedkeys/{key.name}",
                "deletedDate": int(key.deleted_at),
                "scheduledPurgeDate": int(key.deleted_at) + self.vault.recoverable_days * 86400}

    def deleted_bundle(self, key):
        return {**self.deleted_head(key), **self.bundle(key, key.latest)}

    def page(self, path, items):
        """Twenty-five at most, and where the rest is."""
        try:
            size = int(self.request.query.get("maxresults", PAGE))
        except ValueError:
            size = 0
        if not 1 <= size <= PAGE:
            raise bad_parameter("maxresults must be between 1 and 25")
        token, start, empty = self.request.query.get("$skiptoken"), 0, self.vault.empty_page
        if token:
            try:
                start = int(json.loads(base64.urlsafe_b64decode(token + "=="))["NextMarker"])
            except (ValueError, KeyError, TypeError):
                raise bad_parameter("Invalid skip token") from None
            empty = False
        end = start if empty else start + size
        link = None
        if end < len(items) or empty:
            marker = b64(json.dumps({"NextMarker": str(end), "TargetLocation": 0}).encode())
            host = self.request.host if ":" in self.request.host else self.request.host + ":443"
            link = (f"https://{host}{path}?api-version={self.request.query['api-version']}"
                    f"&$skiptoken={marker}")
            if "maxresults" in self.request.query:
                link += f"&maxresults={size}"
        return {"value": items[start:end], "nextLink": link}

    def item(self, key, version, kid):
        shown = {"kid": kid, "attributes": self.attributes(version)}
        if version.tags:
            shown["tags"] = version.tags
        return shown

    # ---- requests ----------------------------------------------------------

    def answer(self):
        try:
            reply = self.dispatch()
        except errors.Refusal as refusal:
            reply = Reply(refusal.status, refusal.body(), refusal.headers)
            if self.vault.is_hsm:
                self.as_hsm_error(reply)
        if self.vault.is_hsm and isinstance(reply.body, dict):
            reply.body = json.loads(json.dumps(reply.body, sort_keys=True))
        reply.headers.update(self.headers())
        return reply

    def as_hsm_error(self, reply):
        if reply.status == 401:
            reply.body = None
            return
        error = reply.body["error"]
        if error["code"] == "KeyNotFound":
            error["message"] = f"Key not found: Key not found: {self.base}/" + \
                "/".join(self.request.segments)
        error["message"] += f" (Activity ID: {uuid.uuid4()})"

    def headers(self):
        shown = {"cache-control": "no-cache", "x-content-type-options": "nosniff",
                 "strict-transport-security": "max-age=31536000;includeSubDomains",
                 "x-ms-keyvault-region": self.vault.region,
                 "x-ms-keyvault-network-info":
                     f"conn_type=Ipv4;addr={self.request.address};act_addr_fam=InterNetwork;",
                 "x-ms-request-id": str(uuid.uuid4())}
        if self.vault.is_hsm:
            shown.update({"content-security-policy": "default-src 'self'",
                          "x-frame-options": "SAMEORIGIN", "x-ms-server-latency": "1",
                          "x-ms-build-version": "1.0.20240101-1-double-develop"})
        else:
            shown.update({"expires": "-1", "pragma": "no-cache",
                          "x-ms-keyvault-service-version": "1.9.1504.1"})
            if self.vault.access.style == "rbac":
                shown["x-ms-keyvault-rbac-assignment-id"] = str(uuid.UUID(int=1))
        if "x-ms-client-request-id" in self.request.headers and not self.vault.is_hsm:
            shown["x-ms-client-request-id"] = self.request.headers["x-ms-client-request-id"]
        return shown

    def throttle(self, kind, key=None, body=None):
        if key:
            kty, size = key.kty, key.material.size
        else:
            kty, size = (body or {}).get("kty"), (body or {}).get("key_size", 2048)
        with self.vault.lock:
            wait = self.vault.limits.take(self.now, kind, kty, size)
        if wait is None:
            return
        after = self.vault.limits.retry_after
        raise errors.throttled(max(1, int(wait + 0.999)) if after == "real" else after)

    def dispatch(self):
        self.token = self.authenticate()
        version = self.request.query.get("api-version")
        if version not in VERSIONS:
            raise bad_parameter(f"The specified version ({version}) is not recognized. Consider "
                                "using the latest supported version (2025-07-01).")
        parts = [part.lower() if place != 1 else part
                 for place, part in enumerate(self.request.segments)]
        method = self.request.method
        if self.vault.is_hsm and parts and parts[-1] == "rng" and method == "POST":
            return self.rng()
        if not parts or parts[0] not in ("keys", "deletedkeys"):
            raise errors.Refusal(404, "NotFound", "The requested resource was not found.")
        shelf = self.keys if parts[0] == "keys" else self.deleted_keys
        reply = shelf(method, parts[1:])
        if reply is None:
            raise errors.Refusal(405, "MethodNotAllowed",
                                 f"The HTTP method {method} is not allowed here.")
        return reply if isinstance(reply, Reply) else Reply(200, reply)

    def rng(self):
        self.permit("rng")
        count = self.request.json().get("count")
        if not isinstance(count, int) or not 1 <= count <= 128:
            raise bad_parameter("GetRandomBytesRequest: count cannot be greater than 128 or less "
                                "than 1")
        return Reply(200, {"value": b64(os.urandom(count))})

    def keys(self, method, parts):
        parts = parts[:1] + [part for part in parts[1:] if part]  # n//wrapkey means the latest
        if not parts or not parts[0]:
            return self.list_keys() if method == "GET" else None
        name, rest = parts[0], parts[1:]
        if name.lower() == "restore" and not rest and method == "POST":
            return self.restore()
        if not NAME.match(name):
            raise bad_parameter(f"The request URI contains an invalid name: {name}")
        with self.vault.lock:
            known = self.vault.keys.get(name.lower())
        self.throttle("create" if rest in (["create"], ["rotate"]) else "key",
                      known.latest if known and rest != ["create"] else None,
                      self.request.json() if rest == ["create"] else None)
        if method == "POST" and rest and rest[-1] in CRYPTO:
            return self.crypto(name, rest[0] if len(rest) > 1 else None, CRYPTO[rest[-1]])
        special = {("POST", "create"): self.create, ("POST", "rotate"): self.rotate,
                   ("POST", "backup"): self.backup, ("GET", "versions"): self.list_versions,
                   ("GET", "rotationpolicy"): self.get_policy,
                   ("PUT", "rotationpolicy"): self.set_policy}
        if len(rest) == 1 and (method, rest[0]) in special:
            return special[method, rest[0]](name)
        if method == "POST" and rest and rest[-1] == "release":
            return self.release(name, rest[0] if len(rest) > 1 else None)
        if len(rest) > 1:
            return None
        wanted = rest[0] if rest else None
        if method == "GET":
            return self.get(name, wanted)
        if method == "PATCH":
            return self.update(name, wanted)
        if wanted is None and method in ("PUT", "DELETE"):
            return self.import_key(name) if method == "PUT" else self.delete(name)
        return None

    def list_keys(self):
        self.permit("list")
        self.throttle("other")
        with self.vault.lock:
            self.vault.settle(self.now)
            keys = sorted(self.vault.keys.values(), key=lambda key: key.name.lower())
            return self.page("/keys", [self.item(key, key.latest, self.kid(key)) for key in keys])

    def list_versions(self, name):
        self.permit("list", name)
        with self.vault.lock:
            key = self.vault.keys.get(name.lower())
            versions = sorted(key.versions, key=lambda v: v.id) if key else []
            return self.page(f"/keys/{name}/versions", [
                self.item(key, version, self.kid(key, version)) for version in versions])

    def get(self, name, wanted):
        self.permit("get", name)
        with self.vault.lock:
            key = self.vault.find(name, self.now)
            return self.bundle(key, key.version(wanted))

    def create(self, name):
        self.permit("create", name)
        return self.bundle(*self.vault.create(name, self.request.json(), self.now))

    def rotate(self, name):
        self.permit("rotate", name)
        with self.vault.lock:
            rules = self.vault.find(name, self.now).policy
        return self.bundle(*self.vault.rotate(name, self.now, policy.lifetime(rules)))

    def import_key(self, name):
        self.permit("import", name)
        body = self.request.json()
        jwk = body.get("key")
        if not isinstance(jwk, dict):
            raise bad_parameter("Property key is missing")
        kty = self.vault.check_type(jwk.get("kty"))
        with self.vault.lock:
            stuff = byok.unwrap(self.vault, jwk, self.now) if "key_hsm" in jwk else from_jwk(jwk)
            if body.get("Hsm") and not kty.endswith("-HSM"):
                kty += "-HSM"
            version = Version(kty, stuff, self.now, jwk.get("key_ops"), body.get("attributes"))
            version.tags = body.get("tags")
            if kty.startswith("RSA") and jwk.get("crv"):
                version.echo = {"crv": jwk["crv"]}
            return self.bundle(self.vault.add(name, version, self.now), version)

    def update(self, name, wanted):
        self.permit("update", name)
        body = self.request.json()
        with self.vault.lock:
            key = self.vault.find(name, self.now)
            version = key.version(wanted)
            for field in "enabled", "nbf", "exp":
                if field in body.get("attributes", {}):
                    setattr(version, field, body["attributes"][field])
            if "key_ops" in body:
                version.ops = list(body["key_ops"])
            version.tags = body.get("tags", version.tags)
            version.release_policy = body.get("release_policy", version.release_policy)
            version.updated = int(self.now)
            return self.bundle(key, version)

    def crypto(self, name, wanted, operation):
        self.permit(operation, name)
        body = self.request.json()
        with self.vault.lock:
            key = self.vault.find(name, self.now)
            version = key.version(wanted)
            version.check(operation, self.now, self.vault.wrap_when_disabled)
        if operation in ("sign", "verify"):
            result = getattr(operations, operation)(version, body)
        elif operation in ("wrapKey", "encrypt"):
            result = operations.encrypt(version, body, operation == "wrapKey")
        else:
            result = operations.decrypt(version, body, operation == "unwrapKey")
        if operation == "verify":
            return result
        shown = {"kid": self.kid(key, version), **result}
        if self.vault.is_hsm:
            shown["alg"] = body["alg"]
        return shown

    def release(self, name, wanted):
        self.permit("release", name)
        body = self.request.json()
        with self.vault.lock:
            key = self.vault.find(name, self.now)
            version = key.version(wanted)
            return release.release(self.world.signing_key, self.bundle(key, version), version,
                                   body)

    def backup(self, name):
        self.permit("backup", name)
        with self.vault.lock:
            key = self.vault.find(name, self.now)
            return {"value": backup.make(self.world.sealing, key, self.kid(key))}

    def restore(self):
        self.permit("restore")
        self.throttle("other")
        key = backup.read(self.world.sealing, self.request.json().get("value"), self.now)
        with self.vault.lock:
            self.vault.restore(key, self.now)
            return self.bundle(key, key.latest)

    def get_policy(self, name):
        self.permit("getrotationpolicy", name)
        with self.vault.lock:
            key = self.vault.find(name, self.now)
            return policy.show(f"{self.kid(key)}/rotationpolicy", key.policy, self.vault.is_hsm)

    def set_policy(self, name):
        self.permit("setrotationpolicy", name)
        with self.vault.lock:
            key = self.vault.find(name, self.now)
            key.policy = policy.accept(self.request.json(), key.policy, self.vault.is_hsm,
                                       self.now)
            return policy.show(f"{self.kid(key)}/rotationpolicy", key.policy, self.vault.is_hsm)

    def delete(self, name):
        self.permit("delete", name)
        with self.vault.lock:
            key = self.vault.delete(name, self.now)
            return self.deleted_bundle(key) if self.vault.soft_delete else \
                self.bundle(key, key.latest)

    def deleted_keys(self, method, parts):
        parts = [part for part in parts if part]
        self.throttle("other")
        with self.vault.lock:
            if not parts and method == "GET":
                self.permit("list")
                self.vault.settle(self.now)
                keys = sorted((key for key in self.vault.deleted.values()
                               if self.now >= key.gone_at), key=lambda key: key.name.lower())
                return self.page("/deletedkeys", [
                    {**self.deleted_head(key), **self.item(key, key.latest, self.kid(key))}
                    for key in keys])
            name, rest = (parts + [None])[0], parts[1:]
            if method == "GET" and name and not rest:
                self.permit("get", name)
                return self.deleted_bundle(self.vault.find_deleted(name, self.now))
            if method == "POST" and rest == ["recover"]:
                self.permit("recover", name)
                key = self.vault.recover(name, self.now)
                return self.bundle(key, key.latest)
            if method == "DELETE" and name and not rest:
                self.permit("purge", name)
                self.vault.purge(name, self.now)
                return Reply(204)
        return None
