#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The lower device fails, forgets, or is taken away: errors arrive, nothing else breaks.
# deep: 6.12
. "${0%/*}/lib.sh"
target_setup
modprobe dm-flakey

add_key a 64 >/dev/null
n=$RAM_SECTORS
m=/dev/mapper/m

# ---- errors for a part of the device: reads and writes there fail, others do not
dmsetup create low <<T
0 8192 linear /dev/ram0 0
8192 8 error
8200 $((n - 8200)) linear /dev/ram0 8200
T
map m /dev/mapper/low sector_size:4096
put /tmp/random $m 4 || fail "write before the bad place"
head -c 4194304 /tmp/random | cmp -s - <(get $m 4) || fail "read before the bad place"
! dd if=$m bs=4k skip=1024 count=1 iflag=direct of=/dev/null status=none 2>/dev/null || fail "read of the bad place"
! dd if=/tmp/random of=$m bs=4k seek=1024 count=1 oflag=direct status=none 2>/dev/null || fail "write to the bad place"
! dd if=/tmp/random of=$m bs=1M seek=4 count=1 oflag=direct status=none 2>/dev/null || fail "write across the bad place"
dd if=/tmp/random of=$m bs=4k seek=1025 count=1 oflag=direct conv=notrunc status=none || fail "write after it"
[ "$(stat_of m key)" = ready ] || fail "an I/O error ended the key"
unmap m

# ---- dm-flakey: down and up again, under load; no wrong data when it is up
dmsetup reload low --table "0 $n flakey /dev/ram0 0 1 1"
dmsetup resume low
map m /dev/mapper/low sector_size:4096
for _ in 1 2 3; do
	fio --name=flaky --filename=$m --direct=1 --rw=randrw --bssplit=4k/60:64k/20:512k/20 --blockalign=4k --size=16m --runtime=3 --time_based \
		--ioengine=libaio --iodepth=8 --continue_on_error=all --output=/tmp/fio.log >/dev/null 2>&1 || :
done
unmap m
dmsetup reload low --table "0 $n linear /dev/ram0 0"
dmsetup resume low
map m /dev/mapper/low sector_size:4096
put /tmp/random $m
holds $m /tmp/random || fail "data is wrong after the lower device came back"

# ---- writes that are dropped below are not our data
dmsetup reload low --table "0 $n flakey /dev/ram0 0 0 60 1 drop_writes"
dmsetup resume low
put /dev/zero $m 1 || fail "a dropped write is reported as written by flakey itself"
holds $m /tmp/random || fail "reads of old data"

# ---- taken away under load, for good
dmsetup reload low --table "0 $n linear /dev/ram0 0"
dmsetup resume low
fio --name=gone --filename=$m --direct=1 --rw=randrw --bs=64k --size=16m --runtime=20 --time_based --ioengine=libaio \
	--iodepth=8 --output=/tmp/fio.log >/dev/null 2>&1 &
fio=$!
sleep 1
dmsetup wipe_table low
! wait $fio || fail "fio did not see that the device has gone"
unmap m
dmsetup remove --retry low

# ---- the same for a disk that is unplugged
modprobe configfs 2>/dev/null || :
modprobe null_blk nr_devices=0
mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
nullb=/sys/kernel/config/nullb/nullb0
mkdir $nullb
echo 64 >$nullb/size
echo 1 >$nullb/memory_backed
echo 1 >$nullb/irqmode
echo 1 >$nullb/power
map m /dev/nullb0 sector_size:4096
fio --name=unplugged --filename=$m --direct=1 --rw=randrw --bs=64k --size=16m --runtime=20 --time_based --ioengine=libaio \
	--iodepth=8 --output=/tmp/fio.log >/dev/null 2>&1 &
fio=$!
sleep 1
echo 0 >$nullb/power
! wait $fio || fail "fio did not see that the disk was unplugged"
! get $m 1 >/dev/null 2>&1 || fail "an unplugged disk was read"
unmap m
rmdir $nullb

# ---- a lower device that shrinks below the table is refused at reload
dmsetup create low --table "0 4096 linear /dev/ram0 0"
refused "too small" dmsetup create m --table "0 8192 envol aes-xts-plain64 :64:logon:envol:a 0 /dev/mapper/low 0"
dmsetup remove --retry low

# ---- read-only below
blockdev --setro /dev/ram3
refused "the device is read-only" dmsetup create m --table "0 $n envol aes-xts-plain64 :64:logon:envol:a 0 /dev/ram3 0"
dmsetup create --readonly m --table "0 $n envol aes-xts-plain64 :64:logon:envol:a 0 /dev/ram3 0" || fail "read-only mapping"
[ "$(blockdev --getro $m)" = 1 ] || fail "the mapping is not read-only"
unmap m
blockdev --setrw /dev/ram3
