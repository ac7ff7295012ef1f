#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deep: yes
# timeout: 300
# Headers on block devices of their own, locked, read-only, gone, put back under an open
# volume; formats that meet; and what a format does not touch.
. "${0%/*}/lib.sh"
. "${0%/*}/volume.sh"
volume_setup
requires DISK2 DISK3 flock mkfs.ext4 mkswap
need_udev
wipefs -qa "$DISK2"
make_volume "$DISK1" --header "$DISK2" --label green

# ---- detached
envol_refuses 4 "no LUKS2 header" open "$DISK1" data --kek $KEK
envol open "$DISK1" data --kek $KEK --header "$DISK2" >/dev/null || fail "open with a detached header"
[ "$(status_of data header)" = "$DISK2" ] || fail "status: $(envol status data)"
[ "$(status_of data label)" = green ] || fail "status without the header: $(envol status data)"
head -c 65536 /dev/urandom >/tmp/first
dd if=/tmp/first of=/dev/mapper/data oflag=direct bs=64k status=none
envol lock data || fail "lock"
envol unlock data --kek $KEK || fail "unlock does not find the detached header"
envol close data

# ---- read-only: enough to open, not to change
blockdev --setro "$DISK2"
envol open "$DISK1" data --kek $KEK --header "$DISK2" >/dev/null || fail "open with a header that is read-only"
cmp -s -n 65536 /tmp/first /dev/mapper/data || fail "other data"
[ "$(blockdev --getro /dev/mapper/data)" = 0 ] || fail "the mapping is read-only, and only its header should be"
envol close data
envol key rotate disk >/dev/null
envol_refuses 1 read-only rekey "$DISK1" --header "$DISK2"
blockdev --setrw "$DISK2"

# ---- locked by another
mkdir -p /run/cryptsetup
exec 5>"/run/cryptsetup/L_$(lsblk -dnro MAJ:MIN "$DISK2")"
flock 5
for command in "open $DISK1 data" "rekey $DISK1" "header backup $DISK1 /tmp/backup" "status $DISK1"; do
	# shellcheck disable=SC2086
	envol_refuses 5 "holds the lock of its header" --timeout 1 $command --header "$DISK2"
done
[ ! -e /tmp/backup ] || fail "a backup of a header that is locked"
exec 5>&-
nothing_left data

# ---- put back under an open volume: the same one, nothing else
envol header backup "$DISK1" /tmp/backup --header "$DISK2" >/dev/null || fail "backup"
envol open "$DISK1" data --kek $KEK --header "$DISK2" >/dev/null || fail "open"
envol header restore "$DISK1" /tmp/backup --header "$DISK2" --yes >/dev/null || fail "restore of what lies there"
cmp -s -n 65536 /tmp/first /dev/mapper/data || fail "other data after a restore"
envol lock data || fail "lock after a restore"
envol unlock data --kek $KEK || fail "unlock after a restore"
envol close data
make_volume "$DISK3"
envol header backup "$DISK3" /tmp/other >/dev/null
envol open "$DISK3" other --kek $KEK >/dev/null || fail "open"
envol_refuses 5 "another volume" header restore "$DISK3" /tmp/backup --yes
envol_refuses 5 "mapping other lies on it" header restore "$DISK3" /tmp/backup --yes --force
envol_refuses 5 "mapping other lies on it" format "$DISK3" --kek $KEK --yes --overwrite
envol header restore "$DISK3" /tmp/other --yes >/dev/null || fail "restore of an attached one"

# ---- swap on it
mkswap /dev/mapper/other >/dev/null
swapon /dev/mapper/other || fail "swapon"
envol_refuses 5 "swap space" close other
swapoff /dev/mapper/other
envol close other
nothing_left other

# ---- what a format does not touch
mkfs.ext4 -q -F "$DISK1"
before=$(head -c 8m "$DISK1" | md5sum)
envol_refuses 5 "ext4 file system" format "$DISK1" --kek $KEK --yes
mount -o ro,noload "$DISK1" /mnt
envol_refuses 5 "mounted on /mnt" format "$DISK1" --kek $KEK --yes --overwrite
envol_refuses 5 "mounted on /mnt" header restore "$DISK1" /tmp/other --yes --force
umount /mnt
blockdev --setro "$DISK1"
envol_refuses 1 read-only format "$DISK1" --kek $KEK --yes --overwrite
blockdev --setrw "$DISK1"
[ "$(head -c 8m "$DISK1" | md5sum)" = "$before" ] || fail "a refused format wrote"

# ---- formats that meet: whoever is first makes a whole volume, the others say so
for n in 1 2 3; do
	(
		status=0
		envol format "$DISK1" --kek $KEK --yes --overwrite >/tmp/said.$n 2>&1 || status=$?
		echo $status >/tmp/status.$n
	) &
done
wait $(jobs -p)
for n in 1 2 3; do
	case $(cat /tmp/status.$n) in
	0) ;;
	5) grep -q "locked by another program" /tmp/said.$n || fail "format $n: $(cat /tmp/said.$n)" ;;
	*) fail "format $n: $(cat /tmp/said.$n)" ;;
	esac
done
grep -qx 0 /tmp/status.1 /tmp/status.2 /tmp/status.3 || fail "none of them made a volume"
envol open "$DISK1" data --kek $KEK --test >/dev/null || fail "the volume is not whole"

# ---- the header's device goes: the mapping does not need it, an unlock does
dm_create header "0 65536 linear $DISK2 0"
wipefs -qa /dev/mapper/header
make_volume "$DISK1" --header /dev/mapper/header
envol open "$DISK1" data --kek $KEK --header /dev/mapper/header >/dev/null || fail "open with a header on a mapping"
unmap header
head -c 4096 /dev/mapper/data >/dev/null || fail "no data without the header"
envol status data >/dev/null || fail "status without the header"
envol lock data || fail "lock"
envol_refuses 4 /dev/mapper/header unlock data --kek $KEK
envol close data || fail "close"
nothing_left data
