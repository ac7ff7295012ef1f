# SPDX-License-Identifier: GPL-2.0-or-later
"""Rotation policies."""
import re

from .errors import bad_parameter

DAY = 86400
UNITS = {"Y": 365, "M": 30, "W": 7, "D": 1}


def days(text):
    """Days of an ISO 8601 duration, as far as policies use them."""
    if not isinstance(text, str) or not re.fullmatch(r"P(\d+[YMWD])+", text):
        raise bad_parameter(f"The duration {text} is not valid")
    return sum(int(n) * UNITS[unit] for n, unit in re.findall(r"(\d+)([YMWD])", text))


def lifetime(policy):
    expiry = (policy or {}).get("attributes", {}).get("expiryTime")
    return days(expiry) * DAY if expiry else None


def accept(body, old, is_hsm, now):
    least = 28 if is_hsm else 7
    attributes = body.get("attributes") or {}
    expiry = attributes.get("expiryTime")
    if expiry is not None and days(expiry) < 28:
        raise bad_parameter("expiryTime must be at least 28 days")
    actions = body.get("lifetimeActions") or []
    for action in actions:
        kind = str(action.get("action", {}).get("type", "")).lower()
        trigger = action.get("trigger", {})
        if kind not in ("rotate",) + (() if is_hsm else ("notify",)):
            raise bad_parameter(f"The action {kind} is not supported")
        after, before = trigger.get("timeAfterCreate"), trigger.get("timeBeforeExpiry")
        if (after is None) == (before is None):
            raise bad_parameter("A trigger has either timeAfterCreate or timeBeforeExpiry")
        if days(after or before) < least:
            raise bad_parameter(f"A trigger must be at least {least} days")
        if before is not None and expiry is None and kind == "rotate":
            raise bad_parameter("timeBeforeExpiry needs an expiryTime")
    created = old["attributes"]["created"] if old else int(now)
    shown = {"created": created, "updated": int(now)}
    if expiry is not None:
        shown = {"expiryTime": expiry, **shown}
    return {"lifetimeActions": actions, "attributes": shown}


def show(identifier, policy, is_hsm):
    policy = policy or {"lifetimeActions": [] if is_hsm else [
        {"trigger": {"timeBeforeExpiry": "P30D"}, "action": {"type": "Notify"}}],
        "attributes": {}}
    actions = policy["lifetimeActions"]
    if is_hsm:  # it answers in lower case
        actions = [{**action, "action": {"type": action["action"]["type"].lower()}}
                   for action in actions]
    return {"id": identifier, "lifetimeActions": actions, "attributes": policy["attributes"]}
