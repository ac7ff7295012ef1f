#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For the harness' own test: a mapping is left behind.
# own-boot: yes
# disks: 1x16M
# timeout: 30
. "${0%/*}/lib.sh"
requires DISK1
dm_create left "0 1024 linear $DISK1 0"
