# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Settings come from a file, and the command line goes before it.
. "${0%/*}/lib.sh"

try "$ENVOL" --config missing.conf key list
printf '[defaults]\ntimeout = 5\nwarmth = 7\n' >other.conf
try "$ENVOL" key list --config other.conf
# Help is there also for who broke the file.
try "$ENVOL" help help --config other.conf
printf '[default]\ntimeout = 5\n' >other.conf
try "$ENVOL" key list --config other.conf
printf '[defaults]\nkeystore = keys\n' >other.conf
try "$ENVOL" key list --config other.conf
printf '[defaults]\n' >other.conf
chmod 666 other.conf
try "$ENVOL" key list --config other.conf

# Directories on the command line may be relative; those of the file are not used then.
try envol key create a --keystore elsewhere --state there --timeout 20
try ls elsewhere there
try ls keys
try envol key list
try envol key list --keystore "$dir/elsewhere"
printf '[defaults]\nkeystore = %s/elsewhere\nstate = %s/there\ntpm = none\n' "$dir" "$dir" >other.conf
chmod 600 other.conf
try "$ENVOL" key list --config other.conf
printf 'kek_directory = %s/none\n' "$dir" >>other.conf
try "$ENVOL" key list --config other.conf
