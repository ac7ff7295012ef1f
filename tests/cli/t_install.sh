# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What `make install` puts where, and that `make uninstall` takes it away again.
. "${0%/*}/lib.sh"
make_there() { # TARGET
	make -s -C "$TESTS/../.." O="${ENVOL%/*}" DESTDIR="$dir/root" PREFIX=/usr "$@"
}

quietly make_there install-files
find root -type f -printf '%m /%P\n' | sort -k 2
# Where it is told to look for the rest, it lies.
grep kek_directory root/etc/envol/envol.conf
grep -c '^\.TH "envol"' root/usr/share/man/man8/envol.8

# Each setting that the file shows is one, and of [defaults] has the value that is built in.
sed 's/^#\([a-z_]* =\)/\1/' root/etc/envol/envol.conf >all.conf
"$ENVOL" provider list --config all.conf >/dev/null && echo accepted
grep '^[a-z]' all.conf

echo '# mine' >>root/etc/envol/envol.conf
quietly make_there install-files
tail -1 root/etc/envol/envol.conf
quietly make_there uninstall
find root -type f
