/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * LUKS2 headers through libcryptsetup: what it does, each with one clear sentence
 * where it fails; what envol makes of it is header.h's.
 *
 * A struct envol_luks is the header as it lay on the device. After each write it is
 * read back; where another process has written too it is given up, nothing of it
 * stays in memory, and all that follows is -EAGAIN: open again.
 *
 * What libcryptsetup holds of a key: it copies keys that it is given into heap memory
 * that is locked if RLIMIT_MEMLOCK allows and wiped when it is freed, but is not
 * kept out of core dumps; format keeps such a copy until the context is freed,
 * which is why a context ends with its write here; the rest lives as long as the
 * call. OpenSSL copies passphrases and wipes them. Argon2's memory says nothing of a
 * passphrase that could be read back. So whoever calls these with a key has made
 * his process one that leaves no core (see the programs' harden()).
 */
#pragma once

#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/metadata/copies.h"

struct envol_luks;

/*
 * Read the header on @path (a device, or a file with a detached header). A damaged
 * copy is repaired from the other, which is logged. -ENOENT, -EACCES, -ENODEV for
 * what is no device or file; -ENODATA where there is no LUKS2, -EBADMSG where both
 * copies are damaged or cannot be used, -EBUSY for a lock that is held too long.
 */
int envol_luks_load(struct envol *ev, const char *path, struct envol_luks **luks)
	_must_check_;

/*
 * The header that another program has read into @cd, to be read only: neither the
 * device nor @cd's log is touched, and @cd must outlive it. -ENODATA if that has no
 * LUKS2 header.
 */
struct crypt_device;
int envol_luks_borrow(struct envol *ev, struct crypt_device *cd,
		      struct envol_luks **luks) _must_check_;
/* Of the data and, if it is on another, of the header (else NULL); as long as @luks. */
void envol_luks_devices(const struct envol_luks *luks, const char **device,
			const char **header);
void envol_luks_free(struct envol_luks *luks);	/* NULL is fine */
#define _cleanup_luks_ _cleanup_(envol_luks_free_ptr)
static inline void envol_luks_free_ptr(struct envol_luks **luks)
{
	envol_luks_free(*luks);
}

/* What is read lives until the next write through @luks. LUKS2's JSON; -EAGAIN. */
int envol_luks_json(struct envol *ev, struct envol_luks *luks, const char **json)
	_must_check_;

/* "" where there is none, or @luks was given up. */
const char *envol_luks_uuid(const struct envol_luks *luks);
const char *envol_luks_label(const struct envol_luks *luks);
const char *envol_luks_subsystem(const struct envol_luks *luks);

/* Token @number as JSON. */
int envol_luks_token(struct envol *ev, struct envol_luks *luks,
		     unsigned int number, const char **json) _must_check_;

/* -EPERM if the digest is not @key's. */
int envol_luks_verify(struct envol *ev, struct envol_luks *luks,
		      const struct envol_secret *key) _must_check_;

/* The key in keyslot @number into @key, which must be empty. -EPERM. */
int envol_luks_unlock(struct envol *ev, struct envol_luks *luks,
		      unsigned int number, const struct envol_secret *passphrase,
		      unsigned int key_size, struct envol_secret *key)
	_must_check_;

/*
 * Writes: each is one that a cut leaves undone or done. -EAGAIN if another process
 * wrote since @luks was read, -ENOSPC where there is no room, -EROFS, -EACCES.
 */
#define ENVOL_LUKS_NEW_TOKEN (-1)
int envol_luks_set_token(struct envol *ev, struct envol_luks *luks, int number,
			 const char *json) _must_check_;
/* By Argon2id, at a cost for a passphrase that cannot be guessed. */
int envol_luks_add_keyslot(struct envol *ev, struct envol_luks *luks,
			   unsigned int number, const struct envol_secret *key,
			   const struct envol_secret *passphrase) _must_check_;
int envol_luks_remove_keyslot(struct envol *ev, struct envol_luks *luks,
			      unsigned int number) _must_check_;

struct envol_luks_format {
	const char *path;		/* where the header goes */
	const char *data;		/* device of the data; NULL: behind the header */
	uint64_t data_offset;		/* bytes, of 4096 a multiple; 0 only with @data */
	unsigned int area_size;		/* bytes that the header may take */
	unsigned int sector_size;	/* bytes */
	const char *label, *subsystem, *uuid;
	bool discards;
};

/*
 * A new header with keyslot 0 for @passphrase and no token. What lay where it goes
 * is wiped first, so that no copy of an older header comes back. -EBUSY if the
 * device is in use.
 */
int envol_luks_format(struct envol *ev, const struct envol_luks_format *format,
		      const struct envol_secret *key,
		      const struct envol_secret *passphrase) _must_check_;

/* The header and its keyslots into @file, which must not be there, and back. */
int envol_luks_backup(struct envol *ev, struct envol_luks *luks, const char *file)
	_must_check_;
/*
 * At every moment the header on @path is the old one or that of the file, if one of its
 * copies was good. -EBADMSG for a file whose copies are not both good; -EBUSY if
 * what lies there is not what it @was, which NULL leaves open.
 */
int envol_luks_restore(struct envol *ev, const char *path, const char *file,
		       const struct envol_copies *was) _must_check_;
