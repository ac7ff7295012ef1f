// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>
#include <errno.h>
#include <openssl/x509_vfy.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/net/http_failure.h"

/* libcurl's sentence, which may quote the other end. */
static const char *detail(struct envol_http *http, CURLcode bad)
{
	char *at;

	if (!*http->error)
		return curl_easy_strerror(bad);
	for (at = http->error; *at; at++)
		if (!isprint((unsigned char)*at))
			*at = '?';
	return http->error;
}

static int refuse_tls(struct envol_http_exchange *x, CURLcode bad)
{
	struct envol_http *http = x->http;
	long verdict = X509_V_OK;

	curl_easy_getinfo(http->curl, CURLINFO_SSL_VERIFYRESULT, &verdict);
	switch (verdict) {
	case X509_V_OK:
		return envol_error(http->ev, -EPROTO, "TLS with %s: %s", x->host,
				   detail(http, bad));
	case X509_V_ERR_CERT_NOT_YET_VALID:
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return envol_error(http->ev, -EPROTO,
				   "the certificate of %s is not to be trusted: %s; is this host's clock right?",
				   x->host,
				   X509_verify_cert_error_string(verdict));
	case X509_V_ERR_UNSPECIFIED:	/* libcurl's own: the name */
		return envol_error(http->ev, -EPROTO,
				   "the certificate of %s is not to be trusted: %s",
				   x->host, detail(http, bad));
	default:
		return envol_error(http->ev, -EPROTO,
				   "the certificate of %s is not to be trusted: %s; if a private authority issued it, set ca_file",
				   x->host,
				   X509_verify_cert_error_string(verdict));
	}
}

static int refuse_ca_file(struct envol_http_exchange *x)
{
	return envol_error(x->http->ev, -EINVAL,
			   "no certificate authority can be read from %s",
			   x->http->ca_file ? x->http->ca_file :
					      "the system's bundle; install ca-certificates");
}

/* An end in the middle of TLS's beginning comes as a failure of TLS. */
static bool was_cut(struct envol_http *http)
{
	long os_error = 0;

	curl_easy_getinfo(http->curl, CURLINFO_OS_ERRNO, &os_error);
	return os_error == ECONNRESET || os_error == EPIPE ||
	       strstr(http->error, "SSL_ERROR_SYSCALL");
}

int envol_http_failure_explain(struct envol_http_exchange *x, CURLcode bad)
{
	struct envol_http *http = x->http;
	struct envol *ev = http->ev;

	if (x->err)
		return x->err;
	if (x->refused_address)
		return envol_error(ev, -EINVAL,
				   "%s is not an address of this machine or link: http:// goes no further",
				   x->host);
	switch (bad) {
	case CURLE_OUT_OF_MEMORY:
		return envol_error(ev, -ENOMEM, "out of memory");
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
		return envol_error(ev, -EPROTO, "%s: %s", x->host,
				   detail(http, bad));
	case CURLE_COULDNT_RESOLVE_HOST:
		return envol_error(ev, -EHOSTUNREACH,
				   "the name %s can't be resolved; a wrong name, a vault that was deleted, or no network",
				   x->host);
	case CURLE_COULDNT_RESOLVE_PROXY:
		return envol_error(ev, -EHOSTUNREACH,
				   "the name of the proxy %s can't be resolved",
				   http->proxy);
	case CURLE_OPERATION_TIMEDOUT:
		return envol_error(ev, -ETIMEDOUT, "no answer of %s in time: %s",
				   x->host, detail(http, bad));
	case CURLE_COULDNT_CONNECT:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
		return envol_error(ev, -EHOSTUNREACH, "%s can't be reached: %s",
				   x->host, detail(http, bad));
	case CURLE_SSL_CACERT_BADFILE:
		return refuse_ca_file(x);
	case CURLE_SSL_CONNECT_ERROR:
		if (was_cut(http))
			return envol_error(ev, -EHOSTUNREACH,
					   "%s can't be reached: %s", x->host,
					   detail(http, bad));
		return refuse_tls(x, bad);
	case CURLE_PEER_FAILED_VERIFICATION:
		return refuse_tls(x, bad);
	default:
		return envol_error(ev, -EPROTO, "%s: %s", x->host,
				   detail(http, bad));
	}
}
