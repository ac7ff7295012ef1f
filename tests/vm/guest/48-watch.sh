#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
# envol watch: a KEK that is taken away locks its volume when the grace is over and not before,
# a newer version is taken up, the service ends when it is told to.
# deep: 6.1 7.x
. "${0%/*}/lib.sh"
. "${0%/*}/volume.sh"
volume_setup
load dm-envol
need_udev
conf=/etc/envol/envol.conf
cp $conf /tmp/envol.conf.before
defer cp /tmp/envol.conf.before $conf
# watch_settings LINE… - of the section [watch]
watch_settings() {
	{ cat /tmp/envol.conf.before; echo "[watch]"; printf '%s\n' "$@"; } >$conf
}
# looks TEXT - the watch looks once and says that; "" nothing
looks() {
	envol watch --once >/tmp/said 2>&1 || fail "watch: $(cat /tmp/said)"
	if [ -z "$1" ]; then
		[ ! -s /tmp/said ] || fail "said: $(cat /tmp/said)"
	else
		grep -qF -- "$1" /tmp/said || fail "no \"$1\" in: $(cat /tmp/said)"
	fi
}
is_locked() { # NAME
	[ "$(dmsetup info -c --noheadings -o suspended "$1")" = Suspended ]
}

make_volume "$DISK1"
uuid=$(blkid -p -s UUID -o value "$DISK1")
head -c 8m /dev/urandom >/tmp/first
envol open "$DISK1" data --kek $KEK >/dev/null || fail "open"
put /tmp/first /dev/mapper/data
id=$(status_of data fingerprint)
[ ${#id} = 32 ] || fail "no fingerprint"

# ---- the grace
watch_settings "grace = 1h"
looks ""
envol key disable disk >/dev/null
looks "data: refused: $KEK"
looks ""
! is_locked data || fail "locked before its grace was over"
holds /dev/mapper/data /tmp/first || fail "not readable in its grace"
envol key enable disk >/dev/null
looks "data: recovered"
envol key disable disk >/dev/null
looks "data: refused"
sleep 1
watch_settings "grace = 1s"
looks "data: ended: its grace is over, it was locked"
is_locked data || fail "not locked"
[ "$(status_of data key_state)" = wiped ] || fail "key: $(status_of data key_state)"
looks ""
grep -q '"operation":"watch-ended"' /var/lib/envol/audit.log || fail "no audit record"
envol key enable disk >/dev/null
envol unlock data --kek $KEK || fail "unlock"
holds /dev/mapper/data /tmp/first || fail "not the same after the unlock"

# ---- a newer version
envol key rotate disk >/dev/null
looks ""
echo "data UUID=$uuid id=$id kek=$KEK" >/etc/envol/volumes
defer rm -f /etc/envol/volumes
looks "data: rewrapped: 1 wraps"
looks ""
envol key disable disk --version 1 >/dev/null
looks ""
envol open "$DISK1" x --test --kek $KEK >/dev/null || fail "the newer version does not open"

# ---- the service
watch_settings "grace = 0" "interval = 1s" "on_revoked = close"
envol watch --json >/tmp/events 2>/tmp/errors &
service=$!
envol key disable disk >/dev/null
wait_for 60 no_mapping data || fail "not closed: $(cat /tmp/events /tmp/errors)"
kill -TERM $service
status=0
wait $service || status=$?
[ $status = 0 ] || fail "the service ended with $status: $(cat /tmp/errors)"
grep -q '"event":"ended".*"volume":"data"\|"event": "ended".*"volume": "data"' /tmp/events || fail "events: $(cat /tmp/events)"
nothing_left data
envol key enable disk >/dev/null
