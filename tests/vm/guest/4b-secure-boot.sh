#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# kernels: all !debug
# secure-boot: yes
# Under Secure Boot the kernel takes no module that nobody has signed whom it knows: then dm-crypt
# serves, and the reason is said. One that is signed by a key of the firmware's it takes.
# deep: 6.1 7.x
. "${0%/*}/lib.sh"
. "${0%/*}/volume.sh"
mount -t securityfs securityfs /sys/kernel/security 2>/dev/null && defer umount /sys/kernel/security
grep -q '\[integrity\]' /sys/kernel/security/lockdown || fail "not locked down: $(cat /sys/kernel/security/lockdown)"
volume_setup
signed=/lib/modules/signed/$(uname -r)/dm-envol.ko

! modprobe dm-envol 2>/tmp/said || fail "a module without a signature was taken"
grep -q 'Key was rejected by service' /tmp/said || fail "refused for another reason: $(cat /tmp/said)"
# The signature is of another module now.
sed 's/aes-xts-plain64/aes-xts-plain65/' "$signed" >/tmp/changed.ko
! insmod /tmp/changed.ko 2>/tmp/said || fail "a module that was changed was taken"
grep -q 'Key was rejected by service' /tmp/said || fail "refused for another reason: $(cat /tmp/said)"

make_volume "$DISK1"
head -c 8m /dev/urandom >/tmp/first
envol_refuses 4 "(it takes only those signed with a key that it knows: mokutil --import" \
	open "$DISK1" data --kek $KEK --target envol
nothing_left data
envol open "$DISK1" data --kek $KEK >/tmp/said 2>&1 || fail "dm-crypt does not serve: $(cat /tmp/said)"
grep -q "dm-crypt is used instead" /tmp/said || fail "said: $(cat /tmp/said)"
grep -q "only those signed" /tmp/said || fail "no reason: $(cat /tmp/said)"
[ "$(status_of data target)" = crypt ] || fail "status: $(envol status data)"
put /tmp/first /dev/mapper/data
envol close data

insmod "$signed" || fail "a module that is signed is refused: $(dmesg | tail -n 3)"
[ "$(cat /sys/module/dm_envol/taint)" = O ] || fail "its signature does not count: $(cat /sys/module/dm_envol/taint)"
envol open "$DISK1" data --kek $KEK >/tmp/said 2>&1 || fail "open: $(cat /tmp/said)"
[ "$(status_of data target)" = envol ] || fail "status: $(envol status data)"
holds /dev/mapper/data /tmp/first || fail "not what dm-crypt wrote"
envol close data
nothing_left data
