#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For the harness' own test: another status than 0, with nothing printed.
# own-boot: yes
# disks: 1x16M
# timeout: 30
. "${0%/*}/lib.sh"
trap - ERR
exit 3
