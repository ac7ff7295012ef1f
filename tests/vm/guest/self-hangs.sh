#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For the harness' own test: the guest stands still, and can not say so.
# own-boot: yes
# disks: 1x16M
# timeout: 5
. "${0%/*}/lib.sh"
# The guest's own watchdog goes first, so that only the host can find out.
pkill -KILL -P 1 -x guest-init
sleep 1000
