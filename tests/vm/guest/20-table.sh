#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the constructor refuses, by name; and that no key byte is shown anywhere.
# debug: smoke
. "${0%/*}/lib.sh"
target_setup

add_key a 64 >/dev/null
add_key b 32 >/dev/null
add_key odd 48 >/dev/null
{ head -c 32 /dev/urandom >/tmp/half; cat /tmp/half /tmp/half | keyctl padd logon envol:weak @s; } >/dev/null

# bad CAUSE SECTORS CIPHER KEY IV DEVICE START [OPTIONS]
bad() {
	local cause=$1 sectors=$2
	shift 2
	refused "$cause" dmsetup create bad --table "0 $sectors envol $*"
}
c=aes-xts-plain64 k=:64:logon:envol:a d=/dev/ram0
hex=$(head -c 64 /dev/urandom | od -An -tx1 | tr -d ' \n')

bad "cipher is not aes-xts-plain64" 2048 aes-cbc-essiv:sha256 $k 0 $d 0
bad "cipher is not aes-xts-plain64" 2048 cipher_null-ecb $k 0 $d 0
bad "a key in the table is refused" 2048 $c "$hex" 0 $d 0
bad "no key" 2048 $c - 0 $d 0
bad "key size is neither 32 nor 64 bytes" 2048 $c :48:logon:envol:odd 0 $d 0
bad "key type is not logon" 2048 $c :64:user:envol:a 0 $d 0
bad "size differs" 2048 $c :64:logon:envol:b 0 $d 0
bad "size differs" 2048 $c :32:logon:envol:a 0 $d 0
bad "no such logon key" 2048 $c :64:logon:envol:missing 0 $d 0
bad "two halves of the key are equal" 2048 $c :64:logon:envol:weak 0 $d 0
bad "iv_offset is not a number" 2048 $c $k x $d 0
bad "iv_offset is not a multiple" 2048 $c $k 4 $d 0 1 sector_size:4096
bad "start is not a multiple" 2048 $c $k 0 $d 12 1 sector_size:4096
bad "length is not a multiple" 2044 $c $k 0 $d 0 1 sector_size:4096
bad "iv_offset plus length" 2048 $c $k 18446744073709551608 $d 0 2 sector_size:4096 iv_large_sectors
bad "unknown option" 2048 $c $k 0 $d 0 1 frobnicate
bad "number of options" 2048 $c $k 0 $d 0 2 allow_discards
bad "integrity options are not supported" 2048 $c $k 0 $d 0 1 integrity:28:aead
bad "sector_size is none of" 2048 $c $k 0 $d 0 1 sector_size:8192
bad "no engine of that name" 2048 $c $k 0 $d 0 1 engine:warp
bad "too few arguments" 2048 $c $k 0 $d
bad "device lookup failed" 2048 $c $k 0 /dev/does-not-exist 0
bad "too small" $((RAM_SECTORS + 8)) $c $k 0 $d 0
bad "too small" $RAM_SECTORS $c $k 0 $d 8
! dmsetup ls --target envol | grep -q '(' || fail "a refused mapping was left behind"

# A zoned device, by name and with the way out.
if modprobe null_blk nr_devices=1 zoned=1 zone_size=4 gb=1 memory_backed=0 2>/dev/null && [ -b /dev/nullb0 ] &&
	grep -q host-managed /sys/block/nullb0/queue/zoned; then
	bad "zoned devices are not supported: use dm-crypt" 8192 $c $k 0 /dev/nullb0 0
	rmmod null_blk
else
	fail "no zoned null_blk to try"
fi

# Accepted although unusual, shown again as they came, in dm-crypt's order.
t="0 2048 envol $c $k 0 1:0 0 8 allow_discards same_cpu_crypt submit_from_crypt_cpus no_read_workqueue no_write_workqueue sector_size:4096 iv_large_sectors engine:generic"
dmsetup create good --table "$t" || fail "dm-crypt's performance options were refused"
[ "$(dmsetup table good)" = "$t" ] || fail "shown: $(dmsetup table good), given: $t"
[ "$(stat_of good engine)" = generic ] || fail "engine: $(dmsetup status good)"
[ "$(stat_of good speed)" = slow ] || fail "the portable engine does not say that it is slow"
[ "$(blockdev --getss /dev/mapper/good)" = 4096 ] || fail "logical block size"
[ "$(blockdev --getpbsz /dev/mapper/good)" = 4096 ] || fail "physical block size"
unmap good

dmsetup create weak --table "0 2048 envol $c :64:logon:envol:weak 0 $d 0 1 allow_weak_key" || fail "allow_weak_key"
unmap weak

# What must not be seen is a key whose bytes we know, in hex or as they are.
head -c 64 /dev/urandom >/tmp/known
keyctl padd logon envol:known @s </tmp/known >/dev/null
dmsetup create known --table "0 2048 envol $c :64:logon:envol:known 0 $d 0" || fail "known key"
dmsetup message known 0 key wipe 2>/dev/null && fail "key wiped while in use"
{ dmsetup table --showkeys known; dmsetup status known; dmsetup info known; dmesg; } >/tmp/seen
for part in 1 17 33 49; do
	bytes=$(tail -c +$part /tmp/known | head -c 16 | od -An -tx1 | tr -d ' \n')
	! grep -qi "$bytes" /tmp/seen || fail "key bytes $part… are shown"
done
! grep -q "$hex" /tmp/seen || fail "the refused hex key is in the kernel log"
unmap known
