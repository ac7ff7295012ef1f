#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Suspend, resume, reload and live swap with dm-crypt, with data checked all the while.
# deep: 6.12 7.x
. "${0%/*}/lib.sh"
target_setup
modprobe dm-crypt

add_key a 64 >/dev/null
add_key b 32 >/dev/null
n=$RAM_SECTORS

# under_load ROUNDS COMMAND… - again and again while fio writes and verifies
under_load() {
	local rounds=$1 i fio
	shift
	fio --name=load --filename=/dev/mapper/m --direct=1 --rw=randrw --bssplit=4k/50:16k/20:128k/20:512k/10 \
		--blockalign=4k --verify=crc32c --verify_fatal=1 --verify_backlog=32 --size=16m --time_based --runtime=36000 \
		--ioengine="${ENGINE:-libaio}" --iodepth=4 --output=/tmp/fio.log >/dev/null 2>&1 &
	fio=$!
	defer kill $fio
	wait_for_load m
	for i in $(seq "$rounds"); do
		sleep 0.3
		kill -0 $fio 2>/dev/null || fail "fio gave up in round $i of $*: $(cat /tmp/fio.log)"
		"$@" || fail "round $i: $*"
	done
	wait_for_load m
	stop_fio $fio || fail "data is wrong or I/O failed during: $*: $(cat /tmp/fio.log)"
}

suspend_resume() { dmsetup suspend m && dmsetup resume m; }
noflush() { dmsetup suspend --noflush --nolockfs m && dmsetup resume m; }
reload() {
	dmsetup table m >/tmp/table
	dmsetup reload m --table "$(cat /tmp/table)" && dmsetup resume m
}
swap() {
	if dmsetup table m | grep -q ' envol '; then
		dmsetup table m | sed 's/ envol / crypt /'
	else
		dmsetup table m | sed 's/ crypt / envol /'
	fi >/tmp/table
	dmsetup reload m --table "$(cat /tmp/table)" && dmsetup resume m
}

status() { dmsetup status m && dmsetup table m; } >/dev/null

map m /dev/ram0 sector_size:4096 no_read_workqueue no_write_workqueue
rounds=5
[ -z "${ENVOL_DEEP:-}" ] || rounds=60
under_load $rounds status
under_load $rounds suspend_resume
under_load $rounds noflush
under_load $rounds reload
under_load $rounds swap
[ -z "${ENVOL_DEEP:-}" ] || ENGINE=psync under_load $rounds swap
unmap m

# A failed reload leaves the mapping as it was.
map m /dev/ram0
put /tmp/random /dev/mapper/m
refused "cipher is not" dmsetup reload m --table "0 $n envol aes-cbc-plain64 :64:logon:envol:a 0 /dev/ram0 0"
holds /dev/mapper/m /tmp/random || fail "a refused reload did harm"

# Two segments with keys, data units and engines of their own.
dmsetup create two <<T || fail "two segments"
0 16384 envol aes-xts-plain64 :64:logon:envol:a 0 /dev/ram1 0 1 sector_size:4096
16384 16384 envol aes-xts-plain64 :32:logon:envol:b 64 /dev/ram2 64 2 sector_size:512 engine:generic
T
dd if=/tmp/random of=/dev/mapper/two bs=1M seek=4 oflag=direct conv=notrunc status=none
dd if=/dev/mapper/two bs=1M skip=4 count=8 iflag=direct status=none | cmp -s - /tmp/random || fail "two segments"
dmsetup create half --table "0 16384 crypt aes-xts-plain64 :32:logon:envol:b 64 /dev/ram2 64"
dd if=/dev/mapper/half bs=1M count=4 iflag=direct status=none | cmp -s - <(tail -c 4194304 /tmp/random) ||
	fail "dm-crypt reads something else in the second segment"
unmap half
unmap m

# A resume that one segment's key prevents leaves all of it suspended, each key to be changed.
in_both() { dd if=/dev/mapper/two bs=1M skip=4 count=8 iflag=direct status=none | cmp -s - /tmp/random; }
dmsetup suspend two
dmsetup message two 16384 key wipe
refused "not resumed: the key is wiped" dmsetup resume two
dmsetup message two 0 key wipe || fail "after a resume that failed the first segment's key cannot be wiped"
dmsetup message two 16384 key set :32:logon:envol:b
refused "not resumed: the key is wiped" dmsetup resume two
dmsetup message two 0 key set :64:logon:envol:a
dmsetup resume two || fail "resume with both keys set again"
in_both || fail "two segments, their keys set again"

# Messages at any moment of a suspension under I/O: what they may not do is refused, and
# whatever comes of the I/O, nothing else breaks.
fio --name=load --filename=/dev/mapper/two --direct=1 --rw=randrw --bssplit=4k/60:256k/40 --blockalign=4k --size=4m \
	--time_based --runtime=3600 --ioengine=libaio --iodepth=8 --continue_on_error=all --output=/tmp/fio.log >/dev/null 2>&1 &
fio=$!
until [ -e /tmp/enough ]; do
	dmsetup message two 0 key wipe
	dmsetup message two 0 key set :64:logon:envol:a
done >/dev/null 2>&1 &
messages=$!
for _ in $(seq $((6 * rounds))); do
	dmsetup suspend --noflush --nolockfs two
	dmsetup resume two
done >/dev/null 2>&1 || :
touch /tmp/enough
wait $messages || :
kill -INT $fio
dmsetup suspend --noflush --nolockfs two 2>/dev/null || :
dmsetup message two 0 key set :64:logon:envol:a || fail "key set in the end"
dmsetup resume two
wait $fio || :
dd if=/tmp/random of=/dev/mapper/two bs=1M seek=4 oflag=direct conv=notrunc status=none
in_both || fail "two segments after messages under I/O"
unmap two
