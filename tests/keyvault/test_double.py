#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the double does where neither the recordings nor the SDKs look: rights, the states of
keys, limits, Managed HSM's ways."""
import json
import urllib.parse

from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from double.limits import Limits
from lib import (DEK, Client, b64, create, refused, run, same, test, unb64, unwrap, vault_client,
                 wrap)


# ---- who may ---------------------------------------------------------------

@test
def a_request_without_a_token_is_challenged(double):
    answer = Client(double).call("GET", "/keys/kek")
    same(answer.status, 401)
    same(answer.headers["WWW-Authenticate"], f'Bearer authorization="{double.authority}/'
         f'{double.tenant}", resource="https://vault.azure.net"')
    answer = Client(double, "hsm").call("GET", "/keys/kek")
    same((answer.status, answer.raw), (401, b""))
    assert "https://managedhsm.azure.net" in answer.headers["WWW-Authenticate"]


@test
def tokens_that_are_not_for_here_are_refused(double):
    for made, word in (({"resource": "https://management.azure.com"}, "AKV10022"),
                       ({"resource": "https://managedhsm.azure.net"}, "AKV10022"),
                       ({"tenant": "another"}, "AKV10032"), ({"seconds": -1}, "TokenExpired")):
        answer = vault_client(double, **made).call("GET", "/keys/kek")
        same(answer.status, 401, made)
        assert word in answer.json["error"]["message"], answer.raw
    good = vault_client(double).token
    for token in "x", "a.b.c", good[:-8] + "AAAAAAAA", good.split(".")[0] + "..":
        same(Client(double, "vault", token).call("GET", "/keys/kek").status, 401, token)


@test
def each_right_can_be_missing(double):
    client = vault_client(double)
    create(client)
    wrapped = wrap(client)
    blob = client.call("POST", "/keys/kek/backup").json["value"]
    requests = {
        "get": ("GET", "/keys/kek"), "list": ("GET", "/keys"),
        "create": ("POST", "/keys/kek/create", {"kty": "EC"}),
        "import": ("PUT", "/keys/kek", {"key": {}}), "update": ("PATCH", "/keys/kek", {}),
        "delete": ("DELETE", "/keys/kek"), "recover": ("POST", "/deletedkeys/kek/recover"),
        "purge": ("DELETE", "/deletedkeys/kek"), "backup": ("POST", "/keys/kek/backup"),
        "restore": ("POST", "/keys/restore", {"value": blob}),
        "rotate": ("POST", "/keys/kek/rotate"),
        "getrotationpolicy": ("GET", "/keys/kek/rotationpolicy"),
        "setrotationpolicy": ("PUT", "/keys/kek/rotationpolicy", {}),
        "release": ("POST", "/keys/kek//release", {}),
        **{operation: ("POST", f"/keys/kek//{operation}", {"alg": "x", "value": ""})
           for operation in ("wrapKey", "unwrapKey", "encrypt", "decrypt", "sign", "verify")}}
    for style, inner in ("rbac", "ForbiddenByRbac"), ("policy", "ForbiddenByPolicy"):
        double.tell("access", style=style, denied=list(requests))
        for right, request in requests.items():
            refused(client.call(*request), 403, f"Forbidden/{inner}")
    double.tell("access", denied=[])
    reader = vault_client(double, client_id=double.reader_id)
    same(reader.call("GET", "/keys/kek").status, 200)
    refused(unwrap(reader, wrapped), 403, "Forbidden/ForbiddenByPolicy")
    double.tell("access", granted=["unwrapKey"])  # by its full name it needs no more
    same(unb64(unwrap(client, wrapped).json["value"]), DEK)
    refused(client.call("GET", "/keys/kek"), 403, "Forbidden/ForbiddenByPolicy")


@test
def the_network_can_be_closed(double):
    client = vault_client(double)
    for network, inner in ("firewall", "ForbiddenByFirewall"), ("connection",
                                                                "ForbiddenByConnection"):
        double.tell("access", network=network)
        refused(client.call("GET", "/keys"), 403, f"Forbidden/{inner}")
    double.tell("access", network="open")
    same(client.call("GET", "/keys").status, 200)


# ---- keys and their states -------------------------------------------------

@test
def disabled_expired_and_early_keys(double):
    client = vault_client(double)
    create(client)
    wrapped, now = wrap(client), double.tell("clock")["now"]
    forward = client.call, "POST", "/keys/kek//wrapkey", {"alg": "RSA-OAEP-256", "value": b64(DEK)}

    def again():
        return forward[0](*forward[1:])
    double.tell("key", name="kek", enabled=False)
    refused(unwrap(client, wrapped), 403, "Forbidden/KeyDisabled")
    refused(again(), 403, "Forbidden/KeyDisabled")
    double.tell("vault", wrap_when_disabled=True)
    same(again().status, 200)
    double.tell("key", name="kek", enabled=True, exp=int(now) - 3600)
    refused(again(), 403, "Forbidden/KeyExpired")
    same(unwrap(client, wrapped).status, 200)
    double.tell("key", name="kek", exp=int(now) - 60)  # minutes are forgiven
    same(again().status, 200)
    double.tell("key", name="kek", exp=None, nbf=int(now) + 3600)
    refused(again(), 403, "Forbidden/KeyNotYetValid")
    same(unwrap(client, wrapped).status, 200)
    double.tell("clock", forward=3600)
    same(vault_client(double).call(*forward[1:]).status, 200)


@test
def operations_are_held_to(double):
    client = vault_client(double)
    create(client, key_ops=["unwrapKey"])
    refused(client.call("POST", "/keys/kek//wrapkey", {"alg": "RSA-OAEP-256", "value": b64(DEK)}),
            403, "Forbidden/KeyOperationForbidden")
    refused(client.call("POST", "/keys/kek/create", {"kty": "RSA", "key_ops": ["fly"]}),
            400, "BadParameter")


@test
def what_cannot_be_unwrapped_is_a_bad_parameter(double):
    client = vault_client(double)
    create(client)
    wrapped = wrap(client)
    for value, alg in ((b64(bytes(256)), "RSA-OAEP-256"), (b64(DEK), "RSA-OAEP-256"),
                       ("not base64!", "RSA-OAEP-256"), ("", "RSA-OAEP-256"), (7, "RSA-OAEP-256"),
                       (wrapped["value"], "RSA-OAEP"), (wrapped["value"], "A256KW"),
                       (wrapped["value"], "none")):
        refused(unwrap(client, {**wrapped, "value": value}, alg), 400, "BadParameter")
    refused(client.call("GET", "/keys/kek", api="1.0"), 400, "BadParameter")
    refused(client.call("GET", "/keys/kek", api=None), 400, "BadParameter")
    refused(client.call("POST", "/keys/kek//wrapkey", "[" * 5000), 400, "BadParameter")


@test
def names_have_no_case_and_versions_no_time(double):
    client = vault_client(double)
    ids = [create(client, "KeK", kty="EC")["key"]["kid"].rsplit("/", 1)[-1] for _ in range(30)]
    same(client.call("GET", "/keys/kek").json["key"]["kid"].rsplit("/", 2)[1:], ["KeK", ids[-1]])
    first = client.call("GET", "/keys/kek/versions").json
    same(len(first["value"]), 25)
    link = urllib.parse.urlsplit(first["nextLink"])
    second = client.call("GET", f"{link.path}?{link.query}", api=None).json
    same(second["nextLink"], None)
    listed = [at["kid"].rsplit("/", 1)[-1] for at in first["value"] + second["value"]]
    same(listed, sorted(ids))
    refused(client.call("GET", "/keys/kek/" + "0" * 32), 404, "KeyNotFound")
    refused(client.call("GET", "/keys?maxresults=26"), 400, "BadParameter")
    same(len(client.call("GET", "/keys/kek/versions?maxresults=7").json["value"]), 7)


@test
def recovery_levels(double):
    client = vault_client(double)
    create(client, kty="EC")
    for settings, level in (
            ({"purge_protected": True, "recoverable_days": 90}, "Recoverable"),
            ({"purge_protected": False}, "Recoverable+Purgeable"),
            ({"recoverable_days": 7}, "CustomizedRecoverable+Purgeable"),
            ({"purge_protected": True}, "CustomizedRecoverable"), ({"soft_delete": False},
                                                                   "Purgeable")):
        double.tell("vault", **settings)
        same(client.call("GET", "/keys/kek").json["attributes"]["recoveryLevel"], level)
    same(client.call("DELETE", "/keys/kek").status, 200)
    refused(client.call("GET", "/deletedkeys/kek"), 404, "KeyNotFound")
    create(client, kty="EC")


@test
def deletion_and_recovery_take_their_time(double):
    client = vault_client(double)
    create(client, kty="EC")
    double.tell("vault", delete_seconds=60, recover_seconds=60)
    same(client.call("DELETE", "/keys/kek").status, 200)
    refused(client.call("GET", "/deletedkeys/kek"), 404, "KeyNotFound")
    refused(client.call("POST", "/keys/kek/create", {"kty": "EC"}), 409,
            "Conflict/ObjectIsBeingDeleted")
    double.tell("clock", forward=61)
    same(client.call("GET", "/deletedkeys/kek").status, 200)
    same(client.call("POST", "/deletedkeys/kek/recover").status, 200)
    refused(client.call("GET", "/keys/kek"), 404, "KeyNotFound")
    double.tell("clock", forward=61)
    same(client.call("GET", "/keys/kek").status, 200)
    same(client.call("DELETE", "/keys/kek").status, 200)
    double.tell("clock", forward=91 * 86400)  # nobody came back for it
    late = vault_client(double)
    refused(late.call("GET", "/deletedkeys/kek"), 404, "KeyNotFound")


@test
def a_vault_after_failover_is_only_read(double):
    client = vault_client(double)
    create(client)
    wrapped = wrap(client)
    double.tell("vault", read_only=True)
    for request in (("POST", "/keys/k/create", {"kty": "EC"}), ("POST", "/keys/kek/rotate"),
                    ("PATCH", "/keys/kek", {"attributes": {"enabled": False}}),
                    ("DELETE", "/keys/kek")):
        same(client.call(*request).status, 403, request)
    for request in ("GET", "/keys/kek"), ("GET", "/keys"), ("POST", "/keys/kek/backup"):
        same(client.call(*request).status, 200, request)
    same(unb64(unwrap(client, wrapped).json["value"]), DEK)


@test
def backups_are_checked(double):
    client = vault_client(double)
    create(client)
    wrapped = wrap(client)
    blob = client.call("POST", "/keys/kek/backup").json["value"]
    refused(client.call("POST", "/keys/restore", {"value": blob}), 409, "Conflict")
    double.tell("forget", name="kek")
    changed = bytearray(unb64(blob))
    changed[-40] ^= 1
    for value in b64(bytes(changed)), "AAAA", b64(b"x" * 500):
        refused(client.call("POST", "/keys/restore", {"value": value}), 400, "BadParameter")
    same(client.call("POST", "/keys/restore", {"value": blob}).status, 200)
    same(unb64(unwrap(client, wrapped).json["value"]), DEK)
    other = vault_client(double, "other")  # a copy of its own
    same(other.call("POST", "/keys/restore", {"value": blob}).status, 200)


@test
def a_key_comes_by_transfer_blob(double):
    client = vault_client(double)
    exchange = create(client, "exchange", kty="RSA-HSM", key_ops=["import"])["key"]
    key = rsa.generate_private_key(65537, 2048)
    dump = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())
    public = rsa.RSAPublicNumbers(65537, int.from_bytes(unb64(exchange["n"]), "big")).public_key()
    aes = bytes(range(32))
    sealed = public.encrypt(aes, padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)) \
        + keywrap.aes_key_wrap_with_padding(aes, dump)
    blob = {"schema_version": "1.0.0", "generator": "test", "ciphertext": b64(sealed), "header": {
        "kid": exchange["kid"], "alg": "dir", "enc": "CKM_RSA_AES_KEY_WRAP"}}
    asked = {"key": {"kty": "RSA-HSM", "key_ops": ["wrapKey", "unwrapKey"],
                     "key_hsm": b64(json.dumps(blob).encode())}}
    same(client.call("PUT", "/keys/kek", asked).status, 200)
    mine = key.public_key().encrypt(DEK, padding.OAEP(padding.MGF1(hashes.SHA256()),
                                                      hashes.SHA256(), None))
    answer = client.call("POST", "/keys/kek//unwrapkey",
                         {"alg": "RSA-OAEP-256", "value": b64(mine)})
    same(unb64(answer.json["value"]), DEK)
    blob["ciphertext"] = b64(sealed[:-1] + b"\0")
    asked["key"]["key_hsm"] = b64(json.dumps(blob).encode())
    refused(client.call("PUT", "/keys/kek", asked), 400, "BadParameter")


# ---- Managed HSM -----------------------------------------------------------

@test
def the_ways_of_a_managed_hsm(double):
    client = vault_client(double, "hsm")
    same(create(client, "rsa")["key"]["kty"], "RSA-HSM")
    refused(vault_client(double).call("POST", "/keys/k/create", {"kty": "oct-HSM"}), 400,
            "BadParameter")
    for alg, size in (("A128KW", 128), ("A192KW", 192), ("A256KW", 256), ("CKM_AES_KEY_WRAP", 256),
                      ("CKM_AES_KEY_WRAP_PAD", 192)):
        create(client, kty="oct-HSM", key_size=size)
        wrapped = wrap(client, alg=alg)
        same((len(unb64(wrapped["value"])), wrapped["alg"]), (72, alg))
        same(list(wrapped), sorted(wrapped))
        same(unb64(unwrap(client, wrapped, alg).json["value"]), DEK)
        broken = {**wrapped, "value": b64(bytes(72))}
        refused(unwrap(client, broken, alg), 400, "BadParameter")
    refused(client.call("POST", "/keys/kek//wrapkey", {"alg": "A256KW", "value": b64(DEK)}), 400,
            "BadParameter")  # its key has 192 bits
    for count, status in ((1, 200), (128, 200), (129, 400), (0, 400), ("x", 400)):
        answer = client.call("POST", "/rng", {"count": count})
        same(answer.status, status, count)
    same(vault_client(double).call("POST", "/rng", {"count": 1}).status, 404)
    message = client.call("GET", "/keys/none").json["error"]["message"]
    assert message.startswith(f"Key not found: Key not found: {double.hsm}/keys/none (Activity")
    double.tell("access", vault="hsm", denied=["get"])
    same(client.call("GET", "/keys/kek").status, 403)


@test
def an_hsm_key_has_a_hundred_versions(double):
    client = vault_client(double, "hsm")
    double.tell("vault", name="hsm", reuse_material=True)
    for _ in range(100):
        create(client, kty="EC")
    refused(client.call("POST", "/keys/kek/rotate"), 400, "BadParameter")


# ---- limits ----------------------------------------------------------------

@test
def published_limits(double):
    for kty, size, limit in (("RSA-HSM", 4096, 250), ("RSA-HSM", 3072, 500), ("RSA-HSM", 2048, 2000),
                             ("RSA", 2048, 4000), ("RSA", 3072, 1000), ("RSA", 4096, 500)):
        limits = Limits()
        limits.set("published")
        taken = [limits.take(n * 1e-4, "key", kty, size) for n in range(limit + 1)]
        same(taken[:limit], [None] * limit)
        assert 9 < taken[limit] <= 10, taken[limit]
    limits.set("published")  # one of 4096 bits weighs what eight of 2048 do
    for n in range(125):
        same(limits.take(n * 1e-4, "key", "RSA-HSM", 4096), None)
    for n in range(1000):
        same(limits.take(1 + n * 1e-4, "key", "RSA-HSM", 2048), None)
    assert limits.take(2, "key", "RSA-HSM", 2048)
    same(limits.take(2, "create", "RSA-HSM", 2048), None)
    same(limits.take(2, "key", "RSA", 2048), None)


@test
def throttling_with_and_without_retry_after(double):
    client = vault_client(double)
    create(client, kty="EC")
    for retry_after in None, "real", 7:
        double.tell("limits", mode={"limit": 5, "window": 600}, retry_after=retry_after)
        same([client.call("GET", "/keys/kek").status for _ in range(5)], [200] * 5)
        answer = client.call("GET", "/keys/kek")
        refused(answer, 429, "Throttled")
        after = answer.headers["Retry-After"]
        if retry_after == "real":
            assert 590 < int(after) <= 600, after
        else:
            same(after, retry_after and str(retry_after))


run()
