// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/base/time.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/provider.h"
#include "userspace/lib/provider/run.h"

#define DEFAULT_SCHEME "service"
#define PROBE_SIZE 64u	/* as large as the largest DEK */
#define RANDOM_MIN 32

void envol_wrapped_free(struct envol_wrapped *wrapped)
{
	free(wrapped->version);
	free(wrapped->algorithm);
	envol_blob_free(&wrapped->bytes);
	*wrapped = (struct envol_wrapped)ENVOL_WRAPPED_INIT;
}

int envol_kek_canonical(struct envol *ev, const char *uri, char **canonical)
{
	_cleanup_free_ char *with_scheme = NULL;
	const struct envol_scheme *scheme;
	struct envol_uri parts;
	const char *why;

	if (!strchr(uri, ':')) {
		if (asprintf(&with_scheme, DEFAULT_SCHEME ":%s", uri) < 0) {
			with_scheme = NULL;
			return envol_error(ev, -ENOMEM, "out of memory");
		}
		uri = with_scheme;
	}
	if (envol_uri_parse(&parts, uri, &why))
		return envol_error(ev, -EINVAL, "KEK %.200s: the URI %s", uri,
				   why);
	scheme = envol_registry_scheme(parts.scheme);
	if (!scheme)
		return envol_error(ev, -EPROTONOSUPPORT,
				   "KEK %.200s: this envol has no provider for \"%s:\"",
				   uri, parts.scheme);
	return scheme->canonical(ev, &parts, canonical);
}

static int start(struct envol *ev, struct envol_request *request,
		 enum envol_operation operation, const char *uri,
		 const uint8_t volume_id[ENVOL_KEK_ID_SIZE])
{
	request->operation = operation;
	memcpy(request->volume_id, volume_id, ENVOL_KEK_ID_SIZE);
	return envol_kek_canonical(ev, uri, &request->uri);
}

/* What a provider must not get wrong is not left to it. */
static int check_wrapped(struct envol *ev, const char *uri,
			 const struct envol_wrapped *wrapped)
{
	if (!wrapped->version || !*wrapped->version || !wrapped->algorithm ||
	    !*wrapped->algorithm || wrapped->bytes.len == 0)
		return envol_error(ev, -EPROTO,
				   "wrap with %s: the provider's answer is incomplete",
				   uri);
	return 0;
}

static void move_wrapped(struct envol_wrapped *to, struct envol_wrapped *from)
{
	*to = *from;
	*from = (struct envol_wrapped)ENVOL_WRAPPED_INIT;
}

int envol_kek_wrap(struct envol *ev, const char *uri,
		   const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
		   const struct envol_secret *key, struct envol_wrapped *wrapped)
{
	_cleanup_request_ struct envol_request request = ENVOL_REQUEST_INIT;
	_cleanup_reply_ struct envol_reply reply = ENVOL_REPLY_INIT;
	int err;

	if (key->len == 0 || key->len > ENVOL_KEK_KEY_MAX)
		return envol_error(ev, -EINVAL,
				   "wrap with %.200s: a key of %zu bytes, not 1 to %d",
				   uri, key->len, ENVOL_KEK_KEY_MAX);
	err = start(ev, &request, ENVOL_OPERATION_WRAP, uri, volume_id);
	if (err)
		return err;
	err = envol_secret_copy(ev, &request.secrets[ENVOL_MESSAGE_KEY],
				key->data, key->len);
	if (err)
		return err;
	err = envol_run_request(ev, &request, &reply);
	if (err)
		return err;
	err = check_wrapped(ev, request.uri, &reply.wrapped);
	if (err)
		return err;
	move_wrapped(wrapped, &reply.wrapped);
	return 0;
}

static int copy_wrapped(struct envol *ev, struct envol_wrapped *to,
			const struct envol_wrapped *from)
{
	to->version = strdup(from->version);
	to->algorithm = strdup(from->algorithm);
	if (!to->version || !to->algorithm ||
	    envol_blob_append(&to->bytes, from->bytes.data, from->bytes.len))
		return envol_error(ev, -ENOMEM, "out of memory");
	return 0;
}

int envol_kek_unwrap(struct envol *ev, const char *uri,
		     const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
		     const struct envol_wrapped *wrapped,
		     struct envol_secret *key)
{
	_cleanup_request_ struct envol_request request = ENVOL_REQUEST_INIT;
	_cleanup_reply_ struct envol_reply reply = ENVOL_REPLY_INIT;
	struct envol_secret *unwrapped = &reply.secrets[ENVOL_MESSAGE_KEY];
	int err;

	err = start(ev, &request, ENVOL_OPERATION_UNWRAP, uri, volume_id);
	if (err)
		return err;
	if (!wrapped->version || !wrapped->algorithm ||
	    wrapped->bytes.len == 0 ||
	    wrapped->bytes.len > ENVOL_KEK_WRAPPED_MAX)
		return envol_error(ev, -EBADMSG,
				   "unwrap with %s: %zu bytes are no wrapped key",
				   request.uri, wrapped->bytes.len);
	err = copy_wrapped(ev, &request.wrapped, wrapped);
	if (err)
		return err;
	err = envol_run_request(ev, &request, &reply);
	if (err)
		return err;
	if (unwrapped->len == 0 || unwrapped->len > ENVOL_KEK_KEY_MAX)
		return envol_error(ev, -EPROTO,
				   "unwrap with %s: the provider gave %zu bytes, not 1 to %d",
				   request.uri, unwrapped->len,
				   ENVOL_KEK_KEY_MAX);
	envol_secret_move(key, unwrapped);
	return 0;
}

int envol_kek_random(struct envol *ev, const char *uri,
		     struct envol_secret *bytes)
{
	static const uint8_t no_volume[ENVOL_KEK_ID_SIZE];
	_cleanup_request_ struct envol_request request = ENVOL_REQUEST_INIT;
	_cleanup_reply_ struct envol_reply reply = ENVOL_REPLY_INIT;
	struct envol_secret *got = &reply.secrets[ENVOL_MESSAGE_KEY];
	int err;

	err = start(ev, &request, ENVOL_OPERATION_RANDOM, uri, no_volume);
	if (!err)
		err = envol_run_request(ev, &request, &reply);
	if (err)
		return err;
	if (got->len < RANDOM_MIN || got->len > ENVOL_KEK_KEY_MAX)
		return envol_error(ev, -EPROTO,
				   "random bytes of %s: the provider gave %zu, not %d to %d",
				   request.uri, got->len, RANDOM_MIN,
				   ENVOL_KEK_KEY_MAX);
	envol_secret_move(bytes, got);
	return 0;
}

/* At least 112 bits of strength, and what the providers of today have. */
static bool is_type_allowed(const char *type)
{
	static const char *const types[] = { "AES-256", "RSA-2048", "RSA-3072",
					     "RSA-4096" };
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(types); i++)
		if (type && strcmp(type, types[i]) == 0)
			return true;
	return false;
}

static int check_protection(struct envol *ev, const struct envol_key_info *info)
{
	if (info->recoverable)
		return 0;
	return envol_error(ev, -EKEYREJECTED,
			   "%s could be deleted for good at any time, and the volume with it (%s); turn on its provider's recovery of deleted keys (soft-delete and purge protection), or say --force-unprotected if you accept that",
			   info->uri,
			   info->recovery ? info->recovery : "no recovery");
}

static int check_state(struct envol *ev, const struct envol_key_info *info)
{
	const struct envol_key_version *newest;
	int64_t now = envol_time_now();

	if (!is_type_allowed(info->type))
		return envol_error(ev, -EKEYREJECTED,
				   "%s is of type %s: not one of AES-256, RSA-2048, RSA-3072, RSA-4096",
				   info->uri, info->type ? info->type : "unknown");
	if (info->n_versions == 0)
		return envol_error(ev, -EKEYREJECTED, "%s has no version",
				   info->uri);
	newest = &info->versions[info->n_versions - 1];
	if (!newest->enabled)
		return envol_error(ev, -EKEYREVOKED,
				   "%s: its newest version, %s, is disabled; enable it, or rotate the key",
				   info->uri, newest->version);
	if (newest->not_before > now)
		return envol_error(ev, -EKEYREJECTED,
				   "%s: its newest version, %s, is not valid yet",
				   info->uri, newest->version);
	if (newest->expires && newest->expires <= now)
		return envol_error(ev, -EKEYEXPIRED,
				   "%s: its newest version, %s, has expired; rotate the key",
				   info->uri, newest->version);
	return 0;
}

int envol_kek_check_info(struct envol *ev, const struct envol_key_info *info)
{
	int err = check_state(ev, info);

	return err ? err : check_protection(ev, info);
}

/* That this host is refused the unwrapping, where it may wrap, is how duties are separated. */
static int probe(struct envol *ev, const char *uri,
		 const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
		 struct envol_enrolment *enrolment)
{
	_cleanup_secret_ struct envol_secret sent = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;
	int err;

	err = envol_random_secret(ev, &sent, PROBE_SIZE);
	if (!err)
		err = envol_kek_wrap(ev, uri, volume_id, &sent, &wrapped);
	if (err)
		return err;
	err = envol_kek_unwrap(ev, uri, volume_id, &wrapped, &back);
	if (err == -EACCES && enrolment->may_be_unproved) {
		envol_log_warning(ev, "%s: not proved, for this host may not unwrap by it: %s",
				  uri, ev->message);
		enrolment->is_unproved = true;
		return 0;
	}
	if (err)
		return err;
	if (!envol_secret_equal(&sent, &back))
		return envol_error(ev, -EKEYREJECTED,
				   "%s unwraps to something else than what it wrapped",
				   uri);
	return 0;
}

int envol_kek_enrol(struct envol *ev, const char *uri,
		    const uint8_t volume_id[ENVOL_KEK_ID_SIZE],
		    struct envol_enrolment *enrolment)
{
	struct envol_enrolment strict = { 0 };
	struct envol_key_info info = { 0 };
	int err = envol_key_show(ev, uri, &info);

	if (!enrolment)
		enrolment = &strict;
	enrolment->is_unprotected = !info.recoverable;
	if (!err)
		err = check_state(ev, &info);
	if (!err && !enrolment->may_be_unprotected)
		err = check_protection(ev, &info);
	if (!err && !info.recoverable)
		envol_log_warning(ev, "%s could be deleted for good at any time, and the volume with it",
				  info.uri);
	if (!err)
		err = probe(ev, info.uri, volume_id, enrolment);
	envol_key_info_free(&info);
	return err;
}
