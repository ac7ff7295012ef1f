# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Service keys into a file and back; passphrases from a file, a pipe and a terminal.
. "${0%/*}/lib.sh"
quietly envol key create disk
quietly envol key rotate disk
echo 'correct horse' >right
echo 'wrong horse' >wrong
chmod 600 right wrong

try envol key backup disk disk.backup --passphrase-file right
try stat -c '%a' disk.backup
try envol key backup disk disk.backup --passphrase-file right
try envol key backup nothing nothing.backup --passphrase-file right
try ls nothing.backup

# Restored where it is not, not where it is.
try envol key restore disk.backup --passphrase-file right
try envol key restore disk.backup --passphrase-file wrong --replace
try_json envol key restore disk.backup --passphrase-file right --keystore elsewhere --json
try envol key show disk --keystore elsewhere
try envol key restore nothing.backup --passphrase-file right

# A backup that was cut short, changed, or is something else.
head -c 100 disk.backup >short
try envol key restore short --passphrase-file right --keystore third
size=$(stat -c %s disk.backup)
{ head -c $((size - 9)) disk.backup; echo -n 00; tail -c 7 disk.backup; } >changed
cmp -s disk.backup changed && echo "nothing was changed"
try envol key restore changed --passphrase-file right --keystore third
try envol key restore right --passphrase-file right --keystore third
try envol key list --keystore third

# Where a passphrase comes from.
chmod 644 right
try envol key restore disk.backup --passphrase-file right --replace
chmod 600 right
try envol key restore disk.backup --passphrase-file missing --replace
try envol key restore disk.backup --passphrase-file "$dir" --replace
: >empty
chmod 600 empty
try envol key restore disk.backup --passphrase-file empty --replace
head -c 600 /dev/zero | tr '\0' x >long
chmod 600 long
try envol key restore disk.backup --passphrase-file long --replace
from_a_pipe() { echo 'correct horse' | envol key restore disk.backup --replace --passphrase-file -; }
try from_a_pipe
try envol key restore disk.backup
try_json envol key restore disk.backup --json

# When it is made, and when it has a new version.
quietly envol key create second --backup second.backup --passphrase-file right
quietly envol key rotate second --backup second2.backup --passphrase-file right
try envol key rotate second --backup second2.backup --passphrase-file right
try envol key show second
quietly envol key restore second2.backup --passphrase-file right --keystore fourth

# Asked for at the terminal, never shown, and the terminal left as it was.
try_at_terminal $'correct horse\ncorrect horse' envol key backup disk typed.backup
try_at_terminal 'correct horse' envol -q key restore typed.backup --replace
try_at_terminal $'correct horse\ncorrect mule' envol key backup disk no.backup
try_at_terminal $'correct horse\n^C' envol key backup disk no.backup
try_at_terminal $'^Z\n^C' envol key backup disk no.backup
try_at_terminal "$(head -c 600 /dev/zero | tr '\0' x)" envol key backup disk no.backup
try ls no.backup
