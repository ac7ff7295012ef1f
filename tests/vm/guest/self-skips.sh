#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# For the harness' own test: a skip that nobody waived.
# own-boot: yes
# disks: 1x16M
# timeout: 30
. "${0%/*}/lib.sh"
skip "does not feel like it"
