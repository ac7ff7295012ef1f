# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What every t_COMMAND.sh begins with. It prints what a person would see, and t_COMMAND.out
# is what that must be. ENVOL is the program; the script runs in a directory of its own.
set -u
TESTS=$(realpath "${0%/*}")
dir=$(mktemp -d "${TMPDIR:-/tmp}/envol-cli-XXXXXX")
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1

printf '[defaults]\nkeystore = %s/keys\nstate = %s/state\ntpm = none\n' "$dir" "$dir" >envol.conf

# What differs from run to run.
filter() {
	sed -E -e "s|$dir|DIR|g" \
		-e 's/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/UUID/g' \
		-e 's/\b[0-9A-Fa-f]{32}\b/HEX/g' \
		-e 's/\b20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z/TIME/g' \
		-e 's/\b20[0-9]{2}-[0-9]{2}-[0-9]{2}\b/DAY/g'
}

# The program under this test's settings, alone where a test brings its own.
envol() {
	"$ENVOL" --config "$dir/envol.conf" "$@"
}

# shown COMMAND… - as it would be typed
shown() {
	local word line='$'
	for word; do
		case $word in
		"$ENVOL") line="$line envol" ;;
		*[[:space:]\;\|\<\>\&\(\)\'\"\$]* | '') line="$line '${word//\'/\'\\\'\'}'" ;;
		*) line="$line $word" ;;
		esac
	done
	printf '%s\n' "$line" | filter
}

# try COMMAND… - show it, all that it prints, and an exit code that is not 0
try() {
	local status=0
	shown "$@"
	"$@" </dev/null >out 2>&1 || status=$?
	filter <out
	[ $status = 0 ] || echo "[exit $status]"
}

# quietly COMMAND… - it is no part of the test, but must work
quietly() {
	"$@" </dev/null >out 2>&1 || { echo "FAILED: $*"; cat out; exit 1; }
}

# try_json COMMAND… - the same; standard output must be one JSON document, and each line of
# standard error another
try_json() {
	local status=0
	shown "$@"
	"$@" </dev/null >out 2>err || status=$?
	filter <out
	[ ! -s out ] || /usr/bin/python3 -c 'import json, sys; json.load(sys.stdin)' <out || echo "NOT JSON"
	filter <err
	/usr/bin/python3 -c 'import json, sys; [json.loads(line) for line in sys.stdin]' <err || echo "NOT JSON"
	[ $status = 0 ] || echo "[exit $status]"
}

# try_at_terminal ANSWER COMMAND… - the same with a terminal, at which ANSWER is typed line
# by line, each when the program asks
try_at_terminal() {
	local answer=$1 status=0
	shift
	shown "$@"
	if [ "$(type -t "$1")" = function ]; then
		set -- "$ENVOL" --config "$dir/envol.conf" "${@:2}"
	fi
	/usr/bin/python3 "$TESTS/terminal.py" "$answer" "$@" >out 2>&1 || status=$?
	filter <out
	[ $status = 0 ] || echo "[exit $status]"
}
