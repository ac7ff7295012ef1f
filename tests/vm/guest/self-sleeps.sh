#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For the harness' own test: the script does not end in time.
# own-boot: yes
# disks: 1x16M
# timeout: 5
. "${0%/*}/lib.sh"
sleep 1000
