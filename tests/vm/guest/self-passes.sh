#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For the harness' own test: nothing is wrong.
# own-boot: yes
# disks: 1x16M
# timeout: 30
. "${0%/*}/lib.sh"
requires DISK1 dmsetup
load dm-crypt
serial=$(add_key self 64)
defer keyctl unlink "$serial" @s
[ ! -e /dev/tpm0 ] || fail "nobody asked for a TPM"
dm_create self "0 1024 crypt aes-xts-plain64 :64:logon:envol:self 0 $DISK1 0"
unmap self
refused "crypt" dmsetup create self --table "0 1024 crypt aes-xts-plain64 :64:logon:envol:none 0 $DISK1 0"
