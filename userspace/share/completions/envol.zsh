#compdef envol
# SPDX-License-Identifier: GPL-2.0-or-later
# zsh completion for envol(8). What there is to complete, the program lists itself.

# What a value or an argument may be, by the word that stands for it in the help.
_envol_values() { # KIND
	local -a found
	case $1 in
	DIR) _files -/ ;;
	FILE | SEALED | DEVICE) _files ;;
	NAME)
		found=(/dev/mapper/*(N:t))
		_describe mapping found
		;;
	VOLUME)
		found=(${${(f)"$(envol -q boot list 2>/dev/null)"}%% *})
		_describe volume found
		;;
	'NAME|DEVICE')
		_envol_values NAME
		_files
		;;
	URI | 'NAME|URI')
		found=(${${(f)"$(envol key list 2>/dev/null)"}%% *})
		found=(${found#service:})
		_describe key found
		;;
	SETTING)
		found=(https.{certificate_file,client_secret_file,identity_header_file}
			kmip.{key_file,password_file} pkcs11.pin_file)
		_describe setting found
		;;
	SCHEME)
		found=(${${(f)"$(envol provider list 2>/dev/null)"}%% *})
		_describe provider found
		;;
	*[A-Z]*) ;;
	*'|'*)
		found=(${(s:|:)1})
		_describe value found
		;;
	esac
}

_envol() {
	local row word kind command group
	local -a list typed found arguments columns
	list=("${(@f)$(envol help --list 2>/dev/null)}")
	for word in "${(@)words[2,CURRENT-1]}"; do
		if [[ -n $kind ]]; then
			kind=
		elif [[ $word == -* ]]; then
			for row in $list; do
				columns=("${(@ps:\t:)row}")
				[[ $columns[1] != option || $columns[3] != $word ]] || kind=$columns[4]
			done
		else
			typed+=("$word")
		fi
	done
	if [[ -n $kind ]]; then
		_envol_values $kind
		return
	fi
	for row in $list; do
		columns=("${(@ps:\t:)row}")
		[[ $columns[1] == command ]] || continue
		[[ $columns[2] == "$typed[1]" || $columns[2] == "$typed[1] $typed[2]" ]] || continue
		command=$columns[2]
		arguments=(${=columns[3]//[\]\[]/})
	done
	if [[ $words[CURRENT] == -* ]]; then
		for row in $list; do
			columns=("${(@ps:\t:)row}")
			[[ $columns[1] != option || ( -n $columns[2] && $columns[2] != $command ) ]] ||
				found+=("$columns[3]:$columns[5]")
		done
		_describe option found
	elif [[ -z $command || $command == help ]]; then
		[[ $command != help ]] || shift typed
		group=$typed[1]
		for row in $list; do
			columns=("${(@ps:\t:)row}")
			[[ $columns[1] == command ]] || continue
			if [[ -n $group ]]; then
				[[ $columns[2] != "$group "* ]] || found+=("${columns[2]#* }:$columns[4]")
			elif [[ $columns[2] == *' '* ]]; then
				found+=("${columns[2]%% *}:of several commands")
			else
				found+=("$columns[2]:$columns[4]")
			fi
		done
		found=(${(u)found})
		_describe command found
	else
		_envol_values "$arguments[$#typed - ${#${=command}} + 1]"
	fi
}

_envol "$@"
