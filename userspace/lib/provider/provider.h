/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The contract of a provider: code that reaches KEKs. A directory beside this file
 * is one, and nothing else has to be changed to add it: ENVOL_PROVIDER() puts it
 * into a table that the linker makes.
 *
 * All methods run in the program envol-kek, one a process, and may leave cleaning
 * to its end, but for key bytes: those live in struct envol_secret, or where a
 * library must see them, which the call then says. A provider does not retry,
 * prompt, log secrets or remember anything; it keeps to the deadline as far as its
 * libraries let it (the caller ends the process where they do not). Errors are
 * those over envol_key_create() in envol.h, with a sentence that names the KEK,
 * the cause and what to do.
 *
 * @uri has been split and its scheme is the provider's own; what it means is for
 * the provider to check. NULL stands for a method that a provider does not have.
 */
#pragma once

#include "userspace/lib/internal.h"
#include "userspace/lib/provider/kek.h"
#include "userspace/lib/util/deadline.h"
#include "userspace/lib/util/uri.h"

struct envol_kek;	/* the provider's own */

struct envol_provider {
	const char *scheme;
	const char *summary;	/* one line for `envol provider list` */

	/* See envol_kek_canonical(). Pure: reaches nothing. */
	int (*canonical)(struct envol *ev, const struct envol_uri *uri, char **text);

	/* A KEK that is there, to be used by the next six. */
	int (*open)(struct envol *ev, const struct envol_uri *uri,
		    struct envol_deadline deadline, struct envol_kek **kek);
	void (*close)(struct envol_kek *kek);
	int (*describe)(struct envol_kek *kek, struct envol_key_info *info);
	int (*wrap)(struct envol_kek *kek, const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
		    const struct envol_secret *key, struct envol_wrapped *wrapped);
	int (*unwrap)(struct envol_kek *kek, const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
		      const struct envol_wrapped *wrapped, struct envol_secret *key);
	int (*rotate)(struct envol_kek *kek);
	/* @version NULL: all of them */
	int (*enable)(struct envol_kek *kek, const char *version, bool enabled);
	/* A file's content from which restore() makes the key again, all versions. */
	int (*backup)(struct envol_kek *kek, const struct envol_secret *passphrase,
		      struct envol_blob *file);

	int (*create)(struct envol *ev, const struct envol_uri *uri,
		      struct envol_deadline deadline);
	/* URIs, malloc'ed, in a malloc'ed array */
	int (*list)(struct envol *ev, struct envol_deadline deadline, char ***uris,
		    size_t *n_uris);
	/* *@uri says which KEK it became. */
	int (*restore)(struct envol *ev, const uint8_t *file, size_t len,
		       const struct envol_secret *passphrase, bool replace,
		       struct envol_deadline deadline, char **uri);
};

#define ENVOL_PROVIDER(name)                                                    \
	static const struct envol_provider name##_provider;                     \
	static const struct envol_provider *const name##_entry                  \
		__attribute__((used, section("envol_providers"))) =             \
			&name##_provider;                                       \
	static const struct envol_provider name##_provider

/* By scheme; NULL if nobody serves it. */
const struct envol_provider *envol_provider_find(const char *scheme);
