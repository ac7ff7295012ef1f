// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <poll.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/base/time.h"
#include "userspace/lib/provider/audit.h"
#include "userspace/lib/provider/child.h"
#include "userspace/lib/provider/health.h"
#include "userspace/lib/provider/pin.h"
#include "userspace/lib/provider/provider.h"
#include "userspace/lib/provider/run.h"

#define BACKOFF_BASE_MS 200
#define BACKOFF_MAX_MS	5000
#define BUSY_MAX_MS	(10 * 60 * 1000)

static const struct operation {
	const char *name;	/* in the audit record */
	const char *doing;	/* in sentences, before the URI */
	bool repeatable;	/* twice is as good as once */
	bool audited;		/* uses or changes the KEK; looking at it does neither */
} operations[ENVOL_OPERATION_END] = {
	[ENVOL_OPERATION_WRAP] = { "wrap", "wrap with", true, true },
	[ENVOL_OPERATION_UNWRAP] = { "unwrap", "unwrap with", true, true },
	[ENVOL_OPERATION_DESCRIBE] = { "describe", "look at", true, false },
	[ENVOL_OPERATION_LIST] = { "list", "list keys of", true, false },
	[ENVOL_OPERATION_CREATE] = { "create", "create", false, true },
	[ENVOL_OPERATION_ROTATE] = { "rotate", "rotate", false, true },
	[ENVOL_OPERATION_ENABLE] = { "enable", "enable", true, true },
	[ENVOL_OPERATION_DISABLE] = { "disable", "disable", true, true },
	[ENVOL_OPERATION_BACKUP] = { "backup", "back up", true, true },
	[ENVOL_OPERATION_RESTORE] = { "restore", "restore a key", false, true },
	[ENVOL_OPERATION_RESEAL] = { "reseal", "reseal the keys of", true, true },
	[ENVOL_OPERATION_RANDOM] = { "random", "take random bytes from where it is,", true, false },
	[ENVOL_OPERATION_IMPORT] = { "import", "import", false, true },
	[ENVOL_OPERATION_LOCK] = { "lock", "lock the keys of", true, true },
	[ENVOL_OPERATION_SEAL] = { "seal", "seal a secret with the TPM of", true, true },
	[ENVOL_OPERATION_UNSEAL] = { "unseal", "unseal a secret with the TPM of", true, true },
	[ENVOL_OPERATION_SIGN] = { "sign", "sign with", true, true },
};

/* malloc'ed: that of a URI, or what stands alone. */
static char *scheme_of(const char *uri)
{
	return strndup(uri, strcspn(uri, ":"));
}

static bool has_keys_in_tokens(const struct envol_scheme *scheme)
{
	size_t i;

	for (i = 0; scheme && i < scheme->n_settings; i++)
		if (scheme->settings[i].kind == ENVOL_SETTING_KEY)
			return true;
	return false;
}

/*
 * A provider is told of its own settings, and of those of tokens where it may ask one;
 * whose a backup is, is known only when it was read.
 */
static int fill_settings(struct envol *ev, struct envol_request *request)
{
	_cleanup_free_ char *scheme = scheme_of(request->uri);
	int err;

	if (!scheme)
		return -ENOMEM;
	err = envol_settings_copy(&request->settings, &ev->settings, scheme);
	if (!err && has_keys_in_tokens(envol_registry_scheme(scheme)))
		err = envol_settings_copy(&request->settings, &ev->settings,
					  ENVOL_CHILD_SIGNER);
	return err;
}

static int fill(struct envol *ev, struct envol_request *request)
{
	request->keystore = strdup(ev->keystore);
	request->state = strdup(ev->state);
	request->tpm = strdup(ev->tpm);
	request->kek_directory = strdup(ev->kek_directory);
	request->log_level = ev->log ? ev->log_level : ENVOL_LOG_ERROR;
	if (!request->uri || !request->keystore || !request->state ||
	    !request->tpm || !request->kek_directory ||
	    fill_settings(ev, request))
		return envol_error(ev, -ENOMEM, "out of memory");
	return 0;
}

static int ask(struct envol *ev, const char *scheme,
	       struct envol_request *request, struct envol_deadline deadline,
	       struct envol_reply *reply)
{
	int err;

	request->left_ms = envol_deadline_left_ms(deadline);
	err = envol_child_run(ev, scheme, request, deadline, reply);
	if (err)
		return err;
	return reply->err ? envol_error(ev, reply->err, "%s", reply->sentence) :
			    0;
}

/* A backup says whose it is: each provider is asked whether it knows it. */
static int ask_each(struct envol *ev, struct envol_request *request,
		    struct envol_deadline deadline, struct envol_reply *reply)
{
	const struct envol_provider_info *providers;
	size_t n = envol_provider_list(&providers), i;
	const char *missing = NULL;
	int err = -EMEDIUMTYPE;

	for (i = 0; i < n && err == -EMEDIUMTYPE; i++) {
		if (!envol_child_is_installed(ev, providers[i].scheme)) {
			missing = providers[i].scheme;
			continue;
		}
		envol_message_free_reply(reply);
		err = ask(ev, providers[i].scheme, request, deadline, reply);
	}
	if (err != -EMEDIUMTYPE)
		return err;
	return envol_error(ev, err,
			   missing ?
				   "the file is no backup of a key, or of one whose provider is not installed here (envol provider list)" :
				     "the file is no backup of a key");
}

static int try(struct envol *ev, struct envol_request *request,
	       struct envol_deadline deadline, struct envol_reply *reply)
{
	_cleanup_free_ char *scheme = scheme_of(request->uri);

	if (!scheme)
		return envol_error(ev, -ENOMEM, "out of memory");
	if (request->operation == ENVOL_OPERATION_RESTORE)
		return ask_each(ev, request, deadline, reply);
	return ask(ev, scheme, request, deadline, reply);
}

/* What timed out may have been done all the same. */
static bool worth_retrying(int err, bool repeatable)
{
	return err == -EHOSTUNREACH || err == -EAGAIN ||
	       (err == -ETIMEDOUT && repeatable);
}

/*
 * When the next try begins. What a server asks for is kept to. As much again comes on
 * top and doubles with every try, with chance in it: all whom it told the same would
 * be back together, and a fleet that it has to refuse must slow down until it need not.
 */
static unsigned int pause_before(unsigned int tries,
				 const struct envol_reply *reply)
{
	unsigned int after_ms = reply->retry_after_s * 1000;

	if (after_ms)
		return after_ms + envol_deadline_backoff_ms(tries, after_ms,
							    BUSY_MAX_MS);
	return envol_deadline_backoff_ms(tries, BACKOFF_BASE_MS,
					 BACKOFF_MAX_MS);
}

/*
 * The last try is often cut short by the deadline; what the ones before it said is
 * then what there is to know.
 */
static int try_until(struct envol *ev, struct envol_request *request,
		     struct envol_deadline deadline, struct envol_reply *reply)
{
	const struct operation *operation = &operations[request->operation];
	char sentence[ENVOL_MESSAGE_SIZE];
	int err = 0, last;
	unsigned int tries;

	for (tries = 1;; tries++) {
		unsigned int pause_ms;

		last = err;
		err = try(ev, request, deadline, reply);
		if (last && err == -ETIMEDOUT &&
		    envol_deadline_left_ms(deadline) == 0)
			return envol_error(ev, last, "%s (tried %u times)",
					   sentence, tries);
		pause_ms = pause_before(tries, reply);
		if (!worth_retrying(err, operation->repeatable) ||
		    (unsigned int)envol_deadline_left_ms(deadline) <= pause_ms)
			return err;
		envol_log_info(ev, "%s %s: %s; again in %u ms",
			       operation->doing, request->uri, ev->message,
			       pause_ms);
		strcpy(sentence, ev->message);
		envol_message_free_reply(reply);
		poll(NULL, 0, (int)pause_ms);
	}
}

/* Who is asked may take his time: the deadline is each use's. */
static int try_with_pin(struct envol *ev, struct envol_request *request,
			struct envol_reply *reply)
{
	struct envol_secret *pin = &request->secrets[ENVOL_MESSAGE_PIN];
	unsigned int tries;
	int err = envol_pin_copy(ev, request->uri, pin);

	if (err)
		return err;
	for (tries = 1;; tries++) {
		err = try_until(ev, request, envol_deadline_in(ev->timeout_ms),
				reply);
		if (err != -ENOANO)
			return err;
		envol_message_free_reply(reply);
		err = envol_pin_ask(ev, request->uri, tries, pin);
		if (err)
			return err;
	}
}

static const char *version_used(const struct envol_request *request,
				const struct envol_reply *reply)
{
	const struct envol_key_info *info = reply->n_infos == 1 ?
						    reply->infos : NULL;

	switch (request->operation) {
	case ENVOL_OPERATION_WRAP:
		return reply->wrapped.version;
	case ENVOL_OPERATION_UNWRAP:
		return request->wrapped.version;
	case ENVOL_OPERATION_CREATE:
	case ENVOL_OPERATION_IMPORT:
	case ENVOL_OPERATION_ROTATE:
		return info && info->n_versions ?
			       info->versions[info->n_versions - 1].version :
			       NULL;
	case ENVOL_OPERATION_RESEAL:
	case ENVOL_OPERATION_LOCK:
	case ENVOL_OPERATION_SEAL:
	case ENVOL_OPERATION_UNSEAL:
		return NULL;
	default:
		return request->version;
	}
}

static void audit(struct envol *ev, const struct envol_request *request,
		  const struct envol_reply *reply, int err, int64_t started_ms)
{
	bool of_volume = request->operation == ENVOL_OPERATION_WRAP ||
			 request->operation == ENVOL_OPERATION_UNWRAP;
	struct envol_audit_record record = {
		.operation = operations[request->operation].name,
		.uri = request->uri,
		.version = version_used(request, reply),
		.volume_id = of_volume ? request->volume_id : NULL,
		.result = err,
		.sentence = ev->message,
		.time = envol_time_now(),
		.duration_ms = envol_deadline_now_ms() - started_ms,
	};

	if (!*request->uri && reply->n_infos == 1)
		record.uri = reply->infos[0].uri;
	envol_audit_write(ev, &record);
}

static bool is_of_kek(const struct envol_request *request)
{
	return request->operation != ENVOL_OPERATION_LIST &&
	       request->operation != ENVOL_OPERATION_RESTORE;
}

int envol_run_request(struct envol *ev, struct envol_request *request,
		      struct envol_reply *reply)
{
	const struct operation *operation = &operations[request->operation];
	int64_t started_ms = envol_deadline_now_ms();
	int err = fill(ev, request);

	if (err)
		return err;
	err = try_with_pin(ev, request, reply);
	if (is_of_kek(request))
		envol_health_note(ev, request->uri,
				  err != -EHOSTUNREACH && err != -ETIMEDOUT &&
					  err != -EAGAIN);
	if (operation->audited)
		audit(ev, request, reply, err, started_ms);
	envol_log_debug(ev, "%s %s: %s, %lld ms", operation->doing,
			request->uri, err ? ev->message : "done",
			(long long)(envol_deadline_now_ms() - started_ms));
	if (err)
		return envol_error_while(ev, err, "%s%s%s", operation->doing,
					 *request->uri ? " " : "",
					 request->uri);
	return 0;
}
