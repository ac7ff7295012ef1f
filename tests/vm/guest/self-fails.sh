#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For the harness' own test: a command fails.
# own-boot: yes
# disks: 1x16M
# timeout: 30
. "${0%/*}/lib.sh"
false
