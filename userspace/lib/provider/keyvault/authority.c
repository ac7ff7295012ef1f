// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/uri.h"
#include "userspace/lib/provider/keyvault/authority.h"

#define GUID_LEN 36

static const struct {
	const char *cloud, *host;
} clouds[] = {
	{ "public", "login.microsoftonline.com" },
	{ "china", "login.chinacloudapi.cn" },
	{ "usgov", "login.microsoftonline.us" },
};

bool envol_authority_is_guid(const char *text)
{
	size_t i;

	if (strlen(text) != GUID_LEN)
		return false;
	for (i = 0; i < GUID_LEN; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return false;
	}
	return true;
}

/* Labels of letters, digits and dashes, at least two. */
static bool is_domain(const char *text)
{
	size_t dots = 0, label = 0, i;

	for (i = 0; text[i]; i++) {
		if (text[i] == '.') {
			if (!label || text[i - 1] == '-')
				return false;
			dots++;
			label = 0;
			continue;
		}
		if (!isalnum((unsigned char)text[i]) &&
		    (text[i] != '-' || !label))
			return false;
		if (++label > 63)
			return false;
	}
	return dots && label && text[i - 1] != '-' && i <= 253;
}

static void lower(char *text)
{
	for (; *text; text++)
		*text = tolower((unsigned char)*text);
}

static int set_tenant(struct envol *ev, const char *tenant,
		      struct envol_authority *authority)
{
	if (!tenant)
		return envol_error(ev, -EINVAL,
				   "no tenant is set: put tenant = ID into section [https] of envol.conf");
	if (!envol_authority_is_guid(tenant) && !is_domain(tenant))
		return envol_error(ev, -EINVAL,
				   "tenant \"%.80s\" of [https] is neither an id (8-4-4-4-12 hex digits) nor a domain",
				   tenant);
	snprintf(authority->tenant, sizeof(authority->tenant), "%s", tenant);
	lower(authority->tenant);
	return 0;
}

static int set_host(struct envol *ev, const char *text,
		    struct envol_authority *authority)
{
	struct envol_uri uri;
	const char *why;

	if (envol_uri_parse(&uri, text, &why))
		return envol_error(ev, -EINVAL,
				   "authority \"%.200s\" of [https] %s", text,
				   why);
	if (strcmp(uri.scheme, "https") != 0 || !*uri.host)
		return envol_error(ev, -EINVAL,
				   "authority \"%.200s\" of [https] is no https:// URL: credentials are sent there",
				   text);
	if ((*uri.path && strcmp(uri.path, "/") != 0) || strchr(text, '?'))
		return envol_error(ev, -EINVAL,
				   "authority \"%.200s\" of [https] is more than https://HOST: the tenant is a setting of its own",
				   text);
	if (!is_domain(uri.host) && strcmp(uri.host, "localhost") != 0 &&
	    strspn(uri.host, "0123456789.") != strlen(uri.host))
		return envol_error(ev, -EINVAL,
				   "authority \"%.200s\" of [https] has no host name",
				   text);
	if (uri.port && uri.port != 443)
		snprintf(authority->host, sizeof(authority->host), "%s:%u",
			 uri.host, uri.port);
	else
		snprintf(authority->host, sizeof(authority->host), "%s",
			 uri.host);
	return 0;
}

static int set_cloud(struct envol *ev, const char *cloud,
		     struct envol_authority *authority)
{
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(clouds); i++) {
		if (strcmp(cloud, clouds[i].cloud) != 0)
			continue;
		snprintf(authority->host, sizeof(authority->host), "%s",
			 clouds[i].host);
		return 0;
	}
	return envol_error(ev, -EINVAL,
			   "cloud \"%.80s\" of [https] has no known authority: set authority = https://HOST",
			   cloud);
}

int envol_authority_init(struct envol *ev, const char *cloud, const char *text,
			 const char *tenant, struct envol_authority *authority)
{
	int err;

	memset(authority, 0, sizeof(*authority));
	err = text ? set_host(ev, text, authority) :
		     set_cloud(ev, cloud ? cloud : "public", authority);
	if (!err)
		err = set_tenant(ev, tenant, authority);
	if (err)
		return err;
	snprintf(authority->token_url, sizeof(authority->token_url),
		 "https://%s/%s/oauth2/v2.0/token", authority->host,
		 authority->tenant);
	return 0;
}
