/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of identity share. */
#pragma once

#include "userspace/lib/provider/keyvault/authority.h"
#include "userspace/lib/provider/keyvault/grant.h"
#include "userspace/lib/provider/keyvault/identity.h"

struct envol_identity_kind {
	const char *name;
	const char *credential;	/* the setting of the file that proves it; NULL: the machine does */
	bool takes_claims;	/* what a token is to say can be asked for */
	/* The settings, once. */
	int (*check)(struct envol_identity *identity);
	int (*fetch)(struct envol_identity *identity, const char *resource,
		     struct envol_deadline deadline, struct envol_grant *grant);
};

struct envol_identity {
	struct envol *ev;
	char *host;			/* of the vault */
	struct envol_http *http;	/* the caller's */
	const struct envol_identity_kind *kind;
	struct envol_authority authority;	/* of the kinds of Entra ID */
	char *endpoint;			/* of the others */

	char *claims;			/* that the next token is to have; NULL */
	/* The last one, and until when it is good. */
	struct envol_secret token;
	char *resource;
	int64_t until_ms;
};

/*
 * The setting, or NULL, for as long as @ev lives. A vault whose section has an identity of
 * its own takes none of the others' credentials, and sends its own to no authority of theirs.
 */
const char *envol_identity_setting(const struct envol_identity *identity,
				   const char *key);

/* identity_entra.c: by a secret, a certificate or another's token, from Entra ID. */
extern const struct envol_identity_kind envol_identity_entra_secret,
	envol_identity_entra_certificate, envol_identity_entra_workload;

/* identity_machine.c: of the machine, from an address on it. */
extern const struct envol_identity_kind envol_identity_machine_managed,
	envol_identity_machine_app_service, envol_identity_machine_arc;
