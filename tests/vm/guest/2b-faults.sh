#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: debug
# timeout: 400
# Allocations fail: each of a table load's and of a key's in turn, then all of the I/O
# path's at once, on one mapping and on two that are stacked by way of a loop file.
# deep: yes
. "${0%/*}/lib.sh"
target_setup
load loop dm-crypt
add_key a 64 >/dev/null
m=/dev/mapper/m
slab=/sys/kernel/debug/failslab pages=/sys/kernel/debug/fail_page_alloc

# Only what is allocated by way of our code.
text=/sys/module/dm_envol/sections/.text
start=$(cat $text)
end=$(printf '0x%x' $((start + 0x40000)))
for fault in $slab $pages; do
	echo "$start" >$fault/require-start
	echo "$end" >$fault/require-end
	echo 32 >$fault/stacktrace-depth
	echo 0 >$fault/verbose
	echo N >$fault/ignore-gfp-wait
done
echo 0 >$pages/min-order
defer off
off() {
	echo 0 >$slab/probability
	echo 0 >$pages/probability
}

# fail_nth FAULT N - one of the next N allocations fails
fail_nth() {
	echo "$2" >"$1/interval"
	echo 1 >"$1/times"
	echo 100 >"$1/probability"
}
# all FAULT - every one fails
all() {
	echo 1 >"$1/interval"
	echo -1 >"$1/times"
	echo 100 >"$1/probability"
}

# ---- table load: it works or it is refused, and nothing is left of it
failed=0
table="0 8192 envol aes-xts-plain64 :64:logon:envol:a 0 /dev/ram0 0 1 sector_size:4096"
for fault in $slab $pages; do
	for n in $(seq 1 24) 1 1 1; do
		fail_nth $fault "$n"
		if dmsetup create m --table "$table" 2>/dev/null; then
			off
			unmap m
		else
			off
			failed=$((failed + 1))
			dmesg | tail -n 20 | grep 'envol: no memory\|envol: .*memory\|Cannot allocate\|ENOMEM' >/dev/null || fail "allocation $n: refused without a cause: $(dmesg | tail -n 3)"
		fi
		! dmsetup info m >/dev/null 2>&1 || fail "allocation $n: a mapping is left"
	done
done
[ $failed -gt 10 ] || fail "only $failed table loads failed"

# ---- key set: the old key stays
map m /dev/ram0 sector_size:4096
put /tmp/random $m
failed=0
for n in $(seq 1 8) 1 1 1 1; do
	dmsetup suspend m
	fail_nth $slab "$n"
	dmsetup message m 0 key set :64:logon:envol:a 2>/dev/null || failed=$((failed + 1))
	off
	dmsetup resume m || fail "allocation $n: no key after a key set"
done
[ $failed -gt 3 ] || fail "only $failed of the messages failed"
holds $m /tmp/random || fail "data is wrong after failed key sets"

# ---- I/O with nothing but the reserve
verified() {
	fio --direct=1 --rw=randrw --bssplit=4k/50:64k/25:512k/25 --blockalign=4k --size=4m --io_size=4m --verify=crc32c \
		--verify_fatal=1 --ioengine=libaio --iodepth=8 --output=/tmp/fio.log "$@" >/dev/null 2>&1 ||
		fail "I/O without memory: $(cat /tmp/fio.log)"
}
before=$(stat_of m reserve)
all $slab
all $pages
verified --name=one --filename=$m
off
[ "$(stat_of m reserve)" -gt "$before" ] || fail "nothing waited for the reserve: $(dmsetup status m)"

# Without waiting there is only "again".
before=$(stat_of m again)
all $pages
echo 0 >/sys/module/dm_envol/parameters/memory_percent
fio --name=nowait --filename=$m --direct=1 --rw=randwrite --bs=512k --size=4m --ioengine=libaio --iodepth=16 --nowait=1 \
	--time_based --runtime=3 --continue_on_error=all --output=/tmp/fio.log >/dev/null 2>&1 || :
off
echo 2 >/sys/module/dm_envol/parameters/memory_percent
unmap m

# ---- stacked: a loop file on a file system on a mapping, both with nothing but reserves
map low /dev/ram1 sector_size:4096
mkfs.ext4 -q -b 4096 /dev/mapper/low
mkdir -p /tmp/mnt
mount -t ext4 /dev/mapper/low /tmp/mnt
truncate -s 24M /tmp/mnt/file
loop=$(losetup -f --show /tmp/mnt/file)
map m "$loop" sector_size:4096
all $slab
all $pages
verified --name=upper --filename=$m --name=lower --filename=/tmp/mnt/other --size=4m
off
[ "$(stat_of low reserve)" -gt 0 ] || fail "the lower mapping: $(dmsetup status low)"
[ "$(stat_of m reserve)" -gt 0 ] || fail "the upper mapping: $(dmsetup status m)"
unmap m
losetup -d "$loop"
umount /tmp/mnt
unmap low
