# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Everything an open needs, looked at one by one.
. "${0%/*}/lib.sh"
quietly envol key create disk
quietly envol key create other
truncate -s 16M img plain
quietly envol format img --kek disk --kek other --yes
id=$(envol open img x --test --json | sed -n 's/.*"fingerprint": "\(.*\)",/\1/p')
cp img whole

try envol check img
try_json envol check img --json
try envol check img --id "$id" --unattended --kek disk
try cmp img whole

printf 'damaged' | dd of=img bs=1 seek=4096 conv=notrunc status=none
cp img hurt
try envol check img
try cmp img hurt
cp whole img
quietly envol key disable disk
try envol check img
quietly envol key disable other
try envol check img
quietly envol key enable disk
try envol check img --id 00000000000000000000000000000000
try envol check plain
try envol check missing
