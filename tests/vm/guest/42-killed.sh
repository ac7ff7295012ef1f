#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
# deep-timeout: 20000
# deep: yes
# Open, close, lock and unlock killed at every call into device-mapper and the keyrings, with
# ENVOL_DEEP=1 at every system call: the next command works, and no key is left without a
# mapping.
. "${0%/*}/lib.sh"
. "${0%/*}/volume.sh"
volume_setup
requires strace
need_udev
make_volume "$DISK1"
CALLS="ioctl keyctl"
[ -z "${ENVOL_DEEP:-}" ] || CALLS=all

# killed_at CALL N COMMAND… - true if it was; false if it ended by itself
killed_at() {
	local call=$1 n=$2 status=0
	shift 2
	strace -qq -o /dev/null -e trace="$call" -e inject="$call:signal=KILL:when=$n" "$@" >/tmp/said 2>&1 || status=$?
	[ $status = 137 ] || { [ $status = 0 ] || fail "exit status $status at $call $n: $(cat /tmp/said)"; return 1; }
	# A semaphore that udev and the dead waited for together.
	dmsetup udevcomplete_all -y >/dev/null
}

keys_have_mappings() {
	local name
	for name in $(volume_keys | sed -E 's/.*envol:[^:]*:([^:]*):.*/\1/'); do
		has_mapping "$name" || return 1
	done
}

kills=0
for call in $CALLS; do
	for ((n = 1; ; n++)); do
		killed_at "$call" $n envol open "$DISK1" data --kek $KEK || break
		kills=$((kills + 1))
		wait_for 20 keys_have_mappings || fail "open killed at $call $n: keys left: $(volume_keys)"
		if has_mapping data && [ -n "$(dmsetup table data)" ]; then
			# Complete: it only is not told of.
			envol_exits 5 open "$DISK1" data --kek $KEK
			head -c 4096 /dev/mapper/data >/dev/null || fail "open killed at $call $n: no data"
		elif [ $((n % 2)) = 0 ]; then
			# What is left does not hold the device against another name.
			envol open "$DISK1" other --kek $KEK >/dev/null || fail "open under another name after a kill at $call $n"
			envol close other || fail "close of another name after a kill at $call $n"
		else
			envol open "$DISK1" data --kek $KEK >/dev/null || fail "open after one that was killed at $call $n"
		fi
		! has_mapping data || envol close data || fail "close after an open that was killed at $call $n"
		nothing_left data
	done
	envol close data || fail "close"
	nothing_left data
done
note "$kills kills of open"
[ $kills -gt 10 ] || fail "only $kills kills: the sweep does not see the calls"

kills=0
for call in $CALLS; do
	for ((n = 1; ; n++)); do
		envol open "$DISK1" data --kek $KEK >/dev/null || fail "open"
		killed_at "$call" $n envol close data || break
		kills=$((kills + 1))
		wait_for 20 keys_have_mappings || fail "close killed at $call $n: keys left: $(volume_keys)"
		! has_mapping data || envol close data || fail "close after one that was killed at $call $n"
		rm -f /run/envol/mappings/data
		nothing_left data
	done
done
note "$kills kills of close"
[ $kills -gt 5 ] || fail "only $kills kills of close"

# ---- locked and unlocked half-way
envol open "$DISK1" data --kek $KEK >/dev/null || fail "open"
for call in $CALLS; do
	for ((n = 1; ; n++)); do
		killed_at $call $n envol lock data || break
		envol lock data || fail "lock after one that was killed at $call $n"
		[ "$(status_of data key_state)" = wiped ] || fail "not locked after a kill at $call $n"
		no_keys
		envol unlock data --kek $KEK || fail "unlock after a lock that was killed at $call $n"
	done
	for ((n = 1; ; n++)); do
		killed_at $call $n envol unlock data --kek $KEK || break
		envol unlock data --kek $KEK || fail "unlock after one that was killed at $call $n"
		[ "$(status_of data key_state)" = ready ] || fail "not unlocked after a kill at $call $n"
		head -c 4096 /dev/mapper/data >/dev/null || fail "unlock killed at $call $n: no data"
		envol lock data || fail "lock after an unlock that was killed at $call $n"
	done
done
envol close data || fail "close"
nothing_left data
