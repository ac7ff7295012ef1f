/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Settings of providers: the sections [SCHEME] and [SCHEME SUBJECT] of envol.conf,
 * and what a caller sets. What a subject is (a vault's host, a token) the scheme says,
 * and so it does of the keys and their values, in a table of rules. They are checked
 * when they are set, and reach the provider with the request.
 *
 * The kinds are those of a value's text; it stays text.
 */
#pragma once

#include "userspace/lib/internal.h"

enum envol_setting_kind {
	ENVOL_SETTING_TEXT,
	ENVOL_SETTING_FILE,	/* absolute path, or credential:NAME, a systemd credential of the caller */
	ENVOL_SETTING_NUMBER,	/* decimal, from @min to @max */
	ENVOL_SETTING_BOOL,	/* yes, no */
	ENVOL_SETTING_KEY,	/* URI of a key in a token, pkcs11:…; kept in its one spelling */
};

struct envol_setting_rule {
	const char *key;
	enum envol_setting_kind kind;
	uint32_t min, max;		/* of a number */
	const char *const *words;	/* NULL: any text; else one of these, up to a NULL */
	const char *help;		/* one line */
	bool is_secret;			/* what is in the file; of a FILE */
	const char *unsealable;		/* why its file can't be one that the TPM sealed; NULL: it can */
};

struct envol_setting {
	char *scheme, *subject, *key, *value;	/* subject "": of all */
};

#define ENVOL_SETTINGS_MAX 1024u

#define ENVOL_SETTINGS_INIT { 0 }
void envol_settings_free(struct envol_settings *settings);

/*
 * Set, or set anew, as it is: no rule is asked. Copies. -ENOMEM, -E2BIG beyond
 * ENVOL_SETTINGS_MAX.
 */
int envol_settings_put(struct envol_settings *settings, const char *scheme,
		       const char *subject, const char *key, const char *value)
	_must_check_;

/* Copies of those of @scheme ("": of all) are added to @to. Errors as above. */
int envol_settings_copy(struct envol_settings *to,
			const struct envol_settings *from, const char *scheme)
	_must_check_;

/*
 * The value for @subject, else the one of all, else NULL; of all alone where
 * @subject is NULL or "". Lives as long as it is not set anew.
 */
const char *envol_setting(const struct envol *ev, const char *scheme,
			  const char *subject, const char *key);

/* The @i-th subject that @scheme has a section of, in their order; NULL behind the last. */
const char *envol_setting_subject(const struct envol *ev, const char *scheme,
				  size_t i);

/* envol_setting() of a key whose rule is ENVOL_SETTING_BOOL. */
bool envol_setting_is_yes(const struct envol *ev, const char *scheme,
			  const char *subject, const char *key);
