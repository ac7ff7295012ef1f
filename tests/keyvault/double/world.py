# SPDX-License-Identifier: GPL-2.0-or-later
"""All that the double is: vaults, applications, a clock, faults, and what was asked."""
import os
import threading
import time
import uuid

from . import tokens
from .keys import Vault

TENANT = "72f98800-1111-4222-8333-d0b1e0000001"
CLIENT_ID = "c1150000-aaaa-4bbb-8ccc-d0b1e0000002"
READER_ID = "c1150000-aaaa-4bbb-8ccc-d0b1e0000003"     # has get and list, nothing else
IDENTITY_ID = "c1150000-aaaa-4bbb-8ccc-d0b1e0000004"   # the managed identity
CLUSTER = "https://cluster.example", "system:serviceaccount:storage:envol"
SUFFIXES = {  # the last part of a vault's name: is it a Managed HSM's
    "vault.azure.net": False, "managedhsm.azure.net": True,
    "vault.azure.cn": False, "managedhsm.azure.cn": True,
    "vault.usgovcloudapi.net": False, "managedhsm.usgovcloudapi.net": True,
}
AUTHORITIES = ("login.microsoftonline.com", "login.chinacloudapi.cn",
               "login.microsoftonline.us", "login.partner.microsoftonline.cn")


class Reply:
    """An answer before it is sent; faults change it."""

    def __init__(self, status, body=None, headers=None):
        self.status, self.body, self.headers = status, body, headers or {}


class World:
    def __init__(self):
        self.lock = threading.RLock()
        self.signing_key, self.cluster_key = tokens.new_key(), tokens.new_key()
        self.sealing = os.urandom(32)
        self.identity_header = uuid.uuid4().hex
        self.arc_directory = None       # set by whoever starts
        self.certificate = None         # of CLIENT_ID, PEM
        self.secret = "double~" + uuid.uuid4().hex
        self.reset()

    def reset(self):
        with self.lock:
            self.offset = 0.0
            self.token_seconds = 3599
            self.revoked_before = {}    # application id: tokens older than that are refused
            self.demanded = None        # context (acrs) that vaults want in tokens
            self.deaf = False           # Entra ID gives none
            self.vaults = {"envol": Vault("envol"), "other": Vault("other", region="westus"),
                           "hsm": Vault("hsm", is_hsm=True)}
            self.faults, self.fault_number = [], 0
            self.requests, self.identity = [], {"status": 200}
            self.arc_secrets = {}
            self.applications = {}
            for client_id in CLIENT_ID, READER_ID, IDENTITY_ID:
                self.applications[client_id] = tokens.Application(client_id, TENANT)
                self.applications[client_id].secrets.add(self.secret)
            first = self.applications[CLIENT_ID]
            first.add_federation(*CLUSTER, self.cluster_key.public_key())
            if self.certificate:
                first.add_certificate(self.certificate)
            for vault in self.vaults.values():
                vault.access.granted[READER_ID] = {"get", "list"}

    def now(self):
        return time.time() + self.offset

    def vault_of(self, host, default):
        """The vault that a host name means, made when it is first asked for."""
        name, _, suffix = host.partition(".")
        if suffix in SUFFIXES:
            with self.lock:
                if name not in self.vaults:
                    self.vaults[name] = Vault(name, is_hsm=SUFFIXES[suffix])
                    self.vaults[name].access.granted[READER_ID] = {"get", "list"}
                return self.vaults[name]
        return self.vaults[default]

    @staticmethod
    def resource_of(host, vault):
        """The audience that a token for this host must have."""
        suffix = host.partition(".")[2]
        if suffix in SUFFIXES:
            return "https://" + suffix
        return "https://managedhsm.azure.net" if vault.is_hsm else "https://vault.azure.net"

    def issue(self, application, resource, seconds=None, asked=None):
        """asked: the claims about an access token that came with the request."""
        now = int(self.now())
        seconds = seconds or self.token_seconds
        claims = {"aud": resource, "iss": f"https://sts.windows.net/{application.tenant}/",
                  "iat": now, "nbf": now - 300, "exp": now + seconds,
                  "appid": application.client_id, "oid": application.oid,
                  "tid": application.tenant, "jti": uuid.uuid4().hex, "ver": "1.0"}
        if "xms_cc" in (asked or {}):
            claims["xms_cc"] = asked["xms_cc"]["values"]
        if "acrs" in (asked or {}) and not self.deaf:
            claims["acrs"] = [asked["acrs"]["value"]]
        return tokens.sign(self.signing_key, claims), seconds

    def note(self, entry):
        with self.lock:
            self.requests.append(entry)
            del self.requests[:-20000]
