#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The mapping's main job in one go: a file system on an envol mapping, its bytes on the
# disk, and the same bytes through the kernel's own dm-crypt.
. "${0%/*}/lib.sh"
tell() { echo "demo: $*"; }
target_setup

disk=/dev/ram0
sectors=$(blockdev --getsz $disk)
table="aes-xts-plain64 :64:logon:envol:demo 0 $disk 0 1 sector_size:4096"
add_key demo 64 >/dev/null
tell "a random 512-bit key in the kernel keyring; no program's table or log shows it"
dmsetup create demo --table "0 $sectors envol $table"
tell "$(dmsetup table demo)"
mkfs.ext4 -q /dev/mapper/demo
mkdir -p /tmp/mnt
mount /dev/mapper/demo /tmp/mnt
echo "The quick brown fox jumps over the lazy dog." >/tmp/mnt/text
cp /tmp/random /tmp/mnt/data
umount /tmp/mnt
tell "ext4 made, two files written, unmounted; engine $(stat_of demo engine)"
grep -aq "quick brown fox" /dev/mapper/demo || fail "the text is not on the mapping"
! grep -aq "quick brown fox" $disk || fail "the text lies on the disk in clear"
tell "the text is on the mapping and nowhere on the disk"
unmap demo

dmsetup create demo --table "0 $sectors envol $table"
e2fsck -fn /dev/mapper/demo >/dev/null 2>&1 || fail "e2fsck after reopening"
unmap demo
modprobe dm-crypt
dmsetup create demo --table "0 $sectors crypt $table"
mount -o ro /dev/mapper/demo /tmp/mnt
cmp /tmp/random /tmp/mnt/data || fail "dm-crypt reads something else"
tell "dm-crypt reads: $(cat /tmp/mnt/text)"
umount /tmp/mnt
unmap demo
tell "proved: written through envol, ciphertext on the disk, reopened, read back by dm-crypt on kernel $(uname -r)"
