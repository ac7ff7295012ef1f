# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
. "${0%/*}/lib.sh"

try envol provider list
try_json envol --json provider list
try envol provider
try envol provider list more
