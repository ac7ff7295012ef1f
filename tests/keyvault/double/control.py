# SPDX-License-Identifier: GPL-2.0-or-later
"""What tests tell the double, by POST with a JSON object; everything answers with JSON."""
import time

from . import tokens
from .faults import Fault
from .world import CLUSTER, CLIENT_ID, TENANT, Reply

SETTINGS = {"soft_delete", "purge_protected", "recoverable_days", "delete_seconds",
            "recover_seconds", "read_only", "wrap_when_disabled", "empty_page", "reuse_material"}


class Control:
    def __init__(self, world, request):
        self.world, self.request = world, request

    def answer(self):
        verb = self.request.segments[0] if self.request.segments else ""
        act = getattr(self, "do_" + verb, None)
        if not act:
            return Reply(404, {"error": f"no verb {verb}"})
        try:
            said = self.request.json() if self.request.raw else {}
            with self.world.lock:
                return Reply(200, act(**said) or {})
        except Exception as wrong:  # whatever is wrong with it, the test must see
            return Reply(400, {"error": f"{verb}: {type(wrong).__name__}: {wrong}"})

    def vault(self, name):
        return self.world.vaults[name]

    def do_reset(self):
        self.world.reset()

    def do_fault(self, **rule):
        self.world.fault_number += 1
        self.world.faults.append(Fault(self.world.fault_number, rule))
        return {"fault": self.world.fault_number}

    def do_heal(self, fault=None):
        self.world.faults = [kept for kept in self.world.faults
                             if fault is not None and kept.number != fault]

    def do_clock(self, offset=None, forward=None, at=None):
        if at is not None:
            self.world.offset = at - time.time()
        if offset is not None:
            self.world.offset = float(offset)
        self.world.offset += float(forward or 0)
        return {"now": self.world.now()}

    def do_requests(self, clear=False):
        seen = list(self.world.requests)
        if clear:
            self.world.requests.clear()
        return {"requests": seen}

    def do_vault(self, name="envol", **settings):
        vault = self.vault(name)
        for setting, value in settings.items():
            if setting not in SETTINGS:
                raise ValueError(f"no setting {setting}")
            setattr(vault, setting, value)

    def do_key(self, name, vault="envol", version=None, **settings):
        """Attributes of a version (or of the latest) behind the service's back."""
        vault = self.vault(vault)
        with vault.lock:
            at = vault.find(name, self.world.now()).version(version)
            for setting, value in settings.items():
                if setting not in ("enabled", "nbf", "exp", "ops", "created", "updated"):
                    raise ValueError(f"no setting {setting}")
                setattr(at, setting, value)
        return {"version": at.id}

    def do_forget(self, name, vault="envol"):
        """As if it had never been: a purge that nothing protects from."""
        vault = self.vault(vault)
        vault.keys.pop(name.lower(), None)
        vault.deleted.pop(name.lower(), None)

    def do_access(self, vault="envol", style=None, network=None, client_id=CLIENT_ID,
                  granted=False, denied=None):
        access = self.vault(vault).access
        access.style, access.network = style or access.style, network or access.network
        if granted is None:
            access.granted.pop(client_id, None)
        elif granted is not False:
            access.granted[client_id] = set(granted)
        if denied is not None:
            access.denied[client_id] = set(denied)

    def do_limits(self, vault="envol", **settings):
        self.vault(vault).limits.set(**settings)

    def do_application(self, client_id, secret=None, certificate=None, deleted=None,
                       drop_secrets=False, drop_certificates=False):
        known = self.world.applications
        at = known.setdefault(client_id, tokens.Application(client_id, TENANT))
        if drop_secrets:
            at.secrets.clear()
        if drop_certificates:
            at.certificates.clear()
        if secret:
            at.secrets.add(secret)
        if certificate:
            at.add_certificate(certificate)
        if deleted is not None:
            at.deleted = deleted

    def do_tokens(self, seconds=None, revoke=None, demand=None, deaf=False):
        """How long new tokens last; refuse those that an application has; what vaults want
        to find in them ("": nothing), and that Entra ID does not put it there."""
        if demand is not None:
            self.world.demanded, self.world.deaf = demand or None, deaf
        if seconds:
            self.world.token_seconds = self.world.identity["seconds"] = seconds
        if revoke:
            self.world.revoked_before[revoke] = self.world.now() + 1

    def do_token(self, client_id=CLIENT_ID, resource="https://vault.azure.net", seconds=None,
                 tenant=None):
        application = self.world.applications[client_id]
        if tenant:
            application = tokens.Application(client_id, tenant)
        return {"access_token": self.world.issue(application, resource, seconds)[0]}

    def do_federated(self, seconds=3600, **claims):
        """A service account's token, as a cluster would write it."""
        now = int(self.world.now())
        return {"token": tokens.sign(self.world.cluster_key, {
            "aud": [tokens.EXCHANGE], "iss": CLUSTER[0], "sub": CLUSTER[1], "iat": now,
            "nbf": now, "exp": now + seconds, **claims})}
