# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# live - [machine] - an upgrade while volumes are open and in use, and the watch runs. First the
# older version is installed, then a machine boots from that and runs the rest.
. /t/lib.sh
all='envol envol-pkcs11'
if [ "${2:-}" != machine ]; then
	# shellcheck disable=SC2046
	needed apt_install kmod apparmor $(older $all)
	exit 0
fi

wait_for() { # COMMAND… - until it works
	local until=$((SECONDS + 120))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $until ] || { "$@"; return 1; }
		sleep 0.2
	done
}
# use NAME - each block that is written to it is read again at once, until something is wrong
use() {
	local n=0 at
	until [ -e /run/stop ]; do
		n=$((n + 1)) at=$((n % 64))
		head -c 64k /dev/urandom >"/run/$1.block"
		{ dd if="/run/$1.block" of="/dev/mapper/$1" bs=64k seek=$at oflag=direct conv=notrunc &&
			dd if="/dev/mapper/$1" of="/run/$1.again" bs=64k skip=$at count=1 iflag=direct &&
			cmp "/run/$1.block" "/run/$1.again"; } 2>"/run/$1.wrong" || return 1
		echo $n $at >"/run/$1.uses"
	done
}
uses() { cut -d' ' -f1 "/run/$1.uses"; }
goes_on() { # NAME USES - more than that, by a few
	[ "$(uses "$1")" -gt $(($2 + 3)) ]
}
is_going_on() { # NAME
	local from
	from=$(uses "$1")
	wait_for goes_on "$1" "$from" || { cat "/run/$1.wrong"; false; }
}
mapping() { dmsetup info -c --noheadings -o name,minor,uuid,suspended "$1"; dmsetup table "$1"; }
is_suspended() { [ "$(dmsetup info -c --noheadings -o suspended "$1")" = Suspended ]; }
key_of() { envol status "$1" --json | grep '"key_'; }
# Where a module lies says whether it is the one that was loaded.
module() { grep '^dm_envol ' /proc/modules | cut -d' ' -f1,2,5-; }
state() {
	local name
	for name in byhand byunit; do
		mapping $name
		key_of $name
	done
	module
	systemctl show -p ActiveEnterTimestamp,InvocationID envol@byunit
}
version() { dpkg-query -W -f '${Version}' envol; }
watch() { systemctl show -P "$1" envol-watch; }
volume() { # NAME DISK KEY - a line of the table
	needed envol key create "service:$3"
	needed envol format "$2" --kek "service:$3" --yes
	echo "$1 UUID=$(blkid -p -s UUID -o value "$2") noauto kek=service:$3" \
		"id=$(envol open "$2" x --test --json | sed -n 's/.*"fingerprint": "\(.*\)",/\1/p')" >>/etc/envol/volumes
}

sed -i 's/^# *timeout = .*/timeout = 300/' /etc/envol/envol.conf
printf '[watch]\ninterval = 2s\ngrace = 0\n' >>/etc/envol/envol.conf
users=()
volume byhand /dev/nvme1n1 one
volume byunit /dev/nvme2n1 two
needed systemctl daemon-reload
needed envol open /dev/nvme1n1 byhand --kek service:one
needed systemctl start envol@byunit
needed systemctl start envol-watch
for name in byhand byunit; do
	echo 0 0 >/run/$name.uses
	use $name &
	users+=($!)
done
expect 'both volumes are in use' eval 'is_going_on byhand && is_going_on byunit'
expect 'the watch runs' is active systemctl is-active envol-watch
expect 'under the profile that the package has' is 'envol-watch (complain)' cat "/proc/$(watch MainPID)/attr/current"
expect 'it is the older one' is 0.0.9 version
state >before
pid=$(watch MainPID) from=$(uses byhand)

# shellcheck disable=SC2046
expect 'the upgrade is made' dpkg --force-confold -i $(debs $all)
expect 'it is the newer one' fails is 0.0.9 version
expect 'I/O went on meanwhile' goes_on byhand "$from"
state >after
expect 'mappings, keys, the module and the unit of a volume are the same' diff before after
expect 'it goes on afterwards' eval 'is_going_on byhand && is_going_on byunit'
expect 'the watch runs' is active systemctl is-active envol-watch
expect 'and is another process' fails is "$pid" watch MainPID
expect 'of the program that was installed' test "/proc/$(watch MainPID)/exe" -ef /usr/sbin/envol

needed envol key disable service:one
expect 'it locks a volume that the older one has seen opened' wait_for is_suspended byhand
expect 'and no other' fails is_suspended byunit
needed envol key enable service:one
expect 'which is unlocked' envol unlock byhand
expect 'and goes on' eval 'is_going_on byhand && is_going_on byunit'

touch /run/stop
wait "${users[0]}"
expect 'no block was read other than it was written' test $? = 0
wait "${users[1]}"
expect 'on neither volume' test $? = 0
expect 'the newer program closes it' envol close byhand
expect 'and opens it' envol open /dev/nvme1n1 byhand --kek service:one
read -r _ at </run/byhand.uses
expect 'what was written is there' cmp <(dd if=/dev/mapper/byhand bs=64k skip="$at" count=1 iflag=direct status=none) /run/byhand.block
expect 'its unit closes the other' systemctl stop envol@byunit
expect 'which is gone' test ! -e /dev/mapper/byunit
expect 'and opens it again' systemctl start envol@byunit
expect 'which is there' test -b /dev/mapper/byunit
expect 'the module was never unloaded' is "$(grep '^dm_envol ' before)" module

needed systemctl stop envol-watch
# shellcheck disable=SC2046
needed dpkg --force-confold -i $(debs envol)
expect 'a watch that does not run is not started by an upgrade' is inactive systemctl is-active envol-watch
needed systemctl start envol-watch
needed dpkg -r $all
expect 'a removal ends one that runs' is inactive systemctl is-active envol-watch
expect 'and closes no volume' test -b /dev/mapper/byhand -a -b /dev/mapper/byunit
echo '# end'
