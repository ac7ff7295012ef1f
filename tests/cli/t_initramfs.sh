# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The scripts that put envol into an image, against a table and files that are not as they should
# be: an image that is made without a volume would be found out by the next start. What is in a
# good image, tests/boot shows.
. "${0%/*}/lib.sh"
here=$TESTS/../../userspace/boot
id=0b0f6f5e1ad3c2b4958677aabbccdd01
mkdir -p lib/initramfs image
for script in common unlock network finish; do
	cp "$here/initramfs/$script" lib/initramfs/
done
printf 'kek_directory = %s/kek\n' "${ENVOL%/*}" >>envol.conf
printf '%s\n' '#!/bin/sh' "exec $ENVOL --config $dir/envol.conf \"\$@\" --volumes $dir/volumes" >program
chmod 755 program
quietly envol key create disk
truncate -s 16M img
quietly envol format img --kek disk --yes

# What they are sourced by copies nothing here.
cat >functions <<'END'
copy_exec() { :; }
manual_add_modules() { :; }
auto_add_modules() { :; }
dfatal() { echo "E: $*"; }
dwarn() { echo "W: $*"; }
inst() { [ -e "$1" ]; }
inst_multiple() { :; }
inst_simple() { :; }
inst_libdir_file() { :; }
inst_hook() { :; }
dracut_need_initqueue() { :; }
instmods() { :; }
END
adapt() { # SCRIPT
	sed -e "s|/usr/share/initramfs-tools/hook-functions|$dir/functions|" -e "s|/etc/envol/volumes|$dir/volumes|g" \
		-e "s|/etc/envol/envol.conf|$dir/nothing|g" -e "s|@SBINDIR@/envol|$dir/program|" \
		-e "s|@LIBEXECDIR@|$dir/lib|" "$1"
}
adapt "$here/initramfs-tools/hook" >hook
adapt "$here/dracut/90envol/module-setup.sh" >module-setup.sh

# images TABLE-LINE… - what comes of making one by either
images() {
	printf '%s\n' "$@" >volumes
	[ ! -e mode ] || chmod "$(cat mode)" volumes
	rm -rf image
	DESTDIR=$dir/image BUSYBOX=y MODULESDIR=$dir/modules version=6.12 sh -c 'umask 077; mkdir -p image/bin; : >image/bin/busybox; . ./hook' >out 2>&1
	echo "[hook $?: $(cat image/"$dir"/lib/initramfs/image/names 2>/dev/null)]"
	grep -v '^$' out | filter
	rm -rf image
	initdir=$dir/image moddir=$dir srcmods=$dir/modules kernel=6.12 bash -c '. ./functions; . ./module-setup.sh
		mkdir -p "$initdir/etc/cmdline.d"; check || exit 77; installkernel; install' >out 2>&1
	echo "[dracut $?: $(cat image/"$dir"/lib/initramfs/image/names 2>/dev/null)]"
	grep -v '^$' out | filter
}
has_modules() { # FILE…
	mkdir -p modules
	printf '%s:\n' "$@" >modules/modules.dep
}
has_modules updates/dkms/dm-envol.ko kernel/drivers/md/dm-crypt.ko.xz
kek="kek=disk initramfs-secret=clear"

echo "# as it should be"
images "root $dir/img id=$id $kek initramfs" "data LABEL=data id=$id kek=disk"
echo "# nothing for the initramfs"
images "data LABEL=data id=$id kek=disk"
echo "# a mistake elsewhere"
images "root $dir/img id=$id $kek initramfs" "data LABEL=data id=$id kek=disk timout=3"
echo "# a mistake in the line of root"
images "root $dir/img id=$id $kek initramfs timout=3" "data LABEL=data id=$id kek=disk"
echo "# others may write the table"
echo 666 >mode
images "root $dir/img id=$id $kek initramfs"
echo 600 >mode
echo "# its header is not there"
images "root $dir/img id=$id $kek initramfs header=$dir/none.header"
echo "# a file of a setting is not there"
printf '[https]\nca_file = %s/none.pem\n' "$dir" >>envol.conf
images "root $dir/img id=$id kek=https://corp.vault.azure.net/keys/k initramfs"
echo "# a kernel for which DKMS did not build"
has_modules kernel/drivers/md/dm-crypt.ko.xz
images "root $dir/img id=$id $kek initramfs"
images "root $dir/img id=$id $kek initramfs target=envol"
echo "# a kernel that has nothing"
has_modules kernel/drivers/md/dm-mirror.ko
images "root $dir/img id=$id $kek initramfs"
echo "# dm-crypt is a part of the kernel"
echo kernel/drivers/md/dm-crypt.ko >modules/modules.builtin
images "root $dir/img id=$id $kek initramfs target=crypt"

echo "# who holds the TPM's answer, however deep below what was started"
mkdir -p run lib/initramfs/image
echo root >lib/initramfs/image/names
cat >deep <<'END'
#!/bin/sh
if [ "$1" = 0 ]; then
	trap '' TERM
	echo $$ >last
	while :; do sleep 0.1; done
fi
"$0" $(($1 - 1))
:
END
chmod 755 deep
for script in common network finish; do
	sed -e "s|@LIBEXECDIR@|$dir/lib|" -e "s|/run/envol-initramfs|$dir/run|" "$here/initramfs/$script" >lib/initramfs/$script
	chmod 755 lib/initramfs/$script
done
./deep 3 2>/dev/null &
echo $! >run/pids
until [ -s last ]; do sleep 0.1; done
sh lib/initramfs/finish
[ ! -e "/proc/$(cat last)/exe" ] || { echo "still runs"; kill -9 "$(cat last)"; }
[ ! -e run ] || echo "something is left"
