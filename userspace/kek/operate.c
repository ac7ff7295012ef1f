// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "userspace/kek/operate.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/provider.h"

/* What an operation works on. */
struct job {
	struct envol *ev;
	const struct envol_request *request;
	struct envol_deadline deadline;
	const struct envol_provider *provider;
	struct envol_uri uri;
	struct envol_kek *kek;
	struct envol_reply *reply;
};

static int cannot(struct job *job, const char *what)
{
	return envol_error(job->ev, -EOPNOTSUPP,
			   "the provider of \"%s:\" can't %s keys",
			   job->provider->scheme, what);
}

static int find_provider(struct job *job, const char *scheme)
{
	job->provider = envol_registry_provider(scheme);
	return job->provider ? 0 :
			       envol_error(job->ev, -EPROTONOSUPPORT,
					   "this program has no provider for \"%s:\"",
					   scheme);
}

static int find(struct job *job, const char *text)
{
	const char *why;

	if (envol_uri_parse(&job->uri, text, &why))
		return envol_error(job->ev, -EINVAL, "the URI %s", why);
	return find_provider(job, job->uri.scheme);
}

/*
 * To who opens a volume these words are about its header. What is damaged, older or
 * empty here is the KEK's own, and leaves the recovery key to ask for.
 */
static int of_kek(int err)
{
	return err == -EBADMSG || err == -ESTALE || err == -ENODATA ? -ENOKEY :
								      err;
}

static int open_kek(struct job *job)
{
	int err = job->provider->open(job->ev, &job->uri, job->deadline,
				      &job->kek);

	return job->request->operation == ENVOL_OPERATION_UNWRAP ? of_kek(err) :
								   err;
}

static void close_kek(struct job *job)
{
	if (job->kek)
		job->provider->close(job->kek);
	job->kek = NULL;
}

static int describe(struct job *job)
{
	struct envol_reply *reply = job->reply;

	reply->infos = calloc(1, sizeof(*reply->infos));
	if (!reply->infos)
		return envol_error(job->ev, -ENOMEM, "out of memory");
	reply->n_infos = 1;
	reply->infos->uri = strdup(job->uri.text);
	if (!reply->infos->uri)
		return envol_error(job->ev, -ENOMEM, "out of memory");
	return job->provider->describe(job->kek, reply->infos);
}

static int wrap(struct job *job)
{
	const struct envol_request *request = job->request;

	return job->provider->wrap(job->kek, request->volume_id,
				   &request->secrets[ENVOL_MESSAGE_KEY],
				   &job->reply->wrapped);
}

static int unwrap(struct job *job)
{
	const struct envol_request *request = job->request;

	return job->provider->unwrap(job->kek, request->volume_id,
				     &request->wrapped,
				     &job->reply->secrets[ENVOL_MESSAGE_KEY]);
}

static int rotate(struct job *job)
{
	int err = job->provider->rotate ? job->provider->rotate(job->kek) :
					  cannot(job, "rotate");

	return err ? err : describe(job);
}

static int set_enabled(struct job *job, bool enabled)
{
	int err = job->provider->enable ?
			  job->provider->enable(job->kek, job->request->version,
						enabled) :
			  cannot(job, "enable or disable");

	return err ? err : describe(job);
}

static int enable(struct job *job)
{
	return set_enabled(job, true);
}

static int disable(struct job *job)
{
	return set_enabled(job, false);
}

static int backup(struct job *job)
{
	const struct envol_secret *passphrase =
		&job->request->secrets[ENVOL_MESSAGE_PASSPHRASE];

	return job->provider->backup ?
		       job->provider->backup(job->kek, passphrase,
					     &job->reply->file) :
		       cannot(job, "back up");
}

static int random_bytes(struct job *job)
{
	return job->provider->random ?
		       job->provider->random(
			       job->kek, &job->reply->secrets[ENVOL_MESSAGE_KEY]) :
		       envol_error(job->ev, -EOPNOTSUPP,
				   "the provider of \"%s:\" has no random bytes",
				   job->provider->scheme);
}

static int sign(struct job *job)
{
	const struct envol_request *request = job->request;

	return job->provider->sign ?
		       job->provider->sign(job->kek, request->version,
					   &request->file, &job->reply->file) :
		       cannot(job, "sign with");
}

/* Those that work on a KEK that is there. */
static int (*const on_kek[ENVOL_OPERATION_END])(struct job *job) = {
	[ENVOL_OPERATION_WRAP] = wrap,
	[ENVOL_OPERATION_UNWRAP] = unwrap,
	[ENVOL_OPERATION_DESCRIBE] = describe,
	[ENVOL_OPERATION_ROTATE] = rotate,
	[ENVOL_OPERATION_ENABLE] = enable,
	[ENVOL_OPERATION_DISABLE] = disable,
	[ENVOL_OPERATION_BACKUP] = backup,
	[ENVOL_OPERATION_RANDOM] = random_bytes,
	[ENVOL_OPERATION_SIGN] = sign,
};

static int run_on_kek(struct job *job,
		      int (*run)(struct job *job))
{
	int err = find(job, job->request->uri);

	if (!err)
		err = open_kek(job);
	if (!err)
		err = run(job);
	close_kek(job);
	return err;
}

static int create(struct job *job)
{
	int err = find(job, job->request->uri);

	if (err)
		return err;
	if (!job->provider->create)
		return cannot(job, "create");
	err = job->provider->create(job->ev, &job->uri, job->deadline);
	return err ? err : run_on_kek(job, describe);
}

static int import(struct job *job)
{
	int err = find(job, job->request->uri);

	if (err)
		return err;
	if (!job->provider->import)
		return cannot(job, "import");
	err = job->provider->import(job->ev, &job->uri,
				    &job->request->secrets[ENVOL_MESSAGE_KEY],
				    job->deadline);
	return err ? err : run_on_kek(job, describe);
}

static int list(struct job *job)
{
	int err = find_provider(job, job->request->uri);

	if (err)
		return err;
	if (!job->provider->list)
		return cannot(job, "list");
	return job->provider->list(job->ev, job->deadline, &job->reply->infos,
				   &job->reply->n_infos);
}

static int reseal(struct job *job)
{
	const struct envol_request *request = job->request;
	struct envol_reply *reply = job->reply;
	const struct envol_key_reseal how = {
		.to = request->version,
		.policy = request->policy,
		.pin = &request->secrets[ENVOL_MESSAGE_PASSPHRASE],
		.boot = request->boot,
		.add = request->add,
		.remove = request->remove,
	};
	int err = find_provider(job, job->request->uri);

	if (err)
		return err;
	if (!job->provider->reseal)
		return cannot(job, "reseal");
	reply->infos = calloc(1, sizeof(*reply->infos));
	if (!reply->infos)
		return envol_error(job->ev, -ENOMEM, "out of memory");
	reply->n_infos = 1;
	reply->infos->uri = strdup(job->request->uri);
	if (!reply->infos->uri)
		return envol_error(job->ev, -ENOMEM, "out of memory");
	return job->provider->reseal(job->ev, &how, job->deadline,
				     reply->infos);
}

/* The file says whose secret it has, and so does who asks. */
static int find_sealer(struct job *job)
{
	int err = find_provider(job, job->request->uri);

	if (err)
		return err;
	if (!job->provider->seal || !job->provider->unseal)
		return envol_error(job->ev, -EOPNOTSUPP,
				   "the provider of \"%s:\" can't seal",
				   job->provider->scheme);
	return job->request->version ? 0 :
				       envol_error(job->ev, -EINVAL,
						   "whose secret it is was not said");
}

static int seal(struct job *job)
{
	const struct envol_request *request = job->request;
	const struct envol_key_reseal how = { .policy = request->policy,
					      .boot = request->boot };
	int err = find_sealer(job);

	return err ? err :
		     job->provider->seal(job->ev, request->version,
					 &request->secrets[ENVOL_MESSAGE_KEY],
					 &how, &job->reply->file);
}

static int unseal(struct job *job)
{
	const struct envol_request *request = job->request;
	int err = find_sealer(job);

	return err ? err :
		     job->provider->unseal(
			     job->ev, request->version, &request->file,
			     &job->reply->secrets[ENVOL_MESSAGE_KEY]);
}

static int lock(struct job *job)
{
	int err = find_provider(job, job->request->uri);

	if (err)
		return err;
	return job->provider->lock ?
		       job->provider->lock(job->ev, job->deadline) :
		       cannot(job, "lock");
}

/* The file says whose it is: each provider is asked. */
static int restore(struct job *job)
{
	const struct envol_request *request = job->request;
	const struct envol_provider *provider = NULL;
	_cleanup_free_ char *uri = NULL;
	int err = -EMEDIUMTYPE;

	while (err == -EMEDIUMTYPE &&
	       (provider = envol_registry_next(provider)))
		if (provider->restore)
			err = provider->restore(
				job->ev, &request->file,
				&request->secrets[ENVOL_MESSAGE_PASSPHRASE],
				request->replace, job->deadline, &uri);
	if (err == -EMEDIUMTYPE)
		return envol_error(job->ev, err,
				   "the file is no backup of a key");
	if (!err)
		err = find(job, uri);
	if (!err)
		err = open_kek(job);
	if (!err)
		err = describe(job);
	close_kek(job);
	return err;
}

static int run(struct job *job)
{
	switch (job->request->operation) {
	case ENVOL_OPERATION_CREATE:
		return create(job);
	case ENVOL_OPERATION_IMPORT:
		return import(job);
	case ENVOL_OPERATION_LIST:
		return list(job);
	case ENVOL_OPERATION_RESTORE:
		return restore(job);
	case ENVOL_OPERATION_RESEAL:
		return reseal(job);
	case ENVOL_OPERATION_LOCK:
		return lock(job);
	case ENVOL_OPERATION_SEAL:
		return seal(job);
	case ENVOL_OPERATION_UNSEAL:
		return unseal(job);
	default:
		return run_on_kek(job, on_kek[job->request->operation]);
	}
}

void envol_operate(struct envol *ev, const struct envol_request *request,
		   struct envol_deadline deadline, struct envol_reply *reply)
{
	struct job job = { .ev = ev, .request = request, .deadline = deadline,
			   .reply = reply };

	ev->retry_after_s = 0;
	reply->err = run(&job);
	if (reply->err == -EAGAIN)
		reply->retry_after_s = ev->retry_after_s;
	if (reply->err)
		reply->sentence = strdup(*ev->message ? ev->message :
							"unknown error");
}
