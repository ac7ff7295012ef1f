# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# bash completion for envol(8). What there is to complete, the program lists itself.

# Not by compgen -W, which expands them first: a name would be run as a command, or lose a backslash.
_envol_offer() { # WORDS…
	local word list
	mapfile -t list < <(tr -s ' ' '\n' <<<"$*")
	for word in "${list[@]}"; do
		if [[ -n $word && $word == "${COMP_WORDS[COMP_CWORD]}"* ]]; then
			COMPREPLY+=("$word")
		fi
	done
}

# What a value or an argument may be, by the word that stands for it in the help.
_envol_offer_values() { # KIND
	local cur=${COMP_WORDS[COMP_CWORD]}
	case $1 in
	DIR) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
	FILE | SEALED | DEVICE) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	NAME) _envol_offer "$(find /dev/mapper -mindepth 1 ! -name control -printf '%f ' 2>/dev/null)" ;;
	VOLUME) _envol_offer "$(envol -q boot list 2>/dev/null | cut -d ' ' -f 1)" ;;
	'NAME|DEVICE')
		_envol_offer_values DEVICE
		_envol_offer_values NAME
		;;
	URI | 'NAME|URI') _envol_offer "$(envol key list 2>/dev/null | sed 's/^service:\([^ ]*\).*/\1/')" ;;
	SETTING)
		_envol_offer https.{certificate_file,client_secret_file,identity_header_file} \
			kmip.{key_file,password_file} pkcs11.pin_file
		;;
	SCHEME) _envol_offer "$(envol provider list 2>/dev/null | cut -d ' ' -f 1)" ;;
	*[A-Z]*) ;;
	*'|'*) _envol_offer "${1//|/ }" ;;
	esac
}

_envol() {
	local list word kind='' command='' words=() arguments name i
	COMPREPLY=()
	list=$(envol help --list 2>/dev/null) || return
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [ -n "$kind" ]; then
			kind=''
		elif [[ $word == -* ]]; then
			kind=$(awk -F '\t' -v word="$word" '$1 == "option" && $3 == word { print $4; exit }' <<<"$list")
		else
			words+=("$word")
		fi
	done
	if [ -n "$kind" ]; then
		_envol_offer_values "$kind"
		return
	fi
	for word in "${words[0]-}" "${words[0]-} ${words[1]-}"; do
		if grep -q "^command	$word	" <<<"$list"; then
			command=$word
		fi
	done
	if [[ ${COMP_WORDS[COMP_CWORD]} == -* ]]; then
		_envol_offer "$(awk -F '\t' -v command="$command" \
			'$1 == "option" && ($2 == command || $2 == "") { print $3 }' <<<"$list")"
	elif [ -z "$command" ] || [ "$command" = help ]; then
		[ "$command" != help ] || words=("${words[@]:1}")
		_envol_offer "$(awk -F '\t' -v group="${words[0]-}" '$1 == "command" {
			n = split($2, name, " ")
			if (group == "") print name[1]
			else if (n == 2 && name[1] == group) print name[2] }' <<<"$list" | sort -u)"
	else
		arguments=$(awk -F '\t' -v command="$command" '$1 == "command" && $2 == command { print $3 }' <<<"$list")
		read -ra arguments <<<"${arguments//[][]/}"
		read -ra name <<<"$command"
		_envol_offer_values "${arguments[${#words[@]} - ${#name[@]}]-}"
	fi
}
complete -o filenames -F _envol envol
