#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mem: 384
# disks: 1x256M
# Swap on envol, on a real disk: swapping to memory would free none. Needs a disk of
# at least 64 MiB in SPARE_DISKS.
# deep: 6.1 6.12
. "${0%/*}/lib.sh"
target_setup
add_key a 64 >/dev/null
disk=${SPARE_DISKS%% *}
[ -b "$disk" ] || fail "no spare disk"

map swap "$disk" sector_size:4096
mkswap /dev/mapper/swap >/dev/null || fail "mkswap"
swapon /dev/mapper/swap || fail "swapon"

# What is kept in a tmpfs can only be swapped: 24 MiB more of it than there is memory.
free=$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)
dd if=/dev/urandom of=/tmp/part bs=1M count=8 status=none
files=$(((free + 24576) / 8192))
mkdir -p /tmp/hog
mount -t tmpfs -o size=$((free + 65536))k hog /tmp/hog
for i in $(seq $files); do
	cp /tmp/part "/tmp/hog/$i" || fail "tmpfs is full"
done
used=$(awk '/^SwapTotal/ { t = $2 } /^SwapFree/ { print t - $2 }' /proc/meminfo)
[ "$used" -gt 8192 ] || fail "only $used KiB were swapped out"
for i in $(seq $files); do
	cmp -s "/tmp/hog/$i" /tmp/part || fail "swapped pages came back changed: file $i of $files"
done
rm /tmp/hog/*
umount /tmp/hog
swapoff /dev/mapper/swap || fail "swapoff"
unmap swap
