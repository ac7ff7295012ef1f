# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What every guest script begins with:
#
#	. "${0%/*}/lib.sh"
#
# A script's first failure ends it, and what it set up is taken down in either case. In a
# guest the harness gives DISK1, DISK2, … and SPARE_DISKS; on a real machine root gives
# them, and what is on those disks is lost:
#
#	DISK1=/dev/sdx DISK2=/dev/sdy tests/vm/guest/10-interop.sh
#
# The module is $ENVOL_MODULE, or what modprobe finds. ENVOL_DEEP=1 asks for the long run.
set -u -o pipefail
SCRIPT=${0##*/}

# Keys go into the session keyring: one of our own.
if [ -z "${ENVOL_GUEST:-}${ENVOL_SESSION:-}" ]; then
	ENVOL_SESSION=1 exec keyctl session - "$0" "$@"
fi

note() {
	echo "$SCRIPT: $*"
}

fail() {
	trap - ERR
	echo "$SCRIPT: FAIL: $*"
	dmesg | grep -a -e envol -e crypt | grep -v envol-test | tail -n 8
	exit 1
}

skip() {
	note "SKIP: $*"
	echo "$*" >/run/skip
	exit 77
}

# ---- taking down

DEFERRED=()
MAPPINGS_BEFORE=$(dmsetup ls 2>/dev/null | cut -f1)

# defer COMMAND… - run it when the script ends, the last one first
defer() {
	DEFERRED+=("$(printf '%q ' "$@")")
}

new_mappings() { # the newest first
	dmsetup ls 2>/dev/null | grep -v '^No devices' | sort -t: -k2 -rn | cut -f1 | grep -vxF "$MAPPINGS_BEFORE"
}

take_down() {
	local status=$? i mapping
	trap - ERR EXIT
	for ((i = ${#DEFERRED[@]} - 1; i >= 0; i--)); do
		eval "${DEFERRED[i]}" >/dev/null 2>&1
	done
	# After a pass, what is left is for the harness to find.
	[ $status != 0 ] || exit 0
	for mapping in $(new_mappings); do
		dmsetup resume "$mapping" 2>/dev/null
		umount "/dev/mapper/$mapping" 2>/dev/null
		dmsetup remove --retry "$mapping" 2>/dev/null || dmsetup remove --force "$mapping" 2>/dev/null
	done
	exit $status
}
trap take_down EXIT
trap 'fail "line $LINENO: $BASH_COMMAND"' ERR
trap 'fail "interrupted"' INT TERM

[ "$(id -u)" = 0 ] || fail "run as root"

# ---- what a script needs

# requires PROGRAM… - a disk is asked for by the name of its variable
requires() {
	local what
	for what; do
		case $what in
		DISK[0-9]*)
			[ -b "${!what:-}" ] || fail "needs a spare block device in \$$what"
			;;
		*)
			command -v "$what" >/dev/null || fail "needs $what"
			;;
		esac
	done
}

# load MODULE… - or it is built in
load() {
	local module
	for module; do
		case $module in
		dm-envol) load_envol ;;
		brd) modprobe brd rd_nr=4 rd_size=$((RAM_SECTORS / 2)) ;;
		*) modprobe "$module" ;;
		esac || fail "module $module does not load"
	done
}

load_envol() {
	[ -n "${ENVOL_MODULE:-}" ] || { modprobe dm-envol; return; }
	modprobe dm-mod
	grep -q '^dm_envol ' /proc/modules || insmod "$ENVOL_MODULE"
}

# Sectors of each of the disks /dev/ram0 to /dev/ram3, 64 MiB.
RAM_SECTORS=131072

# target_setup - the module, disks of memory, and /tmp/random, 8 MiB of data
target_setup() {
	load brd dm-envol
	head -c 8m /dev/urandom >/tmp/random
}

# udev's daemon with its rules: nodes, links and cookies as on a real machine
need_udev() {
	# One that has ended leaves its socket.
	! udevadm control --ping --timeout=5 2>/dev/null || return 0
	unset DM_DISABLE_UDEV
	/usr/lib/systemd/systemd-udevd --daemon 2>/dev/null || fail "udevd does not start"
	# Once it has ended, nobody answers a dmsetup that waits for it.
	defer export DM_DISABLE_UDEV=1
	defer udevadm control --exit
	udevadm trigger --type=devices --subsystem-match=block --action=add
	udevadm settle --timeout=60 || fail "udev does not settle"
}

# ---- keys and mappings

# add_key NAME BYTES|HEX - a logon key envol:NAME in the session keyring, random or given;
# prints its serial
add_key() {
	case $2 in
	32 | 48 | 64) head -c "$2" /dev/urandom ;;
	*) printf '%s' "$2" | xxd -r -p ;;
	esac | keyctl padd logon "envol:$1" @s || fail "no key $1"
}

# dm_create NAME TABLE - or the table on standard input
dm_create() {
	if [ $# -gt 1 ]; then
		dmsetup create "$1" --table "$2" || fail "refused: $2"
	else
		dmsetup create "$1" || fail "no mapping $1"
	fi
}

# dm_reload NAME TABLE - another table for a live mapping
dm_reload() {
	dmsetup reload "$1" --table "$2" || fail "refused: $2"
	dmsetup resume "$1" || fail "$1 does not resume"
}

# map NAME DEVICE [OPTION…] - an envol mapping of the whole device under key envol:a
map() {
	local name=$1 dev=$2
	shift 2
	dm_create "$name" "0 $(blockdev --getsz "$dev") envol aes-xts-plain64 :64:logon:envol:a 0 $dev 0 $# $*"
}

unmap() {
	dmsetup remove --retry "$1" || fail "$1 cannot be removed"
}

# stat_of NAME FIELD - a value of envol's status line
stat_of() {
	local -a words
	local i
	read -r -a words < <(dmsetup status "$1")
	for ((i = 3; i + 1 < ${#words[@]}; i += 2)); do
		[ "${words[i]}" != "$2" ] || echo "${words[i + 1]}"
	done
}

# queue_of NAME ATTRIBUTE - of the mapping's request queue
queue_of() {
	echo "$(<"/sys/block/dm-$(dmsetup info -c --noheadings -o minor "$1")/queue/$2")"
}

# ---- data, read and written around the page cache

put() { # FILE DEVICE [MiB]
	dd if="$1" of="$2" bs=1M count="${3:-8}" oflag=direct conv=notrunc status=none
}

get() { # DEVICE [MiB]
	dd if="$1" bs=1M count="${2:-8}" iflag=direct status=none
}

holds() { # DEVICE FILE - the device begins with what the file holds
	get "$1" 8 | cmp -s - "$2"
}

# ios_of NAME - how many reads and writes of the mapping have ended
ios_of() {
	local -a numbers
	read -r -a numbers <"/sys/block/dm-$(dmsetup info -c --noheadings -o minor "$1")/stat"
	echo $((numbers[0] + numbers[4]))
}

# wait_for_load NAME - until fio has got going: on a slow machine that takes a while
wait_for_load() {
	local from
	from=$(ios_of "$1")
	under_way() { [ $(($(ios_of "$1") - from)) -ge 50 ]; }
	wait_for 100 under_way "$1" || fail "no load on $1: $(cat /tmp/fio.log)"
}

# stop_fio PID - end a fio that runs until it is told; its report in /tmp/fio.log must be
# without an error
stop_fio() {
	local status=0
	kill -INT "$1"
	wait "$1" || status=$?
	# 128: ended by a signal, as asked.
	if { [ $status = 0 ] || [ $status = 128 ]; } && grep -q 'err= 0' /tmp/fio.log && ! grep -qE 'err= *[1-9]' /tmp/fio.log; then
		return
	fi
	note "fio ended with $status"
	return 1
}

# ---- what must not work

# refused CAUSE COMMAND… - it fails, and the kernel's log says why
refused() {
	local cause=$1 mark="envol-test: $RANDOM $SECONDS"
	shift
	echo "$mark" >/dev/kmsg
	! "$@" >/dev/null 2>&1 || fail "accepted: $*"
	dmesg | sed -n "/$mark/,\$p" | grep -F "$cause" >/dev/null || fail "no \"$cause\" in the kernel's log after: $*"
}

# wait_for SECONDS COMMAND… - until it works; longer where every timeout is
wait_for() {
	local until=$((SECONDS + $1 * ${ENVOL_SCALE:-1}))
	shift
	until "$@"; do
		[ $SECONDS -lt $until ] || return 1
		sleep 0.2
	done
}
