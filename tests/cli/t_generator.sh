# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The units that systemd is given for a table, as files; and that systemd takes them.
. "${0%/*}/lib.sh"
generator=${ENVOL%/*}/envol-generator
id=0b0f6f5e1ad3c2b4958677aabbccdd01

# generate - units/ from the table on standard input
generate() {
	cat >volumes
	rm -rf units
	mkdir units
	"$generator" units early late "$dir/volumes" 2>&1 || echo "[exit $?]"
}

show_units() {
	local file
	(cd units && find . ! -type d | sort) | while read -r file; do
		echo "== ${file#./}$([ ! -L "units/$file" ] || echo " -> $(readlink "units/$file")")"
		[ -L "units/$file" ] || cat "units/$file"
	done
}

# verify UNIT… - by systemd, beside its own units; nothing is what it says of good ones
verify() {
	mkdir -p system
	sed "s|@SBINDIR@/envol|$ENVOL|" "$TESTS/../../userspace/boot/systemd/envol@.service" >system/envol@.service
	SYSTEMD_UNIT_PATH=$dir/units:$dir/system:/usr/lib/systemd/system:/lib/systemd/system \
		systemd-analyze verify --recursive-errors=no --man=no "$@" 2>&1
}

echo "# every kind"
generate <<END | filter
data UUID=00000000-1111-2222-3333-444444444444 id=$id kek=service:disk
cloud PARTLABEL=cloud\x20disk id=$id kek=https://corp.vault.azure.net/keys/disk7 nofail timeout=300
late.1-a /dev/vdb id=$id kek=disk noauto header=/boot/vdb.header
image /srv/disk.img id=$id kek=disk network
root LABEL=root id=$id kek=disk initramfs
swap PARTUUID=1234-01 throwaway=swap
END
show_units | filter
verify 'envol@data.service' 'envol@cloud.service' 'envol@late.1\x2da.service' 'envol@image.service' \
	'envol@root.service' 'envol@swap.service' cryptsetup.target remote-cryptsetup.target | filter

# It would say something.
printf '[Unit]\nWants=a b.nothing\n[Service]\nExecStart=/nonexistent\n' >units/wrong.service
verify wrong.service | grep -c . | sed 's/^[1-9].*/wrong.service is found out/'

cp volumes volumes.kept
echo "# names as systemd writes them"
for name in a-b a#b .x a+b=c@d x.y:z_1; do
	echo "$name /dev/disk/by-id/$name id=$id kek=disk" >volumes
	rm -rf units && mkdir units
	"$generator" units early late "$dir/volumes"
	[ -d "units/$(systemd-escape --template=envol@.service -- "$name").d" ] || echo "unit of $name: $(ls units)"
	[ -d "units/$(systemd-escape --path --suffix=device "/dev/mapper/$name").d" ] || echo "device of $name: $(ls units)"
	grep -qxF "After=$(systemd-escape --path --suffix=device "/dev/disk/by-id/$name")" units/envol@*/50-table.conf ||
		echo "device under $name: $(cat units/envol@*/50-table.conf)"
done

echo "# what systemd would read otherwise, and a device that it has no name for"
generate <<END
odd /srv/100%n\x20"a".img id=$id kek=disk
long /dev/disk/by-id/$(printf %0250d 1) id=$id kek=disk
END
grep -h RequiresMountsFor units/envol@odd.service.d/50-table.conf
sed -n '/Unit/,/Before/p' units/envol@long.service.d/50-table.conf
verify 'envol@odd.service' 'envol@long.service' | filter

echo "# the same in an initramfs"
SYSTEMD_IN_INITRD=1 generate <volumes.kept | filter
(cd units && find . -type f -o -type l | sort)
cat units/envol@root.service.d/50-table.conf | filter

echo "# mistakes"
generate <<END | filter
good UUID=1 id=$id kek=disk
bad UUID=1 id=$id kek=disk nonsense
good UUID=2 id=$id kek=disk
  orphan
END
show_units | filter
verify 'envol@good.service' 'envol@bad.service' envol-table.service | filter

echo "# others may write it"
generate </dev/null
chmod 666 volumes
"$generator" units early late "$dir/volumes" 2>&1 | filter
(cd units && find . -type f -o -type l | sort)

echo "# no table, a bad call, no room"
rm -rf units volumes
mkdir units
"$generator" units early late "$dir/volumes" && find units -type f
"$generator" 2>&1 || echo "[exit $?]"
echo "x /dev/x id=$id kek=disk" >volumes
"$generator" nowhere early late "$dir/volumes" 2>&1 || echo "[exit $?]"

# Fast: it runs before anything else of a start does.
for i in $(seq 300); do echo "v$i UUID=$i id=$id kek=disk"; done >volumes
rm -rf units && mkdir units
timeout 5 "$generator" units early late "$dir/volumes" && find units -name 50-table.conf | wc -l
