# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What an open refuses before the kernel is asked for anything: --test makes no mapping.
. "${0%/*}/lib.sh"
id=0123456789abcdef0123456789ABCDEF

# No volume, or another tool's.
truncate -s 16M nothing luks img
printf secret >pw
quietly /sbin/cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 luks pw
try envol open nothing data --test
try envol open luks data --test
try envol open missing data --test
try envol open "$dir" data --test
try envol open img data --test --header nothing
try envol open img data --test --header missing

# What makes no sense.
try envol open img
try envol open img data --id 123
try envol open img data --id "$id" --id "$id"
try envol open img data --unattended
try envol open img data --unattended --id "$id"
try envol open img data --unattended --id "$id" --kek disk --recovery-key
try envol open img data --allow-discards --no-discards
try envol open img data --target mine
try envol open img data --recovery-key
