# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A key for people, which opens when no KEK does.
. "${0%/*}/lib.sh"
quietly envol key create disk
truncate -s 16M img
quietly envol format img --kek disk --yes

try envol recovery create img
try_json envol recovery create img --output rk --json
try stat -c %a rk
try envol recovery create img --output another
try ls another
try envol recovery create img --output rk
quietly envol key disable disk
try envol -q open img x --test
try envol -q open img x --test --recovery-key-file rk
tr a-z- 'A-Z ' <rk >loud
chmod 600 loud
try envol -q open img x --test --recovery-key-file loud
try envol recovery remove img
try envol recovery remove img --recovery-key-file rk
try envol open img x --test --recovery-key-file rk
quietly envol key enable disk
try envol recovery remove img

# Shown at the terminal, once; a file that can't be made comes first.
try envol recovery create img --output /nonexistent/rk
at_terminal() { /usr/bin/python3 "$TESTS/terminal.py" '' "$ENVOL" --config envol.conf recovery create img; }
shown envol recovery create img
at_terminal | sed -E 's/^([a-z]{4}-)+[a-z]{4}$/KEY/'
try envol recovery create img --output rk2
