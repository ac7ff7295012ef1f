/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The host that gives out access tokens, and a customer's tenant there. Both come from
 * configuration and are checked to be no more than a host and a tenant, since a
 * credential is sent to what they add up to. Pure.
 */
#pragma once

#include "userspace/lib/internal.h"

#define ENVOL_AUTHORITY_HOST_SIZE 300	/* host:port */
#define ENVOL_AUTHORITY_TENANT_SIZE 256
#define ENVOL_AUTHORITY_URL_SIZE 640

struct envol_authority {
	char host[ENVOL_AUTHORITY_HOST_SIZE];		/* lower case */
	char tenant[ENVOL_AUTHORITY_TENANT_SIZE];	/* a GUID or a domain, lower case */
	char token_url[ENVOL_AUTHORITY_URL_SIZE];
};

/*
 * @text, an https URL of a host alone, or where it is NULL what @cloud (public, china,
 * usgov) has. -EINVAL with the name of the setting that is wrong.
 */
int envol_authority_init(struct envol *ev, const char *cloud, const char *text,
			 const char *tenant, struct envol_authority *authority)
	_must_check_;

/* 8-4-4-4-12 hex digits: how applications, objects and most tenants are named. */
bool envol_authority_is_guid(const char *text);
