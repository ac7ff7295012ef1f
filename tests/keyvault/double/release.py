# SPDX-License-Identifier: GPL-2.0-or-later
"""Secure key release, as far as its outer form goes: whoever asks is taken for attested."""
from . import tokens
from .errors import Refusal, bad_parameter


def release(signing_key, bundle, version, body):
    if not version.exportable or not version.release_policy:
        raise Refusal(403, "Forbidden", "The key is not exportable or has no release policy.")
    if not body.get("target"):
        raise bad_parameter("Property target is missing")
    claims = {"request": {"api-version": "7.3", "enc": body.get("enc"), "nonce": body.get("nonce")},
              "response": {"key": {"key": {**bundle["key"], "key_hsm": ""},
                                   "attributes": bundle["attributes"]}}}
    return {"value": tokens.sign(signing_key, claims, {"kid": "double"})}
