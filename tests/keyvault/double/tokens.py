# SPDX-License-Identifier: GPL-2.0-or-later
"""Access tokens, and how an application proves to Entra ID who it is."""
import base64
import hashlib
import json
import uuid

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from .material import b64

SHA256 = hashes.SHA256
PSS = padding.PSS(padding.MGF1(SHA256()), 32)
SCHEMES = {"RS256": padding.PKCS1v15(), "PS256": PSS}
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
EXCHANGE = "api://AzureADTokenExchange"
LEEWAY = 300


class EntraError(Exception):
    def __init__(self, status, error, number, text):
        super().__init__(text)
        self.status, self.error, self.number, self.text = status, error, number, text


def invalid_client(number, text):
    return EntraError(401, "invalid_client", number, text)


def _json(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def sign(key, claims, header=None):
    """A JWT."""
    header = dict({"typ": "JWT", "alg": "RS256"}, **(header or {}))
    signed = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
    signature = key.sign(signed.encode(), SCHEMES[header["alg"]], SHA256())
    return f"{signed}.{b64(signature)}"


def read(token):
    """Header and claims, unverified; ValueError."""
    try:
        header, claims, _ = token.split(".")
        header, claims = _json(header), _json(claims)
        if not isinstance(header, dict) or not isinstance(claims, dict):
            raise ValueError
        return header, claims
    except (ValueError, AttributeError, UnicodeDecodeError):
        raise ValueError("not a JWT") from None


def verify(token, public_key):
    """Its claims, if that key signed it; ValueError."""
    header, claims = read(token)
    signed, _, signature = token.rpartition(".")
    scheme = SCHEMES.get(header.get("alg"))
    if not scheme:
        raise ValueError(f"algorithm {header.get('alg')}")
    try:
        public_key.verify(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)),
                          signed.encode(), scheme, SHA256())
    except (InvalidSignature, ValueError):
        raise ValueError("signature") from None
    return claims


class Application:
    def __init__(self, client_id, tenant):
        self.client_id, self.tenant = client_id, tenant
        self.oid = str(uuid.uuid5(uuid.NAMESPACE_URL, client_id))
        self.secrets, self.certificates, self.federations = set(), {}, []
        self.deleted = False

    def add_certificate(self, pem):
        certificate = x509.load_pem_x509_certificate(pem.encode())
        der = certificate.public_bytes(serialization.Encoding.DER)
        self.certificates[hashlib.sha256(der).digest()] = certificate
        self.certificates[hashlib.sha1(der).digest()] = certificate

    def add_federation(self, issuer, subject, public_key):
        self.federations.append((issuer, subject, public_key))


def _thumbprint(header):
    text = header.get("x5t#S256") or header.get("x5t")
    if not isinstance(text, str):
        return None
    text = text.replace("+", "-").replace("/", "_").rstrip("=")  # some send plain base64
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None


def _within(claims, now):
    """Is now inside nbf and exp? The service allows five minutes."""
    start, end = claims.get("nbf", claims.get("iat", 0)), claims.get("exp")
    if not isinstance(end, (int, float)) or not isinstance(start, (int, float)):
        return "AADSTS50027: JWT token is invalid or malformed."
    if now > end + LEEWAY or now < start - LEEWAY:
        return "AADSTS700024: Client assertion is not within its valid time range."
    return None


def check_certificate(application, assertion, endpoints, now):
    header, claims = read(assertion)
    certificate = application.certificates.get(_thumbprint(header))
    if not certificate:
        raise invalid_client(700027, "AADSTS700027: Client assertion contains an invalid "
                             "signature. [Reason - The key was not found.]")
    try:
        verify(assertion, certificate.public_key())
    except ValueError as wrong:
        raise invalid_client(700027, "AADSTS700027: Client assertion contains an invalid "
                             f"signature. [Reason - {wrong}]") from None
    if claims.get("iss") != application.client_id or claims.get("sub") != application.client_id:
        raise invalid_client(700021, "AADSTS700021: Client assertion application identifier "
                             "doesn't match 'client_id' parameter.")
    if claims.get("aud") not in endpoints:
        raise invalid_client(700023, "AADSTS700023: Client assertion audience claim does not "
                             "match Realm issuer.")
    late = _within(claims, now)
    if late:
        raise invalid_client(int(late[6:late.index(":")]), late)
    if not isinstance(claims.get("jti"), str):  # the same one twice is allowed: SDKs do it
        raise invalid_client(50027, "AADSTS50027: JWT token is invalid or malformed.")


def check_federated(application, assertion, now):
    _, claims = read(assertion)
    if claims.get("aud") not in (EXCHANGE, [EXCHANGE]):
        raise invalid_client(700212, "AADSTS700212: No matching federated identity record found "
                             f"for presented assertion audience '{claims.get('aud')}'.")
    for issuer, subject, key in application.federations:
        if claims.get("iss") != issuer:
            continue
        if claims.get("sub") != subject:
            break
        try:
            verify(assertion, key)
        except ValueError:
            raise invalid_client(5000224, "AADSTS5000224: The signature of the federated token "
                                 "is not valid.") from None
        late = _within(claims, now)
        if late:
            raise invalid_client(int(late[6:late.index(":")]), late)
        return
    raise invalid_client(70021, "AADSTS70021: No matching federated identity record found for "
                         f"presented assertion. Assertion Issuer: '{claims.get('iss')}'. "
                         f"Assertion Subject: '{claims.get('sub')}'.")


def new_key():
    return rsa.generate_private_key(65537, 2048)
