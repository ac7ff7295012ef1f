#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A live mapping changes hands between envol and dm-crypt, back and forth, while fio
# writes and verifies; buffers are aligned to the data unit, which dm-crypt wants.
# deep: 6.1 6.12
. "${0%/*}/lib.sh"
requires DISK1 fio
load dm-crypt dm-envol

SECTORS=131072
SWAPS=6
loads="512:libaio 4096:psync"
[ -z "${ENVOL_DEEP:-}" ] || SWAPS=60 loads="512:libaio 512:psync 4096:libaio 4096:psync"
serial=$(add_key swap 64)
defer keyctl unlink "$serial" @s

for load in $loads; do
	du=${load%:*} engine=${load#*:}
	table="aes-xts-plain64 :64:logon:envol:swap 0 $DISK1 2048 3 sector_size:$du no_read_workqueue no_write_workqueue"
	target=envol
	dm_create swap "0 $SECTORS $target $table"
	fio --name=swap --filename=/dev/mapper/swap --direct=1 --ioengine=$engine --iodepth=8 --iomem_align=4k \
		--rw=randrw --bssplit=$du/30:4k/30:64k/30:512k/10 --blockalign=$du --size=32m \
		--time_based --runtime=36000 --verify=crc32c --verify_fatal=1 --verify_backlog=64 \
		--output=/tmp/fio.log >/tmp/fio.err 2>&1 &
	fio=$!
	defer kill $fio
	wait_for_load swap
	for _ in $(seq $SWAPS); do
		if [ $target = envol ]; then target=crypt; else target=envol; fi
		sleep 0.5
		kill -0 $fio 2>/dev/null || fail "fio gave up under $target: $(cat /tmp/fio.log /tmp/fio.err)"
		dm_reload swap "0 $SECTORS $target $table"
	done
	wait_for_load swap
	stop_fio $fio || fail "$engine, sector_size $du: $(cat /tmp/fio.log /tmp/fio.err)"
	unmap swap
done
