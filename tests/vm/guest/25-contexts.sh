#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Completions in every context, from small to large: the submitter (brd, null_blk
# irqmode 0), a softirq (irqmode 1), a timer (irqmode 2), a hard interrupt (virtio, NVMe),
# a worker (loop). Data is verified, and the status shows that each way was taken.
# deep: 6.1 6.12
. "${0%/*}/lib.sh"
requires DISK1
target_setup
modprobe loop
modprobe configfs 2>/dev/null || :
modprobe null_blk nr_devices=0
mount -t configfs configfs /sys/kernel/config 2>/dev/null || :
add_key a 64 >/dev/null

# Data units and engines; each device sees two of the four, and all with ENVOL_DEEP=1.
shapes=("512 " "4096 engine:generic" "512 engine:generic" "4096 ")
turn=0

# through NAME DEVICE - mixed sizes, in two or four shapes
through() {
	local name=$1 dev=$2 du engine i count=2
	[ -z "${ENVOL_DEEP:-}" ] || count=4
	for ((i = 0; i < count; i++, turn++)); do
		read -r du engine <<<"${shapes[turn % 4]}"
		# shellcheck disable=SC2086
		map m "$dev" sector_size:$du $engine
		fio --name="$name" --filename=/dev/mapper/m --direct=1 --rw=randrw --bssplit=$du/20:4k/30:64k/20:256k/20:1m/10 \
			--blockalign=$du --verify=crc32c --verify_fatal=1 --size=16m --io_size=12m --ioengine=libaio --iodepth=8 \
			--output=/tmp/fio.log >/dev/null 2>&1 || fail "$name $du $engine: $(cat /tmp/fio.log)"
		[ "$(stat_of m inline)" -gt 0 ] || fail "$name: nothing ran inline: $(dmsetup status m)"
		[ "$(nproc)" = 1 ] || [ "$(stat_of m spread)" -gt 0 ] || fail "$name: nothing was shared: $(dmsetup status m)"
		deferred=$(stat_of m deferred)
		unmap m
	done
}

# in_interrupts NAME - the last one through did so in hard interrupts
in_interrupts() {
	[ "$deferred" -gt 0 ] || fail "$1 completes in hard interrupts, and no read was deferred"
}

through brd /dev/ram0
[ "$deferred" = 0 ] || fail "brd completes in the submitter, and $deferred reads were deferred"
for mode in 0 1 2; do
	nullb=/sys/kernel/config/nullb/nullb$mode
	mkdir $nullb || fail "null_blk"
	echo 64 >$nullb/size
	echo 1 >$nullb/memory_backed
	echo $mode >$nullb/irqmode
	echo 1 >$nullb/power
	through null_blk-irqmode$mode /dev/nullb$mode
	[ $mode != 2 ] || in_interrupts "null_blk's timer"
	echo 0 >$nullb/power
	rmdir $nullb
done
truncate -s 64M /tmp/loop
loop=$(losetup -f --show --direct-io=off /tmp/loop) || fail "loop"
through loop "$loop"
losetup -d "$loop"
through "${DISK1#/dev/}" "$DISK1"
if [ -n "${ENVOL_GUEST:-}" ]; then
	in_interrupts virtio
	through nvme /dev/nvme0n1
	in_interrupts NVMe
fi
