#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Bios in pieces of any length at any address, which only a kernel module makes, and
# completions in every context there is; what a lower device sees of flushes, FUA,
# secure erase and plaintext.
# deep: 6.12
. "${0%/*}/lib.sh"
target_setup
load envol-probe dm-crypt
defer rmmod envol-probe
probe=/sys/module/envol_probe/parameters
add_key a 64 >/dev/null
add_key b 32 >/dev/null
rounds=$([ -n "${ENVOL_DEEP:-}" ] && echo 2000 || echo 25)
m=/dev/mapper/m
sectors=16384

# table TARGET KEY-BYTES KEY OPTION…
table() {
	local target=$1 bytes=$2 key=$3
	shift 3
	echo "0 $sectors $target aes-xts-plain64 :$bytes:logon:envol:$key 0 /dev/probe0 0 $# $*"
}
shapes() { # SEED
	echo "layout $m $1 $rounds" >$probe/run || fail "$shape: a byte is wrong: $(dmesg | grep envol-probe | tail -n 1)"
}
digest() { dd if="$1" bs=1M iflag=direct status=none | sha256sum; }

# ---- every shape, for each data unit, engine and size of key; dm-crypt reads the same
for du in 512 1024 2048 4096; do
	for engine in "" engine:generic; do
		key=$([ $du -lt 2048 ] && echo 64 a || echo 32 b)
		shape="sector_size:$du $engine"
		# shellcheck disable=SC2086
		dm_create m "$(table envol $key sector_size:$du $engine)"
		shapes $du
		ours=$(digest $m)
		unmap m
		# shellcheck disable=SC2086
		dm_create m "$(table crypt $key sector_size:$du)"
		[ "$(digest $m)" = "$ours" ] || fail "$shape: dm-crypt reads something else"
		unmap m
	done
done

# ---- every context of completion
dm_create m "$(table envol 64 a sector_size:4096)"
for context in 0 1 2 3 4 5; do
	echo $context >$probe/context
	shape="context $context"
	before=$(stat_of m deferred)
	shapes $context
	case $context in
	2 | 3) [ "$(stat_of m deferred)" -gt "$before" ] || fail "context $context: nothing was deferred to a softirq" ;;
	*) [ "$(stat_of m deferred)" = "$before" ] || fail "context $context: something was deferred" ;;
	esac
	fio --name=context --filename=$m --direct=1 --rw=randrw --bssplit=4k/50:64k/25:512k/25 --blockalign=4k --size=4m --io_size=2m \
		--verify=crc32c --verify_fatal=1 --ioengine=libaio --iodepth=8 --output=/tmp/fio.log >/dev/null 2>&1 ||
		fail "context $context: $(cat /tmp/fio.log)"
done

# ---- in the middle of somebody's FPU section
for context in 1 2; do
	echo $context >$probe/context
	echo "fpu start" >$probe/run
	fio --name=fpu --filename=$m --direct=1 --rw=randrw --bssplit=4k/70:64k/30 --blockalign=4k --size=4m --io_size=2m \
		--verify=crc32c --verify_fatal=1 --ioengine=libaio --iodepth=8 --output=/tmp/fio.log >/dev/null 2>&1 ||
		fail "FPU, context $context: $(cat /tmp/fio.log)"
	echo "fpu stop" >$probe/run || fail "an FPU section was disturbed: $(dmesg | grep envol-probe | tail -n 1)"
done
echo 0 >$probe/context

# ---- flushes and FUA arrive below
flushes=$(cat $probe/flushes) fuas=$(cat $probe/fuas)
dd if=/tmp/random of=$m bs=4k count=5 oflag=direct,dsync conv=notrunc status=none
[ "$(cat $probe/fuas)" -ge $((fuas + 5)) ] || [ "$(cat $probe/flushes)" -ge $((flushes + 5)) ] ||
	fail "five synchronous writes: neither FUA nor flushes below"
flushes=$(cat $probe/flushes)
dd if=/tmp/random of=$m bs=4k count=5 conv=notrunc,fsync status=none
[ "$(cat $probe/flushes)" -gt "$flushes" ] || fail "fsync did not become a flush below"
[ "$(cat $probe/polled_writes)" = 0 ] || fail "a write below waits for being polled"
unmap m

# ---- secure erase, where it is asked for and the key lives
dm_create m "$(table envol 64 a)"
! blkdiscard -s -o 0 -l 1M $m 2>/dev/null || fail "secure erase without allow_discards"
unmap m
dm_create m "$(table envol 64 a allow_discards)"
blkdiscard -s -o 0 -l 1M $m || fail "secure erase"
[ "$(cat $probe/erases)" -gt 0 ] || fail "secure erase did not arrive below"
dd if=/dev/probe0 bs=1M count=1 iflag=direct status=none | cmp -s - <(head -c 1048576 /dev/zero) || fail "secure erase erased nothing"
unmap m

# ---- bounce pages, new and used again, hold no plaintext, not even outside of their bios.
# The page allocator must not hand out plaintext of others either: it zeroes on stock kernels.
# (A grep that stops at once, or a head, fails whoever writes into it.)
if dmesg | grep 'heap alloc:on' >/dev/null; then
	head -c 1M >/tmp/plain < <(yes 'secret!' 2>/dev/null)
	echo $((0x$(head -c 8 /tmp/plain | xxd -p | sed 's/\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)\(..\)/\8\7\6\5\4\3\2\1/'))) >$probe/plaintext
	dd if=/tmp/plain of=/dev/probe0 bs=4k count=1 oflag=direct conv=notrunc status=none
	[ "$(cat $probe/plain_pages)" -gt 0 ] || fail "plaintext is not seen where it is"
	dm_create m "$(table envol 64 a)"
	echo 0 >$probe/plain_pages
	for bs in 512 1536 4096 5120 33280 1M 512 33280; do
		dd if=/tmp/plain of=$m bs=$bs count=20 oflag=direct conv=notrunc status=none
	done
	[ "$(cat $probe/plain_pages)" = 0 ] || fail "$(cat $probe/plain_pages) pages reached the lower device with plaintext in them"
	unmap m
fi
