#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The module stays while mappings use it, goes when they have gone, and mappings may
# come and go under I/O.
# deep: 6.1 7.x
. "${0%/*}/lib.sh"
target_setup
add_key a 64 >/dev/null

map m /dev/ram0
! rmmod dm-envol 2>/dev/null || fail "unloaded under a mapping"
put /tmp/random /dev/mapper/m
unmap m

# create, I/O, remove at once: what a completion still does must not outlive the mapping
for i in $(seq "${ROUNDS:-30}"); do
	map m /dev/ram0 sector_size:$((512 << (i % 4)))
	dd if=/dev/mapper/m of=/dev/null bs=1M count=2 iflag=direct status=none &
	dd if=/tmp/random of=/dev/mapper/m bs=256k count=4 oflag=direct conv=notrunc status=none
	wait
	unmap m
done

# A mapping with I/O in flight is removed as soon as its last user has gone.
map m /dev/ram0
dd if=/dev/mapper/m of=/dev/null bs=1M iflag=direct status=none &
dmsetup remove --deferred m
wait
gone() { ! dmsetup ls --target envol 2>/dev/null | grep -q '^m'; }
wait_for 10 gone || fail "deferred removal"

for i in 1 2 3; do
	rmmod dm-envol || fail "rmmod"
	! dmsetup targets | grep -q '^envol ' || fail "the target is still registered"
	target_setup
	dmsetup targets | grep -q '^envol ' || fail "the target does not come back"
	map m /dev/ram0
	holds /dev/mapper/m /tmp/random || put /tmp/random /dev/mapper/m
	unmap m
done
