#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Azure's own SDK for Python, as Debian has it and unmodified, against the double: under the
service's real names, by way of the double's proxy, with every check of the SDK's left on."""
import os
import time

from azure.core.exceptions import (ClientAuthenticationError, HttpResponseError,
                                   ResourceExistsError, ResourceNotFoundError)
from azure.identity import (CertificateCredential, ClientSecretCredential,
                            ManagedIdentityCredential)
from azure.keyvault.keys import (ApiVersion, KeyClient, KeyRotationLifetimeAction,
                                 KeyRotationPolicy, KeyRotationPolicyAction)
from azure.keyvault.keys.crypto import EncryptionAlgorithm, KeyWrapAlgorithm

from lib import DEK, run, same, test

POLLING = {"_polling_interval": 0.1}
IDENTITY_VARIABLES = ("AZURE_POD_IDENTITY_AUTHORITY_HOST", "IDENTITY_ENDPOINT", "IDENTITY_HEADER",
                      "IMDS_ENDPOINT", "AZURE_TENANT_ID", "AZURE_CLIENT_ID",
                      "AZURE_AUTHORITY_HOST", "AZURE_FEDERATED_TOKEN_FILE")


def prepare(double):
    os.environ.update(HTTPS_PROXY=double.proxy, NO_PROXY="127.0.0.1,localhost",
                      REQUESTS_CA_BUNDLE=double.ca, CURL_CA_BUNDLE=double.ca)
    for name in IDENTITY_VARIABLES:
        os.environ.pop(name, None)


def secret(double):
    prepare(double)
    return ClientSecretCredential(double.tenant, double.client_id, double.read("secret_file"))


def client(double, credential=None, host="envol.vault.azure.net"):
    return KeyClient(f"https://{host}", credential or secret(double),
                     api_version=ApiVersion.V7_4_PREVIEW_1)


def unwraps(keys, name="kek"):
    """Make a key with that client and get a DEK back through it."""
    key = keys.create_rsa_key(name, size=2048, key_operations=["wrapKey", "unwrapKey"])
    crypto = keys.get_cryptography_client(name, key_version=key.properties.version)
    wrapped = crypto.wrap_key(KeyWrapAlgorithm.rsa_oaep_256, DEK)
    same(wrapped.key_id, key.id)
    same(crypto.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped.encrypted_key).key, DEK)


@test
def create_get_wrap_rotate_and_unwrap_the_old(double):
    keys = client(double)
    key = keys.create_rsa_key("kek", size=2048, hardware_protected=True, tags={"a": "b"})
    same(key.key_type, "RSA-HSM")
    same(key.properties.recovery_level, "Recoverable")
    old = keys.get_cryptography_client("kek", key_version=key.properties.version)
    wrapped = {alg: old.wrap_key(alg, DEK) for alg in
               (KeyWrapAlgorithm.rsa_oaep_256, KeyWrapAlgorithm.rsa_oaep)}
    new = keys.rotate_key("kek")
    assert new.properties.version != key.properties.version
    same(keys.get_key("kek").id, new.id)
    same(keys.get_key("kek", key.properties.version).id, key.id)
    same({at.version for at in keys.list_properties_of_key_versions("kek")},
         {key.properties.version, new.properties.version})
    for alg, at in wrapped.items():
        same(old.unwrap_key(alg, at.encrypted_key).key, DEK)
    fresh = keys.get_cryptography_client("kek")
    try:
        fresh.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256,
                         wrapped[KeyWrapAlgorithm.rsa_oaep_256].encrypted_key)
        raise AssertionError("the new version unwrapped what the old had wrapped")
    except HttpResponseError as refused:
        same(refused.status_code, 400)


@test
def a_disabled_key_refuses(double):
    keys = client(double)
    key = keys.create_rsa_key("kek", size=2048)
    crypto = keys.get_cryptography_client("kek", key_version=key.properties.version)
    wrapped = crypto.wrap_key(KeyWrapAlgorithm.rsa_oaep_256, DEK)
    same(keys.update_key_properties("kek", enabled=False).properties.enabled, False)
    try:
        crypto.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped.encrypted_key)
        raise AssertionError("a disabled key unwrapped")
    except HttpResponseError as refused:
        same((refused.status_code, refused.error.innererror["code"]), (403, "KeyDisabled"))
    keys.update_key_properties("kek", enabled=True)
    same(crypto.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped.encrypted_key).key, DEK)


@test
def backup_delete_recover_purge_restore(double):
    double.tell("vault", purge_protected=False, delete_seconds=0.3, recover_seconds=0.3)
    keys = client(double)
    keys.create_rsa_key("kek", size=2048)
    key = keys.rotate_key("kek")
    blob = keys.backup_key("kek")
    deleting = keys.begin_delete_key("kek", **POLLING)
    assert deleting.result().scheduled_purge_date > deleting.result().deleted_date
    deleting.wait()
    try:
        keys.create_rsa_key("kek", size=2048)
        raise AssertionError("a deleted key's name was given again")
    except ResourceExistsError as refused:
        same(refused.error.innererror["code"], "ObjectIsDeletedButRecoverable")
    same(keys.get_deleted_key("kek").id, key.id)
    same([at.name for at in keys.list_deleted_keys()], ["kek"])
    keys.begin_recover_deleted_key("kek", **POLLING).wait()
    same(keys.get_key("kek").id, key.id)
    keys.begin_delete_key("kek", **POLLING).wait()
    keys.purge_deleted_key("kek")
    try:
        keys.get_key("kek")
        raise AssertionError("a purged key is there")
    except ResourceNotFoundError as refused:
        same(refused.error.code, "KeyNotFound")
    same(keys.restore_key_backup(blob).id, key.id)
    same(len(list(keys.list_properties_of_key_versions("kek"))), 2)


@test
def purge_protection_holds(double):
    keys = client(double)
    keys.create_rsa_key("kek", size=2048)
    keys.begin_delete_key("kek", **POLLING).wait()
    try:
        keys.purge_deleted_key("kek")
        raise AssertionError("a protected key was purged")
    except HttpResponseError as refused:
        same(refused.status_code, 403)


@test
def lists_have_pages(double):
    double.tell("vault", reuse_material=True, empty_page=True)
    keys = client(double)
    for n in range(27):
        keys.create_ec_key(f"k{n}")
    same(len(list(keys.list_properties_of_keys())), 27)
    same(len(list(keys.list_properties_of_keys(max_page_size=10).by_page())), 4)


@test
def rotation_policies(double):
    keys = client(double)
    keys.create_rsa_key("kek", size=2048)
    same([at.action for at in keys.get_key_rotation_policy("kek").lifetime_actions],
         [KeyRotationPolicyAction.notify])
    policy = keys.update_key_rotation_policy("kek", KeyRotationPolicy(), expires_in="P90D",
                                             lifetime_actions=[KeyRotationLifetimeAction(
                                                 KeyRotationPolicyAction.rotate,
                                                 time_after_create="P60D")])
    same(policy.expires_in, "P90D")
    same(keys.get_key_rotation_policy("kek").lifetime_actions[0].time_after_create, "P60D")
    rotated = keys.rotate_key("kek").properties
    same((rotated.expires_on - rotated.created_on).days, 90)


@test
def a_managed_hsm_wraps_with_aes(double):
    keys = client(double, host="hsm.managedhsm.azure.net")
    key = keys.create_oct_key("kek", size=256, hardware_protected=True)
    same(key.key_type, "oct-HSM")
    same(keys.create_rsa_key("rsa", size=2048).key_type, "RSA-HSM")
    # Where it may get the key, this SDK wraps by itself with an AES key that it makes up.
    double.tell("access", vault="hsm", denied=["get"])
    crypto = keys.get_cryptography_client("kek", key_version=key.properties.version)
    wrapped = crypto.wrap_key(KeyWrapAlgorithm.aes_256, DEK)
    same(len(wrapped.encrypted_key), 72)
    same(crypto.unwrap_key(KeyWrapAlgorithm.aes_256, wrapped.encrypted_key).key, DEK)
    sealed = crypto.encrypt(EncryptionAlgorithm.a256_gcm, DEK, additional_authenticated_data=b"a")
    same(crypto.decrypt(EncryptionAlgorithm.a256_gcm, sealed.ciphertext, iv=sealed.iv,
                        authentication_tag=sealed.tag,
                        additional_authenticated_data=b"a").plaintext, DEK)
    same(len(keys.get_random_bytes(32)), 32)
    same([at["path"].rsplit("/", 1)[-1].lower() for at in double.tell("requests")["requests"]
          if at["place"] == "hsm" and at["method"] == "POST"][-5:],
         ["wrapkey", "unwrapkey", "encrypt", "decrypt", "rng"])


@test
def a_client_certificate(double):
    prepare(double)
    unwraps(client(double, CertificateCredential(double.tenant, double.client_id,
                                                 double.certificate_file)))


@test
def an_unknown_certificate_is_refused(double):
    prepare(double)
    double.tell("application", client_id=double.client_id, drop_certificates=True)
    try:
        client(double, CertificateCredential(double.tenant, double.client_id,
                                             double.certificate_file)).get_key("kek")
        raise AssertionError("an unknown certificate was accepted")
    except ClientAuthenticationError as refused:
        assert "AADSTS700027" in str(refused), refused


@test
def a_wrong_secret_is_refused(double):
    prepare(double)
    try:
        client(double, ClientSecretCredential(double.tenant, double.client_id, "no")).get_key("k")
        raise AssertionError("a wrong secret was accepted")
    except ClientAuthenticationError as refused:
        assert "AADSTS7000215" in str(refused), refused


@test
def a_workload_identity(double):
    prepare(double)
    os.environ.update(AZURE_TENANT_ID=double.tenant, AZURE_CLIENT_ID=double.client_id,
                      AZURE_AUTHORITY_HOST="https://login.microsoftonline.com",
                      AZURE_FEDERATED_TOKEN_FILE=double.federated_token_file)
    unwraps(client(double, ManagedIdentityCredential(client_id=double.client_id)))
    asked = [at for at in double.tell("requests")["requests"] if at["path"].endswith("/token")]
    same([(at["host"], at["status"]) for at in asked], [("login.microsoftonline.com", 200)])


@test
def the_identity_of_a_virtual_machine(double):
    prepare(double)
    os.environ["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = double.imds
    unwraps(client(double, ManagedIdentityCredential()))
    same([at["path"] for at in double.tell("requests")["requests"]
          if at["place"] == "identity" and at["status"] == 200],
         ["/metadata/identity/oauth2/token"])


@test
def the_identity_of_an_app_service(double):
    prepare(double)
    os.environ.update(IDENTITY_ENDPOINT=double.app_service,
                      IDENTITY_HEADER=double.read("identity_header_file"))
    unwraps(client(double, ManagedIdentityCredential(client_id=double.identity_id)))


@test
def the_identity_of_an_arc_machine(double):
    prepare(double)
    os.environ.update(IDENTITY_ENDPOINT=double.arc, IMDS_ENDPOINT=double.imds)
    unwraps(client(double, ManagedIdentityCredential()))
    seen = [at["status"] for at in double.tell("requests")["requests"]
            if at["place"] == "identity"]
    same(seen, [401, 200])


@test
def a_throttled_request_is_repeated(double):
    keys = client(double)
    keys.create_rsa_key("kek", size=2048)
    double.tell("fault", do="throttle", retry_after=1, times=1, method="GET", path="kek")
    began = time.monotonic()
    keys.get_key("kek")
    assert time.monotonic() - began > 0.9


@test
def a_right_that_is_missing_is_named(double):
    keys = client(double)
    keys.create_rsa_key("kek", size=2048)
    for style, inner in ("rbac", "ForbiddenByRbac"), ("policy", "ForbiddenByPolicy"):
        double.tell("access", style=style, denied=["get"])
        try:
            keys.get_key("kek")
            raise AssertionError("a missing right was not missed")
        except HttpResponseError as refused:
            same((refused.status_code, refused.error.innererror["code"]), (403, inner))


run()
