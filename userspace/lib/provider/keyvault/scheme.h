/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where keys of Key Vault and Managed HSM are: a host, which must be one of the
 * configured cloud's or named by `hosts`, and a name there. Pure, and part of the
 * library.
 */
#pragma once

#include "userspace/lib/base/uri.h"
#include "userspace/lib/internal.h"

/* The service's own file, as the portal and az give it: encrypted for the service alone. */
#define ENVOL_KEYVAULT_BACKUP_START "&AzureKeyVaultKeyBackupV1.microsoft.com"

#define ENVOL_KEYVAULT_SCHEME	    "https"
#define ENVOL_KEYVAULT_NAME_SIZE    128
#define ENVOL_KEYVAULT_VERSION_SIZE 33	/* 32 hex digits */
#define ENVOL_KEYVAULT_HOST_SIZE    264	/* host:port */

/* A key identifier, as the service makes them. */
struct envol_keyvault_id {
	char host[ENVOL_KEYVAULT_HOST_SIZE];	/* lower case; the port only where it is not 443 */
	char name[ENVOL_KEYVAULT_NAME_SIZE];
	char version[ENVOL_KEYVAULT_VERSION_SIZE];	/* lower case; "": none given */
};

/*
 * https://HOST[:PORT]/keys/NAME[/VERSION] and nothing else. -EINVAL, with @why (a
 * static sentence). Whether the host may be used is not asked.
 */
int envol_keyvault_split(struct envol_keyvault_id *id,
			 const struct envol_uri *uri, const char **why)
	_must_check_;
int envol_keyvault_parse(struct envol_keyvault_id *id, const char *text,
			 const char **why) _must_check_;

/* Names of hosts and keys are the same whatever their case; versions are not compared. */
bool envol_keyvault_is_same_key(const struct envol_keyvault_id *a,
				const struct envol_keyvault_id *b);

bool envol_keyvault_is_version(const char *text);

/*
 * May credentials be used with this host? -EACCES with what to set otherwise; also
 * -EINVAL where the settings that say so are wrong.
 */
int envol_keyvault_check_host(struct envol *ev, const char *host) _must_check_;

/* What tells the two services apart; a host of neither cloud is what `kind` says. */
bool envol_keyvault_is_hsm(const struct envol *ev, const char *host);

/* The audience of access tokens for @host: "https://vault.azure.net". */
const char *envol_keyvault_resource(const struct envol *ev, const char *host);
