# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# initramfs NAME - envol-NAME: an image is made anew whenever what it holds has changed, once,
# by whatever makes images here. What is in an image, tests/boot shows.
. /t/lib.sh
scene=$scene-$1
case $1 in
initramfs) maker=initramfs-tools ;;
*) maker=$1 ;;
esac

# shellcheck disable=SC2046
needed apt_install $(debs envol "envol-$1")
for script in $(dpkg -L envol "envol-$1" | grep -E '/(initramfs|initramfs-tools|dracut)/'); do
	[ ! -f "$script" ] || expect "$script is a script" bash -n "$script"
done

asked() { # COMMAND… - how often images were made by what it installs
	"$@" >/tmp/asked.out 2>&1 </dev/null
	grep -c "^Processing triggers for $maker " /tmp/asked.out
}
for package in envol envol-kmip envol-pkcs11 envol-keyvault; do
	# shellcheck disable=SC2046
	expect "$package makes the image old" is 1 asked apt_install --reinstall $(debs $package)
	expect 'which this package is told' grep -q "^Processing triggers for envol-$1 " /tmp/asked.out
done
# shellcheck disable=SC2046
expect 'several at once make it once' is 1 asked dpkg -i $(debs envol envol-kmip "envol-$1")
expect 'so does a removal' is 1 asked apt-get remove -y envol-kmip
expect 'and that of this package' is 1 asked apt-get remove -y "envol-$1"
expect 'another package does not' fails asked apt-get remove -y logrotate
