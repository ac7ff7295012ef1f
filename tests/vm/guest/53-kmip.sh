#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: 6.1 6.12 7.x
# deep: 6.1 7.x
# timeout: 300
# reboots: 1
# A KEK in a KMIP server (PyKMIP, on the guest's loopback): made, used, after a reboot used
# again; the server gone, and back, and far away.
. "${0%/*}/lib.sh"
. "${0%/*}/volume.sh"
requires python3 mkfs.ext4 tc DISK1 DISK2
load ext4 dm-envol sch_netem
ip link set lo up || fail "no loopback"
keep=/mnt/keep
mkdir -p $keep
[ "$ENVOL_BOOT" != 1 ] || mkfs.ext4 -q "$DISK2" || fail "mkfs"
mount "$DISK2" $keep || fail "mount"
defer umount $keep
envol() { command envol --config $keep/envol.conf "$@"; }

listens() { (: <"/dev/tcp/127.0.0.1/5696") 2>/dev/null; }
start_server() {
	local n
	# As pykmip-server does, which wants to be installed as a package.
	setsid /usr/bin/python3 -W ignore -c 'from kmip.services.server.server import main; main()' \
		-f $keep/server.conf -l $keep/server.log >$keep/said 2>&1 &
	server=$!
	for n in $(seq 600); do
		! listens || return 0
		sleep 0.2
	done
	fail "the server does not start: $(tail -3 $keep/said)"
}
# It has processes of its own, which hold its files.
stop_server() {
	local n
	kill -9 -- "-$server"
	wait "$server" 2>/dev/null || true
	for n in $(seq 50); do
		pgrep -g "$server" >/dev/null || break
		sleep 0.1
	done
}

if [ "$ENVOL_BOOT" = 1 ]; then
	/usr/bin/python3 -W ignore /envol/tests/kmip/certificates.py $keep || fail "no certificates"
	cat >$keep/server.conf <<-END
		[server]
		hostname=127.0.0.1
		port=5696
		certificate_path=$keep/server.pem
		key_path=$keep/server.key
		ca_path=$keep/ca.pem
		auth_suite=TLS1.2
		enable_tls_client_auth=True
		logging_level=INFO
		database_path=$keep/database
	END
	cat >$keep/envol.conf <<-END
		[defaults]
		state = $keep/state
		timeout = 60
		[kmip]
		ca_file = $keep/ca.pem
		certificate_file = $keep/client.pem
		key_file = $keep/client.key
	END
fi
KEK='kmip://127.0.0.1/?name=disk'
start_server
defer stop_server

if [ "$ENVOL_BOOT" = 1 ]; then
	envol_exits 0 key create "$KEK"
	envol_exits 0 format "$DISK1" --kek "$KEK" --yes
	envol_exits 0 open "$DISK1" data --kek "$KEK"
	head -c 1m /dev/urandom >$keep/random
	put $keep/random /dev/mapper/data 1
	envol_exits 0 close data
	nothing_left data
	exit 0
fi

opens() {
	envol_exits 0 open "$DISK1" data --kek "$KEK"
	get /dev/mapper/data 1 | cmp -s - $keep/random || fail "other data $*"
	envol_exits 0 close data
	nothing_left data
}
opens "after the reboot"
stop_server
envol_refuses 6 "127.0.0.1" --timeout 2 open "$DISK1" data --kek "$KEK"
nothing_left data
start_server
opens "with the server back"

# A round trip of 200 ms on which one packet in twenty is lost, each way.
tc qdisc add dev lo root netem delay 100ms loss 5% || fail "no netem"
defer tc qdisc del dev lo root
for n in 1 2 3 4 5; do
	began=$(date +%s%N)
	opens "from afar, the ${n}th time"
	took=$((($(date +%s%N) - began) / 1000000))
	note "open and close from afar: $took ms"
	# Six round trips: else the way was not as long as this says.
	[ $took -ge 1200 ] || fail "$took ms is too fast for 200 ms there and back"
done
