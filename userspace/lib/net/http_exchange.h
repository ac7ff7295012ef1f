/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of http share: the handle, and one exchange over it. */
#pragma once

#include <curl/curl.h>

#include "userspace/lib/net/http.h"

struct envol_http {
	struct envol *ev;
	CURL *curl;
	char *ca_file, *proxy;
	bool plain;
	char error[CURL_ERROR_SIZE];
};

/* One exchange under way. */
struct envol_http_exchange {
	struct envol_http *http;
	const struct envol_http_request *request;
	struct envol_http_answer *answer;
	bool plain;		/* this one is over http:// */
	bool refused_address;
	char host[256];		/* for sentences */
	size_t max, len;	/* bytes of the body: allowed, there */
	size_t head_len;
	int err;		/* a callback's own */
};
