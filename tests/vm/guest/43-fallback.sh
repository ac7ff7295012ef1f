#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deep: 6.1 7.x
# timeout: 180
# own-boot: yes
# Where the module cannot be loaded: dm-crypt, announced, for the same volume.
. "${0%/*}/lib.sh"
. "${0%/*}/volume.sh"
volume_setup
requires mkfs.ext4
! grep -q '^dm_envol ' /proc/modules || rmmod dm_envol

make_volume "$DISK1" --sector-size 4096
envol open "$DISK1" data --kek $KEK --target envol >/dev/null || fail "open with the module"
mkfs.ext4 -q /dev/mapper/data
mount /dev/mapper/data /mnt
head -c 4m /dev/urandom >/mnt/file
sum=$(md5sum </mnt/file)
umount /mnt
envol close data

rmmod dm_envol
mkdir -p /etc/modprobe.d
echo 'install dm-envol /bin/false' >/etc/modprobe.d/none.conf
defer rm /etc/modprobe.d/none.conf

envol_refuses 4 "no device-mapper target envol" open "$DISK1" data --kek $KEK --target envol
nothing_left data
envol open "$DISK1" data --kek $KEK >/tmp/said 2>&1 || fail "no fallback: $(cat /tmp/said)"
grep -q "dm-crypt is used instead" /tmp/said || fail "not announced: $(cat /tmp/said)"
dmsetup table data | grep -q ' crypt aes-xts-plain64 :64:logon:envol:' || fail "table: $(dmsetup table data)"
[ "$(status_of data target)" = crypt ] || fail "status: $(envol status data)"
mount /dev/mapper/data /mnt
[ "$(md5sum </mnt/file)" = "$sum" ] || fail "dm-crypt reads something else"
umount /mnt
envol status | grep -q data || fail "not in the list"
envol close data
nothing_left data

# ---- an engine is envol's alone
envol open "$DISK1" data --kek $KEK --engine generic >/tmp/said 2>&1 || fail "fallback with an engine: $(cat /tmp/said)"
grep -q "engine generic is ignored" /tmp/said || fail "not said: $(cat /tmp/said)"
envol close data
envol_refuses 1 "no engines" open "$DISK1" data --kek $KEK --engine generic --target crypt

# ---- stock tools' own mapping of our volume is ours to close
# (with the keyslot's passphrase a token plugin hands out; here a live table made by dmsetup)
rm /etc/modprobe.d/none.conf
envol open "$DISK1" data --kek $KEK --target crypt >/dev/null || fail "crypt by choice"
! grep -q "used instead" /tmp/said || :
table=$(dmsetup table data)
keyctl link @u @s
dm_reload data "${table/ crypt / envol }"
[ "$(status_of data target)" = envol ] || fail "a live swap: $(dmsetup table data)"
mount /dev/mapper/data /mnt
[ "$(md5sum </mnt/file)" = "$sum" ] || fail "after the swap"
umount /mnt
envol close data || fail "close after a swap"
nothing_left data
