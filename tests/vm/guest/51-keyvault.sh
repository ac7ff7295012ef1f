#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: 6.1 6.12 7.x
# deep: 6.1 7.x
# timeout: 240
# A KEK in Key Vault, which a double of the service stands in for on the guest's loopback,
# under the service's real names: format, open, rotate, open, disable, enable.
. "${0%/*}/lib.sh"
. "${0%/*}/volume.sh"
requires python3 mkfs.ext4 DISK1
load ext4 dm-envol
ip link set lo up || fail "no loopback"
top=/tmp/keyvault
mkdir -p $top
defer rm -rf $top

# It prints "ready", and ends with whoever started it.
/usr/bin/python3 -W ignore /envol/tests/keyvault/start $top/double >$top/said 2>&1 &
double=$!
defer kill -9 $double
for _ in $(seq 600); do
	! grep -qx ready $top/said || break
	sleep 0.2
done
grep -qx ready $top/said || fail "the double does not start: $(tail -3 $top/said)"
. $top/double/facts
tell() { /usr/bin/python3 /envol/tests/keyvault/tell "$CONTROL" "$@" >/dev/null || fail "tell $*"; }
cat >$top/envol.conf <<END
[defaults]
state = $top/state
timeout = 60
[https]
ca_file = $CA
proxy = $PROXY
tenant = $TENANT
client_id = $CLIENT_ID
client_secret_file = $SECRET_FILE
identity = secret
key_size = 2048
END
envol() { command envol --config $top/envol.conf "$@"; }
KEK=https://corp.vault.azure.net/keys/disk7

opens() {
	envol_exits 0 open "$DISK1" data --kek $KEK
	get /dev/mapper/data 1 | cmp -s - $top/random || fail "other data $*"
	envol_exits 0 close data
	nothing_left data
}

envol_exits 0 key create $KEK
envol_exits 0 format "$DISK1" --kek $KEK --yes --overwrite
head -c 1m /dev/urandom >$top/random
envol_exits 0 open "$DISK1" data --kek $KEK
put $top/random /dev/mapper/data 1
envol_exits 0 close data
opens "as it was made"

# A newer version opens, and so does what the older one wrapped.
envol_exits 0 key rotate $KEK
opens "after the rotation"
envol_exits 0 rekey "$DISK1" --kek $KEK
opens "by the new version"

envol_exits 0 key disable $KEK
envol_refuses 2 disabled open "$DISK1" data --kek $KEK
nothing_left data
envol_exits 0 key enable $KEK
opens "with the key enabled"

tell fault do=status status=503 path=unwrapkey
envol_exits 6 --timeout 2 open "$DISK1" data --kek $KEK
nothing_left data
tell heal
opens "with the vault back"
