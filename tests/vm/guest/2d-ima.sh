#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: all !debug
# own-boot: yes
# What device-mapper has IMA measure of a table: all that decides over the data, no key.
# deep: 6.12
. "${0%/*}/lib.sh"
target_setup
mountpoint -q /sys/kernel/security || mount -t securityfs none /sys/kernel/security
ima=/sys/kernel/security/ima
[ -w $ima/policy ] || fail "no IMA in this kernel"
echo 'measure func=CRITICAL_DATA label=device-mapper' >$ima/policy || fail "policy"

head -c 64 /dev/urandom >/tmp/key
keyctl padd logon envol:a @s </tmp/key >/dev/null
dm_create m "0 8192 envol aes-xts-plain64 :64:logon:envol:a 8 /dev/ram0 16 3 sector_size:4096 iv_large_sectors allow_discards"
unmap m

# The measured buffer is the last column, in hex.
awk '/ dm_table_load / { print $NF }' $ima/ascii_runtime_measurements | xxd -r -p >/tmp/measured
grep -aq 'target_name=envol,target_version=' /tmp/measured || fail "measured: $(cat /tmp/measured)"
for what in allow_discards=y iv_large_sectors=y allow_weak_key=n cipher_string=aes-xts-plain64 key_size=64 \
	sector_size=4096 iv_offset=8 start=16; do
	grep -aqE "[,;]${what}[,;]" /tmp/measured || fail "$what is not in: $(cat /tmp/measured)"
done
for part in 1 17 33 49; do
	bytes=$(tail -c +$part /tmp/key | head -c 16 | xxd -p)
	! grep -qi "$bytes" $ima/ascii_runtime_measurements || fail "the key is measured"
	! grep -aqi "$bytes" /tmp/measured || fail "the key is measured in hex"
done
