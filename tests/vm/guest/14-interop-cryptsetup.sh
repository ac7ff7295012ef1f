#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A LUKS2 volume that stock cryptsetup made and filled, read by envol with the table that
# cryptsetup loaded, and written; then opened by cryptsetup again. Under udev, with cookies.
# disks: 1x64M
# deep: 6.1 6.12
. "${0%/*}/lib.sh"
requires DISK1 cryptsetup xxd udevadm
load dm-crypt dm-envol
need_udev

echo -n "correct horse battery staple" >/tmp/passphrase
for du in 512 4096; do
	for bits in 256 512; do
		wipefs -qa "$DISK1"
		cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --cipher aes-xts-plain64 \
			--key-size $bits --sector-size $du "$DISK1" /tmp/passphrase || fail "luksFormat"
		cryptsetup open --key-file /tmp/passphrase "$DISK1" stock || fail "open"
		head -c 4m /dev/urandom >/tmp/first
		dd if=/tmp/first of=/dev/mapper/stock bs=1M oflag=direct conv=notrunc status=none
		table=$(dmsetup table stock)
		size=$(blockdev --getsz /dev/mapper/stock)
		cryptsetup close stock || fail "close"

		# The volume key under a name of ours; cryptsetup's own key was in its thread keyring.
		hex=$(cryptsetup luksDump -q --dump-volume-key --key-file /tmp/passphrase "$DISK1" |
			sed -n '/^MK dump\|^\t\t\|^Volume key dump/p' | sed 's/.*://' | tr -dc '0-9a-f')
		[ ${#hex} = $((bits / 4)) ] || fail "luksDump gave ${#hex} digits of a key of $bits bits"
		serial=$(add_key stock "$hex")
		read -r _ _ _ cipher _ rest <<<"$table"
		dm_create ours "0 $size envol $cipher :$((bits / 8)):logon:envol:stock $rest"
		[ -b /dev/mapper/ours ] || fail "udev made no node"
		dd if=/dev/mapper/ours bs=1M count=4 iflag=direct status=none | cmp - /tmp/first ||
			fail "envol does not read what cryptsetup wrote: $rest"
		head -c 4m /dev/urandom >/tmp/second
		dd if=/tmp/second of=/dev/mapper/ours bs=1M oflag=direct conv=notrunc status=none
		unmap ours
		keyctl revoke "$serial"
		keyctl unlink "$serial" @s

		cryptsetup open --key-file /tmp/passphrase "$DISK1" stock || fail "open again"
		dd if=/dev/mapper/stock bs=1M count=4 iflag=direct status=none | cmp - /tmp/second ||
			fail "cryptsetup does not read what envol wrote: $rest"
		cryptsetup close stock || fail "close again"
	done
done
