#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# deep: 6.1 7.x
# timeout: 400
# The table of volumes: opened and closed by it, by several at once, and not where what lies on
# a device is not what belongs there; volumes that are thrown away.
. "${0%/*}/lib.sh"
. "${0%/*}/volume.sh"
volume_setup
requires DISK2 DISK3 mkfs.ext4 mkswap swapon openssl
need_udev
table=/tmp/volumes

fingerprint_of() {
	envol open "$1" x --test --kek $KEK --json | sed -n 's/.*"fingerprint": "\(.*\)",/\1/p'
}
boot() { # VERB WORD…
	envol boot "$1" --volumes $table "${@:2}"
}
boot_exits() { # STATUS TEXT VERB WORD…
	envol_refuses "$1" "$2" boot "$3" --volumes $table "${@:4}"
}
state_of() {
	boot list --json | tr -d '\n' | sed -nE "s/.*\"name\": \"$1\",[^}]*\"state\": \"([a-z]*)\".*/\1/p"
}
state_is() {
	[ "$(state_of "$1")" = "$2" ] || fail "state of $1: $(boot list)"
}

wipefs -qa "$DISK1"
envol format "$DISK1" --kek $KEK --yes --recovery-key-file /tmp/rk >/dev/null || fail "format"
make_volume "$DISK2"
uuid=$(blkid -p -s UUID -o value "$DISK1")
id=$(fingerprint_of "$DISK1")
id2=$(fingerprint_of "$DISK2")
cat >$table <<END
data UUID=$uuid id=$id kek=$KEK timeout=60
second $DISK2 id=$id2 kek=$KEK discard noauto
wrong $DISK2 id=$id kek=$KEK noauto
gone /dev/disk/by-id/none id=$id kek=$KEK timeout=2 noauto
broken $DISK2 id=$id2
END

# ---- open, by the table and nothing else
boot_exits 1 "kek= is missing" check
state_is data closed
boot open data >/tmp/said 2>&1 || fail "open: $(cat /tmp/said)"
state_is data open
[ "$(status_of data fingerprint)" = "$id" ] || fail "another volume: $(envol status data)"
boot open data || fail "one that is open"
mkfs.ext4 -q /dev/mapper/data || fail "mkfs"
boot open second || fail "second"
dmsetup table second | grep -q allow_discards || fail "no discards: $(dmsetup table second)"
boot close second || fail "close of second"
boot_exits 8 "another volume: its fingerprint is $id2" open wrong
boot_exits 4 "did not turn up within 2 s" open gone
boot_exits 1 "kek= is missing" open broken
boot_exits 4 "no volume nobody" open nobody
nothing_of_it() { no_mapping "$1" || fail "mapping $1"; }
nothing_of_it wrong
nothing_of_it gone

# ---- close
mount /dev/mapper/data /mnt
boot_exits 5 "mounted on /mnt" close data
state_is data open
umount /mnt
boot close data || fail "close"
boot close data || fail "close of one that is closed"
nothing_left data
boot_exits 1 "the table has mistakes" open --all
state_is data open
state_is second closed
boot close --all 2>/dev/null || fail "close of all"
nothing_left data

# ---- several at once: one makes it, the others find it
open_at_once() { # VOLUME
	local n pids=()
	for n in 1 2 3; do
		boot open "$1" >"/tmp/said.$n" 2>&1 &
		pids+=($!)
	done
	for n in "${pids[@]}"; do
		wait "$n" || fail "one of several: $(cat /tmp/said.*)"
	done
}
open_at_once data
state_is data open
boot close data
nothing_left data

# ---- the recovery key, and a KEK that comes back
envol key disable disk >/dev/null
boot_exits 2 disk open data
printf 'aaaa-bbbb\n' | boot_exits 2 "recovery key:" ask data --recovery-key-file -
boot ask data --recovery-key-file /tmp/rk >/dev/null || fail "recovery key"
state_is data open
boot open data || fail "open beside the recovery key"
boot close data
envol key enable disk >/dev/null
# A question ends by itself once somebody else has opened it.
mkfifo /tmp/typing
exec 9<>/tmp/typing
script -qefc "envol boot ask data --volumes $table" /tmp/typescript <&9 >/tmp/script.out 2>&1 &
asker=$!
asked() { grep -q "Recovery key of volume data" /tmp/typescript; }
wait_for 30 asked || fail "nothing is asked: $(cat /tmp/typescript /tmp/script.out)"
boot open data >/dev/null || fail "open beside a question"
ended() { ! kill -0 "$asker" 2>/dev/null; }
wait_for 30 ended || fail "the question is still asked: $(cat /tmp/typescript)"
wait "$asker" || fail "a question that nobody had to answer: $(cat /tmp/typescript)"
exec 9>&-

# ---- the name is another's
boot close data
dm_create data "0 2048 linear $DISK3 0"
state_is data taken
boot_exits 5 "something else" open data
unmap data

# ---- what lies there is not what belongs there
size=65536
save() { dd if="$DISK1" of="$1" bs=4k count=$((2 * size / 4096)) status=none; }
put_back() { dd if="$1" of="$DISK1" bs=4k conv=notrunc status=none; sync; }
# resum FILE - the checksum of a header copy, over itself as zeros
resum() {
	dd if=/dev/zero of="$1" bs=1 seek=448 count=64 conv=notrunc status=none
	openssl dgst -sha256 -binary "$1" >/tmp/sum
	dd if=/tmp/sum of="$1" bs=1 seek=448 conv=notrunc status=none
}
save /tmp/good
for n in 0 1; do
	dd if=/tmp/good of=/tmp/copy.$n bs=$size skip=$n count=1 status=none
	sed -i 's/aes-xts-plain64/aes-cbc-plain64/' /tmp/copy.$n
	resum /tmp/copy.$n
done
cat /tmp/copy.0 /tmp/copy.1 >/tmp/changed
put_back /tmp/changed
boot_exits 8 data open data
boot_exits 8 data ask data --recovery-key-file /tmp/rk
nothing_left data
put_back /tmp/good
boot open data >/dev/null || fail "after the header came back"
boot close data
# An older header is refused as well.
envol rekey "$DISK1" --kek $KEK >/dev/null
envol key rotate disk >/dev/null
envol rekey "$DISK1" --kek $KEK >/dev/null || fail "rekey"
boot open data >/dev/null || fail "after a rekey"
boot close data
save /tmp/newer
put_back /tmp/good
boot_exits 8 "was seen here" open data
put_back /tmp/newer
# And no header at all.
dd if=/dev/zero of=/tmp/zeros bs=$size count=2 status=none
put_back /tmp/zeros
sed -i "s|^data UUID=$uuid|data $DISK1|" $table
boot_exits 8 data open data
put_back /tmp/newer
boot open data >/dev/null || fail "the newest header"
boot close data
nothing_left data

# ---- thrown away: a signature is refused, unless the line says otherwise
wipefs -qa "$DISK3"
mkfs.ext4 -q -L precious "$DISK3"
dm_create stable "0 $(blockdev --getsz "$DISK3") linear $DISK3 0"
for target in envol crypt; do
	cat >$table <<-END
	scratch /dev/mapper/stable throwaway=ext4 target=$target
	swap /dev/mapper/stable throwaway=swap target=$target overwrite offset=1M
	bare /dev/mapper/stable throwaway target=$target overwrite
	END
	wipefs -qa /dev/mapper/stable
	mkfs.ext4 -q -L precious /dev/mapper/stable
	boot_exits 5 "labelled precious" open scratch
	[ "$(blkid -p -s LABEL -o value /dev/mapper/stable)" = precious ] || fail "it was lost"
	nothing_left scratch

	# What stands before the offset survives.
	dd if=/dev/mapper/stable of=/tmp/before bs=1M count=1 iflag=direct status=none
	boot open swap >/dev/null 2>&1 || fail "swap by $target"
	dmsetup table swap | grep -q " $target aes-xts-plain64 :64:logon:envol:" || fail "table: $(dmsetup table swap)"
	[ "$(blkid -p -s TYPE -o value /dev/mapper/swap)" = swap ] || fail "no swap space"
	swapon /dev/mapper/swap || fail "swapon"
	boot_exits 5 "swapoff /dev/mapper/swap" close swap
	boot open swap || fail "one that is open"
	swapoff /dev/mapper/swap
	dd if=/dev/mapper/stable bs=1M count=1 iflag=direct status=none | cmp - /tmp/before || fail "the beginning was written"
	boot close swap || fail "close of swap"
	nothing_left swap

	# Another key each time, and none but the kernel's.
	boot open bare >/dev/null 2>&1 || fail "bare by $target"
	envol_refuses 1 "nowhere else" lock bare
	first=$(dmsetup table bare)
	echo hello | dd of=/dev/mapper/bare bs=4k conv=sync oflag=direct status=none
	boot close bare
	boot open bare >/dev/null 2>&1 || fail "bare again"
	[ "$(dmsetup table bare)" != "$first" ] || fail "the same key"
	dd if=/dev/mapper/bare bs=4k count=1 iflag=direct status=none | grep -q hello && fail "data survived"
	boot close bare

	# What it left looks like nothing, so a file system can be made on it without more ado; by
	# several at once, of which one makes it.
	[ -z "$(blkid -p -o value /dev/mapper/stable)" ] || fail "left behind: $(blkid -p /dev/mapper/stable)"
	open_at_once scratch
	mount /dev/mapper/scratch /mnt || fail "no file system"
	umount /mnt
	boot close scratch || fail "close of scratch"
	nothing_left scratch
done

# ---- and LUKS never is: a mistyped partition does not cost a volume
wipefs -qa /dev/mapper/stable
envol format /dev/mapper/stable --kek $KEK --yes >/dev/null
boot_exits 5 "LUKS volume" open bare
envol open /dev/mapper/stable x --test --kek $KEK >/dev/null || fail "it was lost"
printf 'odd /dev/mapper/stable throwaway=nosuchfs overwrite\n' >$table
boot_exits 4 "no program mkfs.nosuchfs" open odd
nothing_left odd
unmap stable
