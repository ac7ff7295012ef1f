# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For the scripts that test the target by itself: keys, mappings and memory-backed
# disks, without envol's user space. Sourced after lib.sh.

# Sectors of each /dev/ramN, 64 MiB.
RAM_SECTORS=131072

target_setup() {
	modprobe brd rd_nr=4 rd_size=$((RAM_SECTORS / 2))
	modprobe dm-mod
	[ -e /dev/fd ] || ln -s /proc/self/fd /dev/fd
	grep -q '^dm_envol ' /proc/modules || modprobe dm-envol
	dd if=/dev/urandom of=/tmp/random bs=1M count=8 status=none
}

# add_key NAME BYTES - a random logon key envol:NAME in the session keyring; prints its serial
add_key() {
	head -c "$2" /dev/urandom | keyctl padd logon "envol:$1" @s
}

# map NAME DEVICE [OPTION…] - an envol mapping of the whole device under key envol:a
map() {
	local name=$1 dev=$2 sectors
	shift 2
	sectors=$(blockdev --getsz "$dev")
	dmsetup create "$name" --table "0 $sectors envol aes-xts-plain64 :64:logon:envol:a 0 $dev 0 $# $*" ||
		fail "no mapping of $dev with: $*"
}

unmap() {
	dmsetup remove --retry "$1" || fail "$1 cannot be removed"
}

# refused CAUSE COMMAND… - the command fails, and the kernel log says why
refused() {
	local cause=$1 before
	shift
	before=$(dmesg | wc -l)
	if "$@" >/dev/null 2>&1; then
		fail "accepted: $*"
	fi
	dmesg | tail -n +$((before + 1)) | grep -qF "$cause" ||
		fail "no \"$cause\" in the kernel log after: $*"
}

# stat NAME FIELD - one value of the status line
stat_of() {
	dmsetup status "$1" | awk -v field="$2" '{ for (i = 4; i < NF; i += 2) if ($i == field) print $(i + 1) }'
}

# queue_of NAME ATTRIBUTE - of the mapping's request queue
queue_of() {
	cat "/sys/block/dm-$(dmsetup info -c --noheadings -o minor "$1")/queue/$2"
}

# wait_for SECONDS COMMAND… - until it succeeds
wait_for() {
	local until=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $until ] || return 1
		sleep 0.2
	done
}

# Read and write around the page cache.
put() { # FILE DEVICE [MiB]
	dd if="$1" of="$2" bs=1M count="${3:-8}" oflag=direct conv=notrunc status=none
}

get() { # DEVICE [MiB]
	dd if="$1" bs=1M count="${2:-8}" iflag=direct status=none
}

holds() { # DEVICE FILE: the device begins with what the file holds
	get "$1" 8 | cmp -s - "$2"
}
