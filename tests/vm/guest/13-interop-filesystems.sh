#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ext4, xfs and btrfs on envol: made, filled, checked; then taken over by dm-crypt, checked,
# changed, and taken back.
# disks: 1x512M
# deep: 6.1 6.12
. "${0%/*}/lib.sh"
requires DISK1 mkfs.ext4 mkfs.xfs mkfs.btrfs
filesystems="ext4 xfs btrfs"
# The debug kernel has no others.
[[ $(uname -r) != *-envol-debug ]] || filesystems=ext4
# shellcheck disable=SC2086
load dm-crypt dm-envol $filesystems

serial=$(add_key fs 64)
defer keyctl unlink "$serial" @s
sectors=$(blockdev --getsz "$DISK1")
mkdir -p /tmp/mnt
defer umount /tmp/mnt

# Files of every size around a block, one large, one sparse, many small.
fill() { # DIRECTORY
	local n
	mkdir -p "$1"
	head -c 12m /dev/urandom >"$1/large"
	truncate -s 3M "$1/sparse"
	printf x | dd of="$1/sparse" bs=1 seek=2000000 conv=notrunc status=none
	for n in 0 1 511 512 513 4095 4096 4097 65537; do
		head -c $n "$1/large" >"$1/size-$n"
	done
	mkdir "$1/many"
	split -b 8k -a 3 <(head -c 2m "$1/large") "$1/many/"
}

check() { # FILESYSTEM
	case $1 in
	ext4) e2fsck -fn /dev/mapper/fs ;;
	xfs) xfs_repair -n /dev/mapper/fs ;;
	btrfs) btrfs check --readonly /dev/mapper/fs ;;
	esac >/tmp/check 2>&1 || fail "$1 under $target: $(tail -n 20 /tmp/check)"
}

change_to() { # TARGET
	target=$1
	dm_create fs "0 $sectors $target aes-xts-plain64 :64:logon:envol:fs 0 $DISK1 0 1 sector_size:4096"
}

for fs in $filesystems; do
	change_to envol
	case $fs in
	ext4) mkfs.ext4 -q -F /dev/mapper/fs ;;
	xfs) mkfs.xfs -q -f /dev/mapper/fs ;;
	btrfs) mkfs.btrfs -q -f /dev/mapper/fs ;;
	esac || fail "mkfs.$fs"
	[ "$(blkid -p -o value -s TYPE /dev/mapper/fs)" = $fs ] || fail "blkid does not see $fs on the mapping"
	! blkid -p "$DISK1" >/dev/null || fail "blkid sees something on the disk: $(blkid -p "$DISK1")"
	mount -t $fs /dev/mapper/fs /tmp/mnt
	fill /tmp/mnt/first
	(cd /tmp/mnt && find . -type f -exec sha256sum {} +) >/tmp/sums
	umount /tmp/mnt
	check $fs
	unmap fs

	change_to crypt
	check $fs
	mount -t $fs /dev/mapper/fs /tmp/mnt
	(cd /tmp/mnt && sha256sum --quiet -c /tmp/sums) || fail "$fs: files differ under dm-crypt"
	rm -r /tmp/mnt/first/many
	cp -r /tmp/mnt/first /tmp/mnt/second
	(cd /tmp/mnt && find . -type f -exec sha256sum {} +) >/tmp/sums
	umount /tmp/mnt
	unmap fs

	change_to envol
	check $fs
	mount -t $fs /dev/mapper/fs /tmp/mnt
	(cd /tmp/mnt && sha256sum --quiet -c /tmp/sums) || fail "$fs: files differ under envol"
	umount /tmp/mnt
	unmap fs
done
