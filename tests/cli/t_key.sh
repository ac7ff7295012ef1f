# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The life of service keys.
. "${0%/*}/lib.sh"

try envol key list
try envol key show disk
try envol key create disk
try envol key create service:disk
try_json envol key create other --json
try envol key list
try envol key list service
try envol -q key rotate disk
try envol key show disk
try envol key disable disk --key-version 1
try envol key disable disk
try envol key enable disk --key-version 2
try envol key list
try_json envol key list --json
try envol key enable disk

# Without a TPM there is a file to seal it into, and nothing else.
try envol key reseal
try envol key reseal --to none
try_json envol key reseal service --to none --json
try envol -q key reseal --to device:/nonexistent
try envol key reseal ftp
try envol key reseal a b
try envol key reseal --boot
try envol key reseal --to none --policy pcr7 --yes
try envol key reseal --policy pcr7
try envol key reseal --remove 1 --keep
try envol key reseal --remove 9
try envol key reseal --new-pin-file x --policy pcr7
try envol key reseal --policy pcr7,pin --yes
try envol key reseal --policy pin,pcr7 --yes
try envol boot lock-tpm
try envol boot

# What is refused, and what then is there.
try envol key create ''
try envol key create service:
try envol key create a/b
try envol key create disk?pin=1
try envol key create nobody://host/1
try_json envol --json key create nobody://host/1
try envol key list nobody
try envol key disable disk --key-version 3
try envol key disable
try envol key disable disk other
try envol key destroy disk
try envol key
try envol key rotate nothing
try envol key list

# The files of a keystore, damaged and laid open.
cp keys/disk.key saved
head -c 200 saved >keys/disk.key
try envol key show disk
sed 's/^generation [0-9]*/generation 77/' saved >keys/disk.key
try envol key rotate disk
cp keys/other.key keys/disk.key
try envol key show disk
cp saved keys/disk.key
try envol -q key enable disk
chmod 640 keys/root
try envol key create third
chmod 400 keys/root
mv keys/root root
try envol key rotate disk
mv root keys/root
chmod 777 keys
try envol key list
chmod 700 keys
try envol -q key rotate disk
try envol key show disk --keystore /proc/nowhere
try envol key create disk --keystore /dev/null
try envol key create disk --keystore /proc/nowhere
