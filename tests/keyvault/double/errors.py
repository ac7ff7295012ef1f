# SPDX-License-Identifier: GPL-2.0-or-later
"""The service's refusals, and where the words are from: "recorded" in recordings/, "reported" as
users of the service have shown them in public, "documented" by its makers, or a "guess" after
their neighbours, on which nothing may depend: neither the code nor the status."""

HELP = "For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid="


class Refusal(Exception):
    def __init__(self, status, code, message, inner=None, headers=None):
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.inner, self.headers = inner, headers or {}

    def body(self):
        error = {"code": self.code, "message": self.message}
        if self.inner:
            error["innererror"] = {"code": self.inner}
        return {"error": error}


def bad_parameter(message):
    return Refusal(400, "BadParameter", message)


def key_not_found(name):  # recorded
    return Refusal(404, "KeyNotFound",
                   f"A key with (name/id) {name} was not found in this key vault. If you recently "
                   "deleted this key you may be able to recover it using the correct recovery "
                   f"command. {HELP}2125182")


def deleted_not_found(name):  # recorded
    return Refusal(404, "KeyNotFound", f"Deleted Key not found: {name}")


def name_deleted(name):  # recorded
    return Refusal(409, "Conflict",
                   f"Key {name} is currently in a deleted but recoverable state, and its name "
                   "cannot be reused; in this state, the key can only be recovered or purged.",
                   "ObjectIsDeletedButRecoverable")


def being_deleted(name):  # recorded
    return Refusal(409, "Conflict", f"Key {name} is currently being deleted and cannot be "
                   "re-created; retry later.", "ObjectIsBeingDeleted")


def name_taken(name):  # a guess
    return Refusal(409, "Conflict", f"A key with name {name} already exists in this vault.")


def disabled(operation):  # reported
    return Refusal(403, "Forbidden", f"Operation {operation} is not allowed on a disabled key.",
                   "KeyDisabled")


def expired(operation):  # a guess, after SecretExpired, which is reported
    return Refusal(403, "Forbidden", f"Operation {operation} is not allowed on an expired key.",
                   "KeyExpired")


def not_yet_valid(operation):  # a guess
    return Refusal(403, "Forbidden",
                   f"Operation {operation} is not allowed on a key that is not yet valid.",
                   "KeyNotYetValid")


def operation_not_permitted(operation):  # reported, of decrypt
    return Refusal(403, "Forbidden", f"Operation {operation} is not permitted on this key.",
                   "KeyOperationForbidden")


def purge_protected(vault):  # reported, of a secret
    return Refusal(403, "Forbidden", "Operation \"purge\" is not allowed because purge "
                   "protection is enabled for this vault. Key Vault service will automatically "
                   f"purge it after the retention period has passed.\r\nVault: {vault}")


def read_only():  # a guess: that it refuses is documented, how is not
    return Refusal(403, "Forbidden", "The vault is in read-only mode after a failover; only read "
                   "and cryptographic operations are allowed.", "VaultReadOnly")


def throttled(retry_after=None):  # reported, without Retry-After
    return Refusal(429, "Throttled", "Request was not processed because too many requests were "
                   "received. Reason: VaultRequestTypeLimitReached",
                   headers={"Retry-After": str(retry_after)} if retry_after is not None else {})


def denied_by_rbac(caller, action, resource, vault):  # reported
    return Refusal(403, "Forbidden",
                   "Caller is not authorized to perform action on resource.\r\nIf role "
                   "assignments, deny assignments or role definitions were changed recently, "
                   f"please observe propagation time.\r\nCaller: {caller}\r\nAction: '{action}'"
                   f"\r\nResource: '{resource}'\r\nAssignment: (not found)\r\nDecisionReason: "
                   f"'DeniedWithNoValidRBAC' \r\nVault: {vault}\r\n", "ForbiddenByRbac")


def denied_by_policy(caller, permission, vault):  # reported
    return Refusal(403, "Forbidden",
                   f"The user, group or application '{caller}' does not have keys {permission} "
                   f"permission on key vault '{vault}'. {HELP}2125287", "ForbiddenByPolicy")


def denied_by_firewall(address, caller, vault):  # reported
    return Refusal(403, "Forbidden",
                   "Client address is not authorized and caller is not a trusted service.\r\n"
                   f"Client address: {address}\r\nCaller: {caller}\r\nVault: {vault}",
                   "ForbiddenByFirewall")


def denied_by_connection():  # reported
    return Refusal(403, "Forbidden", "Public network access is disabled and request is not from "
                   "a trusted service nor via an approved private link.",
                   "ForbiddenByConnection")


def unauthorized(message, challenge):  # recorded; messages but AKV10000, AKV10032 are guesses
    return Refusal(401, "Unauthorized", message, headers={"WWW-Authenticate": challenge})
