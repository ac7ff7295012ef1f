#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Once, when devices have settled; sourced by the queue.
envol_open() {
	[ ! -e /run/envol-tried ] || return 0
	: >/run/envol-tried
	envol_status=0
	@LIBEXECDIR@/initramfs/unlock || envol_status=$?
	while [ "$envol_status" = 8 ] && ! envol_all_open; do
		emergency_shell -n envol "A volume was refused: nobody is asked for a passphrase"
	done
	[ "$envol_status" = 0 ] || envol_all_open || emergency_shell -n envol "A volume is not open"
}

envol_all_open() {
	for envol_name in $(cat @LIBEXECDIR@/initramfs/image/names); do
		[ -e "/dev/mapper/$envol_name" ] || return 1
	done
}

envol_open
