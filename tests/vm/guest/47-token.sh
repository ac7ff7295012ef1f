#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# Stock tools open a volume by its token and with dm-crypt: cryptsetup, and what systemd makes
# of a line of /etc/crypttab. They see the bytes that the target envol wrote, and the other way
# round; what envol would refuse they do not get.
# deep: 6.1 7.x
. "${0%/*}/lib.sh"
. "${0%/*}/volume.sh"
volume_setup
requires cryptsetup xxd
load dm-crypt
need_udev
TABLE=/etc/envol/volumes
SYSTEMD=/usr/lib/systemd

make_volume "$DISK1"
uuid=$(blkid -p -s UUID -o value "$DISK1")
id=$(envol open "$DISK1" data --test --json | sed -nE 's/.*"fingerprint": *"([0-9a-f]{32})".*/\1/p')
[ ${#id} = 32 ] || fail "no fingerprint"
head -c 8m /dev/urandom >/tmp/first
head -c 8m /dev/urandom >/tmp/second
head -c 8m /dev/urandom >/tmp/third
envol open "$DISK1" data --kek $KEK >/dev/null || fail "open"
put /tmp/first /dev/mapper/data
envol close data

by_token() {
	cryptsetup open --token-only "$DISK1" stock </dev/null >/tmp/said 2>&1
}

# ---- what nobody allowed is not opened
! by_token || fail "opened without a line in the table"
grep -q "nobody has said whose volume it is" /tmp/said || fail "said: $(cat /tmp/said)"
echo "data UUID=$uuid id=${id//[0-9]/a} kek=$KEK" >$TABLE
! by_token || fail "opened with another fingerprint"
grep -q "another volume: its fingerprint is $id" /tmp/said || fail "said: $(cat /tmp/said)"
no_mapping stock || fail "a mapping is there"

# ---- cryptsetup
echo "data UUID=$uuid id=$id kek=$KEK" >$TABLE
by_token || fail "cryptsetup: $(cat /tmp/said)"
[[ $(dmsetup table stock) = "0 "*" crypt aes-xts-plain64 "* ]] || fail "table: $(dmsetup table stock)"
holds /dev/mapper/stock /tmp/first || fail "cryptsetup does not read what envol wrote"
put /tmp/second /dev/mapper/stock
envol_refuses 5 "mapping stock" open "$DISK1" other --kek $KEK
cryptsetup luksSuspend stock || fail "luksSuspend"
cryptsetup luksResume --token-only stock </dev/null >/tmp/said 2>&1 || fail "luksResume: $(cat /tmp/said)"
holds /dev/mapper/stock /tmp/second || fail "not the same after luksResume"
cryptsetup close stock || fail "close"

# ---- /etc/crypttab, as systemd would run it
defer rm -f /etc/crypttab
echo "tab UUID=$uuid none luks,headless=1" >/etc/crypttab
rm -rf /tmp/units
mkdir -p /tmp/units/{normal,early,late}
$SYSTEMD/system-generators/systemd-cryptsetup-generator /tmp/units/{normal,early,late} || fail "generator"
unit=/tmp/units/normal/systemd-cryptsetup@tab.service
[ -s "$unit" ] || fail "no unit: $(find /tmp/units)"
# run_unit ExecStart|ExecStop - its line, specifiers and quotes undone
run_unit() {
	local line
	line=$(sed -n "s/^$1=//p" "$unit" | sed 's/%%/%/g')
	eval "SYSTEMD_LOG_TARGET=console $line" </dev/null >/tmp/said 2>&1
}
# Whoever wrote to the disk had udev look at it again, and its link goes and comes.
udevadm settle --timeout=60
run_unit ExecStart || fail "crypttab: $(cat /tmp/said)"
[[ $(dmsetup table tab) = "0 "*" crypt aes-xts-plain64 "* ]] || fail "table: $(dmsetup table tab)"
holds /dev/mapper/tab /tmp/second || fail "systemd does not read what cryptsetup wrote"
put /tmp/third /dev/mapper/tab
run_unit ExecStop || fail "crypttab, stop: $(cat /tmp/said)"
no_mapping tab || fail "still there"

# ---- envol again
envol open "$DISK1" data --kek $KEK >/dev/null || fail "open again"
holds /dev/mapper/data /tmp/third || fail "envol does not read what systemd's mapping wrote"
envol close data
nothing_left data

# ---- a KEK that is disabled opens nothing, and says so
envol key disable disk >/dev/null
! run_unit ExecStart || fail "opened under a disabled key"
grep -q "disabled" /tmp/said || fail "said: $(cat /tmp/said)"
no_mapping tab || fail "a mapping is there"
envol key enable disk >/dev/null

# ---- what stock tools have opened envol closes, too
by_token || fail "cryptsetup: $(cat /tmp/said)"
[ "$(status_of stock target)" = crypt ] || fail "status: $(envol status stock)"
envol close stock || fail "envol close of cryptsetup's mapping"
nothing_left stock
rm -f $TABLE
