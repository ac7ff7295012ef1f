# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The audit file is rotated while keys are used: every record is in one of the files, whole.
. /t/lib.sh
# shellcheck disable=SC2046
needed apt_install $(debs envol)
needed envol key create service:a
before=$(wc -l </var/lib/envol/audit.log)
each=30
use() {
	local i
	for ((i = 0; i < each; i++)); do envol provider check service:a >/dev/null 2>&1 || echo bad; done
}
{ use & use & wait; } >used &
rotations=0
# Fewer than are kept.
while [ -n "$(jobs -rp)" ]; do
	[ $rotations -ge 20 ] || logrotate --force /etc/logrotate.d/envol && rotations=$((rotations + 1))
	sleep 0.2
done
wait
expect 'keys were used' is '' cat used
expect 'the file was rotated meanwhile' test $rotations -ge 3
zcat -f /var/lib/envol/audit.log* >all
# Each check wraps once and unwraps once.
expect 'every record is there' is $((before + 2 * each * 2)) bash -c 'wc -l <all'
expect 'none is cut or mixed with another' is '' grep -vE '^\{"time":"[^{}]*\}$' all
expect 'the files are for root alone' is 600 bash -c 'stat -c %a /var/lib/envol/audit.log* | sort -u'
