#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The units of envol on a machine that systemd runs: units.sh DISK, as root, with a spare disk of at
# least 64 MiB, whose contents are lost, and envol installed. Ends with "N passed, N failed".
set -u
disk=${1:?usage: units.sh DISK}
table=/etc/envol/volumes
passed=0 failed=0

ok() { # TEXT COMMAND…
	local text=$1
	shift
	if "$@" >/tmp/units.out 2>&1; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $text: $*"
		tail -n 15 /tmp/units.out
	fi
}
not() { ! "$@"; }
status_says() { systemctl status --no-pager --full -l "$1" | grep -F -- "$2"; }
is_after() { systemctl show -P After "$1" | tr ' ' '\n' | grep -x "$2"; }
is_before() { systemctl show -P Before "$1" | tr ' ' '\n' | grep -x "$2"; }
now() { systemctl daemon-reload && systemctl reset-failed; }

[ ! -e $table ] || cp -p $table /run/volumes.before
restore() {
	systemctl stop units.mount 'envol@unit\x2done.service' 2>/dev/null
	if [ -e /run/volumes.before ]; then cp -p /run/volumes.before $table; else rm -f $table; fi
	rm -f /run/systemd/system/units.mount
	systemctl daemon-reload
}
trap restore EXIT

wipefs -qa "$disk"
envol key show units >/dev/null 2>&1 || envol key create units >/dev/null || exit 1
envol format "$disk" --kek service:units --yes >/dev/null || exit 1
id=$(envol open "$disk" x --test --json | sed -n 's/.*"fingerprint": "\(.*\)",/\1/p')
uuid=$(blkid -p -s UUID -o value "$disk")
mkdir -p /etc/envol
cat >$table <<END
unit-one UUID=$uuid id=$id kek=service:units noauto
unit-bad UUID=$uuid id=$id noauto
unit-late /dev/disk/by-id/none id=$id kek=service:units timeout=2 noauto
unit-wrong UUID=$uuid id=00000000000000000000000000000000 kek=service:units noauto
unit-net UUID=$uuid id=$id kek=service:units network nofail noauto
END
chmod 644 $table
now
one='envol@unit\x2done.service' bad='envol@unit\x2dbad.service' late='envol@unit\x2dlate.service'
wrong='envol@unit\x2dwrong.service' net='envol@unit\x2dnet.service'

ok "the generator is where systemd looks" test -e "/run/systemd/generator/$one.d/50-table.conf"
ok "start opens" systemctl start "$one"
ok "the mapping is there" test -b /dev/mapper/unit-one
ok "it stays" systemctl is-active "$one"
mkfs.ext4 -q /dev/mapper/unit-one
mkdir -p /units
mount /dev/mapper/unit-one /units
# systemd ties a mount to its device, and the device to the unit.
ok "stop unmounts what is mounted from it" systemctl stop "$one"
ok "it is not mounted" not mountpoint -q /units
ok "and not open" not test -e /dev/mapper/unit-one
ok "start opens it again" systemctl start "$one"
ok "stop closes" systemctl stop "$one"
ok "the mapping is gone" not test -e /dev/mapper/unit-one

# A mount has it opened.
cat >/run/systemd/system/units.mount <<END
[Mount]
What=/dev/mapper/unit-one
Where=/units
END
now
ok "a mount opens it" systemctl start units.mount
ok "it is mounted" mountpoint -q /units
ok "by the unit" systemctl is-active "$one"
ok "the unmount" systemctl stop units.mount
ok "stop closes again" systemctl stop "$one"

# What fails says why.
ok "a line with a mistake fails" not systemctl start "$bad"
ok "with the mistake" status_says "$bad" "kek= is missing"
ok "no device fails" not systemctl start "$late"
ok "with what is missing" status_says "$late" "did not turn up within 2 s"
ok "another volume fails" not systemctl start "$wrong"
ok "with its exit status" status_says "$wrong" "status=8"
ok "and the fingerprint" status_says "$wrong" "its fingerprint is $id"
envol key disable units >/dev/null
ok "a disabled KEK fails" not systemctl start "$one"
ok "with the KEK" status_says "$one" service:units
ok "and the way out" status_says "$one" "envol boot ask"
envol key enable units >/dev/null
now

# Order.
ok "local: after cryptsetup-pre" is_after "$one" cryptsetup-pre.target
ok "local: not after the network" not is_after "$one" network-online.target
ok "network: after network-online" is_after "$net" network-online.target
ok "before umount" is_before "$one" umount.target
sed -i 's/ noauto//' $table
now
ok "local: before cryptsetup.target" is_before "$one" cryptsetup.target
ok "network: before remote-cryptsetup.target" is_before "$net" remote-cryptsetup.target
ok "the mapping's device requires it" sh -c "systemctl show -P Requires dev-mapper-unit\\\\x2done.device | grep -F unit"
for unit in "$one" "$net"; do
	ok "systemd likes $unit" sh -c "! systemd-analyze verify --man=no '$unit' 2>&1 | grep envol"
done

# A header that is a file, and what may be written.
wipefs -qa "$disk"
truncate -s 16M /boot/units.header
ok "a header that is a file" envol format "$disk" --header /boot/units.header --kek service:units --yes
id=$(envol open "$disk" x --header /boot/units.header --test --json | sed -n 's/.*"fingerprint": "\(.*\)",/\1/p')
echo "unit-one $disk header=/boot/units.header id=$id kek=service:units noauto" >$table
now
ok "opens" systemctl start "$one"
ok "closes" systemctl stop "$one"
ok "images of homes are not seen read-only" test "$(systemctl show -P ProtectHome "$one")" = no
ok "nor is /boot to the watch" test "$(systemctl show -P ProtectSystem envol-watch.service)" = no

# Thrown away.
wipefs -qa "$disk"
part=$(readlink -f "$disk")
printf 'unit-one %s throwaway=ext4 noauto\n' "$part" >$table
now
ok "scratch opens" systemctl start "$one"
ok "with a file system" test "$(blkid -p -s TYPE -o value /dev/mapper/unit-one)" = ext4
ok "and closes" systemctl stop "$one"
echo "$passed passed, $failed failed"
[ $failed = 0 ]
