# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The table of volumes, and what of it needs no device-mapper.
. "${0%/*}/lib.sh"
quietly envol key create disk
quietly envol key create other
truncate -s 16M img foreign scratch
quietly envol format img --kek disk --yes --recovery-key-file rk
id=$(envol open img x --test --json | sed -n 's/.*"fingerprint": "\(.*\)",/\1/p')
table() { # on standard input
	cat >volumes
}

table <<END
# what a host opens
data $dir/img id=$id kek=service:disk	# comment
	kek=service:other timeout=7
cloud UUID=00000000-1111-2222-3333-444444444444 id=$id
	# in between
	kek=https://corp.vault.azure.net/keys/disk7 nofail readonly

scratch $dir/scratch throwaway noauto
swap PARTLABEL=swap throwaway=swap offset=1M overwrite discard
END
try envol boot list --volumes volumes
try_json envol boot list --volumes volumes --json
try envol boot check --volumes volumes
try envol boot list --volumes volumes --initramfs
try envol boot list --volumes nothing
try envol boot open --volumes volumes
try envol boot open nobody --volumes volumes
try envol boot open --all data --volumes volumes
try envol boot close --volumes volumes
try envol boot ask swap --volumes volumes
try envol boot ask data --volumes volumes

# Who can write it says which keys are used.
chmod 666 volumes
try envol boot list --volumes volumes
chmod 600 volumes

# A device that does not turn up.
table <<END
late /dev/disk/by-id/none id=$id kek=disk timeout=1
tag PARTUUID=none id=$id kek=disk timeout=1
END
try envol boot open late --volumes volumes
try envol boot open tag --volumes volumes

# A line with mistakes spoils no other.
table <<END
  orphan
data $dir/img id=$id kek=disk
data $dir/img id=$id kek=disk
a/b $dir/img id=$id kek=disk
lonely
no-id $dir/img kek=disk
no-kek $dir/img id=$id
many img id=12 id=$id kek=ftp://x kek kek=a kek=a idd=4 readonly=yes readonly readonly
values $dir/img id=$id kek=disk timeout=0 retries=x network=maybe target=luks header=x offset=5 initramfs-secret=yes throwaway=/bin
engine $dir/img id=$id kek=disk target=crypt engine=generic
mixed $dir/img throwaway id=$id
early /dev/disk/by-id/x throwaway initramfs
ends $dir/img id=$id kek=disk overwrite
content LABEL=x throwaway
unstable /dev/sdb throwaway overwrite
clear $dir/img id=$id kek=disk initramfs-secret=clear
END
printf 'dos %s id=%s kek=disk\r\n' "$dir/img" "$id" >>volumes
try envol boot check --volumes volumes
try envol boot list --volumes volumes
try_json envol boot check --volumes volumes --json
try envol boot open lonely --volumes volumes
try envol boot needs no-id --volumes volumes

# What does not fit together with what is there.
table <<END
other $dir/img id=$id kek=other
foreign $dir/foreign id=$id kek=disk
nofs $dir/scratch throwaway=nosuchfs
END
try envol boot check --volumes volumes
quietly /sbin/mkfs.ext4 -q -L mine scratch
table <<<"scratch $dir/scratch throwaway"
try envol boot check --volumes volumes

# What an initramfs must have.
table <<END
data $dir/img id=$id kek=disk initramfs target=envol
clear $dir/img id=$id kek=disk initramfs initramfs-secret=clear target=crypt
none $dir/img id=$id kek=nothing initramfs
END
needs() {
	envol boot needs "$@" 2>&1 | sed -E "s|${ENVOL%/*}|BUILD|; s/  +/ /"
	return "${PIPESTATUS[0]}"
}
try needs data --volumes volumes
try needs clear --volumes volumes
try needs none --volumes volumes

# What is sealed for boot must be of this root key.
seal_for_boot() { # ID
	(umask 077; printf 'envol-root 2\nid %s\nseal pcr:7,pin 2026-11-24T12:00:00Z\n' "$1" >keys/boot)
}
(umask 077; : >keys/boot)
try needs data --volumes volumes
seal_for_boot 00112233445566778899aabbccddeeff
try needs data --volumes volumes | filter
seal_for_boot "$(sed -n 's/^id //p' keys/root)"
chmod 644 keys/boot
try needs data --volumes volumes
rm keys/boot

# A KEK that is damaged says nothing of the header, and the recovery key helps.
echo >>keys/disk.key
try envol open img x --test --unattended --id "$id" --kek disk
try envol open img x --test --recovery-key-file rk
