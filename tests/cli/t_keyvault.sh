# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Keys of Key Vault, with the double of the service behind their real names.
. "${0%/*}/lib.sh"
. "${0%/*}/lib_keyvault.sh"
key=https://corp.vault.azure.net/keys/disk7

try envol key create $key
try envol key create $key
try envol key show "HTTPS://Corp.vault.azure.net:443/keys/disk7"
quietly envol key rotate $key
try_json envol --json key show $key
try envol key list https
try envol key show https://corp.vault.azure.net/keys/none
try envol provider check $key

# What is missing is said.
tell access vault=corp 'denied=["unwrapKey"]'
try envol provider check $key
tell access vault=corp 'denied=["get"]' style=policy
try envol provider check $key
tell access vault=corp 'denied=[]' network=firewall
try envol key show $key
tell access vault=corp network=open
tell vault name=corp purge_protected=false
try envol provider check $key
tell vault name=corp purge_protected=true

try envol key disable $key
try envol provider check $key
try envol key enable $key
tell fault do=throttle path=keys/disk7 retry_after=600
try envol key show $key
tell heal

# A volume in a file.
truncate -s 32M img
quietly envol format img --kek $key --yes
try envol open img x --test
quietly envol key disable $key
try envol open img x --test
quietly envol key enable $key

# A KEK that could be deleted for good is taken only when that is said, and the header says so.
tell vault name=corp purge_protected=false
truncate -s 32M img2
try envol format img2 --kek $key --yes
try envol format img2 --kek $key --yes --force-unprotected
try envol status img2
try envol open img2 x --test
tell vault name=corp purge_protected=true

# Where another host is to open, this one needs no right to unwrap.
tell access vault=corp 'denied=["unwrapKey"]'
truncate -s 32M img3
try envol format img3 --kek $key --yes
try envol format img3 --kek $key --yes --force-unproved
try envol open img3 x --test
# Beside one that is proved it is taken with a warning.
quietly envol key create local
truncate -s 32M img4
try envol format img4 --kek local --yes
try envol rekey img4 --kek local --add $key
tell access vault=corp 'denied=[]'
# In place of one that is proved it is not taken.
truncate -s 32M img6
quietly envol format img6 --kek local --kek $key --yes
quietly envol key rotate $key
tell access vault=corp 'denied=["unwrapKey"]'
try envol rekey img6
try envol status img6
tell access vault=corp 'denied=[]'
try envol rekey img6
try envol open img3 x --test
try envol open img4 x --test --kek $key

# A key that was made elsewhere.
(umask 077 && openssl genrsa -out own.pem 2048 && openssl genrsa -aes128 -passout pass:x -out shut.pem 2048 &&
	openssl genrsa -out small.pem 1024 && openssl ecparam -name prime256v1 -genkey -noout -out ec.pem &&
	echo nonsense >text) >/dev/null 2>&1
own=https://corp.vault.azure.net/keys/own
chmod 644 own.pem
try envol key import $own own.pem
chmod 600 own.pem
for file in shut.pem small.pem ec.pem text none; do try envol key import $own $file; done
try envol key import $own own.pem
try envol key import $own own.pem
try envol key import local own.pem
truncate -s 32M img5
quietly envol format img5 --kek $own --yes
quietly envol open img5 x --test
