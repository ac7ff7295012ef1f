#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The key is revoked in the middle of I/O on every CPU, again and again: each write
# either failed or reads back right, so nothing was encrypted with a half-wiped key.
# ROUNDS=1000 for the long run.
. "${0%/*}/lib.sh"
target_setup
rounds=${ROUNDS:-60}

head -c 64 /dev/urandom >/tmp/key
serial=$(keyctl padd logon envol:a @s </tmp/key)
map m /dev/ram0 sector_size:4096

# Small blocks are encrypted inline, large ones shared. fio reads back and checks what
# was reported written, and goes on after an I/O error, but not after a wrong block.
start_fio() {
	fio --direct=1 --filename=/dev/mapper/m --rw=randwrite --verify=crc32c --verify_fatal=1 --verify_backlog=16 \
		--continue_on_error=io --ioengine=libaio --size=8m --time_based --runtime=3600 --output=/tmp/fio.log \
		--name=small --bs=4k --offset=0 --iodepth=8 \
		--name=large --bs=256k --offset=8m --iodepth=4 >/dev/null 2>&1 &
	fio=$!
}
# A job may end with an I/O error of its own (EIO, fio's err= 5); a wrong block never.
garbled() { grep -qE 'verify: bad|verify.*mismatch|err=84|err= ?84' /tmp/fio.log; }
start_fio
started() { [ "$(stat_of m writes)" -gt 200 ]; }
wait_for 60 started || fail "fio does not write: $(cat /tmp/fio.log)"

hits=0
for round in $(seq "$rounds"); do
	sleep "0.0$((RANDOM % 10))"
	errors=$(stat_of m key_errors)
	keyctl revoke "$serial"
	noticed() { [ "$(stat_of m key_errors)" -gt "$errors" ]; }
	wait_for 10 noticed && hits=$((hits + 1))
	keyctl unlink "$serial" @s
	serial=$(keyctl padd logon envol:a @s </tmp/key)
	dmsetup suspend --noflush --nolockfs m || fail "round $round: suspend"
	dmsetup message m 0 key set :64:logon:envol:a || fail "round $round: key set"
	dmsetup resume m || fail "round $round: resume"
	! garbled || fail "round $round: a block is garbled: $(cat /tmp/fio.log)"
	kill -0 $fio 2>/dev/null || start_fio
done
kill -INT $fio 2>/dev/null || true
wait $fio || true
! garbled || fail "a block is garbled: $(cat /tmp/fio.log)"
[ $hits -eq "$rounds" ] || fail "only $hits of $rounds revocations hit a bio"
[ "$(stat_of m reads)" -gt "$rounds" ] || fail "fio verified nothing: $(cat /tmp/fio.log)"
unmap m
