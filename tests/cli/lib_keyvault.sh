# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
# The double of Key Vault, reached under the services' real names; see keyvault-double.md.
coproc double { exec "$TESTS/../keyvault/start" --stay "$dir/double"; }
trap 'kill "$double_PID"; rm -rf "$dir"' EXIT
while read -r -u "${double[0]}" line; do [ "$line" != ready ] || break; done
# shellcheck disable=SC1091
. "$dir/double/facts"
tell() { "$TESTS/../keyvault/tell" "$CONTROL" "$@" >/dev/null; }
cat >>envol.conf <<END
[https]
ca_file = $CA
proxy = $PROXY
tenant = $TENANT
client_id = $CLIENT_ID
client_secret_file = $SECRET_FILE
identity = secret
key_size = 2048
[https corp.vault.azure.net]
cloud = public
END
