#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For the harness' own test: the kernel dies as by the emulator's fault, each time.
# own-boot: yes
# disks: 1x16M
# timeout: 30
. "${0%/*}/lib.sh"
insmod /envol/extra/warn.ko trap=1
sleep 20
