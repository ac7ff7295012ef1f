# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Keys of Key Vault into files and back.
. "${0%/*}/lib.sh"
. "${0%/*}/lib_keyvault.sh"

# Into a file and back, by the service's own form: no passphrase is asked for, or taken.
echo 'correct horse' >passphrase
chmod 600 passphrase
safe=https://corp.vault.azure.net/keys/safe
: >taken.backup
try envol key create $safe --backup taken.backup
try envol key create $safe --backup safe.backup --passphrase-file passphrase
try envol key create $safe --passphrase-file passphrase
try envol key show $safe
try envol key create $safe --backup safe.backup
try stat -c '%a' safe.backup
quietly envol key rotate $safe --backup safe2.backup
tell access vault=corp 'denied=["backup"]'
try envol key rotate $safe --backup safe3.backup
tell access vault=corp 'denied=[]'
try envol key backup $safe safe4.backup --passphrase-file passphrase
try_json envol --json key backup $safe safe4.backup
try envol key restore safe2.backup
tell forget name=safe vault=corp
try envol key restore safe2.backup --passphrase-file passphrase
try envol key restore safe2.backup

# Always, where the settings say so.
mkdir store
quietly envol key create https://corp.vault.azure.net/keys/kept --set https.backup_directory="$dir/store"
quietly envol key rotate https://corp.vault.azure.net/keys/kept --set https.backup_directory="$dir/store"
stat -c '%a %n' store/* | filter
try envol key rotate https://corp.vault.azure.net/keys/kept --set https.backup_directory="$dir/nowhere"
install -m 755 /dev/null program
try envol key rotate https://corp.vault.azure.net/keys/kept --set https.backup_directory="$dir/program"
try envol key show https://corp.vault.azure.net/keys/kept
tell access vault=corp 'denied=["backup"]'
try envol key rotate https://corp.vault.azure.net/keys/kept --set https.backup_directory="$dir/store"
tell access vault=corp 'denied=[]'
tell forget name=kept vault=corp
for file in store/*; do quietly envol key restore "$file"; break; done
