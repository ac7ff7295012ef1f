# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What a header says, without any KEK; a label may hold anything.
. "${0%/*}/lib.sh"
quietly envol key create disk
truncate -s 16M img plain
quietly envol format img --kek disk --yes --label $'a\e[31mb\tc"ü'
quietly envol key disable disk

try envol status img
try_json envol status img --json
try envol status plain
try envol status missing/device
try envol status img more
try envol list more
# An answer that nobody gets is an error; a link that leads nowhere is what it is.
closed_stdout() { "$@" >&-; }
try closed_stdout envol status img
full_stdout() { "$@" >/dev/full; }
try full_stdout envol status img
ln -s round round
try envol status round
