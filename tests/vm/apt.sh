# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Packages of Debian's releases, from wherever this machine gets its own; sourced after
# common.sh.

# apt with lists, cache and state of its own, for one release of Debian; the machine's
# proxies, certificates and keys still count.
apt_for() { # BASE COMMAND…
	local dir=$CACHE/apt/$1
	shift
	"$1" -q -o Dir::State="$dir/state" -o Dir::State::status="$dir/status" -o Dir::Cache="$dir/cache" \
		-o Dir::Etc::SourceList="$dir/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null \
		-o APT::Sandbox::User=root -o APT::Update::Post-Invoke::=true "${@:2}"
}

# The machine's Debian archives: whatever it installs from, we do.
archives() {
	apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
		awk '$2 ~ /^'"$1"'/ { print $1; exit }'
}

apt_sources() { # BASE
	local keyring=/usr/share/keyrings/debian-archive-keyring.gpg main security codename
	[ -r "$keyring" ] || die "$keyring is missing: install debian-archive-keyring"
	codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	[ -n "$codename" ] || die "/etc/os-release names no VERSION_CODENAME: kernels are fetched on Debian"
	main=$(archives "$codename\$")
	security=$(archives "$codename-security\$")
	[ -n "$main" ] || die "no archive of $codename among this machine's apt sources"
	case $1 in
	trixie) set -- trixie trixie-updates trixie-backports ;;
	*) set -- "$1" "$1-updates" ;;
	esac
	for suite; do
		echo "deb [signed-by=$keyring] $main $suite main"
	done
	[ -z "$security" ] || echo "deb [signed-by=$keyring] $security ${1%%-*}-security main"
}

apt_update() { # BASE - once a run
	local dir=$CACHE/apt/$1
	[ -z "${updated[$1]:-}" ] || return 0
	mkdir -p "$dir/state/lists/partial" "$dir/cache/archives/partial"
	: >"$dir/status"
	apt_sources "$1" >"$dir/sources.list"
	say APT "$1"
	apt_for "$1" apt-get update >"$dir/update.log" 2>&1 || { cat "$dir/update.log" >&2; die "apt-get update of $1"; }
	updated[$1]=1
}
declare -A updated

# mmdebstrap hands descriptors on to sh by their numbers, and Debian's takes one digit: it gets
# none of ours, the locks that whoever runs us may hold.
mmdebstrap_alone() (
	local fd
	for fd in /proc/self/fd/*; do
		fd=${fd##*/}
		[ "$fd" -le 2 ] || eval "exec $fd>&-"
	done
	exec mmdebstrap "$@"
)

# make_root BASE DIR VARIANT PACKAGES… - a small system of that release
make_root() {
	local base=$1 into=$2 variant=$3 include
	shift 3
	include=$(IFS=, && echo "$*")
	mmdebstrap_alone --quiet --variant="$variant" --mode="$([ "$(id -u)" = 0 ] && echo root || echo unshare)" \
		--include="$include" --aptopt='APT::Install-Recommends "false"' \
		--aptopt='Acquire::Check-Valid-Until "false"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' --skip=cleanup/reproducible \
		"$base" "$into" - <"$CACHE/apt/$base/sources.list" >"$CACHE/root.log" 2>&1 ||
		{ tail -n 30 "$CACHE/root.log" >&2; die "mmdebstrap of $base"; }
}
