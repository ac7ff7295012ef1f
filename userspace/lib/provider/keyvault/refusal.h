/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why the service said no, what that is as -errno, and what to do about it. Pure. */
#pragma once

#include "userspace/lib/internal.h"
#include "userspace/lib/net/http.h"

/* What was asked of the service when it refused. */
struct envol_refusal {
	const char *uri;	/* of the key, or of the host */
	const char *version;	/* NULL: the newest */
	const char *right;	/* as access policies name it: "get", "unwrapKey" */
	bool hsm;		/* Managed HSM has other roles */
	int bad_request;	/* what a request that is not valid means here: -EBADMSG, -EINVAL */
	int64_t now;		/* by this host's clock, Unix seconds */
};

/*
 * The error for an @answer whose status is not 200, with a sentence that ends with
 * the service's request id. -EACCES, -EKEYREVOKED for a disabled key, -ENOENT, -EEXIST,
 * -EAGAIN for what goes away by itself (then ev->retry_after_s says when, if the
 * service does), -ENETUNREACH for a firewall that does not let this host in,
 * -EPROTO for what makes no sense.
 */
int envol_refusal_explain(struct envol *ev, const struct envol_refusal *refusal,
			  const struct envol_http_answer *answer);

/* The 401 of a token that was revoked, or that lacks what a policy asks for. */
bool envol_refusal_wants_claims(const struct envol_http_answer *answer);
