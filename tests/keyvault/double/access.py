# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may do what: role assignments or access policies of a vault, and its network rules."""
from . import errors

# Permission of an access policy: action of a role, for vaults; Managed HSM's are made of these.
ACTIONS = {
    "get": "keys/read", "list": "keys/read", "create": "keys/create/action",
    "import": "keys/import/action", "update": "keys/update/action", "delete": "keys/delete",
    "recover": "keys/recover/action", "purge": "keys/purge/action",
    "backup": "keys/backup/action", "restore": "keys/restore/action",
    "wrapKey": "keys/wrap/action", "unwrapKey": "keys/unwrap/action",
    "encrypt": "keys/encrypt/action", "decrypt": "keys/decrypt/action",
    "sign": "keys/sign/action", "verify": "keys/verify/action",
    "release": "keys/release/action", "rotate": "keys/rotate/action",
    "getrotationpolicy": "keyrotationpolicies/read",
    "setrotationpolicy": "keyrotationpolicies/write",
    "rng": "rng/action",
}
RESOURCES = "/subscriptions/00000000-0000-4000-8000-000000000001/resourcegroups/double/providers"


class Access:
    def __init__(self):
        self.style = "rbac"         # or "policy"
        self.network = "open"       # or "firewall", "connection"
        self.granted = {}           # application id: permissions; who is not here has all
        self.denied = {}            # application id: permissions

    def allows(self, client_id, permission):
        if permission in self.denied.get(client_id, ()):
            return False
        granted = self.granted.get(client_id)
        return granted is None or permission in granted

    def check(self, vault, token, permission, key_name, address):
        caller = f"appid={token['appid']};oid={token['oid']};iss={token['iss']}"
        place = f"{vault.name};location={vault.region}"
        if self.network == "firewall":
            raise errors.denied_by_firewall(address, caller, place)
        if self.network == "connection":
            raise errors.denied_by_connection()
        if self.allows(token["appid"], permission):
            return
        if vault.is_hsm:
            raise errors.Refusal(403, "Forbidden",
                                 f"Caller is not authorized to perform action: "
                                 f"Microsoft.KeyVault/managedHsm/{ACTIONS[permission]} on scope "
                                 f"/keys/{key_name or ''}", None)
        if self.style == "policy":
            raise errors.denied_by_policy(caller, permission, place)
        resource = f"{RESOURCES}/microsoft.keyvault/vaults/{vault.name}"
        if key_name:
            resource += f"/keys/{key_name}"
        raise errors.denied_by_rbac(caller, f"Microsoft.KeyVault/vaults/{ACTIONS[permission]}",
                                    resource, place)
