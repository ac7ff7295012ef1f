/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * HTTP for providers, on libcurl: TLS 1.2 or later with the certificate verified,
 * always; no redirect is followed, no proxy, cookie or password is taken from the
 * environment or a file, and what comes back is bounded. Linked into a KEK program
 * alone, whose allocator wipes the buffers that libcurl and OpenSSL use.
 */
#pragma once

#include "userspace/lib/base/blob.h"
#include "userspace/lib/base/deadline.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"

struct envol_http;	/* a cache of connections, for one thread */

/* Strings are copied. */
struct envol_http_options {
	const char *ca_file;	/* PEM, trusted besides the system's; NULL */
	const char *proxy;	/* http://HOST:PORT; NULL: none */
	/*
	 * http:// too, without a proxy and only to addresses that no router
	 * forwards: of this machine, or link-local. What tells a machine its identity
	 * is there.
	 */
	bool plain;
};

int envol_http_new(struct envol *ev, const struct envol_http_options *options,
		   struct envol_http **http) _must_check_;
void envol_http_free(struct envol_http *http);	/* NULL is fine */

struct envol_http_request {
	const char *method, *url;
	const char *const *headers;	/* "Name: value", NULL at the end; NULL: none */
	const struct envol_secret *bearer;	/* an access token; never over http:// */
	const char *content_type;
	const void *body;
	size_t body_len;
	size_t answer_max;		/* bytes; 0: ENVOL_SECRET_MAX */
	struct envol_blob *answer;	/* takes the body, one that is no secret and may be larger than one */
	bool once;	/* on a new connection: where an old one breaks libcurl sends it again by itself */
};

struct envol_http_answer {
	unsigned int status;
	bool sent;			/* something of the request went out: it may have been done, answer or not */
	struct envol_secret body;	/* empty where the answer's is, or went to request->answer */
	char *request_id;		/* x-ms-request-id */
	char *challenge;		/* WWW-Authenticate, the first */
	char *content_type, *location;
	unsigned int retry_after_s;	/* 0: not given, or over; a date is turned into seconds */
	int64_t date;			/* by the server's clock, Unix seconds; 0: not given */
};

#define ENVOL_HTTP_ANSWER_INIT { 0 }
#define _cleanup_http_answer_ _cleanup_(envol_http_free_answer)
void envol_http_free_answer(struct envol_http_answer *answer);

/*
 * 0 for every answer that came whole, whatever its status; @answer must be empty.
 * Errors, with a sentence that names the host: -EHOSTUNREACH for a name that can't be
 * resolved and a connection that is refused or breaks, -ETIMEDOUT, -EPROTO for a
 * certificate that is not trusted, TLS that fails and what is not HTTP,
 * -EMSGSIZE for an answer larger than answer_max, -EINVAL for a request that
 * may not be sent, -ENOMEM. Of @answer only "sent" is then of use.
 */
int envol_http_do(struct envol_http *http,
		  const struct envol_http_request *request,
		  struct envol_deadline deadline,
		  struct envol_http_answer *answer) _must_check_;
