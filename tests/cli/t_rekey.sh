# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The KEKs of a volume change; its data and its fingerprint do not.
. "${0%/*}/lib.sh"
for key in disk other third; do quietly envol key create $key; done
truncate -s 16M img
quietly envol format img --kek disk --yes
wraps() { envol status img | sed -n '/wraps/,$p'; }

try envol rekey img
quietly envol key rotate disk
try_json envol rekey img --json
try envol -q rekey img
try wraps
# The older one goes when it has settled.
try envol -q rekey img --settle 3650
try wraps
sleep 1.1
try envol -q rekey img --settle 0
try wraps

try envol rekey img --add other
try envol rekey img --add service:other
try envol -q rekey img --add third --with other
try wraps
try envol -q rekey img --remove 0
try wraps
try envol -q open img x --test --kek disk
try envol -q open img x --test --kek third --kek other
try envol -q rekey img --remove 1 --kek other
try wraps
try envol rekey img --remove 0
try envol rekey img --remove 5

# One KEK in place of two, only where that is meant.
truncate -s 16M double
quietly envol format double --kek disk --with other --yes
try envol rekey double --add third
try envol -q rekey double --add third
try envol rekey double --add third --alone
try envol rekey double --alone
try envol rekey double --add other --with third --alone

try envol rekey img --add nothing
try envol rekey img --add disk --kek disk
try envol rekey img --add disk --remove 0
try envol rekey img --with disk
try envol rekey img --add disk --settle 3
try envol rekey img --settle week
try envol rekey missing
quietly envol key disable other
try envol rekey img --add disk
try envol rekey img
