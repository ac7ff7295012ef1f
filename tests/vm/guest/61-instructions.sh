#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 1800
# kernels: 6.1 6.12
# smp: 1
# count: instructions
# deep: yes
# Instructions an I/O on a stock kernel, the cipher's apart: what a mapping takes beyond
# dm-linear and its cipher. The generator measures time, and time is instructions here.
# QEMU 7.2 has no VAES: both sides use AES-NI. dm-crypt's own part is what it takes without
# a cipher (ecb(cipher_null)): without its tweaks, but with a copy on writes.
. "${0%/*}/lib.sh"
load dm-envol dm-crypt
modprobe null_blk queue_mode=2 irqmode=0 gb=4
add_key a 64 >/dev/null
sectors=$(blockdev --getsz /dev/nullb0)
inline="no_read_workqueue no_write_workqueue"

dm_create linear "0 $sectors linear /dev/nullb0 0"
dm_create crypt "0 $sectors crypt aes-xts-plain64 :64:logon:envol:a 0 /dev/nullb0 0 3 $inline sector_size:4096"
dm_create null "0 $sectors crypt cipher_null-ecb - 0 /dev/nullb0 0 3 $inline sector_size:4096"
map envol /dev/nullb0 sector_size:4096 engine:aesni-avx

# count PARAMETERS… - instructions an I/O, the best of the windows
count() {
	dmesg -C
	! modprobe lab-load ms=20 "$@" 2>/dev/null || fail "the generator stays"
	dmesg | sed -n 's/.*lab: errors=0 ns=//p' | tr ',' '\n' | sort -n | head -n 1 | grep . ||
		fail "no result of $*: $(dmesg | tail -n 3)"
}

note "instructions an I/O: linear, crypt, crypt without cipher, envol, envol's cipher; rest of crypt and envol"
for load in bytes=4096 bytes=4096,write=1 bytes=131072,depth=1 bytes=131072,write=1; do
	parameters=${load//,/ }
	# shellcheck disable=SC2086
	{
		linear=$(count $parameters device=/dev/mapper/linear)
		crypt=$(count $parameters device=/dev/mapper/crypt)
		null=$(count $parameters device=/dev/mapper/null)
		envol=$(count $parameters device=/dev/mapper/envol)
		cipher=$(count $parameters requests=2 du_size=4096)
	}
	note "$load: $linear $crypt $null $envol $cipher; $((null - linear)) $((envol - linear - cipher))"
	[ $((envol - linear - cipher)) -lt $((null - linear)) ] ||
		fail "$load: envol takes more beside its cipher than dm-crypt without one"
	[ "$envol" -lt "$crypt" ] || fail "$load: envol takes more than dm-crypt"
done
for mapping in envol null crypt linear; do unmap $mapping; done
