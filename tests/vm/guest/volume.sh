# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For the scripts about volumes: a service key to format under, and what must be left of
# a volume when it is gone. Sourced after lib.sh.

KEK=service:disk

# volume_setup - a service key, in directories of this boot
volume_setup() {
	requires envol keyctl DISK1
	load dm-mod
	# In a guest on a busy machine a KEK takes its time.
	[ -z "${ENVOL_GUEST:-}" ] || [ -e /etc/envol/envol.conf ] || {
		mkdir -p /etc/envol
		printf '[defaults]\ntimeout = 300\n' >/etc/envol/envol.conf
	}
	[ -e /var/lib/envol/keys ] || envol key create disk >/dev/null || fail "no service key"
}

# make_volume DEVICE [OPTION…]
make_volume() {
	wipefs -qa "$1"
	envol format "$1" --kek $KEK --yes "${@:2}" >/dev/null || fail "format $*"
}

# envol_exits STATUS WORD… - envol ends with it and its sentence is kept in /tmp/said
envol_exits() {
	local want=$1 status=0
	shift
	envol "$@" >/tmp/said 2>&1 || status=$?
	[ "$status" = "$want" ] || fail "exit status $status, not $want, of: envol $*: $(cat /tmp/said)"
}

# envol_refuses STATUS TEXT WORD… - and the sentence has TEXT
envol_refuses() {
	envol_exits "$1" "${@:3}"
	grep -qF -- "$2" /tmp/said || fail "no \"$2\" from: envol ${*:3}: $(cat /tmp/said)"
}

# status_of NAME FIELD - of the JSON that envol status gives
status_of() {
	envol status "$1" --json | tr -d '\n' | sed -nE "s/.*\"$2\": *\"?([^\",}]*)\"?[,}].*/\1/p"
}

# The kernel keys of volumes, wherever they are linked.
volume_keys() {
	grep -aE ' logon +envol:' /proc/keys
}

no_volume_keys() {
	! volume_keys >/dev/null
}

# no_keys - the kernel frees keys in the background
no_keys() {
	wait_for 20 no_volume_keys || fail "keys left in the kernel: $(volume_keys)"
}

has_mapping() {
	dmsetup info "$1" >/dev/null 2>&1
}

no_mapping() {
	! has_mapping "$1"
}

# nothing_left NAME - no mapping, no key, no memory of it
nothing_left() {
	no_mapping "$1" || fail "mapping $1 is left: $(dmsetup info "$1")"
	no_keys
	[ ! -e "/run/envol/mappings/$1" ] || fail "/run/envol/mappings/$1 is left"
	[ ! -e "/dev/mapper/$1" ] || fail "/dev/mapper/$1 is left"
}
