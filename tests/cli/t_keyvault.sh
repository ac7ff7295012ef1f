# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Keys of Key Vault, with the double of the service behind their real names.
. "${0%/*}/lib.sh"
coproc double { exec "$TESTS/../keyvault/start" --stay "$dir/double"; }
# shellcheck disable=SC2154
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
key=https://corp.vault.azure.net/keys/disk7

try envol key create $key
try envol key create $key
try envol key show "HTTPS://Corp.vault.azure.net:443/keys/disk7"
quietly envol key rotate $key
try_json envol --json key show $key
try envol key list https
try envol key show https://corp.vault.azure.net/keys/none
try envol provider check $key

# What is missing is said.
tell access vault=corp 'denied=["unwrapKey"]'
try envol provider check $key
tell access vault=corp 'denied=["get"]' style=policy
try envol provider check $key
tell access vault=corp 'denied=[]' network=firewall
try envol key show $key
tell access vault=corp network=open
tell vault name=corp purge_protected=false
try envol provider check $key
tell vault name=corp purge_protected=true

try envol key disable $key
try envol provider check $key
try envol key enable $key
tell fault do=throttle path=keys/disk7 retry_after=600
try envol key show $key
tell heal

# A volume in a file.
truncate -s 32M img
quietly envol format img --kek $key --yes
try envol open img x --test
quietly envol key disable $key
try envol open img x --test
