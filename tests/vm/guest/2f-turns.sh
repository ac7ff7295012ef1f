#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Small reads that helpers have to decrypt are served between the pieces of large ones: none
# waits for more than a few large reads to end, and large ones do end. In their own turn, one
# to one, each would wait for as many as half of the small ones before it.
# deep: 6.1 6.12
. "${0%/*}/lib.sh"
[ "$(nproc)" -gt 1 ] || skip "one CPU"
target_setup
load envol-probe
defer rmmod envol-probe
tracing=/sys/kernel/tracing
parameters=/sys/module/dm_envol/parameters
# Completion in a softirq, and no time there: helpers get all reads.
echo 1 >/sys/module/envol_probe/parameters/context
defer eval "echo $(cat $parameters/softirq_us) >$parameters/softirq_us"
echo 0 >$parameters/softirq_us
add_key a 64 >/dev/null
m=/dev/mapper/m
map m /dev/probe0 sector_size:4096 engine:generic

# Becomes fio: in the background, a shell around it would not hear the signal.
reads() { # NAME BYTES DEPTH
	exec fio --name="$1" --filename=$m --direct=1 --rw=randread --bs="$2" --size=16m --ioengine=libaio --iodepth="$3" \
		--time_based --runtime=3600 --output="/tmp/fio.$1" >/dev/null 2>&1
}
reads large 256k 4 &
large=$!
reads small 4k 32 &
small=$!
wait_for_load m

defer eval "echo 0 >$tracing/events/envol/enable"
echo 4096 >$tracing/buffer_size_kb
echo >$tracing/trace
echo 1 >$tracing/events/envol/envol_job/enable
echo 1 >$tracing/events/envol/envol_end/enable

# Counts small reads, large ones, and the most large ones that ended while a small one waited.
count() {
	awk 'match($0, /bio=[^ ]*/) { bio = substr($0, RSTART, RLENGTH) }
		/envol_job: .* bytes=4096 read place=shared/ { from[bio] = large; next }
		/envol_end: .* bytes=4096 read / && bio in from {
			small++
			if (large - from[bio] > most) most = large - from[bio]
			delete from[bio]
		}
		/envol_end: .* bytes=262144 read / { large++ }
		END { print small + 0, large + 0, most + 0 }' "$1"
}
enough() {
	cat $tracing/trace >/tmp/trace
	read -r smalls larges most < <(count /tmp/trace)
	[ "$smalls" -ge 200 ] && [ "$larges" -ge 8 ]
}
wait_for 120 enough || fail "in the trace: $smalls small reads and $larges large ones"
echo 0 >$tracing/events/envol/enable
for fio in $small $large; do
	kill -INT $fio
	wait $fio || [ $? = 128 ] || fail "$(cat /tmp/fio.*)"
done
note "$smalls small reads, $larges large ones, of which $most ended while a small one waited"
[ "$most" -le 3 ] || fail "a small read waited for $most large ones"
unmap m
