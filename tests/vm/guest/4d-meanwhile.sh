#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kernels: 6.12
# While a KEK is asked, which may take long, device and name are not anybody's: what others
# did with them in the meantime is seen before anything is written or mapped.
. "${0%/*}/lib.sh"
. "${0%/*}/volume.sh"
volume_setup
requires DISK2 DISK3 mkfs.ext4
make_volume "$DISK1"
make_volume "$DISK2"
wipefs -qa "$DISK3"

# Between envol and the KEK's own program, which waits where it is told to.
real=$(dirname "$(find /usr /envol -path '*/kek/service' -type f 2>/dev/null | head -n 1)")
mkdir -p /tmp/kek
cat >/tmp/kek/service <<EOF
#!/bin/bash
if [ -e /tmp/wait ]; then
	rm /tmp/wait
	echo \$\$ >/tmp/waits
	kill -STOP \$\$
fi
exec $real/service
EOF
chmod 755 /tmp/kek /tmp/kek/service
sed -i '/^\[defaults\]/a kek_directory = /tmp/kek' /etc/envol/envol.conf

# asked WORD… - envol in the background, until its KEK's process waits
asked() {
	rm -f /tmp/waits
	touch /tmp/wait
	envol "$@" >/tmp/asked 2>&1 &
	asker=$!
	wait_for 60 test -s /tmp/waits || fail "no KEK was asked by: envol $*: $(cat /tmp/asked)"
}

# answered STATUS TEXT - it goes on and ends with them
answered() {
	local status=0
	kill -CONT "$(cat /tmp/waits)"
	wait "$asker" || status=$?
	[ $status = "$1" ] || fail "exit status $status, not $1: $(cat /tmp/asked)"
	grep -qF -- "$2" /tmp/asked || fail "no \"$2\": $(cat /tmp/asked)"
}

# ---- unlock, and another volume has the name now
envol open "$DISK2" data --kek $KEK >/dev/null || fail "open"
head -c 65536 /dev/urandom >/tmp/pattern
dd if=/tmp/pattern of=/dev/mapper/data oflag=direct bs=65536 status=none
envol close data
envol open "$DISK1" data --kek $KEK >/dev/null || fail "open"
envol lock data || fail "lock"
asked unlock data --kek $KEK
envol close data || fail "close"
envol open "$DISK2" data --kek $KEK >/dev/null || fail "open of the other"
envol lock data || fail "lock of the other"
answered 4 "another has its name"
[ "$(status_of data key_state)" = wiped ] || fail "the other volume got a key"
envol unlock data --kek $KEK || fail "unlock of the other"
cmp -n 65536 /tmp/pattern /dev/mapper/data || fail "the other volume has another key"
envol close data
nothing_left data

# ---- format over something that is mounted meanwhile
mkfs.ext4 -q "$DISK3"
asked format "$DISK3" --kek $KEK --overwrite --yes
mount "$DISK3" /mnt
echo hello >/mnt/file
answered 5 /mnt
umount /mnt
mount "$DISK3" /mnt
[ "$(cat /mnt/file)" = hello ] || fail "the file system is damaged"
umount /mnt
wipefs -qa "$DISK3"
asked format "$DISK3" --kek $KEK --yes
mkfs.ext4 -q "$DISK3"
answered 5 "is not empty"
blkid "$DISK3" | grep -q ext4 || fail "the file system is gone"

# ---- open of a volume that is formatted meanwhile
asked open "$DISK1" data --kek $KEK
envol format "$DISK1" --kek $KEK --overwrite --yes >/dev/null || fail "format"
answered 4 "once more"
nothing_left data
envol open "$DISK1" data --kek $KEK >/dev/null || fail "open of the new volume"
envol close data
nothing_left data
