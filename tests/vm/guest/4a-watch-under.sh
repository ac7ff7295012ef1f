#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# The watch's own state lies on a volume that it has to lock, with a layer between: it comes
# last, what is to be written about it is written before, and it opens again with a state and
# a keystore from elsewhere.
# deep: 6.1 7.x
. "${0%/*}/lib.sh"
. "${0%/*}/volume.sh"
volume_setup
requires DISK2 mkfs.ext4
load dm-envol
need_udev
conf=/etc/envol/envol.conf
cp $conf /tmp/envol.conf.before
defer cp /tmp/envol.conf.before $conf
elsewhere() {
	envol --keystore /tmp/elsewhere/keys --state /tmp/elsewhere "$@"
}
is_locked() { # NAME
	[ "$(dmsetup info -c --noheadings -o suspended "$1")" = Suspended ]
}

# Named so that neither order of names nor of making puts it last.
make_volume "$DISK1"
make_volume "$DISK2"
envol open "$DISK1" data-own --kek $KEK >/dev/null || fail "open"
envol open "$DISK2" data-rest --kek $KEK >/dev/null || fail "open"
mkdir /tmp/elsewhere
cp -a /var/lib/envol/keys /tmp/elsewhere/
cp -a /var/lib/envol /tmp/before
dm_create layer "0 $(blockdev --getsz /dev/mapper/data-own) linear /dev/mapper/data-own 0"
mkfs.ext4 -q /dev/mapper/layer || fail "mkfs"
mount /dev/mapper/layer /var/lib/envol || fail "mount"
defer umount -l /var/lib/envol
defer dmsetup resume data-own
chmod 700 /var/lib/envol
cp -a /tmp/before/. /var/lib/envol/

{ cat /tmp/envol.conf.before; printf '[watch]\ngrace = 1s\n'; } >$conf
envol key disable disk >/dev/null
envol watch --once >/tmp/said 2>&1 || fail "watch: $(cat /tmp/said)"
[ "$(grep -c ': refused: ' /tmp/said)" = 2 ] || fail "said: $(cat /tmp/said)"
sleep 1.2
envol watch --once >/tmp/said 2>&1 &
watch=$!
wait_for 60 is_locked data-own || fail "not locked: $(cat /tmp/said)"
[ "$(grep -n 'data-rest: ended' /tmp/said | cut -d: -f1)" = 1 ] || fail "not the other first: $(cat /tmp/said)"
grep -q 'data-own: ended: its grace is over, it is locked now' /tmp/said || fail "said: $(cat /tmp/said)"
is_locked data-rest || fail "the other is not locked"
own_is_wiped() {
	elsewhere status data-own --json | grep -q "\"key_state\": *\"wiped\""
}
wait_for 20 own_is_wiped || fail "its key is not wiped: $(elsewhere status data-own)"

elsewhere unlock data-own --kek $KEK || fail "it does not open again"
wait $watch || fail "the watch ended with $?: $(cat /tmp/said)"
! grep -q 'but: ' /tmp/said || fail "said: $(cat /tmp/said)"
for name in data-own data-rest; do
	grep -q "\"operation\":\"watch-ended\".*\"message\":\"$name: " /var/lib/envol/audit.log ||
		fail "no record of $name: $(tail -n 3 /var/lib/envol/audit.log)"
done
# Whose grace began anew is not locked by what was remembered.
envol key enable disk >/dev/null || fail "the state cannot be written"
envol unlock data-rest --kek $KEK || fail "unlock"
envol watch --once >/tmp/said 2>&1 || fail "watch: $(cat /tmp/said)"
[ ! -s /tmp/said ] || fail "said: $(cat /tmp/said)"
umount /var/lib/envol
unmap layer
envol close data-own
envol close data-rest
nothing_left data-own
nothing_left data-rest
