#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The key is revoked in the middle of I/O on every CPU, again and again, from this session
# and from another of root's: each write either failed or reads back right, so nothing was
# encrypted with a half-wiped key. 100 times; 1000 times with ENVOL_DEEP=1.
# deep-timeout: 10000
# deep: 6.12
. "${0%/*}/lib.sh"
target_setup
rounds=100
[ -z "${ENVOL_DEEP:-}" ] || rounds=1000

# A job may end with an I/O error of its own (EIO, fio's err= 5); a wrong block never.
garbled() { grep -qE 'verify: bad|verify.*mismatch|err= ?84' /tmp/fio.log; }

# Does fio say so, and do we see it? One byte of a verified megabyte is changed below.
spoilt="--name=spoilt --filename=/dev/ram1 --direct=1 --rw=write --bs=4k --size=1m --verify=crc32c"
# shellcheck disable=SC2086
fio $spoilt --do_verify=0 --output=/tmp/fio.log >/dev/null 2>&1 || fail "fio: $(cat /tmp/fio.log)"
printf '\377' | dd of=/dev/ram1 bs=1 seek=123456 conv=notrunc status=none
# shellcheck disable=SC2086
! fio $spoilt --verify_only --output=/tmp/fio.log >/dev/null 2>&1 || fail "fio does not verify"
garbled || fail "a garbled block is not seen: $(cat /tmp/fio.log)"

# Before fio, or on a slow machine a round takes seconds.
renice -n -20 $$ >/dev/null
head -c 64 /dev/urandom >/tmp/key
# As the tools publish it: root may revoke it from a session that does not have it.
new_key() {
	serial=$(keyctl padd logon envol:a @s </tmp/key) && keyctl setperm "$serial" 0x39390000
}
new_key
map m /dev/ram0 sector_size:4096

# Small blocks are encrypted inline, large ones shared. fio reads back and checks what
# was reported written, and goes on after an I/O error, but not after a wrong block.
start_fio() {
	nice -n 20 fio --direct=1 --filename=/dev/mapper/m --rw=randwrite --verify=crc32c --verify_fatal=1 --verify_backlog=16 \
		--continue_on_error=io --ioengine=libaio --size=8m --time_based --runtime=36000 --output=/tmp/fio.log \
		--name=small --bs=4k --offset=0 --iodepth=8 \
		--name=large --bs=128k --offset=8m --iodepth=2 >/dev/null 2>&1 &
	fio=$!
}
start_fio
started() { [ "$(stat_of m writes)" -gt 200 ]; }
wait_for 60 started || fail "fio does not write: $(cat /tmp/fio.log)"

done=0
while [ $done -lt "$rounds" ]; do
	left=$((rounds - done))
	[ $left -le 100 ] || left=100
	read -r some serial < <(/envol/bin/revoke m envol:a /tmp/key "$serial" $left $fio) ||
		fail "after $done rounds: $(dmsetup status m)"
	done=$((done + some))
	note "$done rounds"
	# A wrong block ends fio; so may an error of libaio's own.
	if ! kill -0 $fio 2>/dev/null; then
		! garbled || fail "after $done rounds a block is garbled: $(cat /tmp/fio.log)"
		start_fio
	fi
done
kill -INT $fio 2>/dev/null || true
wait $fio || true
! garbled || fail "a block is garbled: $(cat /tmp/fio.log)"
[ "$(stat_of m reads)" -gt "$rounds" ] || fail "fio verified nothing: $(cat /tmp/fio.log)"
unmap m
