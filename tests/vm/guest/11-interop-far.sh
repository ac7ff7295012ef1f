#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A mapping of 8 TiB: data beyond sector 2^32, and bios across it, are the same for envol
# and dm-crypt. The device is zeroes with a snapshot on top, so that it costs nothing.
# disks: 1x64M
# deep: 6.12 7.x
. "${0%/*}/lib.sh"
requires DISK1
load dm-crypt dm-envol dm-zero dm-snapshot

SECTORS=$((1 << 34))
# In MiB: below, across and above sector 2^32, and at the end.
PLACES="0 $(((1 << 21) - 1)) $(((1 << 21) + 64)) $((3 << 21)) $((SECTORS / 2048 - 2))"

head -c 2097152 /dev/urandom >/tmp/plain
serial=$(add_key far 64)
defer keyctl unlink "$serial" @s
dd if=/dev/zero of="$DISK1" bs=4k count=1 oflag=direct status=none
dm_create far-zero "0 $SECTORS zero"
dm_create far "0 $SECTORS snapshot /dev/mapper/far-zero $DISK1 N 16"

for du in 512 4096; do
	table="aes-xts-plain64 :64:logon:envol:far 8 /dev/mapper/far 0 1 sector_size:$du"
	for writer in envol crypt; do
		if [ $writer = envol ]; then reader=crypt; else reader=envol; fi
		dm_create far-data "0 $SECTORS $writer $table"
		[ "$(blockdev --getsz /dev/mapper/far-data)" = $SECTORS ] || fail "size of the mapping"
		for at in $PLACES; do
			dd if=/tmp/plain of=/dev/mapper/far-data bs=1M seek="$at" oflag=direct conv=notrunc status=none
		done
		dm_reload far-data "0 $SECTORS $reader $table"
		for at in $PLACES; do
			dd if=/dev/mapper/far-data bs=1M skip="$at" count=2 iflag=direct status=none | cmp - /tmp/plain ||
				fail "$reader does not read what $writer wrote at $at MiB, sector_size $du"
		done
		unmap far-data
		# A wrapped sector number would have put it here as well.
		cmp -s -n 1048576 -i $((1 << 30)):0 /dev/mapper/far /tmp/plain && fail "plaintext below"
	done
done
# Nothing was written where a sector number cut to 32 bits would point.
dd if=/dev/mapper/far bs=1M skip=$((1 << 20)) count=2 iflag=direct status=none | cmp -s - <(head -c 2097152 /dev/zero) ||
	fail "a place that nobody wrote is not zero"
unmap far
unmap far-zero
