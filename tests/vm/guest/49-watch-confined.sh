#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# timeout: 600
# kernels: all !debug
# tpm: yes
# envol watch under its AppArmor profile, which refuses here what it only logs as it is
# installed: all that the watch does, with keys that a TPM seals and with one in a token, goes
# on, and nothing of it is refused. And keys that the TPM does not open any more lock nothing.
# deep: 6.1 7.x
. "${0%/*}/lib.sh"
. "${0%/*}/volume.sh"
requires apparmor_parser aa-exec setpriv softhsm2-util tpm2_pcrextend python3 DISK1 DISK2 DISK3
[ -e /sys/kernel/security/apparmor ] || mount -t securityfs securityfs /sys/kernel/security
[ -e /sys/kernel/security/apparmor/profiles ] || fail "this kernel has no AppArmor"
load dm-envol tpm_crb
volume_setup
need_udev
conf=/etc/envol/envol.conf
cp $conf /tmp/envol.conf.before
defer cp /tmp/envol.conf.before $conf
envol key show disk | grep -q "sealed by the TPM" || fail "not sealed: $(envol key show disk)"
# The kernel leaves out what comes too fast, and it may be a refusal.
limit=$(</proc/sys/kernel/printk_ratelimit)
echo 0 >/proc/sys/kernel/printk_ratelimit
defer eval "echo $limit >/proc/sys/kernel/printk_ratelimit"

# ---- a key in a token
TOKEN='pkcs11:token=hsm;object=disk'
mkdir -p /var/lib/softhsm/tokens /etc/softhsm
defer rm -rf /var/lib/softhsm /etc/softhsm
printf 'directories.tokendir = /var/lib/softhsm/tokens\nlog.level = ERROR\n' >/etc/softhsm/softhsm2.conf
softhsm2-util --init-token --free --label hsm --pin 271828 --so-pin 314159 >/dev/null || fail "no token"
serial=$(softhsm2-util --show-slots | awk '/Serial number:/ { s = $3 } /Label:/ && $2 == "hsm" { print s }')
(umask 077 && echo 271828 >/etc/envol/pin)
defer rm -f /etc/envol/pin
cat /tmp/envol.conf.before - >/tmp/envol.conf.token <<-END
	[pkcs11]
	module = /usr/lib/softhsm/libsofthsm2.so
	[pkcs11 token=hsm;serial=$serial]
	pin_file = /etc/envol/pin
END
cp /tmp/envol.conf.token $conf
envol key create "$TOKEN" >/dev/null || fail "no key in the token"

# ---- the profile
# The programs are not where a package has them. What the module wants is the administrator's
# to allow, where packages.md says.
sed -e 's/ flags=(complain)//' -e 's,/usr/sbin/envol ,/envol/bin/envol ,' \
	-e 's,/usr/libexec/envol/kek/,/envol/bin/kek/,' -e 's;^}$;/envol/libs/** mr,\n};' \
	/envol/share/apparmor >/tmp/envol-watch
mkdir -p /etc/apparmor.d/tunables/xdg-user-dirs.d /etc/apparmor.d/local
printf '%s\n' '/etc/softhsm/softhsm2.conf r,' '/var/lib/softhsm/tokens/{,**} rwk,' >/etc/apparmor.d/local/envol-watch
apparmor_parser --add --skip-cache /tmp/envol-watch || fail "the profile does not load"
defer apparmor_parser --remove /tmp/envol-watch
grep -q '^envol-watch (enforce)' /sys/kernel/security/apparmor/profiles || fail "it is not enforced"

denials() {
	dmesg | grep -a 'apparmor="DENIED".*profile="envol-watch"'
}
# confined WORD… - this shell becomes envol, as the service has it
confined() {
	exec setpriv --no-new-privs aa-exec -p envol-watch -- /envol/bin/envol "$@"
}
watch_settings() { # LINE…
	{ cat /tmp/envol.conf.token; echo "[watch]"; printf '%s\n' "$@"; } >$conf
}
# looks TEXT LINE… - under the profile, with these lines in [watch]; "" nothing is said
looks() {
	watch_settings "${@:2}"
	(confined watch --once) >/tmp/said 2>&1 || fail "watch: $(cat /tmp/said; denials)"
	if [ -z "$1" ]; then
		[ ! -s /tmp/said ] || fail "said: $(cat /tmp/said; denials)"
	else
		grep -qF -- "$1" /tmp/said || fail "no \"$1\" in: $(cat /tmp/said; denials)"
	fi
}
is_locked() { # NAME
	[ "$(dmsetup info -c --noheadings -o suspended "$1")" = Suspended ]
}

make_volume "$DISK1"
uuid=$(blkid -p -s UUID -o value "$DISK1")
envol open "$DISK1" data --kek $KEK >/dev/null || fail "open"
id=$(status_of data fingerprint)
echo "data UUID=$uuid id=$id kek=$KEK" >/etc/envol/volumes
make_volume "$DISK3" --header /etc/envol/file.header
defer rm -f /etc/envol/file.header
envol open "$DISK3" file --header /etc/envol/file.header --kek $KEK >/dev/null || fail "open by a file"
echo "file $DISK3 header=/etc/envol/file.header id=$(status_of file fingerprint) kek=$KEK" >>/etc/envol/volumes
defer rm -f /etc/envol/volumes
envol format "$DISK2" --kek "$TOKEN" --mix-random "$TOKEN" --yes >/dev/null || fail "format"
envol open "$DISK2" token --kek "$TOKEN" >/dev/null || fail "open by the token"

# ---- a look
looks ""
envol key rotate disk >/dev/null
looks "data: rewrapped: 1 wraps"
grep -qF "file: rewrapped: 1 wraps" /tmp/said || fail "the header that is a file: $(cat /tmp/said; denials)"
envol close file || fail "close file"
envol key disable disk >/dev/null
looks "data: refused: $KEK" "grace = 1h"
envol key enable disk >/dev/null
looks "data: recovered"

# ---- the service, and volumes in use whose keys are taken away
read_all() { # NAME - until it is told to stop
	while [ ! -e /tmp/stop ]; do
		dd "if=/dev/mapper/$1" of=/dev/null bs=1M count=8 iflag=direct status=none || return 1
		echo >>"/tmp/$1.reads"
	done
}
reads_of() {
	wc -l <"/tmp/$1.reads"
}
going_on() { # NAME READS
	[ "$(reads_of "$1")" -gt "$2" ]
}
mkdir -p /run/systemd
python3 -u -c 'import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("/run/systemd/notify")
while True: print(s.recv(4096).decode())' >/tmp/notified 2>&1 &
manager=$!
defer kill $manager
defer rm -f /run/systemd/notify
wait_for 30 test -S /run/systemd/notify || fail "nobody to tell: $(cat /tmp/notified)"
watch_settings "grace = 0" "interval = 1s"
(export NOTIFY_SOCKET=/run/systemd/notify && confined watch --json) >/tmp/events 2>/tmp/errors &
service=$!
wait_for 60 grep -q READY=1 /tmp/notified || fail "it is not ready: $(cat /tmp/notified /tmp/errors; denials)"
[ "$(cat /proc/$service/attr/current)" = "envol-watch (enforce)" ] ||
	fail "the watch runs under: $(cat /proc/$service/attr/current)"
readers=()
for name in data token; do
	: >"/tmp/$name.reads"
	read_all $name &
	readers+=($!)
	wait_for 30 going_on $name 5 || fail "no reads of $name"
	! is_locked $name || fail "$name is locked"
done
envol key disable disk >/dev/null
wait_for 60 is_locked data || fail "not locked: $(cat /tmp/events /tmp/errors; denials)"
[ "$(status_of data key_state)" = wiped ] || fail "key: $(status_of data key_state)"
before=$(reads_of token)
wait_for 30 going_on token "$before" || fail "the other volume's reads have stopped"
# As far as the token is asked, its key is deleted.
key=$(find /var/lib/softhsm/tokens -name '*.object' ! -name token.object)
[ "$(wc -w <<<"$key")" = 1 ] || fail "the token's keys: $key"
mv "$key" /tmp/key.object
wait_for 60 is_locked token || fail "not locked: $(cat /tmp/events /tmp/errors; denials)"
[ "$(status_of token key_state)" = wiped ] || fail "key: $(status_of token key_state)"
envol key enable disk >/dev/null
mv /tmp/key.object "$key"
for name in data token; do
	before=$(reads_of $name)
	envol unlock $name || fail "unlock $name"
	wait_for 30 going_on $name "$before" || fail "the reads of $name do not go on"
done
kill -TERM $service
status=0
wait $service || status=$?
[ $status = 0 ] || fail "the service ended with $status: $(cat /tmp/errors)"
touch /tmp/stop
wait "${readers[@]}" || fail "a read has failed"
for name in data token; do
	grep "\"ended\"" /tmp/events | grep -q "\"$name\"" || fail "no event of $name: $(cat /tmp/events)"
	grep -q "\"operation\":\"watch-ended\".*\"message\":\"$name: " /var/lib/envol/audit.log ||
		fail "no record of $name: $(tail -n 3 /var/lib/envol/audit.log)"
done
# ---- the TPM is not as it was: told, and no lock however long it lasts
envol key reseal --policy pcr:15 --yes >/dev/null || fail "reseal"
looks ""
tpm2_pcrextend 15:sha256="$(printf '%064d' 1)" || fail "tpm2_pcrextend"
looks "data: blind: cannot be watched: " "grace = 0" "unreachable_grace = 1s"
grep -q "PCR 15" /tmp/said || fail "it does not say which PCR: $(cat /tmp/said)"
sleep 1
looks "data: blind: " "grace = 0" "unreachable_grace = 1s"
! is_locked data || fail "it was locked"
[ -z "$(denials)" ] || fail "refused: $(denials)"

# ---- and the profile is no empty one
cp /tmp/envol.conf.before /root/elsewhere.conf
defer rm /root/elsewhere.conf
envol --config /root/elsewhere.conf watch --once >/tmp/said 2>&1 || fail "watch: $(cat /tmp/said)"
! (confined --config /root/elsewhere.conf watch --once) >/tmp/said 2>&1 || fail "it reads what it is not to read"
denials | grep -q 'name="/root/elsewhere.conf"' || fail "that was not refused: $(cat /tmp/said)"

envol close data || fail "close data"
envol close token || fail "close token"
nothing_left data
nothing_left token
