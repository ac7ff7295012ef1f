# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What a header says, without any KEK.
. "${0%/*}/lib.sh"
truncate -s 16M plain

try envol status plain
try envol status missing/device
try envol status plain more
try envol list more
