#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The double's faults, and its transport."""
import http.client
import json
import ssl
import urllib.parse
from email.utils import parsedate_to_datetime

from lib import DEK, Client, create, run, same, test, unb64, unwrap, vault_client, wrap


@test
def answers_that_were_changed(double):
    client = vault_client(double)
    made = create(client)
    wrapped = wrap(client)

    def broken(**rule):
        double.tell("fault", times=1, path="unwrapkey", **rule)
        return unwrap(client, wrapped)
    assert broken(do="wrong_kid").json["kid"] != wrapped["kid"]
    same(len(unb64(broken(do="wrong_length", by=1).json["value"])), 65)
    same(len(unb64(broken(do="wrong_length", by=-1).json["value"])), 63)
    assert unb64(broken(do="wrong_value").json["value"]) not in (DEK, b"")
    assert broken(do="bad_base64").json["value"].startswith("!!")
    same(broken(do="deep_json", depth=9).raw.count(b"["), 9)
    assert len(broken(do="huge", size=1 << 20).raw) > 1 << 20
    same(broken(do="empty").raw, b"")
    same(broken(do="html").headers["content-type"], "text/html")
    for kind in "garbage", "half_json":
        try:
            broken(do=kind).json
            raise AssertionError(f"{kind} is JSON")
        except ValueError:
            pass
    same(broken(do="not_object").json, ["value"])
    same(broken(do="status", status=503, headers={"Retry-After": "3"}).headers["Retry-After"], "3")
    same(broken(do="redirect", to="https://elsewhere/").headers["Location"], "https://elsewhere/")
    same(broken(do="set", members={"kid": None, "more": 1}).json.get("kid"), None)
    double.tell("fault", do="set", members={"key.kty": "EC"}, method="GET", skip=1, times=1)
    same([client.call("GET", "/keys/kek").json["key"]["kty"] for _ in range(3)],
         ["RSA", "EC", "RSA"])
    assert made["key"]["kid"] == wrapped["kid"]
    same(unb64(unwrap(client, wrapped).json["value"]), DEK)


@test
def connections_that_break(double):
    client = vault_client(double)
    create(client, kty="EC")
    for kind in "close", "reset", "cut", "not_http", "hang":
        double.tell("fault", do=kind, times=1, seconds=0.2)
        try:
            client.call("GET", "/keys/kek")
            raise AssertionError(f"{kind}: an answer")
        except (OSError, http.client.HTTPException):
            pass
    for kind in "endless", "endless_headers":
        double.tell("fault", do=kind, times=1)
        try:
            client.connection.request("GET", "/keys/kek?api-version=7.4", headers={
                "Authorization": f"Bearer {client.token}"})
            answer = client.connection.getresponse()
            same(len(answer.read(1 << 20)), 1 << 20)
        except http.client.HTTPException:
            same(kind, "endless_headers")  # Python itself has had enough
        client.connection.close()
    double.tell("fault", do="huge_headers", size=70000, times=1)
    try:
        client.call("GET", "/keys/kek")
        raise AssertionError("huge headers were read")
    except http.client.HTTPException:
        pass
    double.tell("fault", do="drip", times=1, seconds=0.001, octets=64)
    same(client.call("GET", "/keys/kek").status, 200)
    double.tell("fault", do="slow", seconds=0.3)
    number = double.tell("fault", do="status", status=500)["fault"]
    same(client.call("GET", "/keys/kek").status, 500)
    double.tell("heal", fault=number)
    same(client.call("GET", "/keys/kek").status, 200)
    same([at["seconds"] > 0.3 for at in double.tell("requests")["requests"][-2:]], [True, True])


@test
def certificates_that_must_be_refused(double):
    for place, word in (("stranger", "self-signed"), ("expired", "expired"),
                        ("misnamed", "mismatch"), ("old", "")):
        try:
            Client(double, place).call("GET", "/keys")
            raise AssertionError(f"{place} was accepted")
        except ssl.SSLError as wrong:
            assert word in str(wrong) or "unable to get" in str(wrong), wrong


@test
def real_names_by_way_of_the_proxy(double):
    proxy = urllib.parse.urlsplit(double.proxy)
    for host, resource in (("kv1.vault.azure.net", "https://vault.azure.net"),
                           ("kv1.vault.azure.cn", "https://vault.azure.cn"),
                           ("h1.managedhsm.usgovcloudapi.net",
                            "https://managedhsm.usgovcloudapi.net")):
        there = http.client.HTTPSConnection(proxy.hostname, proxy.port, context=double.tls)
        there.set_tunnel(host, 443)
        token = double.tell("token", resource=resource)["access_token"]
        there.request("POST", "/keys/kek/create?api%2Dversion=7.4", '{"kty":"EC"}',
                      {"Authorization": f"Bearer {token}"})
        kid = json.load(there.getresponse())["key"]["kid"]
        same(kid.rsplit("/", 1)[0], f"https://{host}/keys/kek")
    for host, status in (("elsewhere.example", "502"), ("kv1.vault.azure.net", "407")):
        if status == "407":
            double.tell("fault", do="status", status=407, place="proxy", times=1)
        there = http.client.HTTPSConnection(proxy.hostname, proxy.port, context=double.tls)
        there.set_tunnel(host, 443)
        try:
            there.request("GET", "/")
            raise AssertionError(f"a tunnel to {host}")
        except OSError as wrong:
            assert status in str(wrong), wrong


@test
def a_clock_that_is_wrong(double):
    client = vault_client(double)
    create(client, kty="EC")

    def date():
        return parsedate_to_datetime(client.call("GET", "/keys/kek").headers["date"]).timestamp()
    before = date()
    double.tell("fault", do="clock_skew", by=-7200, times=1)
    assert -7300 < date() - before < -7100
    assert -10 < date() - before < 60


@test
def the_control_refuses_what_it_does_not_know(double):
    for verb, said in (("fault", {"do": "fly"}), ("vault", {"colour": "red"}), ("fly", {}),
                       ("key", {"name": "none"}), ("key", {"name": "kek", "colour": 1})):
        try:
            double.tell(verb, **said)
            raise RuntimeError(f"{verb} {said} was taken")
        except AssertionError:
            pass


run()
