#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The double against recordings of the genuine service (recordings/, from the Azure SDK for
C++): each recorded request is sent to the double at the recorded time, and the answers'
statuses, headers, members, their order, errors and texts are compared. The recordings hold no
request bodies: they are made so that the recorded answer is what the service gave to them."""
import email.utils
import glob
import json
import os
import re
import urllib.parse

from lib import HERE, TESTS, b64, run, same, unb64, vault_client
from cryptography.hazmat.primitives.asymmetric import rsa

# Members that later services add to every bundle.
LATER = {"exportable", "recoverableDays", "hsmPlatform"}
# Of one web server or the other, or of the connection.
UNKEPT_HEADERS = {"x-powered-by", "reason_phrase", "body", "status_code", "server"}
VERSION = re.compile(r"\b[0-9a-f]{32}\b")
DIGESTS = {"RS256": 32, "RS384": 48, "ES256": 32, "ES256K": 32}
ALG_OF = (("RSA256", "RS256"), ("RSA384", "RS384"), ("ES256", "ES256"))


def private_jwk():
    key = rsa.generate_private_key(65537, 2048).private_numbers()
    public = key.public_numbers
    return {name: b64(value.to_bytes((value.bit_length() + 7) // 8, "big")) for name, value in (
        ("n", public.n), ("e", public.e), ("d", key.d), ("p", key.p), ("q", key.q),
        ("dp", key.dmp1), ("dq", key.dmq1), ("qi", key.iqmp))}


class Replay:
    def __init__(self, double, path):
        with open(path) as f:
            self.records = json.load(f)["networkCallRecords"]
        self.double, self.name = double, os.path.basename(path)[:-5]
        self.versions, self.last = {}, {}   # recorded version: the double's; value by operation
        self.blob = self.curve = None
        self.place = "hsm" if "managedhsm" in self.records[0]["Url"] else "envol"
        self.shown = "hsm" if self.place == "hsm" else "vault"
        self.prepare()

    def prepare(self):
        bodies = [self.body(record) for record in self.records]
        found = re.search(r'"recoverableDays": (\d+)', json.dumps(bodies))
        self.double.tell("vault", name=self.place, purge_protected=False,
                         recoverable_days=int(found.group(1)) if found else 90,
                         reuse_material=True)
        times = [time for time in map(self.time, self.records) if time]
        self.double.tell("clock", at=min(times, default=1.6e9))
        self.client = vault_client(self.double, self.shown, seconds=10 ** 9)
        self.names = set()  # keys that are there, deleted or not
        self.listed = self.items_of_lists(bodies)

    def lag(self, at):
        """How long the recorded service took to delete the key of that record: until after the
        last answer that says so."""
        record = self.records[at]
        name, began, lag = urllib.parse.urlsplit(record["Url"]).path, self.time(record), 0
        for later in self.records[at + 1:]:
            path = urllib.parse.urlsplit(later["Url"]).path
            unseen = path == name.replace("/keys/", "/deletedkeys/") and \
                later["Method"] == "GET" and later["Response"]["STATUS_CODE"] == "404"
            if unseen or (path.startswith(name + "/") and
                          "ObjectIsBeingDeleted" in later["Response"]["BODY"]):
                lag = self.time(later) - began + 1
        return lag

    def items_of_lists(self, bodies):
        """What lists show by path, which the recording itself may not have made."""
        shown = {}
        for record, body in zip(self.records, bodies):
            if isinstance(body, dict) and isinstance(body.get("value"), list):
                shown.setdefault(urllib.parse.urlsplit(record["Url"]).path, []).extend(
                    body["value"])
        return shown

    @staticmethod
    def body(record):
        text = record["Response"]["BODY"]
        return json.loads(text) if text else None

    @staticmethod
    def time(record):
        date = record["Response"].get("date")  # Managed HSM sends none
        return email.utils.parsedate_to_datetime(date).timestamp() if date else None

    # ---- requests ----------------------------------------------------------

    def translate(self, text):
        return VERSION.sub(lambda found: self.versions.get(found.group(0), found.group(0)), text)

    def create_body(self, bundle):
        key, attributes = bundle["key"], bundle["attributes"]
        body = {"kty": key["kty"], "key_ops": key["key_ops"], "attributes": {
            name: attributes[name] for name in ("enabled", "nbf", "exp", "exportable")
            if name in attributes}}
        for name in "crv", "n":
            if name in key:
                body["crv" if name == "crv" else "key_size"] = \
                    key[name] if name == "crv" else len(unb64(key[name])) * 8
        for name in "tags", "release_policy":
            if name in bundle:
                body[name] = bundle[name]
        return body

    def request_body(self, at, path, recorded):
        """What was asked, from what was answered."""
        record, verb = self.records[at], path.rsplit("/", 1)[-1].lower()
        alg = next((alg for word, alg in ALG_OF if word in self.name), None)
        if alg == "ES256" and self.curve == "P-256K":
            alg = "ES256K"
        if verb == "create":
            return self.create_body(recorded) if "key" in recorded else {"kty": "EC"}
        if record["Method"] == "PATCH":
            return {"attributes": {name: recorded["attributes"][name]
                                   for name in ("enabled", "exp", "nbf")
                                   if name in recorded["attributes"]}}
        if verb in ("encrypt", "wrapkey"):
            back = next(self.body(later) for later in self.records[at + 1:]
                        if later["Url"].rsplit("?")[0].lower().endswith(
                            "/decrypt" if verb == "encrypt" else "/unwrapkey"))
            return {"alg": "RSA-OAEP", "value": back["value"]}
        if verb in ("decrypt", "unwrapkey"):
            return {"alg": "RSA-OAEP", "value": self.last["value"]}
        if verb == "sign":
            return {"alg": alg, "value": b64(b"\7" * DIGESTS[alg])}
        if verb == "verify":
            return {"alg": alg, "digest": b64(b"\7" * DIGESTS[alg]), "value": self.last["value"]}
        if verb == "rotationpolicy":
            return {"lifetimeActions": recorded["lifetimeActions"],
                    "attributes": {"expiryTime": recorded["attributes"]["expiryTime"]}}
        if verb == "rng":
            return {"count": len(unb64(recorded["value"]))}
        if verb == "restore":
            return {"value": self.blob}
        if verb == "release":
            return {"target": "e30.e30.e30", "enc": "RSA_AES_KEY_WRAP_256"}
        if record["Method"] == "PUT":
            key = recorded["key"]
            return {"key": {"kty": key["kty"], "key_ops": key["key_ops"], **private_jwk(),
                            **({"crv": key["crv"]} if "crv" in key else {})}}
        return None

    # ---- what the recording takes for granted ------------------------------

    def ask(self, method, path, body=None):
        answer = self.client.call(method, path, body, api="7.3")
        assert answer.status in (200, 204), f"preparing {method} {path}: {answer.raw}"
        return answer.json if answer.raw else None

    def know(self, recorded_kid, own_kid):
        self.versions[recorded_kid.rsplit("/", 1)[-1]] = own_kid.rsplit("/", 1)[-1]

    def make(self, name, bundle=None, tags=None):
        body = self.create_body(bundle) if bundle else {"kty": "EC", "tags": tags}
        made = self.ask("POST", f"/keys/{name}/create", body)
        if bundle:
            self.know(bundle["key"]["kid"], made["key"]["kid"])
        self.names.add(name)
        return made

    def make_deleted(self, name, bundle=None):
        self.make(name, bundle)
        self.double.tell("vault", name=self.place, delete_seconds=0)
        self.ask("DELETE", f"/keys/{name}")

    def seed_list(self, parts):
        for item in self.listed.pop("/" + "/".join(parts), []):
            name, version = item["kid"].split("/")[4], item["kid"].rsplit("/", 1)[-1]
            if parts[-1] == "versions":
                if version not in self.versions:
                    self.know(item["kid"], self.make(name)["key"]["kid"])
            elif name not in self.names:
                if parts[0] == "deletedkeys":
                    self.make_deleted(name)
                else:
                    self.make(name, tags=item.get("tags"))

    def seed_blob(self, bundle):
        """A backup of that key, which is then nowhere else."""
        name = bundle["key"]["kid"].split("/")[4]
        self.make(name, bundle)
        self.blob = self.ask("POST", f"/keys/{name}/backup")["value"]
        self.double.tell("forget", name=name, vault=self.place)

    def seed(self, record, parts, recorded):
        """Bring about what this record finds and no earlier one made."""
        if parts == ["keys", "restore"]:
            return None if self.blob else self.seed_blob(recorded)
        if len(parts) == 1 or parts[-1] == "versions":
            return self.seed_list(parts)
        name = parts[1]
        creates = record["Method"] == "PUT" and len(parts) == 2 or parts[-1] == "create"
        if creates or record["Response"]["STATUS_CODE"] == "404":
            if record["Response"]["STATUS_CODE"] == "200":
                self.names.add(name)
            return None
        bundle = recorded if recorded and "key" in recorded else None
        version = next((part for part in parts[2:] if VERSION.fullmatch(part)), None)
        if name in self.names and (not version or version in self.versions):
            return None
        if parts[0] == "deletedkeys":
            return self.make_deleted(name, bundle)
        if parts[-1] == "release":
            made = self.ask("POST", f"/keys/{name}/create", {
                "kty": "RSA-HSM", "attributes": {"exportable": True},
                "release_policy": {"data": b64(b"{}")}})
            return self.know(version, made["key"]["kid"])
        made = self.make(name, bundle)
        return self.know(version, made["key"]["kid"]) if version else None

    # ---- the comparison ----------------------------------------------------

    def compare_headers(self, recorded, answer):
        due = {name.lower() for name in recorded} - UNKEPT_HEADERS
        got = {name.lower() for name in answer.headers}
        if self.place == "hsm":  # recorded of two builds of it
            due -= {"x-ms-build-version"}
        missing = due - got
        assert not missing, f"headers are missing: {sorted(missing)}"
        same(answer.headers.get("content-type"), recorded.get("content-type"), "content-type")
        if self.place == "hsm":
            assert "date" not in got, "Managed HSM sends no date"

    def compare(self, recorded, got, way=""):
        if way == ".nextLink" and got is None:
            # The service breaks lists off where it likes, the double fills its pages first.
            self.last_link = None
            return
        same(type(got).__name__, type(recorded).__name__, way or "answer")
        if isinstance(recorded, dict):
            here = [name for name in got if name in recorded or name not in LATER]
            same(here, list(recorded), f"members of {way or 'answer'}")
            for name in recorded:
                self.compare(recorded[name], got[name], f"{way}.{name}")
        elif isinstance(recorded, list):
            if way.endswith(".key_ops"):
                same(set(got), set(recorded), way)
            elif recorded and got and not way.endswith(".value"):
                same(len(got), len(recorded), way)
            for one, other in zip(recorded, got):
                self.compare(one, other, way + "[]")
        elif isinstance(recorded, str):
            self.compare_text(recorded, got, way)
        elif isinstance(recorded, bool):
            same(got, recorded, way)

    def compare_text(self, recorded, got, way):
        last = way.rsplit(".", 1)[-1]
        if last in ("kid", "id", "recoveryId"):
            pattern = [re.sub(VERSION, "V", urllib.parse.urlsplit(text).path).lower()
                       for text in (recorded, got)]
            if way.endswith("[].kid") or way.endswith("[].recoveryId"):  # lists differ in names
                pattern = [text.count("/") for text in pattern]
            same(pattern[1], pattern[0], way)
        elif last == "nextLink":
            query = [sorted(urllib.parse.parse_qs(urllib.parse.urlsplit(text).query))
                     for text in (recorded, got)]
            same(query[1], query[0], way)
        elif last in ("n", "x", "y", "e"):
            same(len(got), len(recorded), f"length of {way}")
        elif last == "value":
            if recorded.startswith("JkF6"):
                assert got.startswith(recorded[:50]), f"{way}: another kind of blob"
            elif recorded.count(".") == 2:
                same(got.count("."), 2, way)
            else:
                assert re.fullmatch(r"[\w-]+", got), f"{way}: {got}"
                same(len(got), len(recorded), f"length of {way}")
        else:
            same(got, recorded, way)

    def run(self):
        time = None
        for at, record in enumerate(self.records):
            url = urllib.parse.urlsplit(record["Url"])
            recorded, when = self.body(record), self.time(record)
            if when is not None and when != time:
                self.double.tell("clock", at=when)
                time = when
            parts = [part for part in url.path.split("/") if part]
            self.seed(record, parts, recorded)
            if record["Method"] == "DELETE" and parts[0] == "keys":
                self.double.tell("vault", name=self.place, delete_seconds=self.lag(at))
            path = self.translate(url.path)
            query = url.query
            if "skiptoken" in query:
                if not self.last_link:
                    continue
                query = self.last_link
            answer = self.client.call(record["Method"], f"{path}?{query}",
                                      self.request_body(at, path, recorded),
                                      {"x-ms-client-request-id": "1"}, api=None)
            what = f"{self.name} {at}: {record['Method']} {url.path}"
            try:
                same(answer.status, int(record["Response"]["STATUS_CODE"]), "status")
                self.compare_headers(record["Response"], answer)
                got = answer.json if answer.raw else None
                self.compare(recorded, got)
            except AssertionError as wrong:
                raise AssertionError(f"{what}: {wrong}\n{answer.raw[:300]}") from None
            self.remember(recorded, got)

    def remember(self, recorded, got):
        if not isinstance(got, dict):
            return
        if "key" in got:
            self.curve = got["key"].get("crv")
            self.know(recorded["key"]["kid"], got["key"]["kid"])
        if isinstance(got.get("value"), str):
            self.last["value"] = got["value"]
            if recorded["value"].startswith("JkF6"):
                self.blob = got["value"]
        if got.get("nextLink"):
            self.last_link = urllib.parse.urlsplit(got["nextLink"]).query


def add(path):
    def replay(double):
        Replay(double, path).run()
    replay.__name__ = "recording_" + re.sub(r"\W", "_", os.path.basename(path)[:-5])
    TESTS.append(replay)


for recording in sorted(glob.glob(os.path.join(HERE, "recordings", "*.json"))):
    add(recording)
assert len(TESTS) == 112, "recordings are missing"
run()
