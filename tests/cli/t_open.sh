# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What an open refuses before the kernel is asked for anything: --test makes no mapping.
. "${0%/*}/lib.sh"
quietly envol key create disk
quietly envol key create other
quietly envol key create spare
truncate -s 16M img double
quietly envol format img --kek disk --kek other --yes --recovery-key-file rk
quietly envol format double --kek disk --with other --yes
id_of() { envol open "$1" x --test --json | sed -n 's/.*"fingerprint": "\(.*\)",/\1/p'; }
id=$(id_of img)

try envol open img data --test
try_json envol open img data --test --json --read-only --no-discards
try envol open img data --test --id "$id"
try envol open img data --test --id "${id^^}"
try envol open img data --test --kek other
try envol -q open img data --test --recovery-key-file rk
try_at_terminal "$(cat rk)" envol -q open img data --test --recovery-key
try envol -q open img data --test --unattended --kek disk --id "$id"
try envol open double data --test

# The wrong volume, key or KEK.
try envol open img data --test --id "$(id_of double)"
try envol open img data --test --unattended --kek disk --id "$(id_of double)"
try envol open img data --test --kek spare
try envol open img data --test --kek nothing
try envol open img data --test --kek ftp://x
echo 'hprf-bcre-vrcn-jsse-hxph-xvtb-drgx-dpsd-xntp-hbcx-xfct-nbne-nekc-pbpc-jjfb-bjxe-thsr' >wrong
chmod 600 wrong
try envol open img data --test --recovery-key-file wrong
try envol open double data --test --recovery-key-file rk

# KEKs that are disabled, or gone.
quietly envol key disable disk
try envol -q open img data --test
try envol open img data --test --kek disk
try envol open double data --test
quietly envol key disable other
try envol open img data --test
try_json envol open img data --test --json
quietly envol key enable disk
quietly envol key enable other
try envol open img data --test --keystore elsewhere
mv keys/disk.key saved
try envol open double data --test
mv saved keys/disk.key
try envol open double data --test --tpm device:/nonexistent

# No volume, or another tool's.
truncate -s 16M nothing luks
printf secret >pw
quietly /sbin/cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 luks pw
try envol open nothing data --test
try envol open luks data --test
try envol open missing data --test
try envol open "$dir" data --test
try envol open img data --test --header nothing
try envol open img data --test --header missing

# A header that was cut short, or damaged; the second copy is as good as the first.
head -c 3M img >short
try envol open short data --test
cp img hurt
printf 'damaged' | dd of=hurt bs=1 seek=4096 conv=notrunc status=none
try envol -q open hurt data --test
printf 'damaged' | dd of=hurt bs=1 seek=4096 conv=notrunc status=none
printf 'damaged' | dd of=hurt bs=1 seek=69632 conv=notrunc status=none
try envol open hurt data --test

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

# A test is as strict as an open.
try envol open img a/b --test
try envol open img '' --test
try envol open img "$(printf 'x%.0s' {1..84})" --test
try envol open img data --test --engine fastest
try envol open img data --test --engine generic --target crypt
try envol -q open img data --test --engine generic
