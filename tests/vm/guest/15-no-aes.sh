#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A CPU without AES instructions: the portable engine is taken, says so, and writes the
# same bytes as dm-crypt's portable cipher.
# RDRAND: without it the 7.x kernel patches its random code while another CPU runs it, which
# QEMU 7.2 sometimes turns into an oops.
# cpu: qemu64,+rdrand
# disks: 2x64M
# deep: 6.12
. "${0%/*}/lib.sh"
requires DISK1 DISK2
! grep -qw aes /proc/cpuinfo || skip "this CPU has AES instructions"
load dm-crypt dm-envol

head -c 1m /dev/urandom >/tmp/plain
for size in 32 64; do
	serial=$(add_key plain $size)
	for du in 512 4096; do
		table="aes-xts-plain64 :$size:logon:envol:plain 16"
		dm_create ours "0 32768 envol $table $DISK1 0 1 sector_size:$du"
		[ "$(stat_of ours engine)" = generic ] || fail "engine: $(dmsetup status ours)"
		[ "$(stat_of ours speed)" = slow ] || fail "the status does not say that it is slow: $(dmsetup status ours)"
		dm_create theirs "0 32768 crypt $table $DISK2 0 1 sector_size:$du"
		for mapping in ours theirs; do
			dd if=/tmp/plain of=/dev/mapper/$mapping bs=128k oflag=direct conv=notrunc status=none
		done
		cmp -n 1048576 "$DISK1" "$DISK2" || fail "the disks differ: $table, sector_size $du"
		dd if=/dev/mapper/ours bs=128k count=8 iflag=direct status=none | cmp - /tmp/plain || fail "reads something else"
		unmap theirs
		for engine in aesni-avx vaes-avx2; do
			refused "engine" dmsetup create refused --table "0 32768 envol $table $DISK2 0 1 engine:$engine"
		done
		unmap ours
	done
	keyctl unlink "$serial" @s
done
