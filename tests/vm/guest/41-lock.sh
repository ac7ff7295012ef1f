#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deep: 6.1 7.x
# timeout: 300
# Lock and unlock, under both targets: I/O waits, the key is nowhere, and comes back.
. "${0%/*}/lib.sh"
. "${0%/*}/volume.sh"
volume_setup
requires mkfs.ext4 DISK2
make_volume "$DISK1"

locked() {
	[ "$(status_of data key_state)" = wiped ] && [ "$(status_of data state)" = locked ]
}

for target in envol crypt; do
	note "$target"
	envol open "$DISK1" data --kek $KEK --target $target >/dev/null || fail "open"
	mkfs.ext4 -q -F /dev/mapper/data
	mount /dev/mapper/data /mnt
	echo before >/mnt/before
	envol lock data || fail "lock"
	locked || fail "not locked: $(envol status data)"
	no_keys
	envol lock data || fail "lock of what is locked"
	locked || fail "no longer locked"

	# ---- what comes waits
	cat /mnt/before >/dev/null || fail "the page cache is gone"
	(echo late >/mnt/late && sync /mnt/late) &
	writer=$!
	sleep 1
	kill -0 $writer || fail "a write got through"
	envol_refuses 5 /mnt close data

	# ---- a KEK that is gone does not unlock, and it stays locked
	envol key disable disk >/dev/null
	envol_exits 2 unlock data --kek $KEK
	locked || fail "no longer locked"
	no_keys
	envol key enable disk >/dev/null
	envol_exits 2 unlock data --kek service:other
	locked || fail "no longer locked"

	envol unlock data --kek $KEK || fail "unlock"
	wait $writer || fail "the write that waited"
	[ "$(status_of data key_state)" = ready ] || fail "not unlocked: $(envol status data)"
	[ "$(cat /mnt/late)" = late ] || fail "what was written is gone"
	volume_keys | grep -q . || fail "the key is not published"
	envol unlock data --kek $KEK || fail "unlock of what is not locked"
	umount /mnt

	# ---- locked and closed
	envol lock data || fail "lock again"
	envol close data || fail "close of a locked one"
	nothing_left data
	envol open "$DISK1" data --kek $KEK --target $target >/dev/null || fail "open again"
	mount /dev/mapper/data /mnt
	[ "$(cat /mnt/before /mnt/late | tr '\n' ' ')" = "before late " ] || fail "the files are gone"
	umount /mnt
	envol close data
	nothing_left data
done

# ---- only suspended, by whomever: the lock goes on from there
envol open "$DISK1" data --kek $KEK >/dev/null
dmsetup suspend data
envol lock data || fail "lock of a suspended one"
locked || fail "not locked"
envol unlock data --kek $KEK || fail "unlock"
envol close data

# ---- another volume's header does not unlock, be its UUID the same
uuid=$(blkid -p -s UUID -o value "$DISK1")
make_volume "$DISK2" --uuid "$uuid"
envol open "$DISK1" data --kek $KEK >/dev/null
envol lock data
envol_refuses 2 "another volume" unlock data --kek $KEK --header "$DISK2"
locked || fail "no longer locked"
make_volume "$DISK2"
envol_refuses 4 UUID unlock data --kek $KEK --header "$DISK2"
envol unlock data --kek $KEK || fail "unlock with its own"
envol close data
nothing_left data
