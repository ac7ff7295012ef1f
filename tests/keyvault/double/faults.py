# SPDX-License-Identifier: GPL-2.0-or-later
"""What goes wrong on purpose. A fault says on which requests (`method`, and `path`, `host` and
`place` as regular expressions; `skip` so many first, then `times` times) and what (`do`)."""
import base64
import json
import os
import re

from . import errors
from .material import b64

# Those that need the connection itself are the server's: see server.Handler.send_fault.
CONNECTION = {"close", "reset", "cut", "endless", "endless_headers", "huge_headers", "drip",
              "not_http", "hang"}


class Fault:
    def __init__(self, number, rule):
        self.number, self.rule = number, rule
        self.do = rule["do"]
        self.skip, self.times = rule.get("skip", 0), rule.get("times")
        self.method = rule.get("method")
        self.match = {name: re.compile(rule[name], re.I) for name in ("path", "host", "place")
                      if name in rule}
        if self.do not in CONNECTION and self.do not in CHANGES and self.do != "slow":
            raise ValueError(f"no fault {self.do}")

    def meets(self, method, path, host, place):
        seen = {"path": path, "host": host, "place": place}
        return (self.method in (None, method) and
                all(pattern.search(seen[name]) for name, pattern in self.match.items()))


def pick(world, method, path, host, place):
    """The faults of this request; each is used up by one."""
    picked = []
    with world.lock:
        for fault in list(world.faults):
            if not fault.meets(method, path, host, place):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    world.faults.remove(fault)
            picked.append(fault)
    return picked


# ---- faults of the answer's content ----------------------------------------

def _status(reply, rule):
    reply.status = rule.get("status", 500)
    reply.body = rule.get("body", {"error": {"code": rule.get("code", "InternalServerError"),
                                             "message": rule.get("message", "made to fail")}})
    if rule.get("inner"):
        reply.body["error"]["innererror"] = {"code": rule["inner"]}
    reply.headers.update(rule.get("headers", {}))


def _throttle(reply, rule):
    refusal = errors.throttled(rule.get("retry_after"))
    reply.status, reply.body = refusal.status, refusal.body()
    reply.headers.update(refusal.headers)


def _redirect(reply, rule):
    reply.status, reply.body = rule.get("status", 302), None
    reply.headers["Location"] = rule["to"]


def _raw(reply, body):
    reply.body = body


def _deep(reply, rule):
    depth = rule.get("depth", 100000)
    reply.body = b'{"value":' + b"[" * depth + b"]" * depth + b"}"


def _huge(reply, rule):
    reply.body = b'{"value":"' + b"A" * rule.get("size", 64 << 20) + b'"}'


def _set(reply, rule):
    """Members by path, "key.kid": value; null takes one away."""
    if not isinstance(reply.body, dict):
        return
    reply.body = json.loads(json.dumps(reply.body))
    for path, value in rule["members"].items():
        *way, last = path.split(".")
        at = reply.body
        for step in way:
            at = at.setdefault(step, {})
        if value is None:
            at.pop(last, None)
        else:
            at[last] = value


def _value(change):
    def apply(reply, rule):
        if isinstance(reply.body, dict) and isinstance(reply.body.get("value"), str):
            text = reply.body["value"]
            octets = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            reply.body["value"] = change(octets, rule)
    return apply


def _wrong_kid(reply, rule):
    """Another version's name, as an answer for another key would have."""
    def other(kid):
        return rule.get("kid") or kid[:-32] + ("0" if kid[-32] != "0" else "1") + kid[-31:]
    if isinstance(reply.body, dict):
        if "kid" in reply.body:
            reply.body["kid"] = other(reply.body["kid"])
        if "key" in reply.body:
            reply.body["key"]["kid"] = other(reply.body["key"]["kid"])


def _length(octets, rule):
    by = rule.get("by", 1)
    return b64(octets + b"\0" * by if by > 0 else octets[:by])


CHANGES = {
    "status": _status, "throttle": _throttle, "redirect": _redirect,
    "garbage": lambda reply, rule: _raw(reply, os.urandom(rule.get("size", 512))),
    "html": lambda reply, rule: (_raw(reply, b"<html><body>proxy error</body></html>"),
                                 reply.headers.update({"content-type": "text/html"})),
    "empty": lambda reply, rule: _raw(reply, b""),
    "not_object": lambda reply, rule: _raw(reply, b'["value"]'),
    "half_json": lambda reply, rule: _raw(reply, json.dumps(reply.body).encode()[:-8]),
    "deep_json": _deep, "huge": _huge, "set": _set, "wrong_kid": _wrong_kid,
    "wrong_length": _value(_length),
    "wrong_value": _value(lambda octets, rule: b64(bytes([octets[0] ^ 1]) + octets[1:])),
    "bad_base64": _value(lambda octets, rule: "!!" + b64(octets)[2:]),
    "clock_skew": lambda reply, rule: reply.headers.update({"x-double-skew": str(rule["by"])}),
}


def change(reply, picked):
    for fault in picked:
        if fault.do in CHANGES:
            CHANGES[fault.do](reply, fault.rule)
