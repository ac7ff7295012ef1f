// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "userspace/lib/base/blob.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/base/uri.h"
#include "userspace/lib/crypto/digest.h"
#include "userspace/lib/provider/keyvault/challenge.h"
#include "userspace/lib/provider/keyvault/claims.h"
#include "userspace/lib/provider/keyvault/identity_state.h"
#include "userspace/lib/provider/keyvault/token_cache.h"
#include "userspace/lib/provider/settings.h"

#define SCHEME "https"
#define EARLY_S 300u	/* before its end a token is no longer used */
#define LONG_S	7200u	/* one that lives longer is renewed at half its life */
#define LAST_S	60u	/* before its end it is not even used where no new one is to be had */

static const struct envol_identity_kind *const kinds[] = {
	&envol_identity_entra_secret,	     &envol_identity_entra_certificate,
	&envol_identity_entra_workload,	     &envol_identity_machine_managed,
	&envol_identity_machine_app_service, &envol_identity_machine_arc,
};

/* Of the vault's own section? The pointers tell, as one value lives in one place. */
static bool is_own(const struct envol_identity *identity, const char *key)
{
	const char *value = envol_setting(identity->ev, SCHEME, identity->host,
					  key);

	return value && value != envol_setting(identity->ev, SCHEME, NULL, key);
}

const char *envol_identity_setting(const struct envol_identity *identity,
				   const char *key)
{
	static const char *const shared[] = { "cloud", "ca_file" };
	const char *value = envol_setting(identity->ev, SCHEME, identity->host,
					  key);
	size_t i;

	if (!value || !*value)
		return NULL;
	if (!is_own(identity, "identity") || is_own(identity, key))
		return value;
	for (i = 0; i < ENVOL_ARRAY_SIZE(shared); i++)
		if (strcmp(key, shared[i]) == 0)
			return value;
	return NULL;
}

static int choose_kind(struct envol_identity *identity)
{
	const char *name = envol_identity_setting(identity, "identity");
	size_t i;

	if (!name)
		return envol_error(identity->ev, -EINVAL,
				   "nothing says as whom to sign in to %s: put identity = secret, certificate, workload, managed, app-service or arc into section [https] of envol.conf",
				   identity->host);
	for (i = 0; i < ENVOL_ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i]->name, name) == 0)
			identity->kind = kinds[i];
	if (!identity->kind)
		return envol_error(identity->ev, -EINVAL,
				   "identity \"%.80s\" of [https] is not one of secret, certificate, workload, managed, app-service and arc",
				   name);
	return identity->kind->check(identity);
}

int envol_identity_new(struct envol *ev, const char *host,
		       struct envol_http *http, struct envol_identity **identity)
{
	struct envol_identity *new = calloc(1, sizeof(*new));
	int err;

	if (!new)
		return envol_error(ev, -ENOMEM, "out of memory");
	new->ev = ev;
	new->http = http;
	new->host = strdup(host);
	err = new->host ? choose_kind(new) :
			  envol_error(ev, -ENOMEM, "out of memory");
	if (err) {
		envol_identity_free(new);
		return err;
	}
	*identity = new;
	return 0;
}

void envol_identity_free(struct envol_identity *identity)
{
	if (!identity)
		return;
	envol_secret_wipe(&identity->token);
	free(identity->resource);
	free(identity->claims);
	free(identity->endpoint);
	free(identity->host);
	free(identity);
}

/* ---- tokens that are kept ---- */

static int append_text(struct envol_blob *blob, const char *text)
{
	if (!text)
		text = "";
	return envol_blob_append_prefixed(blob, text, strlen(text));
}

/* A credential that was replaced makes another token, so that what it is worth shows at once. */
static int append_file(struct envol_blob *blob, const char *path)
{
	struct stat st;

	if (!path || stat(path, &st))
		return append_text(blob, path);
	if (append_text(blob, path) || envol_blob_append_le64(blob, st.st_ino) ||
	    envol_blob_append_le64(blob, st.st_mtim.tv_sec))
		return -ENOMEM;
	return envol_blob_append_le64(blob, st.st_mtim.tv_nsec);
}

/*
 * All that makes a token this identity's and no other's. Two sections with the same
 * settings share it; nothing of a secret goes in.
 */
static int token_id(struct envol_identity *identity, const char *resource,
		    uint8_t id[ENVOL_TOKEN_CACHE_ID_SIZE])
{
	static const char *const keys[] = { "client_id", "object_id",
					    "resource_id", "ca_file" };
	const char *credential = identity->kind->credential;
	_cleanup_blob_ struct envol_blob text = ENVOL_BLOB_INIT;
	uint8_t digest[ENVOL_DIGEST_SIZE];
	size_t i;
	int err;

	err = append_text(&text, "envol access token 1");
	if (!err)
		err = append_text(&text, identity->kind->name);
	if (!err)
		err = append_text(&text, identity->authority.token_url);
	if (!err)
		err = append_text(&text, identity->endpoint);
	if (!err)
		err = append_text(&text, resource);
	for (i = 0; !err && i < ENVOL_ARRAY_SIZE(keys); i++)
		err = append_text(&text,
				  envol_identity_setting(identity, keys[i]));
	if (!err)
		err = append_file(&text,
				  credential ? envol_identity_setting(
						       identity, credential) :
					       NULL);
	if (err)
		return envol_error(identity->ev, err, "out of memory");
	err = envol_digest_sha256(identity->ev, text.data, text.len, digest);
	if (!err)
		memcpy(id, digest, ENVOL_TOKEN_CACHE_ID_SIZE);
	return err;
}

static bool is_kept(const struct envol_identity *identity, const char *resource)
{
	return identity->token.data && identity->resource &&
	       strcmp(identity->resource, resource) == 0 &&
	       envol_deadline_now_ms() < identity->until_ms;
}

static unsigned int useful_life_s(unsigned int life_s)
{
	if (life_s > LONG_S)
		return life_s / 2;
	return life_s > EARLY_S ? life_s - EARLY_S : 0;
}

/* @life_s 0: a token of the other processes', or one of unknown life, good for this one alone. */
static int keep_here(struct envol_identity *identity, const char *resource,
		     struct envol_secret *token, unsigned int life_s)
{
	char *copy = strdup(resource);

	if (!copy)
		return envol_error(identity->ev, -ENOMEM, "out of memory");
	free(identity->resource);
	identity->resource = copy;
	envol_secret_move(&identity->token, token);
	identity->until_ms = life_s ? envol_deadline_now_ms() + 1000ll * life_s :
				      INT64_MAX;
	return 0;
}

static int fetch(struct envol_identity *identity, const char *resource,
		 const struct envol_token_cache *cache,
		 const struct envol_token_cache *last,
		 struct envol_deadline deadline)
{
	_cleanup_grant_ struct envol_grant grant = ENVOL_GRANT_INIT;
	unsigned int life_s;
	int err;

	err = identity->kind->fetch(identity, resource, deadline, &grant);
	/* A credential that is not there would be taken for a KEK that is not. */
	if (err == -ENOENT)
		err = -EINVAL;
	if (err)
		return envol_error_while(identity->ev, err,
					 "sign in to %s (identity = %s)",
					 identity->host, identity->kind->name);
	free(identity->claims);
	identity->claims = NULL;
	life_s = useful_life_s(grant.life_s);
	envol_log_debug(identity->ev,
			"new access token for %s (identity = %s), used for %u s",
			resource, identity->kind->name, life_s);
	if (life_s)
		envol_token_cache_keep(identity->ev, cache, &grant.token,
				       life_s);
	if (grant.life_s > LAST_S)
		envol_token_cache_keep(identity->ev, last, &grant.token,
				       grant.life_s - LAST_S);
	return keep_here(identity, resource, &grant.token, life_s);
}

static int find(struct envol_identity *identity, const char *resource,
		const struct envol_token_cache *cache)
{
	_cleanup_secret_ struct envol_secret shared = ENVOL_SECRET_INIT;
	int err = envol_token_cache_find(identity->ev, cache, &shared);

	return err ? err : keep_here(identity, resource, &shared, 0);
}

/* The place of a token that should be renewed and is good yet. */
static void name_last(const struct envol_token_cache *cache,
		      struct envol_token_cache *last)
{
	memcpy(last->id, cache->id, sizeof(last->id));
	last->id[0] ^= 0xff;
}

static bool is_away(int err)
{
	return err == -EHOSTUNREACH || err == -ETIMEDOUT || err == -EAGAIN;
}

/* Where no new one is to be had the old one does, as long as it lives: volumes are to open. */
static int renew(struct envol_identity *identity, const char *resource,
		 const struct envol_token_cache *cache,
		 const struct envol_token_cache *last,
		 struct envol_deadline deadline)
{
	bool has_last = find(identity, resource, last) == 0;
	struct envol_deadline until = deadline;
	int err;

	if (has_last)
		until = envol_deadline_in(envol_deadline_left_ms(deadline) / 2);
	err = fetch(identity, resource, cache, last, until);
	if (!err || !has_last)
		return err;
	if (is_away(err)) {
		envol_log_warning(identity->ev,
				  "%s; the last access token is used, which is good yet",
				  identity->ev->message);
		return 0;
	}
	envol_secret_wipe(&identity->token);
	return err;
}

static int find_or_fetch(struct envol_identity *identity, const char *resource,
			 struct envol_deadline deadline)
{
	_cleanup_token_cache_ struct envol_token_cache cache =
		ENVOL_TOKEN_CACHE_INIT;
	_cleanup_token_cache_ struct envol_token_cache last =
		ENVOL_TOKEN_CACHE_INIT;
	int err = token_id(identity, resource, cache.id);

	if (!err)
		err = envol_token_cache_open(identity->ev, &cache);
	name_last(&cache, &last);
	if (!err)
		err = envol_token_cache_open(identity->ev, &last);
	/* Of one that others have put there since it is not known what it says. */
	if (!err && identity->claims)
		return fetch(identity, resource, &cache, &last, deadline);
	if (!err)
		err = find(identity, resource, &cache);
	if (err == -ENOKEY) {
		envol_token_cache_lock(&cache, deadline);
		err = find(identity, resource, &cache);
	}
	if (err == -ENOKEY || err == -EOPNOTSUPP)
		err = renew(identity, resource, &cache, &last, deadline);
	return err;
}

int envol_identity_token(struct envol_identity *identity, const char *resource,
			 struct envol_deadline deadline,
			 struct envol_secret *token)
{
	int err = is_kept(identity, resource) ?
			  0 :
			  find_or_fetch(identity, resource, deadline);

	if (err)
		return err;
	return envol_secret_copy(identity->ev, token, identity->token.data,
				 identity->token.len);
}

void envol_identity_forget(struct envol_identity *identity, const char *resource)
{
	struct envol_token_cache cache = ENVOL_TOKEN_CACHE_INIT;
	struct envol_token_cache last = ENVOL_TOKEN_CACHE_INIT;

	envol_secret_wipe(&identity->token);
	if (token_id(identity, resource, cache.id))
		return;
	name_last(&cache, &last);
	envol_token_cache_drop(&cache);
	envol_token_cache_drop(&last);
}

/* ---- challenges ---- */

int envol_identity_take_claims(struct envol_identity *identity,
			       const char *challenge)
{
	char *asked;
	int err;

	if (!identity->kind->takes_claims)
		return -ENOENT;
	err = envol_claims_asked(identity->ev, challenge, &asked);
	if (err)
		return err;
	free(identity->claims);
	identity->claims = asked;
	return 0;
}

/* The one path segment of an authority's URL; NULL where there is none to compare. */
static const char *tenant_of(struct envol_uri *uri, const char *text)
{
	const char *why;
	size_t len;

	if (envol_uri_parse(uri, text, &why) || uri->path[0] != '/')
		return NULL;
	len = strcspn(uri->path + 1, "/");
	uri->path[1 + len] = 0;
	return envol_authority_is_guid(uri->path + 1) ? uri->path + 1 : NULL;
}

static int check_tenant(struct envol_identity *identity, const char *challenge)
{
	const char *ours = identity->authority.tenant, *theirs;
	char text[ENVOL_URI_MAX];
	struct envol_uri uri;

	if (envol_challenge_parameter(challenge, "Bearer", "authorization", text,
				      sizeof(text)) &&
	    envol_challenge_parameter(challenge, "Bearer", "authorization_uri",
				      text, sizeof(text)))
		return 0;
	theirs = tenant_of(&uri, text);
	/* A tenant that is set as a domain can't be told from its id. */
	if (!theirs || !envol_authority_is_guid(ours) ||
	    strcasecmp(theirs, ours) == 0)
		return 0;
	return envol_error(identity->ev, -EACCES,
			   "%s belongs to tenant %s, while tenant of [https] is %s: change it, or check the vault's name",
			   identity->host, theirs, ours);
}

int envol_identity_check_challenge(struct envol_identity *identity,
				   const char *challenge, const char *resource)
{
	char theirs[ENVOL_URI_MAX];
	size_t len;

	if (!challenge)
		return 0;
	if (!envol_challenge_parameter(challenge, "Bearer", "resource", theirs,
				       sizeof(theirs))) {
		len = strlen(theirs);
		if (len && theirs[len - 1] == '/')
			theirs[len - 1] = 0;
		/* It is told, not followed: a token for another resource is not theirs to ask for. */
		if (strcasecmp(theirs, resource) != 0)
			return envol_error(identity->ev, -EACCES,
					   "%s wants a token for another resource than %s, and does not get it: check cloud of [https]",
					   identity->host, resource);
	}
	return check_tenant(identity, challenge);
}
