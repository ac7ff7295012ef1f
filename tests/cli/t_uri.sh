# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The examples of envol-uri(7), run as they stand there, with files for devices and no mapping
# made. Those of tokens and key managers want hardware or a server, which tests/pkcs11 and
# tests/kmip have: here their URIs are read.
. "${0%/*}/lib.sh"
. "${0%/*}/lib_keyvault.sh"
page=$TESTS/../../Documentation/man/envol-uri.7.scd

truncate -s 32M vdb vdc
ran=0
while read -r -a words; do
	case "${words[*]}" in
	*pkcs11:* | *kmip:*)
		# Past its URI, at what this host does not have.
		"$ENVOL" --config envol.conf --timeout 1 key show "${words[-1]//\'/}" 2>&1 | grep -q "the URI" &&
			echo "not a URI: ${words[-1]}"
		;;
	*)
		words=("${words[@]/\/dev\//}")
		case ${words[2]} in
		format) words+=(--yes) ;;
		open) words+=(--test) ;;
		esac
		quietly envol "${words[@]:2}"
		;;
	esac
	ran=$((ran + 1))
done < <(sed -n 's/^\(# envol .*\)/\1/p' "$page")
echo "$ran examples"

# After a regional failover a vault is read-only: it opens volumes, and is not changed.
key=https://corp.vault.azure.net/keys/disk7
tell vault name=corp read_only=true
try envol open vdb x --test --kek $key
try envol key rotate $key
truncate -s 32M again
quietly envol format again --kek $key --yes
tell vault name=corp read_only=false

# A region that is gone, or out of order: the other opens, and is asked first from then on.
for fault in do=close 'do=status status=503'; do
	# shellcheck disable=SC2086
	tell fault $fault host=corp.vault.azure.net
	try envol --timeout 4 open vdb x --test
	tell requests clear=true
	quietly envol --timeout 4 open vdb x --test
	"$TESTS/../keyvault/tell" "$CONTROL" requests |
		grep -oE '"method":"POST","path":"/keys[^"]*","host":"[^"]*"' | filter
	tell heal
	quietly envol open vdb x --test --kek $key
done
