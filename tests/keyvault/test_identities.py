#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The double's Entra ID and managed identity endpoints: what they verify and refuse."""
import os
import urllib.parse

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from double import ca, tokens
from lib import Client, b64, run, same, test


def form(double, **members):
    body = urllib.parse.urlencode({
        "client_id": double.client_id, "grant_type": "client_credentials",
        "scope": "https://vault.azure.net/.default", **members})
    return Client(double, "authority").call(
        "POST", f"/{double.tenant}/oauth2/v2.0/token", body,
        {"Content-Type": "application/x-www-form-urlencoded"}, api=None)


def assertion(double, header=None, **claims):
    """A client assertion as CERTIFICATE_FILE's owner makes it, but for what is said."""
    pem = double.read("certificate_file").encode()
    key = serialization.load_pem_private_key(pem, None)
    der = x509.load_pem_x509_certificate(pem[pem.index(b"-----BEGIN CERT"):]).public_bytes(
        serialization.Encoding.DER)
    digest = hashes.Hash(hashes.SHA256())
    digest.update(der)
    now = int(double.tell("clock")["now"])
    made = {"aud": f"{double.authority}/{double.tenant}/oauth2/v2.0/token", "jti": "1",
            "iss": double.client_id, "sub": double.client_id, "nbf": now, "exp": now + 600}
    return tokens.sign(key, {**made, **claims}, header or {
        "alg": "PS256", "x5t#S256": b64(digest.finalize())})


@test
def client_assertions_are_verified(double):
    kind = {"client_assertion_type": tokens.ASSERTION_TYPE}
    same(form(double, client_assertion=assertion(double), **kind).status, 200)
    past = int(double.tell("clock")["now"]) - 3600
    for claims, code in (({"aud": "https://elsewhere"}, 700023), ({"iss": "x"}, 700021),
                         ({"sub": "x"}, 700021), ({"exp": past}, 700024),
                         ({"nbf": past + 7200}, 700024), ({"exp": None}, 50027), ({"jti": None}, 50027)):
        answer = form(double, client_assertion=assertion(double, **claims), **kind)
        same((answer.status, answer.json["error"], answer.json["error_codes"]),
             (401, "invalid_client", [code]), claims)
    good = assertion(double)
    for bad in good[:-6] + "AAAAAA", "x.y", assertion(double, {"alg": "PS256", "x5t#S256": "AAAA"}):
        same(form(double, client_assertion=bad, **kind).status, 401)
    same(form(double, client_assertion=good).status, 400)  # without its type
    _, other = ca.client("another")
    double.tell("application", client_id=double.client_id, drop_certificates=True,
                certificate=other)
    same(form(double, client_assertion=good, **kind).json["error_codes"], [700027])


@test
def federated_tokens_are_verified(double):
    kind = {"client_assertion_type": tokens.ASSERTION_TYPE}
    for claims, code in (({}, None), ({"aud": "https://kubernetes.default.svc"}, 700212),
                         ({"iss": "https://other.example"}, 70021),
                         ({"sub": "system:serviceaccount:a:b"}, 70021), ({"seconds": -3600}, 700024)):
        token = double.tell("federated", **claims)["token"]
        answer = form(double, client_assertion=token, **kind)
        same(answer.json.get("error_codes"), code and [code], claims)
    forged = tokens.sign(rsa.generate_private_key(65537, 2048), tokens.read(token)[1])
    same(form(double, client_assertion=forged, **kind).json["error_codes"], [5000224])


@test
def secrets_and_scopes(double):
    secret = double.read("secret_file")
    same(form(double, client_secret=secret).json["expires_in"], 3599)
    for members, code in (({"client_secret": "no"}, 7000215), ({}, 7000215),
                          ({"client_secret": secret, "client_id": "x"}, 700016),
                          ({"client_secret": secret, "scope": "https://vault.azure.net"}, 70011),
                          ({"client_secret": secret, "grant_type": "password"}, 70003)):
        same(form(double, **members).json["error_codes"], [code], members)
    double.tell("tokens", seconds=60)
    same(form(double, client_secret=secret).json["expires_in"], 60)
    token = form(double, client_secret=secret).json["access_token"]
    same(Client(double, "vault", token).call("GET", "/keys").status, 200)
    double.tell("tokens", revoke=double.client_id)
    same(Client(double, "vault", token).call("GET", "/keys").status, 401)
    double.tell("application", client_id=double.client_id, deleted=True)
    same(form(double, client_secret=secret).json["error_codes"], [700016])


@test
def managed_identities(double):
    path = "/metadata/identity/oauth2/token?resource=https%3A%2F%2Fvault.azure.net"
    at, metadata = Client(double, "imds"), {"Metadata": "true"}
    good = at.call("GET", path, None, metadata, "2018-02-01").json
    same(good["expires_in"], "86399")
    same(Client(double, "vault", good["access_token"]).call("GET", "/keys").status, 200)
    same(at.call("GET", path, None, None, "2018-02-01").status, 400)
    same(at.call("GET", path + "/.default", None, metadata, "2018-02-01").status, 400)
    same(at.call("GET", path + "&client_id=x", None, metadata, "2018-02-01").status, 400)
    same(at.call("GET", f"{path}&object_id={double.identity_oid}", None, metadata,
                 "2018-02-01").status, 200)
    service = "/msi/token?resource=https%3A%2F%2Fvault.azure.net"
    same(at.call("GET", service, None, {"X-IDENTITY-HEADER": "x"}, "2019-08-01").status, 401)
    same(at.call("GET", service, None, {
        "X-IDENTITY-HEADER": double.read("identity_header_file")}, "2019-08-01").status, 200)
    challenge = at.call("GET", path, None, metadata, "2020-06-01")
    same(challenge.status, 401)
    realm = challenge.headers["WWW-Authenticate"].removeprefix("Basic realm=")
    same((os.path.dirname(realm), realm[-4:]), (double.arc_directory, ".key"))
    with open(realm) as f:
        proof = {**metadata, "Authorization": f"Basic {f.read()}"}
    same(at.call("GET", path, None, proof, "2020-06-01").status, 200)
    same(at.call("GET", path, None, proof, "2020-06-01").status, 401)  # once only
    double.tell("fault", do="status", status=410, place="identity", times=1)
    same(at.call("GET", path, None, metadata, "2018-02-01").status, 410)


run()
