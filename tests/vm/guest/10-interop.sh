#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What envol writes, dm-crypt reads, and the other way round, bit for bit: for every data
# unit, key size, IV offset and start, with the word "envol" of the table replaced by "crypt".
# deep: 6.12 7.x
. "${0%/*}/lib.sh"
requires DISK1 DISK2 cmp
load dm-crypt dm-envol

# As much of the disks as is looked at: more than the furthest data.
AREA=$((8 << 20))

# Not a round number of anything but the largest data unit.
LEN=$((8 * (3 * 1024 / 4 + 1))) # sectors
BYTES=$((LEN * 512))
head -c $BYTES /dev/urandom >/tmp/plain

for size in 32 64; do
	serial=$(add_key "interop$size" $size)
	defer keyctl unlink "$serial" @s
done

# fill TARGET DISK - write the plaintext through a fresh mapping of that target
fill() {
	dm_create "write-$1" "0 $LEN $1 aes-xts-plain64 $key $iv_offset $2 $start $options"
	dd if=/tmp/plain of="/dev/mapper/write-$1" bs=256k oflag=direct conv=notrunc status=none
	unmap "write-$1"
}

# reads_back TARGET DISK - what is on the disk is the plaintext to that target
reads_back() {
	dm_create "read-$1" "0 $LEN $1 aes-xts-plain64 $key $iv_offset $2 $start $options"
	cmp -n $BYTES /tmp/plain "/dev/mapper/read-$1" ||
		fail "$1 reads something else: $key $iv_offset $start $options"
	unmap "read-$1"
}

# Offsets in sectors, all multiples of the largest data unit: none, near the start, across
# 2^32, and across 2^63.
places=("0 0" "8 2048" "$(((1 << 32) - 64)) 8" "9223372036854775744 4096")
n=0
for du in 512 1024 2048 4096; do
	for more in "" iv_large_sectors; do
		for size in 32 64; do
			read -r iv_offset start <<<"${places[n % 4]}"
			# So that a data unit sees each place.
			n=$((n + 1))
			key=:$size:logon:envol:interop$size
			if [ -n "$more" ]; then options="2 sector_size:$du $more"; else options="1 sector_size:$du"; fi
			blkdiscard -z -l $AREA "$DISK1"
			blkdiscard -z -l $AREA "$DISK2"
			fill envol "$DISK1"
			fill crypt "$DISK2"
			# Nothing before the start, nothing after the end, the same in between.
			cmp -n $AREA "$DISK1" "$DISK2" || fail "the disks differ: $key $iv_offset $start $options"
			cmp -s -n $BYTES -i $((start * 512)):0 "$DISK1" /tmp/plain && fail "the disk holds plaintext"
			reads_back crypt "$DISK1"
			reads_back envol "$DISK2"
		done
	done
	n=$((n + 1))
done
