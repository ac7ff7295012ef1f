// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a volume would do with a KEK, tried one by one: which right is missing shows. */
#include <errno.h>
#include <stdio.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/kek.h"

#define PROBE_SIZE 64u	/* as large as the largest DEK */

struct check {
	struct envol *ev;
	envol_check_fn fn;
	void *data;
	int first_err;
	char first[ENVOL_MESSAGE_SIZE];
};

static void pass(struct check *check, const char *what, const char *sentence)
{
	check->fn(ENVOL_CHECK_OK, what, sentence, check->data);
}

static void warn(struct check *check, const char *what, const char *sentence)
{
	check->fn(ENVOL_CHECK_WARNING, what, sentence, check->data);
}

static void fail(struct check *check, const char *what, int err)
{
	check->fn(ENVOL_CHECK_FAILED, what, check->ev->message, check->data);
	if (check->first_err)
		return;
	check->first_err = err;
	snprintf(check->first, sizeof(check->first), "%s", check->ev->message);
}

static void look(struct check *check, const char *uri)
{
	struct envol_key_info info = { 0 };
	char text[256];
	int err = envol_key_show(check->ev, uri, &info);

	if (err) {
		fail(check, "look", err);
		warn(check, "enrol", "not known: the KEK can't be looked at");
		return;
	}
	snprintf(text, sizeof(text), "%.40s, %.150s, versions: %zu",
		 info.type ? info.type : "unknown type",
		 info.protection ? info.protection : "", info.n_versions);
	pass(check, "look", text);
	err = envol_kek_check_info(check->ev, &info);
	if (err)
		fail(check, "enrol", err);
	else
		pass(check, "enrol", "its type and state are good enough for a volume");
	envol_key_info_free(&info);
}

static void use(struct check *check, const char *uri)
{
	static const uint8_t no_volume[ENVOL_KEK_ID_SIZE];
	_cleanup_secret_ struct envol_secret sent = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;
	char text[256];
	int err = envol_random_secret(check->ev, &sent, PROBE_SIZE);

	if (!err)
		err = envol_kek_wrap(check->ev, uri, no_volume, &sent, &wrapped);
	if (err) {
		fail(check, "wrap", err);
		warn(check, "unwrap", "not tried: nothing was wrapped");
		return;
	}
	snprintf(text, sizeof(text), "by version %.80s, %.40s", wrapped.version,
		 wrapped.algorithm);
	pass(check, "wrap", text);
	err = envol_kek_unwrap(check->ev, uri, no_volume, &wrapped, &back);
	if (!err && !envol_secret_equal(&sent, &back))
		err = envol_error(check->ev, -EKEYREJECTED,
				  "%s unwraps to something else than what it wrapped",
				  uri);
	if (err)
		fail(check, "unwrap", err);
	else
		pass(check, "unwrap", "what was wrapped comes back");
}

int envol_provider_check(struct envol *ev, const char *uri, envol_check_fn fn,
			 void *data)
{
	struct check check = { .ev = ev, .fn = fn, .data = data };
	_cleanup_free_ char *canonical = NULL;
	int err = envol_kek_canonical(ev, uri, &canonical);

	if (err)
		return err;
	look(&check, canonical);
	use(&check, canonical);
	return check.first_err ?
		       envol_error(ev, check.first_err, "%s", check.first) : 0;
}
