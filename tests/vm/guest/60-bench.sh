#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 900
# envol-bench measures every mapping of a device and leaves none behind; a device in use
# it does not touch.
# deep: 6.1 7.x
. "${0%/*}/lib.sh"
requires envol-bench fio
target_setup
load dm-crypt
add_key a 64 >/dev/null

map held /dev/ram1 sector_size:4096
before=$(head -c 1048576 /dev/ram1 | sha256sum)
! envol-bench device /dev/ram1 --yes --rounds 1 --runtime 1 2>/tmp/error || fail "a device in use was measured"
grep -q 'is in use' /tmp/error || fail "no word of it: $(cat /tmp/error)"
[ "$(head -c 1048576 /dev/ram1 | sha256sum)" = "$before" ] || fail "a device in use was written"
unmap held

! envol-bench device /dev/ram2 --yes --load 2M 2>/tmp/error || fail "a load that there is not was taken"
grep -q 'no load has "2M" in its name' /tmp/error || fail "no word of it: $(cat /tmp/error)"
envol-bench --json device /dev/ram2 --yes --load 1M --rounds 1 --runtime 1 >/tmp/report || fail "envol-bench device"
for mapping in "device itself" "crypt" "crypt no_rw_wq" "envol"; do
	[ "$(grep -c "\"mapping\":\"$mapping\",\"mb_per_s\":[0-9]" /tmp/report)" = 2 ] ||
		fail "not every load has a figure of $mapping: $(cat /tmp/report)"
done
[ -z "$(dmsetup ls | grep envol-bench)" ] || fail "mappings are left"
