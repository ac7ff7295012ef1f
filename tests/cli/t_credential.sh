# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Secrets of providers in files that the TPM opens.
. "${0%/*}/lib.sh"
(umask 077; echo geheim >secret; head -c 20000 /dev/zero | tr '\0' x >large; : >empty)

# What needs no TPM to be refused.
try envol credential
try envol credential seal
try envol credential seal https.client_secret_file secret
try envol credential seal https.client_id secret sealed
try envol credential seal ftp.pin_file secret sealed
try envol credential seal service.pin_file secret sealed
try envol credential seal pkcs11.pin_file secret sealed --policy pcr7,pin
try envol credential seal pkcs11.pin_file secret sealed --policy often
try envol credential seal pkcs11.pin_file none sealed
try envol credential seal pkcs11.pin_file empty sealed
try envol credential seal pkcs11.pin_file large sealed
try envol credential seal pkcs11.pin_file secret sealed
chmod 644 secret
try envol credential seal pkcs11.pin_file secret sealed
chmod 600 secret
ls

# One in software.
mkdir tpm
swtpm socket --tpm2 --tpmstate dir=tpm --server type=unixio,path=tpm/socket --ctrl type=unixio,path=tpm/socket.ctrl \
	--flags not-need-init,startup-clear >/dev/null 2>&1 &
swtpm=$!
trap 'kill $swtpm; wait $swtpm; rm -rf "$dir"' EXIT
for ((i = 0; i < 100; i++)); do
	[ -S tpm/socket ] && break
	sleep 0.05
done
tpm=swtpm:path=$dir/tpm/socket
try envol --tpm "$tpm" credential seal https.client_secret_file secret sealed --boot --policy none
stat -c '%A %n' sealed
head -n 2 sealed
try envol --tpm "$tpm" credential seal https.client_secret_file secret sealed --policy none
try_json envol --tpm "$tpm" credential seal kmip.key_file - any --policy pcr7 --json
echo geheim | envol -q --tpm "$tpm" credential seal kmip.key_file - any --policy pcr7
head -n 2 any
try_json envol --tpm "$tpm" credential seal kmip.key_file secret other --policy none --json

# What an initramfs would get of it: the one beside it that is for boot.
quietly envol key create disk
truncate -s 16M img
quietly envol format img --kek disk --yes --recovery-key-file rk
id=$(envol open img x --test --json | sed -n 's/.*"fingerprint": "\(.*\)",/\1/p')
echo "root $dir/img id=$id kek=https://corp.vault.azure.net/keys/k initramfs" >volumes
printf '[https]\nclient_secret_file = %s/secret\n' "$dir" >>envol.conf
needs() {
	envol --tpm "$tpm" boot needs root --volumes volumes >needed || return
	grep -E '^(program|sealed|secret|tpm) ' needed | sed 's|^program .*/|program KEK/|'
}
try needs
mv sealed secret.boot
try needs
