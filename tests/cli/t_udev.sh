# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the rule for udev asks of a disk that was plugged in, of ours and of one whose header was
# written to have udev set what it likes.
. "${0%/*}/lib.sh"
rules=$TESTS/../../userspace/share/udev.rules
quietly envol key create disk
truncate -s 20M ours hostile other
quietly envol format ours --kek disk --yes
for header in "hostile:envol
SYSTEMD_WANTS=poweroff.target" other:; do
	echo passphrase | /sbin/cryptsetup -q luksFormat --type luks2 --pbkdf pbkdf2 --pbkdf-force-iterations 1000 \
		--subsystem "${header#*:}" "${header%%:*}" - 2>&1
done

program=$(sed -n 's/.*PROGRAM=="\([^"]*\)".*/\1/p' "$rules")
want=$(sed -n 's/.*RESULT=="\([^"]*\)".*/\1/p' "$rules")
for image in ours hostile other; do
	# What udev does with the output: no newline at its end, and no line of it is a property.
	got=$(${program/\$devnode/$image})
	echo "$image: $([ "$got" = "$want" ] && echo "one of envol" || echo "not one of envol")"
done
grep "IMPORT{program}" "$rules" || echo "nothing becomes a property"
