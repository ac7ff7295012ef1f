# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
. "${0%/*}/lib.sh"

try envol provider list
try_json envol --json provider list
try envol provider
try envol provider list more

try envol provider check disk
quietly envol key create disk
try envol provider check disk
try_json envol --json provider check service:disk
quietly envol key disable disk
try envol provider check disk
try envol provider check 'https://vault.example/keys/x'
try envol provider check
