#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deep: yes
# timeout: 300
# The kernel key of an open volume: revoked by root from another session; the device that
# disappears under it; no key byte in what the kernel shows.
. "${0%/*}/lib.sh"
. "${0%/*}/volume.sh"
volume_setup
requires mkfs.ext4 DISK2
make_volume "$DISK1"

key_is() { # STATE
	[ "$(status_of data key_state)" = "$1" ]
}

# From a session that possesses nothing of ours, as a service's is.
revoke_key() {
	local serial
	serial=$((16#$(volume_keys | cut -d' ' -f1)))
	keyctl session - keyctl revoke $serial >/dev/null || fail "root may not revoke the key"
}

read_direct() {
	dd if=/dev/mapper/data of=/dev/null bs=4096 count=1 iflag=direct status=none
}

# ---- revoked: I/O ends, and that is told
envol open "$DISK1" data --kek $KEK >/dev/null || fail "open"
mkfs.ext4 -q /dev/mapper/data
mount /dev/mapper/data /mnt
head -c 4m /dev/urandom >/mnt/file
sum=$(md5sum </mnt/file)
umount /mnt
revoke_key
wait_for 12 key_is revoked || fail "status: $(envol status data)"
! read_direct 2>/dev/null || fail "a read went through"
envol list --json | grep -q revoked || fail "list: $(envol list --json)"
envol list | grep -q '^data  revoked ' || fail "list: $(envol list)"

# ---- and unlocked again, by a KEK
envol unlock data --kek $KEK || fail "unlock of a revoked one"
key_is ready || fail "status: $(envol status data)"
mount /dev/mapper/data /mnt
[ "$(md5sum </mnt/file)" = "$sum" ] || fail "the file changed"

# ---- revoked under a mounted file system, locked, unlocked: it lives on
revoke_key
envol lock data || fail "lock of a revoked one"
key_is wiped || fail "status: $(envol status data)"
no_keys
envol unlock data --kek $KEK || fail "unlock"
echo 3 >/proc/sys/vm/drop_caches
[ "$(md5sum </mnt/file)" = "$sum" ] || fail "the file changed under a lock"
umount /mnt

# ---- revoked and closed: its link goes too
revoke_key
envol close data || fail "close of a revoked one"
nothing_left data
! keyctl show @u | tail -n +2 | grep -qE 'envol|inaccessible' || fail "left in the user keyring: $(keyctl show @u)"

# ---- opened after somebody revoked and never closed a key of that description
envol open "$DISK1" data --kek $KEK >/dev/null || fail "open"
revoke_key
dmsetup remove --retry data
envol open "$DISK1" data --kek $KEK >/dev/null || fail "open over a dead key"
key_is ready || fail "the dead key was taken"
envol close data
nothing_left data

# ---- the device goes, under load
scsi_disk() {
	local block
	for block in /sys/block/sd*; do
		grep -qs scsi_debug "$block/device/model" && echo "${block##*/}" && return
	done
	return 1
}
load sd_mod scsi_debug
wait_for 20 scsi_disk >/dev/null || fail "no disk of scsi_debug"
scsi=$(scsi_disk)
make_volume "/dev/$scsi"
envol open "/dev/$scsi" data --kek $KEK >/dev/null || fail "open of /dev/$scsi"
mkfs.ext4 -q /dev/mapper/data
mount /dev/mapper/data /mnt
while dd if=/dev/zero of=/mnt/load bs=64k count=16 conv=fsync status=none 2>/dev/null; do :; done &
writer=$!
sleep 1
kill -0 $writer || fail "no load"
echo 1 >"/sys/block/$scsi/device/delete"
wait $writer || :
! read_direct 2>/dev/null || fail "a read went through"
envol status data >/tmp/said || fail "status without its device"
grep -qE '^ *device +gone' /tmp/said || fail "status does not say that the device is gone: $(cat /tmp/said)"
envol list >/tmp/said || fail "list without its device"
grep -qE '^data +active +gone' /tmp/said || fail "list does not say that the device is gone: $(cat /tmp/said)"
[ "$(status_of data device)" = null ] || fail "a device in the document: $(envol status data --json)"
envol_refuses 5 /mnt close data
umount /mnt
envol lock data || fail "lock without its device"
key_is wiped || fail "not locked"
envol_refuses 4 "is gone" unlock data --kek $KEK
envol close data || fail "close without its device"
nothing_left data
rmmod scsi_debug

# ---- a device that only fails
dm_create failing "0 $(blockdev --getsz "$DISK2") linear $DISK2 0"
make_volume /dev/mapper/failing
envol open /dev/mapper/failing data --kek $KEK >/dev/null || fail "open on a mapping"
dm_reload failing "0 $(blockdev --getsz "$DISK2") error"
# What the page cache still has of the header would do.
echo 3 >/proc/sys/vm/drop_caches
! read_direct 2>/dev/null || fail "a read went through"
envol status data >/dev/null || fail "status over a device that fails"
envol lock data || fail "lock over a device that fails"
envol_refuses 1 "Input/output error" unlock data --kek $KEK
envol_refuses 1 "Input/output error" status /dev/mapper/failing
envol close data || fail "close over a device that fails"
nothing_left data
unmap failing

# ---- no key byte in what the kernel shows: one in hex would be 128 digits
for target in envol crypt; do
	envol open "$DISK1" data --kek $KEK --target $target >/dev/null || fail "open"
	{
		dmsetup table --showkeys
		dmsetup status
		dmesg
		cat /proc/keys
	} >/tmp/shown
	! grep -aE '[0-9a-fA-F]{64}' /tmp/shown | grep -av envol-test || fail "hex that may be a key: $(grep -aE '[0-9a-fA-F]{64}' /tmp/shown)"
	envol close data
done
nothing_left data
