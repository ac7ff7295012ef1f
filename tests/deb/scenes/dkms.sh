# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# dkms KERNEL - the module is built by DKMS for that kernel when the package is installed,
# and signed with the key that DKMS has made, or another that is configured; all goes with
# the package.
. /t/lib.sh
scene=$scene-$1
release=$(cd /usr/src && ls -d linux-headers-"$1".*-cloud-amd64 2>/dev/null | sed -n 's/^linux-headers-//;$p')
[ -n "$release" ] || { echo "FAIL deb/$scene on $ROOT: no headers of $1"; exit 1; }
# What DKMS builds for is the newest kernel that is installed; of an image this is enough.
mkdir -p /boot "/lib/modules/$release"
cp "/usr/src/linux-headers-$release/.config" "/boot/config-$release"
touch "/lib/modules/$release/modules.order" "/lib/modules/$release/modules.builtin"
depmod "$release" 2>/dev/null

# For one kernel from an older version, as on a machine whose volumes are open: nothing is to
# unload the module, and no other version of it is left.
if [ "$1" = 6.1 ]; then
	# shellcheck disable=SC2046
	needed apt_install $(older envol-dkms)
	needed grep -q 0.0.9 <(dkms status)
	for program in rmmod modprobe insmod; do
		printf '#!/bin/sh\necho "$0 $*" >>/tmp/calls\n' >/usr/local/sbin/$program
		chmod 755 /usr/local/sbin/$program
	done
	hash -r
	needed modprobe -r this-is-noticed
fi
# shellcheck disable=SC2046
expect 'the package installs' apt_install $(debs envol-dkms)
version=$(dpkg-query -W -f '${Version}' envol-dkms)
expect 'DKMS has built and installed it' says "envol/$version, $release, x86_64: installed" dkms status
if [ "$1" = 6.1 ]; then
	expect 'the upgrade unloads and loads nothing' is '/usr/local/sbin/modprobe -r this-is-noticed' cat /tmp/calls
	expect 'and leaves no sources of the older version' test ! -e /usr/src/envol-0.0.9
	expect 'nor its module' fails says 0.0.9 dkms status
	rm /usr/local/sbin/{rmmod,modprobe,insmod}
	hash -r
fi
module=$(find "/lib/modules/$release/updates" -name 'dm-envol.ko*')
expect 'there is one module' test "$(wc -w <<<"$module")" = 1
expect 'of that kernel' says "$release" modinfo -F vermagic "$module"
expect 'modprobe finds it by the name that device-mapper asks for' \
	says 'dm-envol.ko' modprobe -S "$release" --show-depends dm-envol
grep -E 'warning:|WARNING:' "/var/lib/dkms/envol/$version/$release/x86_64/log/make.log" |
	grep -v 'compiler differs from the one' >warnings
expect 'without a warning' is '' cat warnings

# The signature: of all that goes before it, by DKMS's key.
case $module in
*.xz) xz -dc "$module" >signed.ko ;;
*.zst) zstd -dqc "$module" >signed.ko ;;
*) cp "$module" signed.ko ;;
esac
/usr/bin/perl -e '
	local $/; open F, "<:raw", "signed.ko"; my $all = <F>;
	my $end = "~Module signature appended~\n";
	$all =~ s/\Q$end\E\z// or exit 1;
	my $length = unpack "N", substr $all, -4;
	my $at = length($all) - 12 - $length;
	open S, ">:raw", "signature"; print S substr $all, $at, $length;
	open M, ">:raw", "unsigned.ko"; print M substr $all, 0, $at;'
openssl x509 -inform DER -in /var/lib/dkms/mok.pub -out mok.pem
verifies() { openssl cms -verify -binary -inform DER -in signature -content "$1" -certfile mok.pem -noverify -out /dev/null; }
expect 'it is signed by the key that DKMS has made' verifies unsigned.ko
cp unsigned.ko changed.ko
printf x >>changed.ko
expect 'which is no signature of another module' fails verifies changed.ko
expect 'the key is for root alone' is '600 root:root' stat -c '%a %U:%G' /var/lib/dkms/mok.key

# A key of the administrator's own.
needed openssl req -new -x509 -newkey rsa:2048 -nodes -subj '/CN=Signer of this site/' -days 2 \
	-addext 'extendedKeyUsage=codeSigning' -outform DER -keyout /root/site.key -out /root/site.der
printf 'mok_signing_key=/root/site.key\nmok_certificate=/root/site.der\n' >>/etc/dkms/framework.conf
expect 'it is built anew with that' dkms build --force -m envol -v "$version" -k "$release"
expect 'and installed' dkms install --force -m envol -v "$version" -k "$release"
expect 'it is signed with the configured key' is 'Signer of this site' modinfo -F signer "$module"

needed apt-get purge -qq -y envol-dkms
expect 'a purge takes the module' is '' find /lib/modules /var/lib/dkms /usr/src -name '*envol*'

# A kernel that is too old is left alone, and that is no error.
cp -a "/usr/src/linux-headers-$release" /usr/src/linux-headers-5.10.0
mkdir -p /lib/modules/5.10.0
ln -s /usr/src/linux-headers-5.10.0 /lib/modules/5.10.0/build
# shellcheck disable=SC2046
needed dpkg --unpack $(debs envol-dkms)
needed dkms add -m envol -v "$version"
expect 'for a kernel that is too old it is not built' says 'BUILD_EXCLUSIVE' dkms build -m envol -v "$version" -k 5.10.0
