// SPDX-License-Identifier: LGPL-2.1-or-later
/* pkg-config: libcurl */
/* pkg-config: libssl */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/net/http_failure.h"
#include "userspace/lib/net/http_head.h"

#define CONNECT_MS 10000	/* then another try may find another address */

void envol_http_free_answer(struct envol_http_answer *answer)
{
	envol_secret_wipe(&answer->body);
	free(answer->request_id);
	free(answer->challenge);
	free(answer->content_type);
	free(answer->location);
	*answer = (struct envol_http_answer)ENVOL_HTTP_ANSWER_INIT;
}

/* ---- what libcurl calls ---------------------------------------------------------- */

static size_t take_head(char *line, size_t size, size_t n, void *data)
{
	struct envol_http_exchange *x = data;

	x->head_len += n;
	if (x->head_len > ENVOL_HTTP_HEAD_MAX)
		x->err = envol_error(x->http->ev, -EMSGSIZE,
				     "%s answers with more than %u bytes of headers",
				     x->host, ENVOL_HTTP_HEAD_MAX);
	else if (envol_http_head_take(x->answer, line, n))
		x->err = envol_error(x->http->ev, -ENOMEM, "out of memory");
	return x->err ? 0 : n;
}

static int keep(struct envol_http_exchange *x, const char *data, size_t n)
{
	struct envol_secret *body = &x->answer->body;

	if (n > x->max - x->len)
		return envol_error(x->http->ev, -EMSGSIZE,
				   "%s answers with more than %zu bytes",
				   x->host, x->max);
	if (x->request->answer)
		return envol_blob_append(x->request->answer, data, n) ?
			       envol_error(x->http->ev, -ENOMEM,
					   "out of memory") : 0;
	if (!body->data) {
		int err = envol_secret_alloc(x->http->ev, body, x->max);

		if (err)
			return err;
	}
	memcpy(body->data + x->len, data, n);
	return 0;
}

static size_t take_body(char *data, size_t size, size_t n, void *arg)
{
	struct envol_http_exchange *x = arg;

	x->err = keep(x, data, n);
	x->len += n;
	return x->err ? 0 : n;
}

static bool stays_near(const struct sockaddr *address)
{
	const struct sockaddr_in *v4 = (const void *)address;
	const struct sockaddr_in6 *v6 = (const void *)address;

	if (address->sa_family == AF_INET) {
		uint32_t ip = ntohl(v4->sin_addr.s_addr);

		return ip >> 24 == 127 || ip >> 16 == (169 << 8 | 254);
	}
	return address->sa_family == AF_INET6 &&
	       (IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr) ||
		IN6_IS_ADDR_LINKLOCAL(&v6->sin6_addr));
}

static curl_socket_t open_socket(void *data, curlsocktype purpose,
				 struct curl_sockaddr *address)
{
	struct envol_http_exchange *x = data;

	if (x->plain && !stays_near(&address->addr)) {
		x->refused_address = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC,
		      address->protocol);
}

static CURLcode trust(CURL *curl, void *ssl_ctx, void *data)
{
	struct envol_http *http = data;

	return SSL_CTX_load_verify_file(ssl_ctx, http->ca_file) ?
		       CURLE_OK : CURLE_SSL_CACERT_BADFILE;
}

/* ---- the handle -------------------------------------------------------------------- */

/*
 * The resolver has to be a thread, for deadlines to hold and without signals; and
 * TLS has to be OpenSSL's, since trust() speaks with it.
 */
static int check_libcurl(struct envol *ev)
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

	if (info->version_num < 0x075700 ||
	    !(info->features & CURL_VERSION_ASYNCHDNS) || !info->ssl_version ||
	    strncmp(info->ssl_version, "OpenSSL", 7) != 0)
		return envol_error(ev, -EOPNOTSUPP,
				   "libcurl %s with %s: 7.87 or later with OpenSSL and a threaded resolver is needed",
				   info->version,
				   info->ssl_version ? info->ssl_version : "no TLS");
	return 0;
}

/* A host without the system's bundle, an initramfs say, may still have the extra file. */
static bool is_system_trusted(CURL *curl)
{
	char *path = NULL;

	return curl_easy_getinfo(curl, CURLINFO_CAINFO, &path) == CURLE_OK &&
	       path && access(path, R_OK) == 0;
}

static CURLcode set_trust(struct envol_http *http)
{
	CURLcode bad;

	if (!http->ca_file)
		return CURLE_OK;
	if (!is_system_trusted(http->curl))
		return curl_easy_setopt(http->curl, CURLOPT_CAINFO,
					http->ca_file);
	bad = curl_easy_setopt(http->curl, CURLOPT_SSL_CTX_DATA, http);
	return bad ? bad : curl_easy_setopt(http->curl,
					    CURLOPT_SSL_CTX_FUNCTION, trust);
}

/* What holds for every request. Each option is one that libcurl was built with, or all fails. */
static CURLcode configure(struct envol_http *http)
{
	static const struct {
		CURLoption option;
		long value;
	} numbers[] = {
		{ CURLOPT_SSL_VERIFYPEER, 1 },
		{ CURLOPT_SSL_VERIFYHOST, 2 },
		{ CURLOPT_PROXY_SSL_VERIFYPEER, 1 },
		{ CURLOPT_PROXY_SSL_VERIFYHOST, 2 },
		{ CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
		{ CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
		{ CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
		{ CURLOPT_FOLLOWLOCATION, 0 },
		{ CURLOPT_NETRC, CURL_NETRC_IGNORED },
		{ CURLOPT_HEADEROPT, CURLHEADER_SEPARATE },
		{ CURLOPT_SUPPRESS_CONNECT_HEADERS, 1 },
		{ CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS },
		{ CURLOPT_TCP_NODELAY, 1 },
		{ CURLOPT_BUFFERSIZE, 16384 },
		{ CURLOPT_UPLOAD_BUFFERSIZE, 16384 },
		{ CURLOPT_QUICK_EXIT, 1 },
	};
	const char *texts[] = { "", http->proxy ? http->proxy : "",
				"envol/" ENVOL_VERSION };
	static const CURLoption text_options[] = { CURLOPT_NOPROXY,
						   CURLOPT_PROXY,
						   CURLOPT_USERAGENT };
	CURL *curl = http->curl;
	CURLcode bad = CURLE_OK;
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(numbers) && !bad; i++)
		bad = curl_easy_setopt(curl, numbers[i].option,
				       numbers[i].value);
	/* An empty string is what keeps the environment out. */
	for (i = 0; i < ENVOL_ARRAY_SIZE(texts) && !bad; i++)
		bad = curl_easy_setopt(curl, text_options[i], texts[i]);
	if (!bad)
		bad = curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->error);
	if (!bad)
		bad = curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_head);
	if (!bad)
		bad = curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	if (!bad)
		bad = curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION,
				       open_socket);
	return bad ? bad : set_trust(http);
}

static int copy_option(struct envol *ev, char **to, const char *from)
{
	if (!from)
		return 0;
	*to = strdup(from);
	return *to ? 0 : envol_error(ev, -ENOMEM, "out of memory");
}

int envol_http_new(struct envol *ev, const struct envol_http_options *options,
		   struct envol_http **http)
{
	struct envol_http *new;
	CURLcode bad;
	int err;

	/* It would be in arguments, messages and a file that others may read. */
	if (options->proxy && strchr(options->proxy, '@'))
		return envol_error(ev, -EINVAL,
				   "a proxy with a user or a password: give one that asks for none");
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return envol_error(ev, -ENOMEM, "libcurl does not start");
	err = check_libcurl(ev);
	if (err)
		return err;
	new = calloc(1, sizeof(*new));
	if (!new)
		return envol_error(ev, -ENOMEM, "out of memory");
	new->ev = ev;
	new->plain = options->plain;
	err = copy_option(ev, &new->ca_file, options->ca_file);
	if (!err)
		err = copy_option(ev, &new->proxy, options->proxy);
	if (!err) {
		new->curl = curl_easy_init();
		bad = new->curl ? configure(new) : CURLE_OUT_OF_MEMORY;
		if (bad)
			err = envol_error(ev, bad == CURLE_OUT_OF_MEMORY ?
						  -ENOMEM : -EOPNOTSUPP,
					  "set up libcurl: %s",
					  curl_easy_strerror(bad));
	}
	if (err) {
		envol_http_free(new);
		return err;
	}
	*http = new;
	return 0;
}

void envol_http_free(struct envol_http *http)
{
	if (!http)
		return;
	curl_easy_cleanup(http->curl);
	free(http->ca_file);
	free(http->proxy);
	free(http);
	curl_global_cleanup();
}

/* ---- a request ----------------------------------------------------------------------- */

/* A list of lines some of which are secret. */
static void free_lines(struct curl_slist **lines)
{
	struct curl_slist *line;

	for (line = *lines; line; line = line->next)
		explicit_bzero(line->data, strlen(line->data));
	curl_slist_free_all(*lines);
	*lines = NULL;
}

#define _cleanup_lines_ _cleanup_(free_lines)

static int add_line(struct envol *ev, struct curl_slist **lines,
		    const char *text)
{
	struct curl_slist *more;

	if (strpbrk(text, "\r\n"))
		return envol_error(ev, -EINVAL, "a header with two lines");
	more = curl_slist_append(*lines, text);
	if (!more)
		return envol_error(ev, -ENOMEM, "out of memory");
	*lines = more;
	return 0;
}

static int add_bearer(struct envol *ev, struct curl_slist **lines,
		      const struct envol_secret *token)
{
	static const char name[] = "Authorization: Bearer ";
	_cleanup_secret_ struct envol_secret line = ENVOL_SECRET_INIT;
	int err = envol_secret_alloc(ev, &line, sizeof(name) + token->len);

	if (err)
		return err;
	memcpy(line.data, name, sizeof(name) - 1);
	memcpy(line.data + sizeof(name) - 1, token->data, token->len);
	if (strlen((char *)line.data) != line.len - 1)
		return envol_error(ev, -EINVAL, "the access token has a NUL");
	return add_line(ev, lines, (char *)line.data);
}

static int make_lines(struct envol *ev,
		      const struct envol_http_request *request,
		      struct curl_slist **lines)
{
	_cleanup_free_ char *type = NULL;
	const char *const *header;
	int err;

	if (asprintf(&type, "Content-Type: %s",
		     request->content_type ? request->content_type : "") < 0) {
		type = NULL;
		return envol_error(ev, -ENOMEM, "out of memory");
	}
	/* "Name:" is libcurl's way to send none. */
	err = add_line(ev, lines, request->content_type ? type :
							  "Content-Type:");
	if (!err)
		err = add_line(ev, lines, "Expect:");
	for (header = request->headers; !err && header && *header; header++)
		err = add_line(ev, lines, *header);
	if (!err && request->bearer)
		err = add_bearer(ev, lines, request->bearer);
	return err;
}

static CURLcode set_method(CURL *curl, const struct envol_http_request *request)
{
	bool is_get = strcmp(request->method, "GET") == 0;
	CURLcode bad;

	if (request->body_len == 0 && strcmp(request->method, "POST") != 0) {
		bad = curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
	} else {
		bad = curl_easy_setopt(curl, CURLOPT_POST, 1L);
		if (!bad)
			bad = curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
					       request->body_len ?
						       request->body : "");
		if (!bad)
			bad = curl_easy_setopt(
				curl, CURLOPT_POSTFIELDSIZE_LARGE,
				(curl_off_t)request->body_len);
	}
	if (!bad)
		bad = curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, (long)request->once);
	return bad ? bad : curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST,
					    is_get ? NULL : request->method);
}

static CURLcode set_request(struct envol_http_exchange *x, struct curl_slist *lines,
			    long left_ms)
{
	CURL *curl = x->http->curl;
	CURLcode bad;

	bad = curl_easy_setopt(curl, CURLOPT_URL, x->request->url);
	if (!bad)
		bad = curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR,
				       x->plain ? "http" : "https");
	if (!bad)
		bad = curl_easy_setopt(curl, CURLOPT_PROXY,
				       x->http->proxy && !x->plain ?
					       x->http->proxy : "");
	if (!bad)
		bad = set_method(curl, x->request);
	if (!bad)
		bad = curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines);
	if (!bad)
		bad = curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, left_ms);
	if (!bad)
		bad = curl_easy_setopt(curl, CURLOPT_HEADERDATA, x);
	if (!bad)
		bad = curl_easy_setopt(curl, CURLOPT_WRITEDATA, x);
	return bad ? bad : curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, x);
}

/* What is refused before anything is sent. The host is for sentences: libcurl parses by itself. */
static int check_request(struct envol_http_exchange *x)
{
	const struct envol_http_request *request = x->request;
	const char *url = request->url, *host;
	struct envol *ev = x->http->ev;

	x->plain = strncmp(url, "http://", 7) == 0;
	if ((x->plain && !x->http->plain) ||
	    (!x->plain && strncmp(url, "https://", 8) != 0))
		return envol_error(ev, -EINVAL, "%.200s: not https://", url);
	host = url + (x->plain ? 7 : 8);
	snprintf(x->host, sizeof(x->host), "%.*s",
		 (int)strcspn(host, "/?#"), host);
	if (strchr(x->host, '@'))
		return envol_error(ev, -EINVAL, "a URL with a user or password");
	if (x->plain && request->bearer)
		return envol_error(ev, -EINVAL,
				   "an access token is not sent to %s without TLS",
				   x->host);
	x->max = request->answer_max ? request->answer_max : ENVOL_SECRET_MAX;
	if (!request->answer && x->max > ENVOL_SECRET_MAX)
		return envol_error(ev, -EINVAL,
				   "an answer of %zu bytes is no secret",
				   x->max);
	return 0;
}

static void note(struct envol_http_exchange *x, int64_t started_ms)
{
	int path_len = (int)strcspn(x->request->url, "?");

	envol_log_debug(x->http->ev, "%s %.*s: %u, %zu bytes, %lld ms%s%s",
			x->request->method, path_len, x->request->url,
			x->answer->status, x->len,
			(long long)(envol_deadline_now_ms() - started_ms),
			x->answer->request_id ? ", request " : "",
			x->answer->request_id ? x->answer->request_id : "");
}

int envol_http_do(struct envol_http *http,
		  const struct envol_http_request *request,
		  struct envol_deadline deadline,
		  struct envol_http_answer *answer)
{
	_cleanup_lines_ struct curl_slist *lines = NULL;
	struct envol_http_exchange x = { .http = http, .request = request,
			      .answer = answer };
	int64_t started_ms = envol_deadline_now_ms();
	long left_ms = envol_deadline_left_ms(deadline), status = 0, sent = 0;
	CURLcode bad;
	int err;

	err = check_request(&x);
	if (!err)
		err = make_lines(http->ev, request, &lines);
	if (err)
		return err;
	if (left_ms == 0)
		return envol_error(http->ev, -ETIMEDOUT,
				   "no time left to ask %s", x.host);
	*http->error = 0;
	bad = set_request(&x, lines, left_ms);
	if (!bad)
		bad = curl_easy_perform(http->curl);
	/* Nothing of the request outlives it. */
	curl_easy_setopt(http->curl, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(http->curl, CURLOPT_POSTFIELDS, NULL);
	curl_easy_getinfo(http->curl, CURLINFO_REQUEST_SIZE, &sent);
	if (bad) {
		envol_http_free_answer(answer);
		answer->sent = sent > 0;
		return envol_http_failure_explain(&x, bad);
	}
	curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
	answer->status = (unsigned int)status;
	answer->sent = true;
	if (answer->body.data)
		envol_secret_truncate(&answer->body, x.len);
	note(&x, started_ms);
	return 0;
}
