#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The main job in one go: a service key, a volume under it, a file system written through
# the target envol, its bytes on the disk, and the same bytes through the kernel's own
# dm-crypt. On a disk image of its own: no disk is touched. `make demo` shows what it says.
. "${0%/*}/lib.sh"
requires envol mkfs.ext4
load loop dm-envol dm-crypt

tell() { echo "demo: $*"; }
run() {
	tell "\$ $*"
	"$@" >/tmp/envol-demo/said 2>&1 || fail "$* ended with $?: $(cat /tmp/envol-demo/said)"
	sed 's/^/demo:   /' /tmp/envol-demo/said
}

mkdir -p /tmp/envol-demo/mnt
defer rm -rf /tmp/envol-demo
cd /tmp/envol-demo || exit
truncate -s 192M disk.img
cat >envol.conf <<CONF
[defaults]
keystore = /tmp/envol-demo/keys
state = /tmp/envol-demo/state
CONF
envol() { command envol --config /tmp/envol-demo/envol.conf "$@"; }

run envol key create disk7
run envol format disk.img --kek service:disk7 --yes
fingerprint=$(sed -n 's/^ *fingerprint *//p' said)
run envol open disk.img demo --id "$fingerprint" --target envol
! dmsetup table demo | grep -qE '[0-9a-f]{64}' || fail "a key is in the table"
tell "\$ dmsetup table demo"
tell "  $(dmsetup table demo)"
mkfs.ext4 -q /dev/mapper/demo
mount /dev/mapper/demo mnt
echo "The quick brown fox jumps over the lazy dog." >mnt/text
head -c 24m /dev/urandom >random
cp random mnt/data
umount mnt
grep -aq "quick brown fox" /dev/mapper/demo || fail "the text is not on the mapping"
! grep -aq "quick brown fox" disk.img || fail "the text lies on the disk in clear"
tell "ext4 made and two files written: the text is on the mapping and nowhere in disk.img"
run envol close demo

run envol open disk.img demo --id "$fingerprint" --target envol
e2fsck -fn /dev/mapper/demo >/dev/null 2>&1 || fail "e2fsck after reopening"
run envol close demo
run envol open disk.img demo --id "$fingerprint" --target crypt
mount -o ro /dev/mapper/demo mnt
cmp random mnt/data || fail "dm-crypt reads something else"
tell "\$ cat mnt/text"
tell "  $(cat mnt/text)"
umount mnt
run envol close demo

envol key disable disk7 >/dev/null
! envol open disk.img demo --id "$fingerprint" >said 2>&1 || fail "a disabled KEK opens the volume"
tell "\$ envol key disable disk7; envol open disk.img demo"
sed 's/^/demo:   /' said
dmsetup info demo >/dev/null 2>&1 && fail "a mapping is left"
tell "proved on kernel $(uname -r): written through envol, ciphertext on the disk, reopened, read back by dm-crypt, refused once the KEK is disabled"
