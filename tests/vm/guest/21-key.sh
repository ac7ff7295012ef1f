#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The life of a key: its messages, and what its end in the keyring does.
. "${0%/*}/lib.sh"
target_setup

serial=$(add_key a 64)
add_key other 64 >/dev/null
add_key short 32 >/dev/null
m=/dev/mapper/m

# ---- messages: only while suspended, and a failed one changes nothing
map m /dev/ram0
put /tmp/random $m
refused "only while the mapping is suspended" dmsetup message m 0 key wipe
refused "only while the mapping is suspended" dmsetup message m 0 key set :64:logon:envol:other
refused "unknown message" dmsetup message m 0 frobnicate
refused 'neither "wipe" nor "set' dmsetup message m 0 key frobnicate
dmsetup suspend m
refused "size differs" dmsetup message m 0 key set :32:logon:envol:short
refused "no such logon key" dmsetup message m 0 key set :64:logon:envol:missing
refused "a key in the table is refused" dmsetup message m 0 key set 00112233
refused "key type is not logon" dmsetup message m 0 key set :64:user:envol:other
refused "neither 32 nor 64" dmsetup message m 0 key set :63:logon:envol:other
revoked=$(add_key revoked 64)
keyctl revoke "$revoked"
refused "has been revoked" dmsetup message m 0 key set :64:logon:envol:revoked
keyctl unlink "$revoked" @s
dmsetup resume m || fail "a failed key set took the old key away"
holds $m /tmp/random || fail "the old key is no longer the key"

dmsetup suspend m
dmsetup message m 0 key wipe || fail "key wipe"
[ "$(stat_of m key)" = wiped ] || fail "status after wipe: $(dmsetup status m)"
refused "not resumed: the key is wiped" dmsetup resume m
dmsetup message m 0 key set :64:logon:envol:other || fail "key set"
dmsetup resume m || fail "resume with another key"
! holds $m /tmp/random || fail "another key reads the same"
dmsetup suspend m
dmsetup message m 0 key set :64:logon:envol:a || fail "key set back"
dmsetup resume m
holds $m /tmp/random || fail "the first key, set again, does not read what it wrote"
dmsetup table m | grep -q ':64:logon:envol:a ' || fail "table after key set: $(dmsetup table m)"

# ---- I/O that waits out a suspension with another key's absence
dmsetup suspend --noflush --nolockfs m
get $m 1 >/tmp/late &
reader=$!
dmsetup message m 0 key wipe
sleep 0.5
kill -0 $reader 2>/dev/null || fail "a read got through while the key was wiped"
dmsetup message m 0 key set :64:logon:envol:a
dmsetup resume m
wait $reader || fail "the read that waited failed"
head -c 1048576 /tmp/random | cmp -s - /tmp/late || fail "the read that waited is wrong"
unmap m

# ---- unlinking a key is not its end
map m /dev/ram0
keyctl unlink "$serial" @s
holds $m /tmp/random || fail "an unlinked key stopped working"
unmap m
refused "no such logon key" dmsetup create m --table "0 2048 envol aes-xts-plain64 :64:logon:envol:a 0 /dev/ram0 0"

# ---- revoked: found by the next I/O
serial=$(add_key a 64)
map m /dev/ram0
put /tmp/random $m
keyctl revoke "$serial"
! get $m 1 >/dev/null 2>&1 || fail "read with a revoked key"
! put /tmp/random $m 1 2>/dev/null || fail "write with a revoked key"
[ "$(stat_of m key)" = revoked ] || fail "status: $(dmsetup status m)"
[ "$(stat_of m key_errors)" -gt 0 ] || fail "key errors are not counted"
blockdev --flushbufs $m || fail "a flush must pass"
sync
refused "has been revoked" dmsetup create n --table "0 2048 envol aes-xts-plain64 :64:logon:envol:a 0 /dev/ram1 0"
dmsetup suspend m
refused "not resumed: the key is revoked" dmsetup resume m
keyctl unlink "$serial" @s
serial=$(add_key a 64)
dmsetup message m 0 key set :64:logon:envol:a || fail "key set after a revocation"
dmsetup resume m || fail "resume after key set"
put /tmp/random $m 1 || fail "write after key set"

# ---- revoked: found on an idle mapping
before=$(dmesg | wc -l)
keyctl revoke "$serial"
found() { dmesg | tail -n +$((before + 1)) | grep "has been revoked" >/dev/null; }
wait_for 10 found || fail "an idle mapping did not notice the revocation within 10 s"
unmap m

# ---- expired
keyctl unlink "$serial" @s
serial=$(add_key a 64)
map m /dev/ram0
put /tmp/random $m
keyctl timeout "$serial" 1000
holds $m /tmp/random || fail "expired early"
keyctl timeout "$serial" 1
expired() { [ "$(stat_of m key)" = expired ]; }
wait_for 15 expired || fail "status: $(dmsetup status m)"
! get $m 1 >/dev/null 2>&1 || fail "read with an expired key"
unmap m

# ---- invalidated
keyctl unlink "$serial" @s 2>/dev/null || :
serial=$(add_key a 64)
map m /dev/ram0
keyctl invalidate "$serial"
! get $m 1 >/dev/null 2>&1 || fail "read with an invalidated key"
unmap m
