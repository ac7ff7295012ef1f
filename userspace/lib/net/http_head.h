/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What of an answer's header lines is of use. Pure. */
#pragma once

#include "userspace/lib/net/http.h"

#define ENVOL_HTTP_HEAD_MAX	  (32u * 1024)	/* bytes of all lines */
#define ENVOL_HTTP_HEAD_VALUE_MAX 4096u		/* of one that is kept */
#define ENVOL_HTTP_HEAD_PAUSE_MAX_S (24u * 3600)

/*
 * Take one line of @answer's head, with or without its end; a status line begins anew.
 * Unknown ones, and values that are not printable ASCII or too long, are passed
 * over. -ENOMEM.
 */
int envol_http_head_take(struct envol_http_answer *answer, const char *line,
			 size_t len) _must_check_;

/* Retry-After's text into seconds from @now; 0 for one that is none. */
unsigned int envol_http_head_pause(const char *text, int64_t now);

/* A date of HTTP (RFC 9110 5.6.7, the form that must be sent) in Unix seconds; 0 for another text. */
int64_t envol_http_head_date(const char *text);
