#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Discards pass only when asked for; zeroes are written as encrypted zeroes.
# debug: smoke
# deep: 6.1 6.12
. "${0%/*}/lib.sh"
target_setup
modprobe loop
serial=$(add_key a 64)
truncate -s 64M /tmp/disk
loop=$(losetup -f --show /tmp/disk) || fail "loop"
m=/dev/mapper/m
allocated() { du -k /tmp/disk | cut -f1; }

map m "$loop" sector_size:4096
put /tmp/random $m
! blkdiscard $m 2>/dev/null || fail "discard without allow_discards"
[ "$(queue_of m discard_max_bytes)" = 0 ] || fail "discards are offered"
holds $m /tmp/random || fail "a refused discard did harm"
unmap m

map m "$loop" sector_size:4096 allow_discards
[ "$(queue_of m discard_granularity)" -ge 4096 ] || fail "discard granularity $(queue_of m discard_granularity)"
before=$(allocated)
blkdiscard -o 0 -l 4M $m || fail "discard"
[ "$(allocated)" -lt "$before" ] || fail "nothing was freed below"
dd if=$m bs=1M skip=4 count=4 iflag=direct status=none | cmp -s - <(tail -c 4194304 /tmp/random) || fail "discard took too much"
! cmp -s -n 1048576 <(get $m 1) /tmp/random || fail "discarded data is still there"

# With its key a mapping loses the right to destroy as well.
keyctl revoke "$serial"
put /tmp/random "$loop"
! blkdiscard -o 0 -l 4M $m 2>/dev/null || fail "discard under a revoked key"
holds "$loop" /tmp/random || fail "a discard under a revoked key did harm"
unmap m
keyctl unlink "$serial" @s
add_key a 64 >/dev/null
map m "$loop" sector_size:4096 allow_discards

# Zeroes: never passed on, for zeroes below would read as noise.
[ "$(queue_of m write_zeroes_max_bytes)" = 0 ] || fail "write zeroes are offered"
blkdiscard -z -o 4M -l 4M $m || fail "zero-out"
dd if=$m bs=1M skip=4 count=4 iflag=direct status=none | cmp -s - <(head -c 4194304 /dev/zero) || fail "zeroes do not read as zeroes"
! cmp -s <(dd if=/tmp/disk bs=1M skip=4 count=1 status=none) <(head -c 1048576 /dev/zero) || fail "zeroes lie below in the clear"
unmap m
losetup -d "$loop"
