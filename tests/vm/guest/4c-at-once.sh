#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: 6.12
# Many opens and closes at once, by one name and by several: of each device and of each
# name one wins, the others are told that it is in use.
. "${0%/*}/lib.sh"
. "${0%/*}/volume.sh"
volume_setup
requires DISK2
need_udev
make_volume "$DISK1"
make_volume "$DISK2"
for round in 1 2 3; do
	rm -f /tmp/won /tmp/lost
	for n in 1 2 3 4; do
		(
			status=0
			envol open "$DISK1" data --kek $KEK >/tmp/said.$n 2>&1 || status=$?
			case $status in 0) echo $n >>/tmp/won ;; 5) echo $n >>/tmp/lost ;; *) cat /tmp/said.$n ;; esac
		) &
		(
			status=0
			envol open "$DISK2" name$n --kek $KEK >/tmp/said.2$n 2>&1 || status=$?
			case $status in 0) echo name$n >>/tmp/won ;; 5) echo name$n >>/tmp/lost ;; *) cat /tmp/said.2$n ;; esac
		) &
	done
	wait
	[ "$(wc -l </tmp/won)" = 2 ] || fail "round $round: $(cat /tmp/won) opened"
	[ "$(wc -l </tmp/lost)" = 6 ] || fail "round $round: not all others were refused as busy"
	rm -f /tmp/closed
	for name in data "$(grep name /tmp/won)" data "$(grep name /tmp/won)"; do
		(
			status=0
			envol close $name >/tmp/said.$name 2>&1 || status=$?
			case $status in 0) echo $name >>/tmp/closed ;; 4 | 5) ;; *) cat /tmp/said.$name ;; esac
		) &
	done
	wait
	[ "$(sort -u /tmp/closed | wc -l) $(wc -l </tmp/closed)" = "2 2" ] || fail "round $round: closed: $(cat /tmp/closed)"
	no_keys
done
