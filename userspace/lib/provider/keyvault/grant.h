/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a token endpoint answers (RFC 6749 section 5): of Entra ID, of IMDS, App Service
 * and Arc, which write numbers as strings and leave out what others give. Pure.
 */
#pragma once

#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"

#define ENVOL_GRANT_LIFE_MAX_S 86400u

struct envol_grant {
	struct envol_secret token;
	unsigned int life_s;	/* 0: not said, so for use at once */
};

#define ENVOL_GRANT_INIT { 0 }
#define _cleanup_grant_ _cleanup_(envol_grant_free)
void envol_grant_free(struct envol_grant *grant);

/*
 * The body of an answer 200; @from names who gave it in sentences. -EPROTO for one
 * that is none: not JSON, no token that fits into a header, another type than Bearer.
 * @grant must be empty.
 */
int envol_grant_parse(struct envol *ev, const char *from,
		      const struct envol_secret *body, int64_t now,
		      struct envol_grant *grant) _must_check_;

/* The body of another answer: what there is of it, made fit to be shown. */
struct envol_grant_refusal {
	char error[64];			/* "invalid_client" */
	unsigned int code;		/* of AADSTS; 0: none */
	char text[200];			/* the description's first line */
	char correlation_id[40];	/* for the service's support */
};

void envol_grant_parse_refusal(const struct envol_secret *body,
			       struct envol_grant_refusal *refusal);
