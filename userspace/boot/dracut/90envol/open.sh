#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Once, when devices have settled; sourced by the queue. A shell closes what the TPM has opened, so
# after it all volumes are tried once more; without one that stays away the machine goes on.
envol_all_open() {
	for envol_name in $(cat @LIBEXECDIR@/initramfs/image/names); do
		[ -e "/dev/mapper/$envol_name" ] || return 1
	done
}

envol_open() {
	[ ! -e /run/envol-tried ] || return 0
	: >/run/envol-tried
	envol_had_shell=''
	while :; do
		envol_status=0
		@LIBEXECDIR@/initramfs/unlock || envol_status=$?
		! envol_all_open || return 0
		if [ "$envol_status" = 8 ]; then
			emergency_shell -n envol "A volume was refused: nobody is asked for a passphrase"
		elif [ -z "$envol_had_shell" ]; then
			envol_had_shell=yes
			emergency_shell -n envol "A volume is not open"
		else
			: >/run/envol-goes-on
			return 0
		fi
	done
}

envol_open
