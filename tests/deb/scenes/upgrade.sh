# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# From an older version, whose settings differ, to this one.
. /t/lib.sh
all='envol envol-keyvault envol-kmip envol-pkcs11'
version() { dpkg-query -W -f '${Version}' envol; }
upgrade() { # OPTION…
	# shellcheck disable=SC2046
	dpkg "$@" -i $(debs $all) </dev/null
}
conf=/etc/envol/envol.conf

# shellcheck disable=SC2046
needed apt_install $(older $all)
cp $conf older.conf
expect 'the older version has other settings' grep -q '^# 0.0.9' $conf
needed envol key create service:disk7
truncate -s 20M volume.img
needed envol format volume.img --kek service:disk7 --yes

needed upgrade
expect 'the upgrade is made' fails is 0.0.9 version
expect 'settings that nobody has changed are the new ones' fails grep -q '^# 0.0.9' $conf
expect 'keys and volumes are as they were' envol check volume.img
expect 'what only the older one had is gone' test ! -e /usr/share/envol/0.0.9

# shellcheck disable=SC2046
needed dpkg --force-downgrade --force-confnew -i $(older $all)
# Changed by the administrator alone: kept, and nothing is asked.
echo '# mine' | tee -a /etc/logrotate.d/envol /etc/envol/volumes >/dev/null
echo '[pkcs11 token=HSM]' >>$conf
expect 'settings that both have changed are asked about' says "What would you like to do about it" upgrade
expect 'and are what they were until there is an answer' says 'token=HSM' cat $conf
expect 'an answer goes on' upgrade --force-confold
expect 'the administrator'\''s settings stay' says 'token=HSM' cat $conf
expect 'the new ones are beside them' says kek_directory cat $conf.dpkg-dist
expect 'settings that only the administrator has changed stay' grep -qx '# mine' /etc/logrotate.d/envol
expect 'so does the table of volumes' grep -qx '# mine' /etc/envol/volumes
expect 'with no copy beside them' test ! -e /etc/logrotate.d/envol.dpkg-dist
expect 'the older package is no longer there' fails is 0.0.9 version
expect 'and the keys are' envol check volume.img
# shellcheck disable=SC2046
expect 'the same version over itself asks nothing' dpkg -i $(debs $all)
