# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The packages build in this release too, and its lintian has nothing to say.
. /t/lib.sh
needed cp -a /src src
chown -R nobody:nogroup src
chmod 1777 /tmp
expect 'the packages build' setpriv --reuid=nobody --regid=nogroup --clear-groups make -C src deb
expect 'lintian has nothing to say' sh -c 'lintian --allow-root --fail-on error,warning src/build/deb/*.deb'
# shellcheck disable=SC2046
expect 'they install' apt_install $(ls ./src/build/deb/*.deb | grep -v -e dbgsym -e dkms -e dracut)
expect 'and work' envol key create service:a
