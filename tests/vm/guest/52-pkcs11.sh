#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: 6.1 6.12 7.x
# deep: 6.1 7.x
# timeout: 240
# reboots: 1
# A KEK in a token (SoftHSM): made, used, after a reboot used again; the token gone, and back.
. "${0%/*}/lib.sh"
. "${0%/*}/volume.sh"
requires softhsm2-util mkfs.ext4 DISK1 DISK2
load ext4 dm-envol
keep=/mnt/keep
mkdir -p $keep
[ "$ENVOL_BOOT" != 1 ] || mkfs.ext4 -q "$DISK2" || fail "mkfs"
mount "$DISK2" $keep || fail "mount"
defer umount $keep
export SOFTHSM2_CONF=$keep/softhsm2.conf
envol() { command envol --config $keep/envol.conf "$@"; }

if [ "$ENVOL_BOOT" = 1 ]; then
	mkdir $keep/tokens
	printf 'directories.tokendir = %s/tokens\nlog.level = ERROR\n' $keep >$keep/softhsm2.conf
	softhsm2-util --init-token --free --label hsm --pin 271828 --so-pin 314159 >/dev/null || fail "no token"
	serial=$(softhsm2-util --show-slots | awk '/Serial number:/ { s = $3 } /Label:/ && $2 == "hsm" { print s }')
	(umask 077 && echo 271828 >$keep/pin)
	cat >$keep/envol.conf <<-END
		[defaults]
		state = $keep/state
		timeout = 60
		[pkcs11]
		module = /usr/lib/softhsm/libsofthsm2.so
		environment = SOFTHSM2_CONF=$keep/softhsm2.conf
		[pkcs11 token=hsm;serial=$serial]
		pin_file = $keep/pin
	END
fi
KEK='pkcs11:token=hsm;object=disk'

# write_file NAME, read_file NAME - through a file system on the volume
write_file() { mount /dev/mapper/data /mnt/data && echo "$1" >"/mnt/data/$1" && umount /mnt/data || fail "write $1"; }
read_file() {
	mount /dev/mapper/data /mnt/data && [ "$(cat "/mnt/data/$1")" = "$1" ] && umount /mnt/data || fail "read $1"
}
mkdir -p /mnt/data

if [ "$ENVOL_BOOT" = 1 ]; then
	envol_exits 0 key create "$KEK"
	envol_exits 0 format "$DISK1" --kek "$KEK" --mix-random "$KEK" --yes
	envol_exits 0 open "$DISK1" data --kek "$KEK"
	mkfs.ext4 -q /dev/mapper/data || fail "mkfs on the volume"
	write_file before
	envol_exits 0 close data
	nothing_left data
	exit 0
fi

envol_exits 0 open "$DISK1" data --kek "$KEK"
read_file before
envol_exits 0 close data

mv $keep/tokens $keep/gone && mkdir $keep/tokens
envol_refuses 6 "is not there" --timeout 2 open "$DISK1" data --kek "$KEK"
nothing_left data
rmdir $keep/tokens && mv $keep/gone $keep/tokens
envol_exits 0 open "$DISK1" data --kek "$KEK"
read_file before
envol_exits 0 close data
nothing_left data
