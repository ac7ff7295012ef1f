# SPDX-License-Identifier: GPL-2.0-or-later
"""Managed identities: the endpoints of virtual machines (IMDS), App Service and Azure Arc."""
import os
import uuid

from .world import IDENTITY_ID, Reply

PATH = ["metadata", "identity", "oauth2", "token"]


def _error(status, error, text):
    return Reply(status, {"error": error, "error_description": text})


class Identity:
    """World.identity: {"status": N, "times": T} makes the next T answers errors."""

    def __init__(self, world, request):
        self.world, self.request = world, request

    def answer(self):
        parts = [part.lower() for part in self.request.segments if part]
        if self.request.method != "GET":
            return _error(405, "method_not_allowed", "Only GET is allowed.")
        if parts == PATH:
            return self.arc() if "2020-06-01" == self.request.query.get("api-version") or \
                "2019-11-01" == self.request.query.get("api-version") else self.imds()
        if parts == ["msi", "token"]:
            return self.app_service()
        return Reply(404, None)

    def grant(self, expires_on_only=False):
        query = self.request.query
        resource = query.get("resource")
        if not resource:
            return _error(400, "invalid_request", "Required query variable 'resource' is missing")
        if resource.endswith("/.default"):
            return _error(400, "invalid_resource", "AADSTS500011: The resource principal named "
                          f"{resource} was not found in the tenant")
        wanted = query.get("client_id", IDENTITY_ID).lower()
        application = self.world.applications.get(wanted)
        if wanted != IDENTITY_ID or not application or application.deleted or any(
                name in query for name in ("object_id", "msi_res_id", "mi_res_id")
                if query.get(name) not in (None, application.oid)):
            return _error(400, "invalid_request", "Identity not found")
        token, seconds = self.world.issue(application, resource.rstrip("/"),
                                          self.world.identity.get("seconds", 86399))
        now = int(self.world.now())
        answer = {"access_token": token, "client_id": IDENTITY_ID,
                  "expires_on": str(now + seconds), "resource": resource, "token_type": "Bearer"}
        if not expires_on_only:
            answer.update({"expires_in": str(seconds), "ext_expires_in": str(seconds),
                           "not_before": str(now)})
        return Reply(200, answer)

    def imds(self):
        if self.request.headers.get("metadata", "").lower() != "true":
            return _error(400, "bad_request_102", "Required metadata header not specified")
        if "x-forwarded-for" in self.request.headers:
            return _error(400, "bad_request", "Requests through a proxy are refused")
        if self.request.query.get("api-version", "") < "2018-02-01":
            return _error(400, "invalid_request", "Required query variable 'api-version' is "
                          "missing")
        return self.grant()

    def app_service(self):
        if self.request.headers.get("x-identity-header") != self.world.identity_header:
            return Reply(401, {"statusCode": 401, "message": "Unauthorized"})
        if self.request.query.get("api-version") != "2019-08-01":
            return Reply(400, {"statusCode": 400, "message": "api-version is missing"})
        return self.grant(expires_on_only=True)

    def arc(self):
        if self.request.headers.get("metadata", "").lower() != "true":
            return _error(400, "bad_request", "Required metadata header not specified")
        scheme, _, secret = self.request.headers.get("authorization", "").partition(" ")
        with self.world.lock:
            path = self.world.arc_secrets.pop(secret, None) if scheme == "Basic" else None
        if path:
            os.unlink(path)
            return self.grant()
        secret, name = uuid.uuid4().hex, f"{uuid.uuid4()}.key"
        path = os.path.join(self.world.arc_directory, name)
        with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as f:
            f.write(secret)
        with self.world.lock:
            self.world.arc_secrets[secret] = path
        return Reply(401, None, {"WWW-Authenticate": f"Basic realm={path}"})
