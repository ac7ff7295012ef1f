#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Tracepoints: the life of a bio from its start to its end, and the end of a key.
# deep: 6.1
. "${0%/*}/lib.sh"
target_setup
tracing=/sys/kernel/tracing
[ -d $tracing/events/envol ] || fail "no tracepoints"
serial=$(add_key a 64)
m=/dev/mapper/m
map m /dev/ram0 sector_size:4096 allow_discards
dev=$(dmsetup info -c --noheadings -o major,minor m)

defer eval "echo 0 >$tracing/events/envol/enable"
echo >$tracing/trace
echo 1 >$tracing/events/envol/enable
dd if=/tmp/random of=$m bs=4k count=1 seek=3 oflag=direct conv=notrunc status=none
dd if=$m of=/dev/null bs=1M count=1 iflag=direct status=none
keyctl revoke "$serial"
! dd if=/tmp/random of=$m bs=4k count=1 oflag=direct conv=notrunc status=none 2>/dev/null
echo 0 >$tracing/events/envol/enable
cat $tracing/trace >/tmp/trace

# traced EVENT TEXT - once at least, of this mapping
traced() {
	grep -E "$1: dev=$dev " /tmp/trace | grep "$2" >/dev/null || fail "no $1 with \"$2\": $(grep -v '^#' /tmp/trace | tail -n 20)"
}
traced envol_map "sector=24 bytes=4096 op=write"
traced envol_job "sector=24 bytes=4096 write place=here"
traced envol_end "sector=24 bytes=4096 write error=0"
traced envol_map "op=read"
traced envol_end "read error=0"
[ "$(nproc)" = 1 ] || traced envol_job "read place=shared"
traced envol_end "bytes=4096 write error=-5"
grep -q "envol_key_end: dev=$dev cause=-128" /tmp/trace || fail "no end of the key"

# One bio is one number in each of its events.
bio=$(sed -n 's/.*envol_map: .* bio=\([^ ]*\) sector=24 .*/\1/p' /tmp/trace | head -n 1)
[ "$(grep -c "bio=$bio sector=24" /tmp/trace)" -ge 3 ] || fail "bio $bio has no life: $(grep "$bio" /tmp/trace)"
unmap m
