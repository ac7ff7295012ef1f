// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/kmip/scheme.h"
#include "userspace/lib/provider/provider.h"

#define DEFAULT_PORT 5696
/* Never escaped (RFC 3986, 2.3); all else always is. */
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"

static bool is_host(const char *host)
{
	size_t len = strlen(host);

	if (*host == '[')
		return len > 3 && host[len - 1] == ']' &&
		       strspn(host + 1, "0123456789abcdef:.") == len - 2;
	return len > 0 && strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-._") == len;
}

static int set_place(struct envol *ev, const struct envol_uri *uri,
		     struct envol_kmip_place *place)
{
	if (!is_host(uri->host))
		return envol_error(ev, -EINVAL, "%.200s: \"%.80s\" is no host", uri->text,
				   uri->host);
	strcpy(place->host, uri->host);
	place->port = uri->port ? uri->port : DEFAULT_PORT;
	snprintf(place->subject, sizeof(place->subject), "%s:%u", place->host,
		 place->port);
	return 0;
}

int envol_kmip_scheme_place(struct envol *ev, const char *text,
			    struct envol_kmip_place *place)
{
	char whole[ENVOL_URI_MAX];
	struct envol_uri uri;
	const char *why;

	if (snprintf(whole, sizeof(whole), "kmip://%s", text) >= (int)sizeof(whole))
		return envol_error(ev, -EINVAL, "%.80s…: too long for HOST:PORT", text);
	if (envol_uri_parse(&uri, whole, &why))
		return envol_error(ev, -EINVAL, "%.200s: it %s; a server is HOST or HOST:PORT",
				   text, why);
	if (*uri.path || strchr(whole, '?'))
		return envol_error(ev, -EINVAL, "%.200s: a server is HOST or HOST:PORT", text);
	return set_place(ev, &uri, place);
}

static int is_shown(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

/* A path of one identifier, or no path but "/" and a query with a name and nothing else. */
static bool parse_key(const struct envol_uri *uri, struct envol_kmip_id *id)
{
	const char *path = uri->path + (*uri->path == '/');
	bool has_query = strchr(uri->text, '?');
	int err;

	if (*uri->path != '/' && *uri->path)
		return false;
	if (!has_query)
		err = envol_uri_decode(id->uid, sizeof(id->uid), path);
	else if (*path || strchr(uri->query, '&'))
		return false;
	else
		err = envol_uri_attribute(uri->query, '&', "name", id->name,
					  sizeof(id->name));
	return !err && (*id->uid || *id->name) && is_shown(id->uid) && is_shown(id->name) &&
	       !strchr(path, '/');
}

int envol_kmip_scheme_parse(struct envol *ev, const struct envol_uri *uri,
			    struct envol_kmip_id *id)
{
	int err;

	*id = (struct envol_kmip_id){ 0 };
	err = set_place(ev, uri, &id->place);
	if (err)
		return err;
	if (!parse_key(uri, id))
		return envol_error(ev, -EINVAL,
				   "KEK %.200s: a key of a KMIP server is kmip://HOST/IDENTIFIER or kmip://HOST/?name=NAME, either of 1 to %d printable characters",
				   uri->text, ENVOL_KMIP_ID_SIZE - 1);
	return 0;
}

static char *put_escaped(char *out, const char *text)
{
	for (; *text; text++)
		if (strchr(PLAIN, *text))
			*out++ = *text;
		else
			out += sprintf(out, "%%%02X", (unsigned char)*text);
	*out = 0;
	return out;
}

int envol_kmip_scheme_format(struct envol *ev, const struct envol_kmip_id *id, char **text)
{
	char whole[sizeof(id->place.subject) + 3 * ENVOL_KMIP_ID_SIZE + 32], *at = whole;

	at += sprintf(at, "kmip://%s", id->place.port == DEFAULT_PORT ? id->place.host :
									id->place.subject);
	at += sprintf(at, "/%s", *id->name ? "?name=" : "");
	put_escaped(at, *id->name ? id->name : id->uid);
	if (strlen(whole) >= ENVOL_URI_MAX)
		return envol_error(ev, -EINVAL, "KEK %.200s…: too long for a URI", whole);
	*text = strdup(whole);
	return *text ? 0 : envol_error(ev, -ENOMEM, "out of memory");
}

static int kmip_canonical(struct envol *ev, const struct envol_uri *uri, char **text)
{
	struct envol_kmip_id id;
	int err = envol_kmip_scheme_parse(ev, uri, &id);

	return err ? err : envol_kmip_scheme_format(ev, &id, text);
}

static int kmip_subject(struct envol *ev, const char *text, char **canonical)
{
	struct envol_kmip_place place;
	int err = envol_kmip_scheme_place(ev, text, &place);

	if (err)
		return err;
	*canonical = strdup(place.subject);
	return *canonical ? 0 : envol_error(ev, -ENOMEM, "out of memory");
}

static const char *const versions[] = { "1.2", "1.3", "1.4", "2.0", "2.1", NULL };
static const char *const algorithms[] = { "A256GCM", "A256KWP", NULL };

static const struct envol_setting_rule settings[] = {
	{ "ca_file", ENVOL_SETTING_FILE, .help = "certificates of the CA that signed the server's, PEM" },
	{ "certificate_file", ENVOL_SETTING_FILE, .help = "this host's certificate, PEM" },
	{ "key_file", ENVOL_SETTING_FILE, .is_secret = true,
	  .help = "its private key, PEM" },
	{ "client_key", ENVOL_SETTING_KEY,
	  .help = "instead of key_file: URI of the private key in a token, pkcs11:..." },
	{ "server_name", .help = "name that the server's certificate must have, if not its host" },
	{ "servers", .help = "HOST:PORT of each server that holds these keys, in the order to try" },
	{ "username", .help = "where the server wants one beside the certificate" },
	{ "password_file", ENVOL_SETTING_FILE, .is_secret = true,
	  .help = "the password of username" },
	{ "version", .words = versions, .help = "of KMIP, instead of the newest that both sides have" },
	{ "algorithm", .words = algorithms, .help = "of new wraps: A256GCM in the server, A256KWP here" },
	{ "allow_key_export", ENVOL_SETTING_BOOL, .help = "yes: A256KWP may fetch the key out of the server" },
	{ "allow_deactivated", ENVOL_SETTING_BOOL, .help = "yes: a deactivated key may still unwrap" },
};

ENVOL_SCHEME(kmip) = {
	.scheme = "kmip",
	.summary = "keys in a key manager or HSM that speaks KMIP, over mutual TLS",
	.package = "envol-kmip",
	.is_remote = true,
	.canonical = kmip_canonical,
	.settings = settings,
	.n_settings = ENVOL_ARRAY_SIZE(settings),
	.subject = kmip_subject,
};
