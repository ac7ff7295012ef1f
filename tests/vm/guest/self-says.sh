#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For the harness' own test: the kernel's log holds what no test may cause.
# own-boot: yes
# disks: 1x16M
# timeout: 30
. "${0%/*}/lib.sh"
echo "WARNING: possible recursive locking detected" >/dev/kmsg
