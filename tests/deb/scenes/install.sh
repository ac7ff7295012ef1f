# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Installed, used, removed and purged: what is where, and what is left.
. /t/lib.sh
all=$(basename -a /debs/*.deb | sed '/dbgsym/d; /-dkms/d; /-dracut/d; s/_.*//')
everything() { find / -xdev -path /var/cache -prune -o -path /var/lib/dpkg -prune -o -path /var/lib/apt -prune -o \
	-path /var/log -prune -o -path /tmp -prune -o -path /run -prune -o -path /etc -name 'ld.so.cache' -prune -o -print | sort; }
purge() { apt-get purge -qq -y $all </dev/null; }

# What they depend on stays installed, so what is new from here on is envol's own.
# shellcheck disable=SC2046
needed apt_install $(debs $all)
needed purge
expect 'a purge without a use leaves nothing of envol' is '' find / -xdev -path /t -prune -o -path /debs -prune -o \
	-path /proc -prune -o -path /var/cache/apt -prune -o -name '*envol*' -print
everything >before

# shellcheck disable=SC2046
expect 'every package installs' apt_install $(debs $all)
expect 'all are configured' is "$(printf '%s\n' $all | sort)" installed
dpkg -L $all | sed '/^$/d' | sort -u | xargs -d '\n' stat -c '%A %U:%G %n' | grep -v '^l' >listed
expect 'everything is root:root and nobody else can write it' fails grep -vE '^.(rwx|rw-)(r-x|r--|---)(r-x|r--|---) root:root /' listed
expect 'nothing is setuid' fails grep -E '^...s|^......s' listed
expect 'the state is for root alone' is '700 root:root' stat -c '%a %U:%G' /var/lib/envol
for scheme in service https pkcs11 kmip; do
	expect "the program for $scheme: keys starts" says 'does nothing by hand' /usr/libexec/envol/kek/$scheme
done
expect 'zsh completes' zsh -f -c 'autoload -U compinit; compinit -D -u; [ "$_comps[envol]" = _envol ]'
expect 'bash completes' bash -c '. /usr/share/bash-completion/bash_completion; _load_comp=_comp_load
	type -t _comp_load >/dev/null || _load_comp=__load_completion; $_load_comp envol; complete -p envol'
expect 'fish completes' says format env HOME=/tmp fish -c 'complete -C "envol f"'
for page in 8:envol 5:envol.conf 5:envol-volumes 1:envol-bench 7:dm-envol; do
	expect "man ${page#*:}" man -w "${page%:*}" "${page#*:}"
done
for program in /usr/sbin/envol /usr/bin/envol-bench; do
	expect "${program##*/} finds its libraries" "$program" --version
done

expect 'systemd takes the units' is '' systemd-analyze verify --man=no envol@data.service envol-watch.service
expect 'nobody is watched unasked' test ! -e /etc/systemd/system/multi-user.target.wants/envol-watch.service
# Debian 12's udev can't say.
if udevadm verify --help >/dev/null 2>&1; then
	expect 'udev takes the rules' udevadm verify /usr/lib/udev/rules.d/90-envol.rules
fi
expect 'the table of volumes is there, and has no mistake' envol boot check
expect 'no script of a package closes or restarts a volume' fails grep -l 'envol@' /var/lib/dpkg/info/envol*.{pre,post}{inst,rm}
libraries_of() { ldd "$1" && ! ldd "$1" | grep 'not found'; }
expect 'the plugin is where libcryptsetup looks, and finds its libraries' \
	libraries_of /lib/x86_64-linux-gnu/cryptsetup/libcryptsetup-token-envol.so
truncate -s 20M volume.img
expect 'a service key is created' envol key create service:disk7
expect 'a volume is made under it' envol format volume.img --kek service:disk7 --yes
expect 'and checked' envol check volume.img
expect 'each use is on record' grep -q '"uri":"service:disk7"' /var/lib/envol/audit.log
expect 'the record is for root alone' is 600 stat -c %a /var/lib/envol/audit.log
expect 'blkid tells udev whose it is' is envol blkid -p -s SUBSYSTEM -o value volume.img

needed apt-get remove -qq -y envol-keyvault
expect 'a key whose package is missing names it' says 'install the package envol-keyvault' envol provider check https://corp.vault.azure.net/keys/k

# As an open volume leaves it there.
mkdir -p /run/envol/mappings
touch /run/envol/mappings/data /run/envol/mappings/swap
expect 'another package'\''s removal says nothing of volumes that are open' fails says 'stay so' apt-get remove -qq -y envol-kmip
expect 'a removal names them, and that they stay open' says 'stay so: data swap' apt-get remove -qq -y $all
expect 'it is made' is '' installed
expect 'and leaves what is known of them' test -e /run/envol/mappings/data
rm -r /run/envol/mappings
expect 'a removal leaves the settings' test -e /etc/envol/envol.conf
expect 'and the state' test -e /var/lib/envol/audit.log
expect 'a purge says that the keys stay' says '/var/lib/envol/keys is left' purge
everything >after
expect 'the key and its root are all that is left' is "$(printf '%s\n' \
	/var/lib/envol{,/keys{,/disk7.key,/index,/lock,/root}})" comm -13 before after
expect 'and nothing is missing' is '' comm -23 before after
# shellcheck disable=SC2046
needed apt_install $(debs $all)
expect 'after another installation the volume opens by the key that was left' envol check volume.img
