# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What each shell offers for the last word of a line.
. "${0%/*}/lib.sh"
shells=$TESTS/../../userspace/share/completions
mkdir bin && ln -s "$ENVOL" bin/envol
export PATH=$dir/bin:$PATH HOME=$dir
touch file1 file2

in_bash() { # WORD…
	bash --norc -c '
		. "$1"
		shift
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_envol
		printf "%s\n" "${COMPREPLY[@]}"' bash "$shells/envol.bash" "$@"
}

in_zsh() { # WORD…
	zsh -f -c '
		file=$1
		shift
		words=("$@") CURRENT=$#
		_describe() { print -l -- ${(M)${(P)2}:#$words[CURRENT]*} }
		_files() { print -l -- $words[CURRENT]*(N) }
		. $file' zsh "$shells/envol.zsh" "$@" | sed 's/:.*//'
}

in_fish() { # WORD…
	local line
	line=$(printf '%s ' "$@")
	fish --no-config -c "source $shells/envol.fish; complete -C '${line% }'" | cut -f 1
}

# offered WORD… - by each shell, which must agree but for their order
offered() {
	shown "$@"
	for shell in bash zsh fish; do
		"in_$shell" "$@" | grep . | sort -u | paste -s -d ' ' >.$shell
		cmp -s .bash .$shell || echo "$shell: $(cat .$shell)"
	done
	cat .bash
}

offered envol ''
offered envol pro
offered envol key ''
offered envol key re
offered envol --json key cr
offered envol --timeout 5 key cr
offered envol key create --
offered envol key disable disk --k
offered envol key restore f
offered envol key restore --passphrase-file f
offered envol help ''
offered envol help key s
offered envol key list ''
offered envol credential seal ''
offered envol credential seal kmip.
offered envol credential seal kmip.key_file f
offered envol credential seal kmip.key_file file1 f
offered envol nonsense ''

echo "# names that a shell would read otherwise"
# shellcheck disable=SC2016
bash --norc -c '
	. "$1"
	COMP_WORDS=(envol close v) COMP_CWORD=2 COMPREPLY=()
	_envol_offer "vg-a\x20b other" "v\$(touch found)" "v*"
	printf "%s\n" "${COMPREPLY[@]}"' bash "$shells/envol.bash"
[ ! -e found ] || echo "it was run"
