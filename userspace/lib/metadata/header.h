/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An envol header on a device or in a file: LUKS2, with a token. The volume key of
 * LUKS2 is the DEK; its digest proves an unwrapped one, and the token's seal proves
 * the header.
 */
#pragma once

#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/metadata/copies.h"
#include "userspace/lib/metadata/token.h"

struct envol_header;	/* private: a LUKS2 header as it was read, and what it says */

/* Strings live as long as the header. */
struct envol_header_info {
	const char *device;		/* with the data, as a path */
	const char *header;		/* detached, or NULL */
	const char *uuid, *label, *cipher;
	unsigned int key_size, sector_size;	/* bytes */
	uint64_t data_offset, data_size;	/* bytes, on @device; the size is rounded down to sectors of @sector_size */
	uint64_t iv_offset;		/* sectors */
	bool discards;			/* persistent flag allow-discards */
	bool recovery;			/* a keyslot besides ENVOL_TOKEN_KEYSLOT */
};

/* Bytes that both copies and the keyslots take at most; data may begin there. */
#define ENVOL_HEADER_SIZE (4u << 20)

struct envol_header_format {
	const char *device, *header;	/* as in struct envol_volume_format */
	unsigned int key_size, sector_size;	/* bytes, chosen */
	uint64_t data_offset;	/* bytes; at least ENVOL_HEADER_SIZE, or 0 with @header */
	const char *label, *uuid;	/* NULL: none, random */
	bool discards;
};

/*
 * Read the header of @device, or the detached @header. A copy that is damaged is
 * repaired from the other, which is logged; where it can't be, as on a read-only
 * device, the good one is used. -ENOENT, -EACCES, -ENODEV; -ENODATA for a device
 * without LUKS2 or without our token (the sentence says which, and of a format
 * that was cut short); -EBADMSG where both copies are damaged, there is more than
 * one token of ours, the device ends before its data begins, or anything is not as
 * envol makes it: segment, digest, a keyslot's area cipher; -EPROTONOSUPPORT for
 * requirements (a reencryption under way) and a newer version of the token; -EBUSY
 * where another process holds the lock of the header for too long.
 */
int envol_header_open(struct envol *ev, const char *device, const char *header,
		      struct envol_header **h) _must_check_;

/*
 * The header that another program has read, see envol_luks_borrow(), by the same
 * checks but for damaged copies, which it has seen to. It is never written.
 */
struct crypt_device;
int envol_header_borrow(struct envol *ev, struct crypt_device *cd,
			struct envol_header **h) _must_check_;
bool envol_header_is_borrowed(const struct envol_header *h);
/* The number of its token. */
unsigned int envol_header_token_number(const struct envol_header *h);

void envol_header_close(struct envol_header *h);	/* NULL is fine */
#define _cleanup_header_ _cleanup_(envol_header_close_ptr)
static inline void envol_header_close_ptr(struct envol_header **h)
{
	envol_header_close(*h);
}

const struct envol_header_info *envol_header_info(const struct envol_header *h);
const struct envol_token *envol_header_token(const struct envol_header *h);

/*
 * -EPERM if @dek is not the volume's (digest); -EBADMSG if the token's MAC is not
 * of this DEK, or a sealed value differs from the header in @h, which the
 * sentence names. Until this has returned 0 nothing in the header is to be
 * believed. Whatever writes makes this check first.
 */
int envol_header_verify(struct envol *ev, struct envol_header *h,
			const struct envol_secret *dek) _must_check_;

/*
 * What of that can be told before there is a key: -EINVAL for what no header can
 * have, -ENOSPC for a device that is too small.
 */
int envol_header_check_format(struct envol *ev,
			      const struct envol_header_format *format)
	_must_check_;

/*
 * Write a new header for @dek, which has format->key_size bytes, with @token's
 * wraps, policy and volume id (which the wraps are bound to); generation 1 is set
 * here. What was on the device is overwritten only when all that can be checked has
 * been. The order of writes leaves no valid envol header behind if it is cut short.
 */
int envol_header_format(struct envol *ev, const struct envol_header_format *format,
			const struct envol_secret *dek, struct envol_token *token,
			struct envol_header **h) _must_check_;

/*
 * Replace the token by @token (see envol_token_copy()), sealed anew under @dek with
 * the next generation, in one header write; @token gets what was written and
 * envol_header_token() is a copy of it. -EAGAIN if another process wrote the header
 * since @h was opened: close, open again and redo; from then on @h is good for
 * reading alone. -ENOSPC if it does not fit; the header is intact.
 */
int envol_header_store(struct envol *ev, struct envol_header *h,
		       const struct envol_secret *dek, struct envol_token *token)
	_must_check_;

/*
 * A keyslot (Argon2id) for @passphrase, which must be random, or its removal;
 * sealed and stored as above. -EEXIST, -ENOENT. These are several writes: a cut
 * between them leaves a header that opens, and a keyslot that the token calls
 * pending; doing either again finishes it.
 */
int envol_header_add_recovery(struct envol *ev, struct envol_header *h,
			      const struct envol_secret *dek,
			      const struct envol_secret *passphrase) _must_check_;
int envol_header_remove_recovery(struct envol *ev, struct envol_header *h,
				 const struct envol_secret *dek) _must_check_;

/* The DEK by the passphrase of a recovery keyslot. -EPERM; -ENOENT if there is none. */
int envol_header_recover(struct envol *ev, struct envol_header *h,
			 const struct envol_secret *passphrase,
			 struct envol_secret *dek) _must_check_;

/*
 * The whole header area into a new file, mode 0400, -EEXIST; and from one. Such a file
 * can be opened as a detached header, to see what it is. A restore that is cut short
 * leaves the old header or the new one, and keyslots of either: it is to be done
 * again. -EBUSY if the copies there are not what they @was, which NULL leaves open.
 * See envol_header_restore().
 */
int envol_header_save(struct envol *ev, struct envol_header *h, const char *file)
	_must_check_;
int envol_header_load(struct envol *ev, const char *device, const char *header,
		      const char *file, const struct envol_copies *was)
	_must_check_;
