// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/keyvault/scheme.h"
#include "userspace/lib/provider/provider.h"

#define ALNUM "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define HTTPS_PORT 443

static const struct cloud {
	const char *name;
	const char *vault, *hsm;	/* what follows the first label of a host */
	const char *vault_resource, *hsm_resource;
} clouds[] = {
	{ "public", "vault.azure.net", "managedhsm.azure.net",
	  "https://vault.azure.net", "https://managedhsm.azure.net" },
	{ "china", "vault.azure.cn", "managedhsm.azure.cn",
	  "https://vault.azure.cn", "https://managedhsm.azure.cn" },
	{ "usgov", "vault.usgovcloudapi.net", "managedhsm.usgovcloudapi.net",
	  "https://vault.usgovcloudapi.net",
	  "https://managedhsm.usgovcloudapi.net" },
};

static const char *setting(const struct envol *ev, const char *host,
			   const char *key)
{
	return envol_setting(ev, ENVOL_KEYVAULT_SCHEME, host, key);
}

static const struct cloud *find_cloud(const struct envol *ev, const char *host)
{
	const char *name = setting(ev, host, "cloud");
	size_t i;

	for (i = 0; name && i < ENVOL_ARRAY_SIZE(clouds); i++)
		if (strcmp(name, clouds[i].name) == 0)
			return &clouds[i];
	return &clouds[0];
}

/* One label of 3 to 24 letters, digits and dashes in front of ".@suffix". */
static bool is_under(const char *host, const char *suffix)
{
	size_t label = strspn(host, ALNUM "-");

	return label >= 3 && label <= 24 && host[label] == '.' &&
	       strcmp(host + label + 1, suffix) == 0;
}

bool envol_keyvault_is_hsm(const struct envol *ev, const char *host)
{
	const char *kind = setting(ev, host, "kind");
	const struct cloud *cloud = find_cloud(ev, host);

	if (is_under(host, cloud->vault))
		return false;
	return is_under(host, cloud->hsm) ||
	       (kind && strcmp(kind, "managed-hsm") == 0);
}

const char *envol_keyvault_resource(const struct envol *ev, const char *host)
{
	const struct cloud *cloud = find_cloud(ev, host);

	return envol_keyvault_is_hsm(ev, host) ? cloud->hsm_resource :
						 cloud->vault_resource;
}

static bool is_listed(const char *list, const char *host)
{
	static const char between[] = " \t,";
	size_t len = strlen(host), n;

	for (; *list; list += n) {
		list += strspn(list, between);
		n = strcspn(list, between);
		if (n == len && strncasecmp(list, host, n) == 0)
			return true;
	}
	return false;
}

int envol_keyvault_check_host(struct envol *ev, const char *host)
{
	const struct cloud *cloud = find_cloud(ev, host);
	const char *hosts = setting(ev, NULL, "hosts");

	if (is_under(host, cloud->vault) || is_under(host, cloud->hsm) ||
	    (hosts && is_listed(hosts, host)))
		return 0;
	return envol_error(ev, -EACCES,
			   "%s is no host of the %s cloud's vaults (.%s, .%s); set cloud in the section [https], or hosts if it is to be trusted",
			   host, cloud->name, cloud->vault, cloud->hsm);
}

/* ---- identifiers ----------------------------------------------------------------- */

bool envol_keyvault_is_version(const char *text)
{
	return strlen(text) == ENVOL_KEYVAULT_VERSION_SIZE - 1 &&
	       strspn(text, "0123456789abcdefABCDEF") == strlen(text);
}

static const char *split_path(struct envol_keyvault_id *id, const char *path)
{
	size_t len, i;

	if (strncasecmp(path, "/keys/", 6) != 0)
		return "has another path than /keys/NAME";
	path += 6;
	len = strcspn(path, "/");
	if (len == 0 || len >= sizeof(id->name) ||
	    strspn(path, ALNUM "-") < len)
		return "has a name that no key has: 1 to 127 of 0-9 A-Z a-z -";
	memcpy(id->name, path, len);
	path += len;
	if (!*path || strcmp(path, "/") == 0)
		return NULL;
	if (!envol_keyvault_is_version(path + 1))
		return "has something else than a version behind the name: 32 hex digits";
	for (i = 0; path[1 + i]; i++)
		id->version[i] = tolower((unsigned char)path[1 + i]);
	return NULL;
}

static const char *split(struct envol_keyvault_id *id,
			 const struct envol_uri *uri)
{
	size_t len = strlen(uri->host);

	if (strcmp(uri->scheme, ENVOL_KEYVAULT_SCHEME) != 0)
		return "is not https";
	if (len == 0 || strspn(uri->host, ALNUM "-.") != len)
		return "has no name of a host";
	if (strchr(uri->text, '?'))
		return "has a query";
	if (uri->port && uri->port != HTTPS_PORT)
		snprintf(id->host, sizeof(id->host), "%s:%u", uri->host,
			 uri->port);
	else
		strcpy(id->host, uri->host);
	return split_path(id, uri->path);
}

int envol_keyvault_split(struct envol_keyvault_id *id,
			 const struct envol_uri *uri, const char **why)
{
	memset(id, 0, sizeof(*id));
	*why = split(id, uri);
	return *why ? -EINVAL : 0;
}

int envol_keyvault_parse(struct envol_keyvault_id *id, const char *text,
			 const char **why)
{
	struct envol_uri uri;
	int err = envol_uri_parse(&uri, text, why);

	return err ? err : envol_keyvault_split(id, &uri, why);
}

bool envol_keyvault_is_same_key(const struct envol_keyvault_id *a,
				const struct envol_keyvault_id *b)
{
	return strcasecmp(a->host, b->host) == 0 &&
	       strcasecmp(a->name, b->name) == 0;
}

/*
 * Without the version, so that an identifier pasted from the portal will do: what
 * wraps is the newest, what unwraps is the one that wrapped.
 */
static int keyvault_canonical(struct envol *ev, const struct envol_uri *uri,
			      char **text)
{
	struct envol_keyvault_id id;
	const char *why;
	int err;

	if (envol_keyvault_split(&id, uri, &why))
		return envol_error(ev, -EINVAL,
				   "KEK %.200s: the URI %s; a key is https://VAULT.vault.azure.net/keys/NAME",
				   uri->text, why);
	err = envol_keyvault_check_host(ev, id.host);
	if (err)
		return envol_error_while(ev, err, "KEK %.200s", uri->text);
	if (asprintf(text, "https://%s/keys/%s", id.host, id.name) < 0)
		return envol_error(ev, -ENOMEM, "out of memory");
	return 0;
}

/* ---- sections --------------------------------------------------------------------- */

static int keyvault_subject(struct envol *ev, const char *text,
			    char **canonical)
{
	struct envol_keyvault_id id;
	_cleanup_free_ char *uri = NULL;
	const char *why;

	if (asprintf(&uri, "https://%s/keys/x", text) < 0) {
		uri = NULL;
		return envol_error(ev, -ENOMEM, "out of memory");
	}
	if (strchr(text, '/') || envol_keyvault_parse(&id, uri, &why))
		return envol_error(ev, -EINVAL,
				   "\"%.200s\" is no host of a vault", text);
	*canonical = strdup(id.host);
	return *canonical ? 0 : envol_error(ev, -ENOMEM, "out of memory");
}

static const char *const cloud_words[] = { "public", "china", "usgov", NULL };
static const char *const kind_words[] = { "vault", "managed-hsm", NULL };
static const char *const wrap_words[] = { "local", "remote", NULL };
static const char *const algorithm_words[] = { "RSA-OAEP-256", "RSA-OAEP",
					       NULL };
static const char *const type_words[] = { "RSA", "RSA-HSM", "oct-HSM", NULL };
static const char *const identity_words[] = { "secret", "certificate",
					      "workload", "managed", "arc",
					      "app-service", NULL };

#define TEXT(name, say) { .key = name, .kind = ENVOL_SETTING_TEXT, .help = say }
#define WORD(name, list, say) \
	{ .key = name, .kind = ENVOL_SETTING_TEXT, .words = list, .help = say }
#define PATH(name, say) { .key = name, .kind = ENVOL_SETTING_FILE, .help = say }
#define SECRET(name, say) \
	{ .key = name, .kind = ENVOL_SETTING_FILE, .help = say, .is_secret = true }

static const struct envol_setting_rule settings[] = {
	WORD("cloud", cloud_words, "whose hosts, audiences and authority hold"),
	TEXT("restore_host", "vault that keys are restored into"),
	PATH("backup_directory", "directory that keys are backed up into when they are made or rotated"),
	TEXT("hosts", "further hosts of vaults that are trusted, as HOST or HOST:PORT"),
	WORD("kind", kind_words, "what a host in hosts is"),
	PATH("ca_file", "authorities (PEM) trusted besides the system's"),
	TEXT("proxy", "http://HOST:PORT that reaches vault and authority; none"),
	TEXT("api_version", "of requests to the vault"),
	WORD("wrap", wrap_words, "RSA: with the public key here, or by the service"),
	WORD("algorithm", algorithm_words, "RSA: of new wraps"),
	WORD("key_type", type_words, "of keys that are created"),
	{ .key = "key_size", .kind = ENVOL_SETTING_NUMBER, .min = 2048,
	  .max = 4096, .help = "bits of RSA keys that are created" },
	WORD("identity", identity_words, "where access tokens come from"),
	TEXT("tenant", "directory of the identity"),
	TEXT("client_id", "application, or user-assigned managed identity"),
	TEXT("object_id", "of a user-assigned managed identity"),
	TEXT("resource_id", "of a user-assigned managed identity"),
	SECRET("client_secret_file", "of identity secret"),
	SECRET("certificate_file", "of identity certificate: PEM with its key"),
	{ .key = "federated_token_file", .kind = ENVOL_SETTING_FILE,
	  .is_secret = true, .help = "of identity workload",
	  .unsealable = "others renew it" },
	TEXT("authority", "https://HOST that gives tokens, where it is not the cloud's"),
	SECRET("identity_header_file", "of identity app-service"),
	TEXT("identity_endpoint", "http://HOST[:PORT] of a managed identity, where it is not the usual one"),
};

ENVOL_SCHEME(keyvault) = {
	.scheme = ENVOL_KEYVAULT_SCHEME,
	.summary = "keys of Azure Key Vault and Managed HSM",
	.package = "envol-keyvault",
	.is_remote = true,
	.backup_start = ENVOL_KEYVAULT_BACKUP_START,
	.canonical = keyvault_canonical,
	.settings = settings,
	.n_settings = ENVOL_ARRAY_SIZE(settings),
	.subject = keyvault_subject,
};
