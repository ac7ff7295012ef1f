# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Volumes on disk images: what format makes, what it refuses, what it asks.
. "${0%/*}/lib.sh"
quietly envol key create disk
quietly envol key create other
truncate -s 16M img

# Nothing is done that was not confirmed.
try envol format img --kek disk
try_json envol format img --kek disk --json
try cmp -n 16777216 img /dev/zero
try_at_terminal img envol format img --kek disk
try_at_terminal image envol format img --kek disk --overwrite
try_at_terminal '^C' envol format img --kek disk --overwrite
try envol status img

# What lies there is a reason to refuse.
try envol format img --kek disk --yes
truncate -s 16M ext4 empty tiny
quietly mkfs.ext4 -q ext4
try envol format ext4 --kek disk --yes
quietly /sbin/blkid -p ext4
truncate -s 0 empty
truncate -s 1M tiny
try envol format empty --kek disk --yes
try envol format tiny --kek disk --yes
try envol format missing --kek disk --yes
try envol format "$dir" --kek disk --yes

# Each option, as stock tools see it.
truncate -s 16M a b c data
try_json envol format a --kek disk --yes --sector-size 512 --key-size 256 --label my-label \
	--uuid 0f0e0d0c-0b0a-0908-0706-050403020100 --allow-discards --json
/sbin/blkid -p -s UUID -s LABEL -s SUBSYSTEM -s TYPE -o export a | filter
/sbin/cryptsetup luksDump a | grep -E '^(Label|Subsystem|UUID|Flags|	(cipher|sector):)' | sed 's/[[:space:]]*$//'
try envol format ext4 --kek disk --kek other --yes --overwrite --sector-size 4096 --key-size 512
try envol -q format data --kek disk --header hdr --yes
try envol status data --header hdr
try envol status data
try envol format b --kek disk --dry-run
try envol status b
try envol format c --kek disk --with other --yes
try envol format c --kek disk --with other --yes --overwrite --recovery-key-file rk
try envol format c --kek disk --kek other --with disk --yes --overwrite
try envol -q format c --kek disk --kek other --with disk --yes --overwrite --alone --dry-run
try envol format c --kek disk --alone --kek other --with disk --yes --overwrite --dry-run
try ls rk
try envol format c --kek disk --yes --overwrite --recovery-key-file rk
try stat -c %a rk
grep -cE '^([a-z]{4}-)+[a-z]{4}$' rk
try envol format c --kek disk --yes --overwrite --recovery-key
shown envol format c --kek disk --yes --overwrite --recovery-key
/usr/bin/python3 "$TESTS/terminal.py" '' "$ENVOL" --config envol.conf format c --kek disk --yes --overwrite --recovery-key |
	filter | sed -E 's/^([a-z]{4}-)+[a-z]{4}$/KEY/'

# What makes no sense.
try envol format
try envol format img
try envol format img --with disk
try envol format img --kek disk --with other --with disk --yes
try envol format img --kek nothing --yes --overwrite
try envol format img --kek disk --kek service:disk --yes --overwrite
try envol format img --kek 'https://vault.example/keys/x' --yes --overwrite
try envol format img --kek 'nobody:x' --yes --overwrite
try envol format img --kek disk --sector-size 1024
try envol format img --kek disk --key-size 128
try envol format img --kek disk --uuid 0f0e --yes --overwrite
try envol format img --kek disk --label "$(printf 'x%.0s' {1..48})" --yes --overwrite
quietly envol key disable disk
try envol format img --kek disk --yes --overwrite
