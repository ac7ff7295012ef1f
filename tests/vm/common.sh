# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Where the kernels lie, for fetch, debug-kernel, build-module and build-image.
# Sourced; expects `set -eu`.

# Options of the make that we run under are not kbuild's.
unset MAKEFLAGS MFLAGS MAKELEVEL

VM=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TOP=${VM%/tests/vm}
CACHE=${ENVOL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/envol}

# For kbuild: BTF takes one more program and a kernel of the very same build, and nobody reads it.
NO_BTF=CONFIG_DEBUG_INFO_BTF_MODULES=

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

say() {
	printf '  %-6s %s\n' "$1" "$2"
}

kernel_names() {
	awk '!/^#/ && NF { print $1 }' "$VM/kernels"
}

# kernel_row NAME - sets name, suite, package, headers and how from the list of kernels
kernel_row() {
	local row
	row=$(awk -v name="$1" '!/^#/ && $1 == name' "$VM/kernels")
	[ -n "$row" ] || die "no kernel \"$1\" in tests/vm/kernels"
	# shellcheck disable=SC2034
	read -r name suite package headers how <<<"$row"
}

# kernel_dir NAME - where its files are, fetched or not. The debug kernel's name holds
# what it was made of, so that a change of either builds another.
kernel_dir() {
	local version
	if [ "$1" = debug ]; then
		version=$(cat "$CACHE/source/version" 2>/dev/null) || version=none
		printf '%s/kernels/debug-%s\n' "$CACHE" \
			"$({ echo "$version"; cat "$VM/debug.config" "$VM/debug-kernel"; } | sha256sum | cut -c1-16)"
	else
		printf '%s/kernels/%s\n' "$CACHE" "$1"
	fi
}

# locked NAME - until this process ends, or `exec 9>&-`
locked() {
	mkdir -p "$CACHE"
	exec 9>"$CACHE/$1.lock"
	flock 9
}

# Replace a directory by one that is complete; a killed run leaves the old or none.
put_in_place() { # NEW DIR
	mkdir -p "$(dirname "$2")"
	rm -rf "$2.old"
	[ ! -e "$2" ] || mv "$2" "$2.old"
	mv "$1" "$2"
	rm -rf "$2.old"
}
