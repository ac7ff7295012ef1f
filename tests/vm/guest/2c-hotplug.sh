#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# smp: 3
# CPUs go and come back under I/O: what was deferred to one of them is not lost.
# deep: 6.1 7.x
. "${0%/*}/lib.sh"
target_setup
load envol-probe
defer rmmod envol-probe
probe=/sys/module/envol_probe/parameters
add_key a 64 >/dev/null
m=/dev/mapper/m
rounds=$([ -n "${ENVOL_DEEP:-}" ] && echo 60 || echo 6)
defer online
online() {
	echo 1 >/sys/devices/system/cpu/cpu1/online
	echo 1 >/sys/devices/system/cpu/cpu2/online
}

# A completion in a hard interrupt, one in a softirq, and helpers on every CPU.
for context in 2 1; do
	echo $context >$probe/context
	map m /dev/probe0 sector_size:4096
	fio --name=hotplug --filename=$m --direct=1 --rw=randrw --bssplit=4k/60:64k/20:512k/20 --blockalign=4k --size=8m \
		--verify=crc32c --verify_fatal=1 --verify_backlog=16 --ioengine=libaio --iodepth=16 --time_based --runtime=3600 \
		--output=/tmp/fio.log >/dev/null 2>&1 &
	fio=$!
	wait_for_load m
	for i in $(seq $rounds); do
		kill -0 $fio || fail "context $context, round $i: $(cat /tmp/fio.log)"
		for cpu in 1 2; do
			echo 0 >/sys/devices/system/cpu/cpu$cpu/online || fail "cpu$cpu does not go"
			[ $((i % 2)) = 0 ] || echo 1 >/sys/devices/system/cpu/cpu$cpu/online
		done
		sleep 0.3
		for cpu in 1 2; do
			echo 1 >/sys/devices/system/cpu/cpu$cpu/online || fail "cpu$cpu does not come back"
		done
	done
	wait_for_load m
	stop_fio $fio || fail "context $context: $(cat /tmp/fio.log)"
	[ "$(stat_of m spread)" -gt 0 ] || fail "nothing was shared: $(dmsetup status m)"
	unmap m
done
