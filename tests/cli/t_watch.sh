# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# envol watch where there is nothing to watch: its settings, and how it begins and ends.
. "${0%/*}/lib.sh"
settings() { # LINE…
	printf '[defaults]\nstate = %s/state\n[watch]\n' "$dir" >envol.conf
	printf '%s\n' "$@" >>envol.conf
}
watch_with() { # LINE…
	settings "$@"
	try envol watch --once
}
try envol watch --help
watch_with 'grace = 1y'
watch_with 'grace = 400d'
watch_with 'interval = 0'
watch_with 'interval = -1m'
watch_with 'grace = 8d'
watch_with 'grace = 1d' 'unreachable_grace = 24h'
watch_with 'on_revoked = explode'
watch_with 'rewrap = maybe'
watch_with 'colour = blue'
try envol watch now

# A service: it says when it is ready, goes on where it cannot look, and ends when it is told.
settings 'interval = 1h' 'grace = 90s' 'unreachable_grace = 2m' 'settle = 1d' 'rewrap = no' 'on_revoked = log'
/usr/bin/python3 - "$ENVOL" "$dir/envol.conf" <<'END' | filter
import os, signal, socket, subprocess, sys
place = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
place.bind("\0envol-watch-test-%d" % os.getpid())
place.settimeout(60)
service = subprocess.Popen([sys.argv[1], "--config", sys.argv[2], "watch"],
                           env={"NOTIFY_SOCKET": "@envol-watch-test-%d" % os.getpid()},
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(place.recv(1000).decode())
print(place.recv(1000).decode().split(";")[0])
service.send_signal(signal.SIGHUP)
print(place.recv(1000).decode().split(";")[0])
service.send_signal(signal.SIGTERM)
print(place.recv(1000).decode())
print("exit", service.wait(60))
END
