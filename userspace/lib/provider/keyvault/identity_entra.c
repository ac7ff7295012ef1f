// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Entra ID, the grant of client credentials (RFC 6749 section 4.4): an application shows
 * its secret, an assertion under its certificate, or a token of an issuer that the
 * application trusts (RFC 7521).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/base/time.h"
#include "userspace/lib/provider/credential.h"
#include "userspace/lib/provider/keyvault/assertion.h"
#include "userspace/lib/provider/keyvault/claims.h"
#include "userspace/lib/provider/keyvault/form.h"
#include "userspace/lib/provider/keyvault/identity_state.h"
#include "userspace/lib/provider/keyvault/scheme.h"

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define FEDERATED_MAX  (16u * 1024)
#define SKEW_MIN_S     60	/* that a clock may be wrong without a word */

enum { CODE_SKEW = 700024 };

/* What Entra ID's numbers mean to who has to mend it. */
static const struct {
	unsigned int code;
	int err;
	const char *why;
} refusals[] = {
	{ 7000215, -EACCES, "client_secret_file does not hold the application's secret: put its value there, not its id" },
	{ 7000222, -EKEYEXPIRED, "the secret in client_secret_file has expired: make a new one for the application and put it there" },
	{ 7000216, -EACCES, "the application wants another kind of credential: check identity" },
	{ 7000218, -EACCES, "the application wants another kind of credential: check identity" },
	{ 700016, -EACCES, "the tenant has no such application: check client_id and tenant" },
	{ 7000112, -EACCES, "the application is disabled in its tenant: enable it there, or change client_id" },
	{ 90002, -EACCES, "there is no such tenant: check tenant, and cloud or authority" },
	{ 900023, -EACCES, "there is no such tenant: check tenant, and cloud or authority" },
	{ 700024, -EAGAIN, "the assertion is out of its time there: set this machine's clock" },
	{ 700027, -EACCES, "the certificate in certificate_file is not registered with the application: upload it there, or change certificate_file" },
	{ 700023, -EACCES, "the assertion is for another authority: check cloud or authority" },
	{ 70021, -EACCES, "the application trusts no token like that in federated_token_file: add a federated credential with its issuer, subject and audience" },
	{ 700211, -EACCES, "the application trusts no issuer like that of the token in federated_token_file: check the federated credential's issuer" },
	{ 700212, -EACCES, "the token in federated_token_file is for another audience: it must be api://AzureADTokenExchange" },
	{ 700213, -EACCES, "the application trusts no subject like that of the token in federated_token_file: check the federated credential's subject" },
	{ 50013, -EACCES, "the token in federated_token_file is over or not its issuer's: see that it is renewed" },
	{ 50027, -EACCES, "the token in federated_token_file is no valid JWT" },
	{ 500011, -EACCES, "the tenant has no Key Vault of that resource: check cloud" },
	{ 53003, -EACCES, "a conditional access policy of the tenant bars it from here" },
	{ 90055, -EAGAIN, "the tenant is throttled" },
	{ 90033, -EAGAIN, "it fails for a while" },
};

static int refuse(struct envol_identity *identity,
		  const struct envol_grant_refusal *refusal)
{
	struct envol_authority *authority = &identity->authority;
	const char *why = "the credential is refused";
	int err = -EACCES;
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(refusals); i++) {
		if (refusals[i].code != refusal->code)
			continue;
		err = refusals[i].err;
		why = refusals[i].why;
	}
	return envol_error(identity->ev, err,
			   "%s, for client_id %s of tenant %s: %s (%s%s%s)",
			   authority->host,
			   envol_identity_setting(identity, "client_id"),
			   authority->tenant, why,
			   *refusal->text ? refusal->text : refusal->error,
			   *refusal->correlation_id ? "; correlation id " : "",
			   refusal->correlation_id);
}

static int explain(struct envol_identity *identity,
		   const struct envol_http_answer *answer,
		   const struct envol_grant_refusal *refusal)
{
	const char *host = identity->authority.host;
	struct envol *ev = identity->ev;

	if (answer->status == 429 || answer->status >= 500) {
		const char *why = answer->status == 429 ? "throttles" :
							  "fails for a while";

		ev->retry_after_s = answer->retry_after_s;
		if (answer->retry_after_s)
			return envol_error(ev, -EAGAIN,
					   "%s %s (status %u): try again in %u s",
					   host, why, answer->status,
					   answer->retry_after_s);
		return envol_error(ev, -EAGAIN, "%s %s (status %u)", host, why,
				   answer->status);
	}
	if (answer->status < 400 || !*refusal->error)
		return envol_error(ev, -EPROTO,
				   "%s answers with status %u and not as Entra ID does: check cloud, authority and proxy",
				   host, answer->status);
	return refuse(identity, refusal);
}

/* ---- credentials ---- */

static int add_client_secret(struct envol_identity *identity,
			     struct envol_form *form, int64_t now)
{
	_cleanup_secret_ struct envol_secret secret = ENVOL_SECRET_INIT;
	int err;

	err = envol_credential_read(identity->ev, ENVOL_KEYVAULT_SCHEME,
				    "client_secret_file",
				    envol_identity_setting(identity,
							   "client_secret_file"),
				    &secret);
	if (err)
		return envol_error_while(identity->ev, err,
					 "client_secret_file of [https]");
	return envol_form_add_secret(identity->ev, form, "client_secret",
				     &secret);
}

static int add_assertion(struct envol_identity *identity,
			 struct envol_form *form,
			 const struct envol_secret *assertion)
{
	int err = envol_form_add(identity->ev, form, "client_assertion_type",
				 ASSERTION_TYPE);

	return err ? err :
		     envol_form_add_secret(identity->ev, form,
					   "client_assertion", assertion);
}

static int add_certificate(struct envol_identity *identity,
			   struct envol_form *form, int64_t now)
{
	const char *file = envol_identity_setting(identity, "certificate_file");
	_cleanup_secret_ struct envol_secret pem = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret jwt = ENVOL_SECRET_INIT;
	int err;

	err = envol_credential_read(identity->ev, ENVOL_KEYVAULT_SCHEME,
				    "certificate_file", file, &pem);
	if (err)
		return envol_error_while(identity->ev, err,
					 "certificate_file of [https]");
	err = envol_assertion_sign(identity->ev, &pem, file,
				   identity->authority.token_url,
				   envol_identity_setting(identity, "client_id"),
				   now, &jwt);
	return err ? err : add_assertion(identity, form, &jwt);
}

static int refuse_file(struct envol_identity *identity, int err,
		       const char *path, const char *why)
{
	return envol_error(identity->ev, err,
			   "federated_token_file %.200s of [https] %s", path,
			   why);
}

static bool is_jwt(const struct envol_secret *token)
{
	static const char others[] = "-_.";
	size_t i, dots = 0;

	for (i = 0; i < token->len; i++) {
		char c = token->data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		      (c >= '0' && c <= '9') || (c && strchr(others, c))))
			return false;
		dots += c == '.';
	}
	return token->len && dots == 2;
}

/*
 * Kubernetes renews it behind a symbolic link, for a pod without runAsUser with mode
 * 0644: so others may read it, and none but its owner may write it.
 */
static int load_federated(struct envol_identity *identity, const char *path,
			  struct envol_secret *token)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int err;

	/* A credential of systemd's that is not there. */
	if (*path != '/')
		return envol_credential_read(identity->ev, ENVOL_KEYVAULT_SCHEME,
					     "federated_token_file", path, token);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st))
		return envol_error_errno(identity->ev,
					 errno == EACCES ? -EPERM : -errno,
					 "federated_token_file %.200s of [https]",
					 path);
	if (!S_ISREG(st.st_mode))
		return refuse_file(identity, -EINVAL, path, "is no file");
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return refuse_file(identity, -EPERM, path,
				   "belongs neither to root nor to who runs envol");
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return refuse_file(identity, -EPERM, path,
				   "may be written by others: chmod go-w it");
	if (st.st_size == 0 || st.st_size > FEDERATED_MAX)
		return refuse_file(identity, -EINVAL, path,
				   "is empty or larger than 16 KiB");
	err = envol_secret_alloc(identity->ev, token, st.st_size);
	if (err)
		return err;
	err = envol_file_pread(fd, token->data, token->len, 0);
	if (err)
		return envol_error_errno(identity->ev, err,
					 "federated_token_file %.200s of [https]",
					 path);
	while (token->len && strchr(" \t\r\n", token->data[token->len - 1]))
		envol_secret_truncate(token, token->len - 1);
	if (!is_jwt(token))
		return refuse_file(identity, -EINVAL, path,
				   "holds no token (JWT): it is what the cluster projects for the service account");
	return 0;
}

/* Read each time: it lives for an hour, and is renewed by others. */
static int add_federated(struct envol_identity *identity,
			 struct envol_form *form, int64_t now)
{
	const char *path = envol_identity_setting(identity,
						  "federated_token_file");
	_cleanup_secret_ struct envol_secret token = ENVOL_SECRET_INIT;
	int err = load_federated(identity, path, &token);

	return err ? err : add_assertion(identity, form, &token);
}

/* ---- requests ---- */

typedef int (*add_credential_fn)(struct envol_identity *identity,
				 struct envol_form *form, int64_t now);

static int fill(struct envol_identity *identity, const char *resource,
		add_credential_fn add_credential, int64_t now,
		struct envol_form *form)
{
	_cleanup_free_ char *claims = NULL;
	char scope[ENVOL_AUTHORITY_URL_SIZE];
	struct envol *ev = identity->ev;
	int err;

	snprintf(scope, sizeof(scope), "%s/.default", resource);
	err = envol_form_add(ev, form, "client_id",
			     envol_identity_setting(identity, "client_id"));
	if (!err)
		err = envol_form_add(ev, form, "scope", scope);
	if (!err)
		err = envol_form_add(ev, form, "grant_type",
				     "client_credentials");
	if (!err)
		err = envol_claims_write(ev, identity->claims, &claims);
	if (!err)
		err = envol_form_add(ev, form, "claims", claims);
	return err ? err : add_credential(identity, form, now);
}

static int post(struct envol_identity *identity, const struct envol_form *form,
		struct envol_deadline deadline, struct envol_http_answer *answer)
{
	static const char *const headers[] = { "Accept: application/json", NULL };
	const struct envol_http_request request = {
		.method = "POST",
		.url = identity->authority.token_url,
		.headers = headers,
		.content_type = "application/x-www-form-urlencoded",
		.body = form->text.data,
		.body_len = form->used,
	};

	return envol_http_do(identity->http, &request, deadline, answer);
}

/* @skew_s: how far our clock is behind theirs, where that is why they refuse. */
static int try(struct envol_identity *identity, const char *resource,
	       add_credential_fn add_credential, int64_t now,
	       struct envol_deadline deadline, struct envol_grant *grant,
	       int64_t *skew_s)
{
	_cleanup_form_ struct envol_form form = ENVOL_FORM_INIT;
	_cleanup_http_answer_ struct envol_http_answer answer =
		ENVOL_HTTP_ANSWER_INIT;
	struct envol_grant_refusal refusal;
	int err;

	err = fill(identity, resource, add_credential, now, &form);
	if (!err)
		err = post(identity, &form, deadline, &answer);
	if (err)
		return err;
	if (answer.status == 200)
		return envol_grant_parse(identity->ev, identity->authority.host,
					 &answer.body, envol_time_now(), grant);
	envol_grant_parse_refusal(&answer.body, &refusal);
	if (refusal.code == CODE_SKEW && answer.date)
		*skew_s = answer.date - envol_time_now();
	return explain(identity, &answer, &refusal);
}

static int fetch(struct envol_identity *identity, const char *resource,
		 add_credential_fn add_credential,
		 struct envol_deadline deadline, struct envol_grant *grant)
{
	int64_t skew_s = 0;

	return try(identity, resource, add_credential, envol_time_now(),
		   deadline, grant, &skew_s);
}

static int fetch_by_secret(struct envol_identity *identity, const char *resource,
			   struct envol_deadline deadline,
			   struct envol_grant *grant)
{
	return fetch(identity, resource, add_client_secret, deadline, grant);
}

/*
 * A machine that boots may not have its clock set yet, and needs its disk for it: the
 * authority, which TLS has proved to be it, says what time it is.
 */
static int fetch_by_certificate(struct envol_identity *identity,
				const char *resource,
				struct envol_deadline deadline,
				struct envol_grant *grant)
{
	int64_t skew_s = 0, now = envol_time_now();
	int err;

	err = try(identity, resource, add_certificate, now, deadline, grant,
		  &skew_s);
	if (!err || (skew_s < SKEW_MIN_S && skew_s > -SKEW_MIN_S))
		return err;
	envol_log_warning(identity->ev,
			  "this machine's clock is %lld s %s that of %s: set it",
			  skew_s < 0 ? -(long long)skew_s : (long long)skew_s,
			  skew_s < 0 ? "ahead of" : "behind",
			  identity->authority.host);
	return try(identity, resource, add_certificate, now + skew_s, deadline,
		   grant, &skew_s);
}

static int fetch_by_workload(struct envol_identity *identity,
			     const char *resource,
			     struct envol_deadline deadline,
			     struct envol_grant *grant)
{
	return fetch(identity, resource, add_federated, deadline, grant);
}

/* ---- settings ---- */

static int check(struct envol_identity *identity)
{
	const char *credential = identity->kind->credential;
	const char *client = envol_identity_setting(identity, "client_id");

	if (!client || !envol_authority_is_guid(client))
		return envol_error(identity->ev, -EINVAL,
				   "identity = %s wants client_id = the application's id (8-4-4-4-12 hex digits) in [https]%s%.80s",
				   identity->kind->name,
				   client ? ", not " : "",
				   client ? client : "");
	if (!envol_identity_setting(identity, credential))
		return envol_error(identity->ev, -EINVAL,
				   "identity = %s wants %s = FILE in [https]",
				   identity->kind->name, credential);
	return envol_authority_init(identity->ev,
				    envol_identity_setting(identity, "cloud"),
				    envol_identity_setting(identity,
							   "authority"),
				    envol_identity_setting(identity, "tenant"),
				    &identity->authority);
}

const struct envol_identity_kind envol_identity_entra_secret = {
	.name = "secret",
	.credential = "client_secret_file",
	.takes_claims = true,
	.check = check,
	.fetch = fetch_by_secret,
};

const struct envol_identity_kind envol_identity_entra_certificate = {
	.name = "certificate",
	.credential = "certificate_file",
	.takes_claims = true,
	.check = check,
	.fetch = fetch_by_certificate,
};

const struct envol_identity_kind envol_identity_entra_workload = {
	.name = "workload",
	.credential = "federated_token_file",
	.takes_claims = true,
	.check = check,
	.fetch = fetch_by_workload,
};
