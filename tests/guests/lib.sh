# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What every guest script begins with. A script's first failure ends it.
set -u -o pipefail
SCRIPT=${0##*/}

fail() {
	echo "$SCRIPT: FAIL: $*"
	dmesg | grep -a envol | tail -5
	exit 1
}
trap 'fail "line $LINENO: $BASH_COMMAND"' ERR
trap 'fail "interrupted"' INT TERM
