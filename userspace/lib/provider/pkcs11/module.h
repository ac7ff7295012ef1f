/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Modules of vendors, and the tokens that they show. */
#pragma once

#include <p11-kit/pkcs11.h>

#include "userspace/lib/internal.h"
#include "userspace/lib/provider/pkcs11/scheme.h"

#define ENVOL_PKCS11_LABEL_SIZE 160

struct envol_pkcs11_token {
	CK_FUNCTION_LIST *module;
	CK_SLOT_ID slot;
	CK_FLAGS flags;
	struct envol_pkcs11_name name;	/* all that it says of itself */
	char *subject;			/* of its section in envol.conf; NULL: it has none */
	char label[ENVOL_PKCS11_LABEL_SIZE];	/* for sentences */
};

void envol_pkcs11_token_free(struct envol_pkcs11_token *token);

/*
 * The one token that @name means, among those of the modules that the host's
 * settings have for it. -EHOSTUNREACH where it is not there, -ENOTUNIQ where it
 * could be several, -ENOPKG for no module, -ELIBBAD for one that can't be loaded.
 */
int envol_pkcs11_find_token(struct envol *ev,
			    const struct envol_pkcs11_name *name,
			    struct envol_pkcs11_token *token) _must_check_;

/* All of the settings' tokens, in a malloc'ed array; those of sections first. */
int envol_pkcs11_list_tokens(struct envol *ev,
			     struct envol_pkcs11_token **tokens, size_t *n)
	_must_check_;

/* What it says now: flags change with each wrong PIN. */
void envol_pkcs11_token_refresh(struct envol_pkcs11_token *token);
