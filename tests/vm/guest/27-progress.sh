#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Forward progress: memory short enough that writes live on the mapping's reserve, and
# mappings stacked on each other. Nothing may hang; the harness has a deadline.
# deep: 6.1 7.x
. "${0%/*}/lib.sh"
target_setup
load loop envol-probe
defer rmmod envol-probe
# Bios that end later and elsewhere, so that writes are under way at the same time.
echo 5 >/sys/module/envol_probe/parameters/context
add_key a 64 >/dev/null

# ---- a loop file on envol on a loop file on envol, each with the smallest reserve
echo 4096 >/sys/module/dm_envol/parameters/split_bytes
map low /dev/probe0 sector_size:4096
echo 262144 >/sys/module/dm_envol/parameters/split_bytes
mkfs.ext4 -q -b 4096 /dev/mapper/low || fail "mkfs"
mkdir -p /tmp/mnt
mount -t ext4 /dev/mapper/low /tmp/mnt || fail "mount"
truncate -s 16M /tmp/mnt/file
loop=$(losetup -f --show /tmp/mnt/file) || fail "loop"
map m "$loop" sector_size:4096
put /tmp/random /dev/mapper/m
holds /dev/mapper/m /tmp/random || fail "stacked"

# ---- writers on both levels, first with nothing but the reserves, then in a squeeze
writers() { # SECONDS
	fio --direct=1 --rw=randwrite --size=4m --ioengine=libaio --time_based --runtime="$1" --output=/tmp/fio.log \
		--name=upper --filename=/dev/mapper/m --bssplit=4k/40:256k/40:1m/20 --iodepth=8 \
		--name=lower --filename=/tmp/mnt/other --bs=512k --iodepth=8 >/dev/null 2>&1 || fail "fio: $(cat /tmp/fio.log)"
}
percent=/sys/module/dm_envol/parameters/memory_percent
before=$(cat $percent)
echo 0 >$percent
writers 10
[ "$(stat_of low reserve)" -gt 0 ] || fail "the lower mapping never waited for its reserve: $(dmsetup status low)"
[ "$(stat_of m reserve)" -gt 0 ] || fail "the upper mapping never waited for its reserve: $(dmsetup status m)"
put /tmp/random /dev/mapper/m
holds /dev/mapper/m /tmp/random || fail "stacked, from the reserves"
echo "$before" >$percent

free=$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)
mkdir -p /tmp/hog
mount -t tmpfs -o size=$((free - 120000))k hog /tmp/hog
! dd if=/dev/zero of=/tmp/hog/fill bs=1M status=none 2>/dev/null || fail "memory does not run short"
writers 10
rm /tmp/hog/fill
umount /tmp/hog
put /tmp/random /dev/mapper/m
holds /dev/mapper/m /tmp/random || fail "stacked, after the squeeze"
unmap m
losetup -d "$loop"
umount /tmp/mnt

[ "$(stat_of low writes)" -gt 0 ] || fail "nothing was written: $(dmsetup status low)"
unmap low
