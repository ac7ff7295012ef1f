# SPDX-License-Identifier: GPL-2.0-or-later
"""Entra ID: discovery, keys and the v2.0 token endpoint."""
import json
import time
import urllib.parse
import uuid

from . import tokens
from .material import b64, octets
from .tokens import ASSERTION_TYPE, EntraError, invalid_client
from .world import AUTHORITIES, TENANT, Reply


def _error(world, error):
    stamp = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(world.now()))
    trace, correlation = str(uuid.uuid4()), str(uuid.uuid4())
    return Reply(error.status, {
        "error": error.error,
        "error_description": f"{error.text} Trace ID: {trace} Correlation ID: {correlation} "
                             f"Timestamp: {stamp}",
        "error_codes": [error.number], "timestamp": stamp, "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"https://{AUTHORITIES[0]}/error?code={error.number}"})


class Entra:
    def __init__(self, world, request):
        self.world, self.request = world, request
        self.base = f"https://{request.host}"

    def answer(self):
        parts = self.request.segments
        try:
            if parts[:2] == ["common", "discovery"]:
                return self.instances()
            if parts[1:] == ["v2.0", ".well-known", "openid-configuration"]:
                return self.configuration(parts[0])
            if parts[1:] == ["discovery", "v2.0", "keys"]:
                return self.keys()
            if parts[1:] == ["oauth2", "v2.0", "token"] and self.request.method == "POST":
                return self.token(parts[0])
        except EntraError as error:
            return _error(self.world, error)
        return Reply(404, None)

    def tenant(self, name):
        if name != TENANT:
            raise EntraError(400, "invalid_request", 90002, f"AADSTS90002: Tenant '{name}' not "
                             "found. Check to make sure you have the correct tenant ID.")
        return name

    def configuration(self, name):
        base = f"{self.base}/{self.tenant(name)}"
        return Reply(200, {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_types_supported": ["code", "id_token"], "scopes_supported": ["openid"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "issuer": f"{base}/v2.0", "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
            "cloud_instance_name": "microsoftonline.com", "tenant_region_scope": "EU"})

    def instances(self):
        host = self.request.host
        return Reply(200, {
            "tenant_discovery_endpoint":
                f"{self.base}/{TENANT}/v2.0/.well-known/openid-configuration",
            "api-version": "1.1", "metadata": [
                {"preferred_network": host, "preferred_cache": host, "aliases": [host]}]})

    def keys(self):
        key = self.world.signing_key.public_key().public_numbers()
        return Reply(200, {"keys": [{"kty": "RSA", "use": "sig", "kid": "double",
                                     "n": b64(octets(key.n)), "e": b64(octets(key.e))}]})

    def token(self, name):
        self.tenant(name)
        try:
            form = dict(urllib.parse.parse_qsl(self.request.raw.decode(), strict_parsing=True,
                                               keep_blank_values=True))
        except ValueError:
            raise EntraError(400, "invalid_request", 900144, "AADSTS900144: The request body is "
                             "not a form.") from None
        if form.get("grant_type") != "client_credentials":
            raise EntraError(400, "unsupported_grant_type", 70003, "AADSTS70003: The app "
                             "requested an unsupported grant type.")
        application = self.world.applications.get(form.get("client_id", "").lower())
        if not application or application.deleted:
            raise EntraError(400, "unauthorized_client", 700016, "AADSTS700016: Application with "
                             f"identifier '{form.get('client_id')}' was not found in the "
                             "directory.")
        self.prove(application, form)
        scope = form.get("scope", "").split()
        scope = [part for part in scope if part not in ("openid", "profile", "offline_access")]
        if len(scope) != 1 or not scope[0].endswith("/.default"):
            raise EntraError(400, "invalid_scope", 70011, "AADSTS70011: The provided request must "
                             "include a 'scope' input parameter that ends in /.default.")
        try:
            asked = json.loads(form.get("claims", "{}")).get("access_token", {})
            token, seconds = self.world.issue(application, scope[0][:-len("/.default")],
                                              asked=asked)
        except (ValueError, AttributeError, KeyError, TypeError):
            raise EntraError(400, "invalid_request", 9002313, "AADSTS9002313: Invalid request. "
                             "Request is malformed or invalid.") from None
        return Reply(200, {"token_type": "Bearer", "expires_in": seconds,
                           "ext_expires_in": seconds, "access_token": token},
                     {"cache-control": "no-store, no-cache"})

    def prove(self, application, form):
        if "client_assertion" not in form:
            if form.get("client_secret") not in application.secrets:
                raise invalid_client(7000215, "AADSTS7000215: Invalid client secret provided. "
                                     "Ensure the secret being sent in the request is the client "
                                     "secret value, not the client secret ID, for a secret added "
                                     f"to app '{application.client_id}'.")
            return
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise EntraError(400, "invalid_request", 900144, "AADSTS900144: The request body must "
                             "contain the following parameter: 'client_assertion_type'.")
        assertion = form["client_assertion"]
        try:
            header, claims = tokens.read(assertion)
        except ValueError:
            raise invalid_client(50027, "AADSTS50027: JWT token is invalid or malformed.") \
                from None
        if "x5t" in header or "x5t#S256" in header or claims.get("iss") == application.client_id:
            endpoint = f"{self.base}/{TENANT}/oauth2/v2.0/token"
            tokens.check_certificate(application, assertion, (endpoint, f"{self.base}/{TENANT}/v2.0"),
                                     self.world.now())
        else:
            tokens.check_federated(application, assertion, self.world.now())
