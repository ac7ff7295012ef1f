#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 300
# Open and close: what a user finds in between, what is refused, what is left.
# deep: 6.1 7.x
. "${0%/*}/lib.sh"
. "${0%/*}/volume.sh"
volume_setup
requires DISK2 mkfs.ext4 lsblk blkid
need_udev
make_volume "$DISK1" --label blue
make_volume "$DISK2"

# ---- open: what everybody's tools say of it
envol open "$DISK1" data --kek $KEK >/dev/null || fail "open"
[ -b /dev/mapper/data ] || fail "no node"
uuid=$(blkid -p -s UUID -o value "$DISK1")
[ "$(dmsetup info -c --noheadings -o uuid data)" = "CRYPT-LUKS2-${uuid//-/}-data" ] || fail "UUID of the mapping"
[ "$(lsblk -nro TYPE /dev/mapper/data)" = crypt ] || fail "lsblk: $(lsblk /dev/mapper/data)"
dmsetup table data | grep -q "^0 [0-9]* envol aes-xts-plain64 :64:logon:envol:$uuid:data 0 " || fail "table: $(dmsetup table data)"
udevadm info /dev/mapper/data | grep -qx "E: DM_UUID=CRYPT-LUKS2-${uuid//-/}-data" || fail "udev does not know it"
keyctl show @u | grep -q "logon: envol:$uuid:data" || fail "key not published: $(keyctl show @u)"
mkfs.ext4 -q -L green /dev/mapper/data || fail "mkfs"
udevadm settle
[ "$(blkid -s LABEL -o value /dev/mapper/data)" = green ] || fail "blkid: $(blkid /dev/mapper/data)"
[ -e /dev/disk/by-label/green ] || fail "no link by label"
[ "$(status_of data key_state)" = ready ] || fail "status: $(envol status data)"
[ "$(status_of "$DISK1" name)" = data ] || fail "status by device: $(envol status "$DISK1")"
envol status | grep -q data || fail "list: $(envol status)"

# ---- a second time: nothing changes
table=$(dmsetup table data)
envol_refuses 5 "open already" open "$DISK1" data --kek $KEK
envol_refuses 5 data open "$DISK1" other --kek $KEK
envol_refuses 5 "open already" open "$DISK2" data --kek $KEK
[ "$(dmsetup table data)" = "$table" ] || fail "the mapping changed"
no_mapping other || fail "another mapping"

# ---- in use, then closed
mount /dev/mapper/data /mnt
echo hello >/mnt/file
envol_refuses 5 /mnt close data
[ "$(status_of data key_state)" = ready ] || fail "a refused close took the key"
keyctl show @u | grep -q "envol:$uuid:data" || fail "a refused close took the key from the keyring"
umount /mnt
envol close data || fail "close"
nothing_left data
envol_exits 4 close data

# ---- the same data again, read-only
envol open "$DISK1" data --kek $KEK --read-only >/dev/null || fail "open read-only"
[ "$(blockdev --getro /dev/mapper/data)" = 1 ] || fail "not read-only"
mount -o ro,noload /dev/mapper/data /mnt
[ "$(cat /mnt/file)" = hello ] || fail "the file is gone"
umount /mnt
envol close data
blockdev --setro "$DISK1"
envol open "$DISK1" data --kek $KEK >/tmp/said 2>&1 || fail "a read-only device: $(cat /tmp/said)"
grep -q read-only /tmp/said || fail "a read-only device is not told of"
[ "$(blockdev --getro /dev/mapper/data)" = 1 ] || fail "not read-only"
envol close data
blockdev --setrw "$DISK1"

# ---- a deferred close
envol open "$DISK1" data --kek $KEK >/dev/null
mount /dev/mapper/data /mnt
envol close data --deferred || fail "deferred close"
has_mapping data || fail "gone with a user"
[ "$(cat /mnt/file)" = hello ] || fail "the file system is dead"
keyctl show @u | grep -q "envol:$uuid" && fail "the key is still published"
# The watch goes by it as long as there is a mapping.
[ -e /run/envol/mappings/data ] || fail "it is not remembered any more, though it is in use"
umount /mnt
wait_for 10 no_mapping data || fail "still there without a user"
no_keys
envol open "$DISK1" data --kek $KEK >/dev/null
envol close data --deferred || fail "deferred close of one that nobody uses"
nothing_left data

# ---- names and devices that are refused
envol_refuses 1 "not a letter" open "$DISK1" a/b --kek $KEK
envol_refuses 1 "not a letter" open "$DISK1" "a b" --kek $KEK
envol_refuses 1 83 open "$DISK1" "$(printf 'n%.0s' $(seq 84))" --kek $KEK
name=$(printf 'n%.0s' $(seq 83))
envol open "$DISK1" "$name" --kek $KEK >/dev/null || fail "the longest name"
envol close "$name" || fail "close of the longest name"
envol_exits 4 open "$DISK1.none" data --kek $KEK
mount -t tmpfs tmpfs /mnt && umount /mnt
mkfs.ext4 -q "$DISK3"
mount "$DISK3" /mnt
envol_refuses 5 /mnt open "$DISK3" data --kek $KEK
umount /mnt
envol_exits 4 open "$DISK3" data --kek $KEK
dm_create linear "0 2048 linear $DISK3 0"
envol_refuses 4 "not one of envol" close linear
has_mapping linear || fail "it was removed"
unmap linear

# ---- a device that is too small for what its header says
dm_create small "0 8192 linear $DISK1 0"
envol_exits 4 open /dev/mapper/small data --kek $KEK
unmap small

# ---- engines
envol open "$DISK1" data --kek $KEK --engine generic >/dev/null || fail "engine generic"
[ "$(stat_of data engine)" = generic ] || fail "engine: $(dmsetup status data)"
[ "$(status_of data engine)" = generic ] || fail "engine in the status"
envol close data
envol_exits 1 open "$DISK1" data --kek $KEK --engine steam
nothing_left data

# ---- no mapping at all
envol open "$DISK1" data --test --kek $KEK >/dev/null || fail "test"
nothing_left data

# ---- a disk image, attached for as long as it is open
load loop
truncate -s 64M /tmp/image
make_volume /tmp/image
envol open /tmp/image data --kek $KEK >/dev/null || fail "open of an image"
[ "$(losetup -n -O BACK-FILE)" = /tmp/image ] || fail "loop devices: $(losetup)"
mkfs.ext4 -q /dev/mapper/data || fail "mkfs on an image"
envol_refuses 5 loop open /tmp/image other --kek $KEK
envol lock data || fail "lock of an image"
envol unlock data --kek $KEK || fail "unlock of an image"
envol close data
no_loops() {
	[ -z "$(losetup -n -O NAME)" ]
}
wait_for 10 no_loops || fail "still attached: $(losetup)"
for n in 1 2 3 4; do
	envol open /tmp/image image$n --kek $KEK >/dev/null 2>&1 && echo image$n >>/tmp/won &
done
wait $(jobs -p) || :
[ "$(wc -l </tmp/won)" = 1 ] || fail "opened more than once: $(cat /tmp/won)"
envol close "$(cat /tmp/won)"
wait_for 10 no_loops || fail "still attached: $(losetup)"
no_keys
