#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# dracut: what it takes to open the volumes of /etc/envol/volumes that say "initramfs", and no
# more; with systemd in the image and without.

envol=@SBINDIR@/envol
here=@LIBEXECDIR@/initramfs

# Fails where a line that is for the initramfs can't be read.
volumes() {
	"$envol" boot list --initramfs >/dev/null || return
	"$envol" -q boot list --initramfs --json | sed -n 's/.*"name": *"\([^"]*\)".*/\1/p'
}

# Once for an image; a failure is one of the image.
needs() {
	local names
	if [[ -z ${envol_needs:-} ]]; then
		names=$(volumes) || return
		# shellcheck disable=SC2086
		envol_needs=$("$envol" boot needs $names) || return
	fi
	echo "$envol_needs"
}

# Of a table that can't be read install() tells; without this module nobody would.
check() {
	local names
	[[ -x $envol && -s /etc/envol/volumes ]] || return
	! names=$(volumes 2>/dev/null) || [[ -n $names ]]
}

depends() {
	local kind value
	echo dm
	# With dracut, networks are dracut's business.
	while read -r kind value; do
		[[ $kind != network ]] || echo network
	done < <(needs)
}

# Of this kernel, as a module or in it: where DKMS could not build for it, that one's image tells.
has_module() {
	grep -qs "/$1[.]ko" "$srcmods/modules.dep" "$srcmods/modules.builtin"
}

proves_kernel() {
	local served='' lacks='' module
	# Where that fails, so does the image: install says why.
	needs >/dev/null 2>&1 || return 0
	for module in dm-envol dm-crypt; do
		needs | grep -qE "^module +$module$" || continue
		if has_module "$module"; then
			served=yes
		elif [[ $module = dm-envol ]]; then
			lacks=yes
		fi
	done
	[[ -n $served ]] || {
		# shellcheck disable=SC2046
		dfatal "envol: kernel $kernel has no module that opens: $(echo $(volumes)); for dm-envol see: dkms status"
		exit 1
	}
	[[ -z $lacks ]] ||
		dwarn "envol: kernel $kernel has no module dm-envol, see: dkms status; where the table allows it, dm-crypt serves"
}

installkernel() {
	local kind value
	proves_kernel
	while read -r kind value; do
		# A driver of the machine that builds is not asked for: another may boot the image.
		[[ $kind != module ]] || hostonly='' instmods "$value"
	done < <(needs)
}

install() {
	local kind value
	needs >/dev/null || refuse "no initramfs can be made that opens the volumes of /etc/envol/volumes: envol boot check"
	inst_multiple "$envol" setsid sed grep date tr sort tail cut sleep cat rm mkdir chmod kill modprobe reboot umount
	inst_multiple -o systemd-ask-password
	inst_libdir_file 'libgcc_s.so*'
	for value in common unlock network finish; do
		inst_simple "$here/$value"
	done
	mkdir -p "$initdir$here/image"
	volumes >"$initdir$here/image/names"
	date +%s >"$initdir$here/image/made"
	while read -r kind value; do
		case $kind in
		program | library | dlopen) inst "$value" || refuse "$value can't be copied" ;;
		module) ;;
		file | secret) put "$value" ;;
		sealed)
			put "$value"
			! grep -qE '^seal ([^ ]*,)?pin ' "$value" || echo yes >"$initdir$here/image/pin"
			;;
		directory) put_directory "$value" ;;
		network) echo 'rd.neednet=1' >"$initdir/etc/cmdline.d/90envol.conf" ;;
		tpm) echo yes >"$initdir$here/image/tpm" ;;
		*) refuse "this module is older than $envol, which says: $kind $value" ;;
		esac
	done < <(needs)
	put /etc/envol/volumes
	[[ ! -e /etc/envol/envol.conf ]] || put /etc/envol/envol.conf
	inst_hook initqueue/settled 30 "$moddir/open.sh"
	inst_hook initqueue/finished 30 "$moddir/is-open.sh"
	inst_hook emergency 10 "$moddir/before-shell.sh"
	inst_hook pre-pivot 90 "$moddir/before-pivot.sh"
	dracut_need_initqueue
}

# With their modes: who may read a secret there may read it here.
put_directory() {
	[[ ! -d $initdir$1 ]] || return 0
	[[ -z ${1%/*} ]] || put_directory "${1%/*}"
	mkdir -p "$initdir$1"
	chmod --reference="$1" "$initdir$1"
}

put() {
	put_directory "${1%/*}"
	cp -pL "$1" "$initdir$1" || refuse "$1 can't be copied"
}

# An image that looks complete would be found out by the next start.
refuse() {
	dfatal "envol: $*"
	exit 1
}
