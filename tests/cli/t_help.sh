# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Help, and what is said of a command line that is none.
. "${0%/*}/lib.sh"
# The commands are listed elsewhere; this shows the shape.
first_lines() { "$@" >all; sed 5q all; }

try envol --version
try envol -V help
try first_lines envol --help
# Without a command it is the list of what is open, whatever this host has or allows.
envol list >listed 2>&1
listed=$?
envol >plain 2>&1
[ $? = $listed ] || echo "another exit status than that of list"
grep -v -e '^envol: hint: "envol help" lists' -e '^No volume is open; "envol help" lists' plain | diff listed - && echo the same
grep -q 'lists the commands' plain || [ -s listed ] || echo "no way to the help"
try envol --heeder x
try_json envol --json --header
try envol help help
try envol help -h
try envol hlep
try envol help hlep
try envol help help help
try envol --lisst help
try envol help --lisst
try envol help --help=yes
try envol -x
try envol --timeout
try envol --timeout 0 help
try envol --timeout 5 --timeout 6 help
try_json envol --json nothing-like-it
try_json envol help --lisst --json

# Each command has help that names it and says what it is for.
"$ENVOL" help --list | sed -n 's/^command\t\([^\t]*\)\t.*/\1/p' | while read -r command; do
	# shellcheck disable=SC2086
	"$ENVOL" help $command | head -1 | grep -q "^envol $command: [a-z]" || echo "no help of $command"
done
envol help --list --json | /usr/bin/python3 -c '
import json, subprocess, sys
text = subprocess.run([sys.argv[1], "help", "--list"], capture_output=True, text=True, check=True).stdout
rows = [line.split("\t") for line in text.splitlines()]
told = json.load(sys.stdin)
assert [row[1] for row in rows if row[0] == "command"] == [c["command"] for c in told["commands"]]
for of, options in [(c["command"], c["options"]) for c in told["commands"]] + [("", told["options"])]:
    assert [row[2:] for row in rows if row[0] == "option" and row[1] == of] == \
        [[o["option"], o["argument"] or "", o["help"]] for o in options], of
' "$ENVOL"
