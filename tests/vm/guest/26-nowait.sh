#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# RWF_NOWAIT and io_uring, also polled: they pass and complete (dm-crypt: EOPNOTSUPP).
# deep: 6.12
. "${0%/*}/lib.sh"
target_setup
add_key a 64 >/dev/null
modprobe configfs 2>/dev/null || :
modprobe null_blk nr_devices=0
mount -t configfs configfs /sys/kernel/config 2>/dev/null || :
nullb=/sys/kernel/config/nullb/nullb0
mkdir $nullb || fail "null_blk"
echo 64 >$nullb/size
echo 1 >$nullb/memory_backed
echo 1 >$nullb/irqmode
[ ! -e $nullb/poll_queues ] || echo 1 >$nullb/poll_queues
echo 1 >$nullb/power

sizes=4k/60:64k/30:512k/10

# verified NAME OPTION… - on /dev/mapper/m, with data checked
verified() {
	local name=$1
	shift
	fio --name="$name" --filename=/dev/mapper/m --direct=1 --rw=randrw --bssplit=$sizes --blockalign=4k --size=16m \
		--io_size=8m --verify=crc32c --verify_fatal=1 --iodepth=8 --output=/tmp/fio.log "$@" >/dev/null 2>&1 ||
		fail "$name: $(cat /tmp/fio.log)"
}

for dev in /dev/nullb0 /dev/ram0; do
	map m $dev sector_size:4096
	verified uring --ioengine=io_uring
	verified uring-fixed --ioengine=io_uring --fixedbufs
	fio --name=nowait --filename=/dev/mapper/m --direct=1 --rw=randrw --bs=4k --size=8m --io_size=4m --ioengine=pvsync2 \
		--nowait=1 --output=/tmp/fio.log >/dev/null 2>&1 || fail "RWF_NOWAIT on $dev: $(cat /tmp/fio.log)"
	unmap m
done
# Polled null_blk itself hangs above 64 KiB, without any mapping.
sizes=4k/60:64k/40
map m /dev/nullb0 sector_size:4096
if [ "$(queue_of m io_poll)" = 1 ]; then
	verified hipri --ioengine=io_uring --hipri
	verified hipri-sync --ioengine=pvsync2 --hipri --iodepth=1
fi
unmap m
for dev in ${POLL_DISKS:-}; do
	map m "$dev" sector_size:4096
	verified "hipri-${dev#/dev/}" --ioengine=io_uring --hipri
	unmap m
done
echo 0 >$nullb/power
rmdir $nullb
