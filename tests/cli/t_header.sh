# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Backups of a header, and what restore makes sure of.
. "${0%/*}/lib.sh"
quietly envol key create disk
quietly envol key create other
truncate -s 16M img second data
quietly envol format img --kek disk --yes
quietly envol format second --kek disk --yes
quietly envol format data --kek disk --header hdr --yes

try envol header backup img old
try stat -c %a old
try envol header backup img old
try_json envol header backup data --header hdr detached --json
try envol header backup data nothing
try envol header backup missing nothing
try ls nothing

# An older header brings a removed KEK back: refused unless told.
quietly envol rekey img --add other
quietly envol header backup img new
try envol header restore img old --yes
try envol header restore img old --yes --allow-older
try envol open img x --test
try envol open img x --test --allow-older -q
try envol header restore img new --yes
try envol -q open img x --test --kek other

# At a terminal the device's name is asked for.
try envol header restore img new
try_at_terminal 'img' envol header restore img new
try_at_terminal 'yes' envol header restore img new
try_at_terminal 'data' envol header restore data detached --header hdr

# Another volume's header, none, a header that can't be proved.
try envol header restore second new --yes
try envol header restore img envol.conf --yes
try envol header restore img missing --yes
try envol header restore missing new --yes
try envol header restore img img --yes
try envol header restore '' new --yes
head -c 5000 new >short
try envol header restore img short --yes
quietly envol key disable disk
quietly envol key disable other
try envol header restore img new --yes
try envol header restore img new --yes --force
quietly envol key enable disk
quietly envol key enable other

# What was on it is lost, and comes back.
dd if=/dev/zero of=img bs=1M count=1 conv=notrunc status=none
try envol open img x --test
try envol header restore img new --yes
try envol header restore img new --yes --force
try envol -q open img x --test --kek other
