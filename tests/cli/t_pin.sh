# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A KEK in a token, and its PIN: from a file, from the terminal, from the configuration.
. "${0%/*}/lib.sh"

eval "lib_$(declare -f filter)"
filter() { lib_filter | sed -E 's/\b[0-9a-f]{16}\b/SERIAL/g'; }

module=/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so
mkdir tokens
printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n' "$dir" >softhsm2.conf
export SOFTHSM2_CONF=$dir/softhsm2.conf
quietly softhsm2-util --init-token --free --label hsm --pin 2718 --so-pin 3141
printf '[pkcs11]\nmodule = %s\nenvironment = SOFTHSM2_CONF=%s\n' $module "$SOFTHSM2_CONF" >>envol.conf
(umask 077; echo 2718 >pin; echo 9999 >wrong)
truncate -s 16M image
kek='pkcs11:token=hsm;object=disk'

try envol key create "$kek"
try_json envol key create "$kek" --json
try envol key create "$kek" --pin-file wrong
try envol key create "$kek" --pin-file nothing
try envol key create "$kek" --pin-file pin
try envol key list pkcs11
try envol key list pkcs11 --pin-file pin
try_at_terminal 2718 envol key show "$kek"
try_at_terminal $'9999\n8888' envol key show "$kek"
try_at_terminal 2718 envol -q key rotate "$kek"
try envol -q format image --kek "$kek" --pin-file pin --yes
try envol -q open --test image data --pin-file pin
try envol open --test image data

# A header never has a say in PINs and modules.
try envol key show "$kek?pin-value=2718"
try envol key show "$kek?module-path=/tmp/evil.so"
try envol key show 'pkcs11:object=disk'

# From the configuration, of one token alone; what is refused is not tried twice.
serial=$(softhsm2-util --show-slots | awk '/Serial number:/ { print $3; exit }')
printf '[pkcs11 token=hsm]\npin_file = %s/pin\n' "$dir" >token.conf
cat envol.conf token.conf >bad.conf
try "$ENVOL" --config bad.conf key list
printf '[pkcs11 token=hsm;serial=%s]\npin_file = %s/pin\n' "$serial" "$dir" >>envol.conf
try envol -q open --test image data
try envol key list pkcs11
cp wrong pin
try envol key show "$kek"
try envol key show "$kek"
(umask 077; echo 2718 >pin)
try envol key disable "$kek"
