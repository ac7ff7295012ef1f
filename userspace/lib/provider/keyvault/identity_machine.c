// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The identity of the machine, which Azure gives out at an address on it: IMDS of a
 * virtual machine, the endpoint of App Service, Functions and Container Apps, the
 * agent of an Arc-enabled server. Over http://, so to no address that is not near.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/time.h"
#include "userspace/lib/base/uri.h"
#include "userspace/lib/provider/credential.h"
#include "userspace/lib/provider/keyvault/arc.h"
#include "userspace/lib/provider/keyvault/form.h"
#include "userspace/lib/provider/keyvault/identity_state.h"
#include "userspace/lib/provider/keyvault/scheme.h"

#define IMDS_URL "http://169.254.169.254"
#define ARC_URL	 "http://127.0.0.1:40342"
#define PATH	 "/metadata/identity/oauth2/token"

#define NEAR_MS 10000	/* for an answer from this machine: where there is none, packets vanish */

#define METADATA "Metadata: true"

/* How the endpoints differ. */
struct place {
	const char *api_version;
	const char *object_id, *resource_id;	/* names of the parameters */
	const char *absent;	/* why nobody may be there, and what then */
	const char *nobody;	/* why it may have no such identity */
};

static const struct place imds = {
	.api_version = "2018-02-01",
	.object_id = "object_id",
	.resource_id = "msi_res_id",
	.absent = "it is no virtual machine of Azure, or its firewall bars that address; choose another identity in [https]",
	.nobody = "assign an identity to the virtual machine (az vm identity assign); if it has several, say which with client_id, object_id or resource_id in [https]",
};

static const struct place app_service = {
	.api_version = "2019-08-01",
	.object_id = "principal_id",
	.resource_id = "mi_res_id",
	.absent = "identity_endpoint of [https] must be what $IDENTITY_ENDPOINT is in this container",
	.nobody = "assign an identity to the app; if it has several, say which with client_id, object_id or resource_id in [https]",
};

static const struct place arc = {
	.api_version = "2020-06-01",
	.absent = "the Arc agent does not run, or this server is not connected (azcmagent show); choose another identity in [https]",
	.nobody = "see that this server is connected (azcmagent show)",
};

/* ---- settings ---- */

static int set_endpoint(struct envol_identity *identity,
			const struct envol_uri *uri, const char *path)
{
	char port[8] = "";

	if (uri->port)
		snprintf(port, sizeof(port), ":%u", uri->port);
	if (asprintf(&identity->endpoint, "http://%s%s%s", uri->host, port,
		     path) < 0) {
		identity->endpoint = NULL;
		return envol_error(identity->ev, -ENOMEM, "out of memory");
	}
	return 0;
}

/* With the path that it has everywhere unless it is given, but in App Service. */
static int check_endpoint(struct envol_identity *identity, const char *usual)
{
	const char *text = envol_identity_setting(identity,
						  "identity_endpoint");
	const char *path = usual ? PATH : "/", *why;
	struct envol_uri uri;

	if (!text)
		text = usual;
	if (!text)
		return envol_error(identity->ev, -EINVAL,
				   "identity = %s wants identity_endpoint = URL in [https]: what $IDENTITY_ENDPOINT is in this container",
				   identity->kind->name);
	if (envol_uri_parse(&uri, text, &why))
		return envol_error(identity->ev, -EINVAL,
				   "identity_endpoint \"%.200s\" of [https] %s",
				   text, why);
	if (strcmp(uri.scheme, "http") != 0 || !*uri.host || strchr(text, '?'))
		return envol_error(identity->ev, -EINVAL,
				   "identity_endpoint \"%.200s\" of [https] is no http:// URL without parameters",
				   text);
	if (*uri.path && strcmp(uri.path, "/") != 0)
		path = uri.path;
	return set_endpoint(identity, &uri, path);
}

/* At most one of them chooses among identities. */
static int check_choice(struct envol_identity *identity)
{
	const char *client = envol_identity_setting(identity, "client_id");
	const char *object = envol_identity_setting(identity, "object_id");
	const char *resource = envol_identity_setting(identity, "resource_id");

	if (!!client + !!object + !!resource > 1)
		return envol_error(identity->ev, -EINVAL,
				   "client_id, object_id and resource_id of [https]: one of them names an identity, not several (an empty one counts as none)");
	if ((client && !envol_authority_is_guid(client)) ||
	    (object && !envol_authority_is_guid(object)))
		return envol_error(identity->ev, -EINVAL,
				   "%s \"%.80s\" of [https] is no id (8-4-4-4-12 hex digits)",
				   client ? "client_id" : "object_id",
				   client ? client : object);
	if (resource && *resource != '/')
		return envol_error(identity->ev, -EINVAL,
				   "resource_id \"%.200s\" of [https] is not /subscriptions/...",
				   resource);
	return 0;
}

static int check_managed(struct envol_identity *identity)
{
	int err = check_choice(identity);

	return err ? err : check_endpoint(identity, IMDS_URL);
}

static int check_app_service(struct envol_identity *identity)
{
	int err = check_choice(identity);

	if (err)
		return err;
	if (!envol_identity_setting(identity, "identity_header_file"))
		return envol_error(identity->ev, -EINVAL,
				   "identity = app-service wants identity_header_file = FILE in [https]: it holds what $IDENTITY_HEADER is in this container");
	return check_endpoint(identity, NULL);
}

static int check_arc(struct envol_identity *identity)
{
	return check_endpoint(identity, ARC_URL);
}

/* ---- requests ---- */

static int add_parameter(char **url, char separator, const char *name,
			 const char *value)
{
	_cleanup_free_ char *escaped = NULL, *longer = NULL;

	if (!value)
		return 0;
	escaped = envol_form_escape(value);
	if (!escaped || asprintf(&longer, "%s%c%s=%s", *url, separator, name,
				 escaped) < 0) {
		longer = NULL;
		return -ENOMEM;
	}
	free(*url);
	*url = take_ptr(longer);
	return 0;
}

static int make_url(struct envol_identity *identity, const struct place *place,
		    const char *resource, char **url)
{
	int err;

	*url = strdup(identity->endpoint);
	err = *url ? 0 : -ENOMEM;
	if (!err)
		err = add_parameter(url, '?', "api-version",
				    place->api_version);
	if (!err)
		err = add_parameter(url, '&', "resource", resource);
	if (!err && place->object_id)
		err = add_parameter(url, '&', "client_id",
				    envol_identity_setting(identity,
							   "client_id"));
	if (!err && place->object_id)
		err = add_parameter(url, '&', place->object_id,
				    envol_identity_setting(identity,
							   "object_id"));
	if (!err && place->resource_id)
		err = add_parameter(url, '&', place->resource_id,
				    envol_identity_setting(identity,
							   "resource_id"));
	return err ? envol_error(identity->ev, err, "out of memory") : 0;
}

static struct envol_deadline near_deadline(struct envol_deadline deadline)
{
	struct envol_deadline near = envol_deadline_in(NEAR_MS);

	return near.at_ms < deadline.at_ms ? near : deadline;
}

/* @headers end with NULL; a secret one is in memory of its own. */
static int get(struct envol_identity *identity, const struct place *place,
	       const char *url, const char *const *headers,
	       struct envol_deadline deadline, struct envol_http_answer *answer)
{
	const struct envol_http_request request = { .method = "GET", .url = url,
						    .headers = headers };
	static const struct envol_http_options options = { .plain = true };
	struct envol_http *http;
	int err = envol_http_new(identity->ev, &options, &http);

	if (err)
		return err;
	err = envol_http_do(http, &request, near_deadline(deadline), answer);
	envol_http_free(http);
	if (err == -EHOSTUNREACH || err == -ETIMEDOUT)
		err = envol_error_while(identity->ev, err,
					"this machine has no managed identity endpoint at %s (%s)",
					identity->endpoint, place->absent);
	return err;
}

static int explain(struct envol_identity *identity, const struct place *place,
		   const char *resource, const struct envol_http_answer *answer)
{
	struct envol_grant_refusal refusal;
	struct envol *ev = identity->ev;
	const char *shown;

	envol_grant_parse_refusal(&answer->body, &refusal);
	shown = *refusal.text ? refusal.text : refusal.error;
	switch (answer->status) {
	case 404:
	case 408:
	case 410:
	case 429:
	case 500 ... 599:
		ev->retry_after_s = answer->retry_after_s;
		return envol_error(ev, -EAGAIN,
				   "%s has no token for the moment (status %u%s): try again, it may be back within 70 s",
				   identity->endpoint, answer->status,
				   answer->status == 429 ? ", throttled" : "");
	case 401:
		if (place == &app_service)
			return envol_error(ev, -EACCES,
					   "%s refuses us: identity_header_file of [https] must hold what $IDENTITY_HEADER is in this container",
					   identity->endpoint);
		break;
	case 400:
		if (strcmp(refusal.error, "invalid_resource") == 0)
			return envol_error(ev, -EACCES,
					   "%s knows no resource %s: check cloud of [https] (%s)",
					   identity->endpoint, resource, shown);
		break;
	}
	/* Other clouds have something else at the same address. */
	if (answer->status < 400 || (!*refusal.error && place != &app_service))
		return envol_error(ev, -EPROTO,
				   "%s answers with status %u, and not as a managed identity endpoint does: %s",
				   identity->endpoint, answer->status,
				   place->absent);
	return envol_error(ev, -EACCES, "%s has no such identity: %s (%s)",
			   identity->endpoint, place->nobody, shown);
}

static int conclude(struct envol_identity *identity, const struct place *place,
		    const char *resource, const struct envol_http_answer *answer,
		    struct envol_grant *grant)
{
	if (answer->status != 200)
		return explain(identity, place, resource, answer);
	return envol_grant_parse(identity->ev, identity->endpoint, &answer->body,
				 envol_time_now(), grant);
}

static int ask(struct envol_identity *identity, const struct place *place,
	       const char *resource, const char *const *headers,
	       struct envol_deadline deadline, struct envol_grant *grant)
{
	_cleanup_http_answer_ struct envol_http_answer answer =
		ENVOL_HTTP_ANSWER_INIT;
	_cleanup_free_ char *url = NULL;
	int err = make_url(identity, place, resource, &url);

	if (!err)
		err = get(identity, place, url, headers, deadline, &answer);
	return err ? err : conclude(identity, place, resource, &answer, grant);
}

static int fetch_managed(struct envol_identity *identity, const char *resource,
			 struct envol_deadline deadline,
			 struct envol_grant *grant)
{
	static const char *const headers[] = { METADATA, NULL };

	return ask(identity, &imds, resource, headers, deadline, grant);
}

/* "NAME: VALUE" and a NUL */
static int make_header(struct envol *ev, const char *name,
		       const struct envol_secret *value,
		       struct envol_secret *header)
{
	size_t len = strlen(name), i;
	int err;

	for (i = 0; i < value->len; i++)
		if (value->data[i] < ' ' || value->data[i] > '~')
			return envol_error(ev, -EINVAL,
					   "identity_header_file of [https] holds more than one line of text");
	err = envol_secret_alloc(ev, header, len + value->len + 1);
	if (err)
		return err;
	memcpy(header->data, name, len);
	memcpy(header->data + len, value->data, value->len);
	return 0;
}

static int fetch_app_service(struct envol_identity *identity,
			     const char *resource,
			     struct envol_deadline deadline,
			     struct envol_grant *grant)
{
	const char *file = envol_identity_setting(identity,
						  "identity_header_file");
	_cleanup_secret_ struct envol_secret value = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret header = ENVOL_SECRET_INIT;
	const char *headers[2] = { NULL };
	int err = envol_credential_read(identity->ev, ENVOL_KEYVAULT_SCHEME,
					"identity_header_file", file, &value);

	if (err)
		return envol_error_while(identity->ev, err,
					 "identity_header_file of [https]");
	err = make_header(identity->ev, "X-IDENTITY-HEADER: ", &value, &header);
	if (err)
		return err;
	headers[0] = (const char *)header.data;
	return ask(identity, &app_service, resource, headers, deadline, grant);
}

/* The first answer names a file, whose content the second request shows. */
static int show_file(struct envol_identity *identity, const char *challenge,
		     struct envol_secret *header)
{
	_cleanup_secret_ struct envol_secret content = ENVOL_SECRET_INIT;
	char name[ENVOL_ARC_NAME_SIZE];
	int err = envol_arc_name(identity->ev, challenge, name);

	if (!err)
		err = envol_arc_read(identity->ev, ENVOL_ARC_DIRECTORY, name,
				     &content);
	return err ? err :
		     make_header(identity->ev, "Authorization: Basic ",
				 &content, header);
}

static int fetch_arc(struct envol_identity *identity, const char *resource,
		     struct envol_deadline deadline, struct envol_grant *grant)
{
	_cleanup_http_answer_ struct envol_http_answer first =
		ENVOL_HTTP_ANSWER_INIT;
	_cleanup_secret_ struct envol_secret header = ENVOL_SECRET_INIT;
	const char *headers[3] = { METADATA, NULL, NULL };
	_cleanup_free_ char *url = NULL;
	int err = make_url(identity, &arc, resource, &url);

	if (!err)
		err = get(identity, &arc, url, headers, deadline, &first);
	if (err)
		return err;
	if (first.status != 401)
		return conclude(identity, &arc, resource, &first, grant);
	err = show_file(identity, first.challenge, &header);
	if (err)
		return err;
	headers[1] = (const char *)header.data;
	return ask(identity, &arc, resource, headers, deadline, grant);
}

const struct envol_identity_kind envol_identity_machine_managed = {
	.name = "managed",
	.check = check_managed,
	.fetch = fetch_managed,
};

const struct envol_identity_kind envol_identity_machine_app_service = {
	.name = "app-service",
	.credential = "identity_header_file",
	.check = check_app_service,
	.fetch = fetch_app_service,
};

const struct envol_identity_kind envol_identity_machine_arc = {
	.name = "arc",
	.check = check_arc,
	.fetch = fetch_arc,
};
