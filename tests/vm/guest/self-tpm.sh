#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For the harness' own test: a TPM that answers.
# own-boot: yes
# disks: 1x16M
# tpm: yes
# timeout: 60
. "${0%/*}/lib.sh"
requires tpm2_getrandom
[ "$(TPM2TOOLS_TCTI=device:/dev/tpmrm0 tpm2_getrandom --hex 16 | wc -c)" = 32 ]
