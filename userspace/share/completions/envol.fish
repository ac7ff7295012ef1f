# SPDX-License-Identifier: GPL-2.0-or-later
# fish completion for envol(8). What there is to complete, the program lists itself.

# What a value or an argument may be, by the word that stands for it in the help.
function __envol_values
	switch "$argv[1]"
		case DIR
			__fish_complete_directories (commandline -ct)
		case FILE SEALED DEVICE
			__fish_complete_path (commandline -ct)
		case NAME
			command ls /dev/mapper 2>/dev/null | string match -v control
		case VOLUME
			envol -q boot list 2>/dev/null | string replace -r ' .*' ''
		case 'NAME|DEVICE'
			__envol_values NAME
			__envol_values DEVICE
		case URI 'NAME|URI'
			envol key list 2>/dev/null | string replace -r '^service:(\S+).*' '$1'
		case SETTING
			printf '%s\n' https.{certificate_file,client_secret_file,identity_header_file} \
				kmip.{key_file,password_file} pkcs11.pin_file
		case SCHEME
			envol provider list 2>/dev/null | string replace -r ' .*' ''
		case '*'
			string match -qr '[A-Z]' -- "$argv[1]"; or string split '|' -- "$argv[1]"
	end
end

function __envol_complete
	set -l list (envol help --list 2>/dev/null)
	set -l kind
	set -l typed
	for word in (commandline -opc)[2..]
		if test -n "$kind"
			set kind
		else if string match -q -- '-*' $word
			for row in $list
				set -l columns (string split \t -- $row)
				test $columns[1] = option -a "$columns[3]" = "$word"; and set kind $columns[4]
			end
		else
			set -a typed $word
		end
	end
	if test -n "$kind"
		__envol_values $kind
		return
	end
	set -l name
	set -l arguments
	for row in $list
		set -l columns (string split \t -- $row)
		test $columns[1] = command; or continue
		if test "$columns[2]" = "$typed[1]" -o "$columns[2]" = "$typed[1] $typed[2]"
			set name $columns[2]
			set arguments (string split -n ' ' -- (string replace -ra '[\[\]]' '' -- $columns[3]))
		end
	end
	if string match -q -- '-*' (commandline -ct)
		for row in $list
			set -l columns (string split \t -- $row)
			test $columns[1] = option; or continue
			test -z "$columns[2]" -o "$columns[2]" = "$name"; and printf '%s\t%s\n' $columns[3] $columns[5]
		end
	else if test -z "$name" -o "$name" = help
		test "$name" = help; and set -e typed[1]
		for row in $list
			set -l columns (string split \t -- $row)
			test $columns[1] = command; or continue
			set -l words (string split ' ' -- $columns[2])
			if test -n "$typed[1]"
				test "$words[1]" = "$typed[1]" -a (count $words) = 2; and printf '%s\t%s\n' $words[2] $columns[4]
			else if test (count $words) = 2
				printf '%s\t%s\n' $words[1] 'of several commands'
			else
				printf '%s\t%s\n' $words[1] $columns[4]
			end
		end
	else
		set -l at (math (count $typed) - (count (string split ' ' -- $name)) + 1)
		__envol_values $arguments[$at]
	end
end

complete -c envol -f -a '(__envol_complete)'
