# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What every scene begins with. A scene runs as root inside a root of Debian, all of whose
# changes are thrown away; the packages are in /debs, older ones of them in /debs/older.
set -u
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
scene=$(basename "$0" .sh)
cd /tmp || exit 1

# expect SENTENCE COMMAND… - a test: it must succeed
expect() {
	local sentence=$1
	shift
	if "$@" >/tmp/expect.out 2>&1; then
		echo "ok   deb/$scene on $ROOT: $sentence"
	else
		echo "FAIL deb/$scene on $ROOT: $sentence (exit status $?: $*)"
		tail -n 30 /tmp/expect.out
	fi
}

# is WANTED COMMAND… - it prints exactly that
is() {
	local wanted=$1 got
	shift
	got=$("$@" 2>&1)
	[ "$got" = "$wanted" ] || { diff <(echo "$wanted") <(echo "$got"); false; }
}

# says WORDS COMMAND… - whether or not it succeeds, its output holds them
says() {
	local words=$1
	shift
	"$@" >/tmp/says.out 2>&1
	grep -qF -- "$words" /tmp/says.out || { cat /tmp/says.out; false; }
}

fails() { ! "$@"; }

# needed COMMAND… - no test, but without it there is none
needed() {
	"$@" >/tmp/needed.out 2>&1 </dev/null || {
		echo "FAIL deb/$scene on $ROOT: $*"
		tail -n 30 /tmp/needed.out
		exit 1
	}
}

# The newest list of packages may be older than the archive.
apt_install() {
	apt-get install -qq -y --no-install-recommends "$@" </dev/null && return
	apt-get update -qq && apt-get install -qq -y --no-install-recommends "$@" </dev/null
}

# debs NAME… - the files of these packages
debs() {
	local name
	for name; do echo /debs/"${name}"_*.deb; done
}

# older NAME… - those of an older version
older() { sed 's,^/debs/,/debs/older/,' < <(debs "$@" | sed 's/_.*_/_0.0.9_/'); }

installed() { dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' 'envol*' | sed -n 's/^ii *//p' | sort; }
