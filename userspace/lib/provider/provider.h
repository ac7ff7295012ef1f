/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The contract of a provider: code that reaches KEKs. A directory beside this file
 * is one, and nothing else has to be changed to add it. It has two halves, each
 * put into a table that the linker makes:
 *
 * scheme.c	ENVOL_SCHEME(): what its URIs look like. Pure, and part of the library.
 * the rest	ENVOL_PROVIDER(): what reaches a KEK. Linked into a program
 *		of its own, so that no caller (cryptsetup, say, by way of our token
 *		plugin) loads a vendor's or a network library.
 *
 * The methods run in a process of their own, one operation each, and may leave
 * cleaning to its end, but for key bytes: those live in struct envol_secret, or
 * where a library must see them, which the call then says. A provider does not
 * retry, prompt, log secrets or remember anything; it keeps to the deadline as far
 * as its libraries let it (the caller ends the process where they do not).
 *
 * Errors are those over envol_key_create() in envol.h, with a sentence that gives
 * the cause and what to do; the caller puts the operation and the KEK's URI before
 * it. -ETIMEDOUT, -EHOSTUNREACH and -EAGAIN alone are tried again.
 *
 * @uri has been split and is canonical. NULL stands for a method that a provider
 * does not have. Credentials are found by what the host's configuration says
 * (settings.h, credential.h), never by what is in a URI: a URI may come from a disk
 * that somebody else wrote.
 */
#pragma once

#include "userspace/lib/base/deadline.h"
#include "userspace/lib/base/uri.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/provider/kek.h"
#include "userspace/lib/provider/settings.h"

struct envol_scheme {
	const char *scheme;	/* lower case */
	const char *summary;	/* one line for `envol provider list` */
	const char *package;	/* that brings its program; NULL: it is of none */
	bool is_remote;		/* its KEKs are reached over the network */
	/*
	 * How its backups begin, where what keeps the keys has encrypted them for itself and
	 * no passphrase goes in; NULL.
	 */
	const char *backup_start;
	bool is_of_host;	/* its KEKs lie on this host: none is disabled elsewhere */
	/* See envol_kek_canonical(): the URI's one spelling, malloc'ed. */
	int (*canonical)(struct envol *ev, const struct envol_uri *uri,
			 char **text);
	/*
	 * What its sections of envol.conf may say. Without @subject they have none;
	 * else it gives a subject's one spelling, malloc'ed, or -EINVAL.
	 */
	const struct envol_setting_rule *settings;
	size_t n_settings;
	int (*subject)(struct envol *ev, const char *text, char **canonical);
	/* Whose PIN a KEK takes, malloc'ed; the same for all it opens. NULL: none does. */
	int (*pin_holder)(struct envol *ev, const struct envol_uri *uri,
			  char **holder);
};

struct envol_kek;	/* the provider's own */

struct envol_provider {
	const char *scheme;

	/* A KEK that is there, to be used by the next nine. */
	int (*open)(struct envol *ev, const struct envol_uri *uri,
		    struct envol_deadline deadline, struct envol_kek **kek);
	void (*close)(struct envol_kek *kek);
	/* Fill @info but for the URI; strings are malloc'ed. */
	int (*describe)(struct envol_kek *kek, struct envol_key_info *info);
	int (*wrap)(struct envol_kek *kek,
		    const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
		    const struct envol_secret *key,
		    struct envol_wrapped *wrapped);
	int (*unwrap)(struct envol_kek *kek,
		      const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
		      const struct envol_wrapped *wrapped,
		      struct envol_secret *key);
	int (*rotate)(struct envol_kek *kek);
	/* @version NULL: all of them */
	int (*enable)(struct envol_kek *kek, const char *version, bool enabled);
	/* A file's content from which restore() makes the key again, all versions; see backup_start. */
	int (*backup)(struct envol_kek *kek,
		      const struct envol_secret *passphrase,
		      struct envol_blob *file);

	/*
	 * Up to ENVOL_KEK_KEY_MAX bytes, at least 32, of the generator of whatever keeps
	 * the KEK. They are mixed with ours and never trusted.
	 */
	int (*random)(struct envol_kek *kek, struct envol_secret *bytes);

	/* See envol_pkcs11_sign(): who proves with a key here who he is to another provider. */
	int (*sign)(struct envol_kek *kek, const char *algorithm,
		    const struct envol_blob *digest, struct envol_blob *signature);

	int (*create)(struct envol *ev, const struct envol_uri *uri,
		      struct envol_deadline deadline);
	/* A new key from what its owner brings, in a form that the provider knows. */
	int (*import)(struct envol *ev, const struct envol_uri *uri,
		      const struct envol_secret *file,
		      struct envol_deadline deadline);
	/*
	 * All of them, with their URIs, in a malloc'ed array. One that can't be
	 * described has no type, and the reason in its protection.
	 */
	int (*list)(struct envol *ev, struct envol_deadline deadline,
		    struct envol_key_info **infos, size_t *n_infos);
	/*
	 * Have what protects its keys sealed anew, see envol_key_reseal(). info->protection
	 * says what came of it, info->recovery what that is not worth.
	 */
	int (*reseal)(struct envol *ev, const struct envol_key_reseal *how,
		      struct envol_deadline deadline,
		      struct envol_key_info *info);
	/*
	 * A small secret of @setting (SCHEME.KEY) as a file that opens on this host alone
	 * (@how: policy, boot), and for nothing else; and back.
	 */
	int (*seal)(struct envol *ev, const char *setting,
		    const struct envol_secret *content,
		    const struct envol_key_reseal *how, struct envol_blob *file);
	int (*unseal)(struct envol *ev, const char *setting,
		      const struct envol_blob *file,
		      struct envol_secret *content);
	/* See envol_provider_lock(). */
	int (*lock)(struct envol *ev, struct envol_deadline deadline);
	/*
	 * -EMEDIUMTYPE for a file that backup() did not make; *@uri says which KEK
	 * it became.
	 */
	int (*restore)(struct envol *ev, const struct envol_blob *file,
		       const struct envol_secret *passphrase, bool replace,
		       struct envol_deadline deadline, char **uri);
};

#define ENVOL_SCHEME(name)                                                      \
	static const struct envol_scheme name##_scheme;                         \
	static const struct envol_scheme *const name##_scheme_entry             \
		__attribute__((used, section("envol_schemes"))) =               \
			&name##_scheme;                                         \
	static const struct envol_scheme name##_scheme

#define ENVOL_PROVIDER(name)                                                    \
	static const struct envol_provider name##_provider;                     \
	static const struct envol_provider *const name##_provider_entry         \
		__attribute__((used, section("envol_providers"))) =             \
			&name##_provider;                                       \
	static const struct envol_provider name##_provider

/* By scheme; NULL if nobody serves it. */
const struct envol_scheme *envol_registry_scheme(const char *scheme);

/* The same in the program of a provider, which has that one; elsewhere there is none. */
const struct envol_provider *envol_registry_provider(const char *scheme);

/* All of them, one after the other from NULL on; NULL at the end. */
const struct envol_provider *
envol_registry_next(const struct envol_provider *provider);
