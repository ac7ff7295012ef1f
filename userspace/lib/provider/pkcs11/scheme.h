/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * pkcs11: URIs (RFC 7512), of which only what tells one key from another is taken:
 * what would load a module, give a PIN or choose a slot is the host's to say. Pure.
 */
#pragma once

#include "userspace/lib/internal.h"

/* In the order of the one spelling. Those before OBJECT are a token's. */
enum envol_pkcs11_attribute {
	ENVOL_PKCS11_TOKEN,
	ENVOL_PKCS11_MANUFACTURER,
	ENVOL_PKCS11_SERIAL,
	ENVOL_PKCS11_MODEL,
	ENVOL_PKCS11_OBJECT,
	ENVOL_PKCS11_ID,
	ENVOL_PKCS11_TYPE,
	ENVOL_PKCS11_ATTRIBUTES
};

#define ENVOL_PKCS11_VALUE_MAX 255

/* Bytes as they are in the token, blanks at the end of a token's fields cut off. */
struct envol_pkcs11_value {
	char bytes[ENVOL_PKCS11_VALUE_MAX + 1];	/* a NUL behind them */
	size_t len;				/* 0: not named */
};

struct envol_pkcs11_name {
	struct envol_pkcs11_value values[ENVOL_PKCS11_ATTRIBUTES];
};

/*
 * "token=a;object=b", what stands behind "pkcs11:", as the name of a key. -EINVAL
 * with the reason; a name without token= and serial=, or without object= and id=,
 * is none.
 */
int envol_pkcs11_parse(struct envol *ev, const char *text,
		       struct envol_pkcs11_name *name) _must_check_;

/* The same for a token: only a token's attributes, serial= among them. */
int envol_pkcs11_parse_token(struct envol *ev, const char *text,
			     struct envol_pkcs11_name *name) _must_check_;

/* The one spelling of the first @n attributes, malloc'ed, behind @prefix. -ENOMEM. */
int envol_pkcs11_format(struct envol *ev, const char *prefix,
			const struct envol_pkcs11_name *name, size_t n,
			char **text) _must_check_;

/* Do both name the same token, as far as both tell? */
bool envol_pkcs11_is_compatible(const struct envol_pkcs11_name *a,
				const struct envol_pkcs11_name *b);
