// SPDX-License-Identifier: LGPL-2.1-or-later
/* pkg-config: libssl */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/net/connect.h"
#include "userspace/lib/net/tls.h"
#include "userspace/lib/net/tls_files.h"
#include "userspace/lib/net/tls_key.h"

struct envol_tls {
	struct envol *ev;
	struct envol_tls_key *key;	/* NULL: it is in the context itself */
	SSL_CTX *context;
	SSL *ssl;
	int fd;
	char *host;
	const struct envol_tls_options *options;	/* while it is opened */
	bool bad_certificate;	/* and the sentence is in the handle */
};

static const char *name_wanted(const struct envol_tls *tls)
{
	return tls->options->server_name ? tls->options->server_name : tls->host;
}

/* ---- what is wrong with a certificate ------------------------------------- */

static void print_time(char text[64], const ASN1_TIME *time)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int len = 0;

	if (bio && ASN1_TIME_print(bio, time))
		len = BIO_read(bio, text, 63);
	text[len > 0 ? len : 0] = 0;
	BIO_free(bio);
}

/* The names that a certificate is for, the first few. */
static void print_names(char *text, size_t size, const X509 *certificate)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name,
						NULL, NULL);
	size_t len = 0;
	int i;

	*text = 0;
	for (i = 0; i < sk_GENERAL_NAME_num(names) && len + 80 < size; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		const ASN1_STRING *value = name->d.ia5;
		const char *comma = len ? ", " : "";

		if (name->type == GEN_DNS)
			len += snprintf(text + len, size - len, "%s%.*s", comma,
					value->length > 64 ? 64 : value->length,
					(const char *)value->data);
		else if (name->type == GEN_IPADD && value->length == 4)
			len += snprintf(text + len, size - len, "%s%u.%u.%u.%u", comma,
					value->data[0], value->data[1],
					value->data[2], value->data[3]);
	}
	GENERAL_NAMES_free(names);
	for (i = 0; text[i]; i++)
		if (text[i] < ' ' || text[i] > '~')
			text[i] = '?';
	if (!*text)
		snprintf(text, size, "no name that counts");
}

static void say_what_is_wrong(struct envol_tls *tls, X509_STORE_CTX *store)
{
	const X509 *certificate = X509_STORE_CTX_get_current_cert(store);
	const char *whose = X509_STORE_CTX_get_error_depth(store) ?
				    "the certificate of a CA that it names" :
				    "its certificate";
	int error = X509_STORE_CTX_get_error(store);
	char text[256];

	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		print_time(text, X509_get0_notAfter(certificate));
		envol_error(tls->ev, -EPROTO, "%s: %s expired on %s", tls->host, whose, text);
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		print_time(text, X509_get0_notBefore(certificate));
		envol_error(tls->ev, -EPROTO, "%s: %s is not valid before %s; is this host's clock right?",
			    tls->host, whose, text);
		break;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		print_names(text, sizeof(text), certificate);
		envol_error(tls->ev, -EPROTO,
			    "%s: its certificate is for %s, and not for %s (server_name names another)",
			    tls->host, text, name_wanted(tls));
		break;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		envol_error(tls->ev, -EPROTO,
			    "%s: its certificate is not signed by the CA in ca_file %s",
			    tls->host, tls->options->ca_file);
		break;
	default:
		envol_error(tls->ev, -EPROTO, "%s: %s is not accepted: %s", tls->host,
			    whose, X509_verify_cert_error_string(error));
	}
	tls->bad_certificate = true;
}

static int verified(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());

	if (!ok)
		say_what_is_wrong(SSL_get_app_data(ssl), store);
	return ok;
}

/* ---- errors of the stream ------------------------------------------------- */

/* Alerts that a server ends with when it looked at our certificate, or has none to look at. */
static bool is_refusal(int reason)
{
	switch (reason) {
	case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
	case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
	case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
	case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
	case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
	case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
		return true;
	default:
		return false;
	}
}

static int hung_up(struct envol_tls *tls, int err)
{
	return envol_error(tls->ev, -EHOSTUNREACH, "%s: the connection was lost: %s",
			   tls->host, err ? strerror(err) : "closed by the server");
}

/* Of SSL_get_error(), where it is not a matter of waiting. */
static int stream_error(struct envol_tls *tls, int how, int saved_errno)
{
	unsigned long code = ERR_peek_last_error();
	int reason = ERR_GET_REASON(code);

	if (tls->bad_certificate) {
		ERR_clear_error();
		return -EPROTO;
	}
	if (tls->options && tls->options->signer && tls->options->signer->err) {
		ERR_clear_error();
		return tls->options->signer->err;
	}
	if (how == SSL_ERROR_ZERO_RETURN || how == SSL_ERROR_SYSCALL ||
	    reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		ERR_clear_error();
		return hung_up(tls, how == SSL_ERROR_SYSCALL ? saved_errno : 0);
	}
	if (is_refusal(reason))
		return envol_error(tls->ev, -EACCES,
				   "%s refuses the certificate that this host shows (certificate_file): %s",
				   tls->host, envol_tls_files_reason());
	return envol_error(tls->ev, -EPROTO, "%s: TLS: %s", tls->host,
			   envol_tls_files_reason());
}

/* After a call that returned @ret: 0 to do it again, or the error. */
static int wait_or_fail(struct envol_tls *tls, int ret, struct envol_deadline deadline)
{
	int saved_errno = errno, how = SSL_get_error(tls->ssl, ret), err;

	if (how != SSL_ERROR_WANT_READ && how != SSL_ERROR_WANT_WRITE)
		return stream_error(tls, how, saved_errno);
	err = envol_connect_wait(tls->fd, how == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT,
				 deadline);
	if (err == -ETIMEDOUT)
		return envol_error(tls->ev, err, "%s did not answer in time", tls->host);
	return err ? hung_up(tls, -err) : 0;
}

/* ---- opening --------------------------------------------------------------- */

static int want_name(struct envol_tls *tls)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(tls->ssl);
	char name[256];
	size_t len;

	/* An address of IPv6 without its brackets. */
	snprintf(name, sizeof(name), "%s", name_wanted(tls) + (*name_wanted(tls) == '['));
	len = strlen(name);
	if (len && name[len - 1] == ']')
		name[len - 1] = 0;
	if (X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1)
		return 0;
	ERR_clear_error();
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (X509_VERIFY_PARAM_set1_host(param, name, 0) != 1 ||
	    SSL_set_tlsext_host_name(tls->ssl, name) != 1)
		return envol_error(tls->ev, -EINVAL, "\"%s\" is no name of a server", name);
	return 0;
}

static int prepare(struct envol_tls *tls)
{
	OSSL_LIB_CTX *library = NULL;
	int err;

	if (tls->options->signer) {
		err = envol_tls_key_new(tls->ev, tls->options->signer, &tls->key);
		if (err)
			return err;
		library = envol_tls_key_library(tls->key);
	}
	tls->context = SSL_CTX_new_ex(library, NULL, TLS_client_method());
	if (!tls->context ||
	    SSL_CTX_set_min_proto_version(tls->context, TLS1_2_VERSION) != 1)
		return envol_error(tls->ev, -EIO, "prepare TLS: %s",
				   envol_tls_files_reason());
	SSL_CTX_set_options(tls->context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
						  SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(tls->context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(tls->context, SSL_VERIFY_PEER, verified);
	err = envol_tls_files_load(tls->ev, tls->context, tls->options);
	if (!err && tls->key)
		err = envol_tls_key_use(tls->key, tls->context);
	if (err)
		return err;
	tls->ssl = SSL_new(tls->context);
	if (!tls->ssl || SSL_set_app_data(tls->ssl, tls) != 1)
		return envol_error(tls->ev, -ENOMEM, "out of memory");
	return want_name(tls);
}

static int shake_hands(struct envol_tls *tls, struct envol_deadline deadline)
{
	int ret, err = 0;

	if (SSL_set_fd(tls->ssl, tls->fd) != 1)
		return envol_error(tls->ev, -ENOMEM, "out of memory");
	while (!err && (ret = SSL_connect(tls->ssl)) != 1)
		err = wait_or_fail(tls, ret, deadline);
	return err;
}

/* OpenSSL writes to the socket with write(2): a server that is gone would end the process. */
static void block_sigpipe(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

int envol_tls_open(struct envol *ev, const char *host, uint16_t port,
		   const struct envol_tls_options *options,
		   struct envol_deadline deadline, struct envol_tls **tls)
{
	struct envol_tls *new = calloc(1, sizeof(*new));
	int err;

	if (new)
		new->host = strdup(host);
	if (!new || !new->host) {
		free(new);
		return envol_error(ev, -ENOMEM, "out of memory");
	}
	new->ev = ev;
	new->fd = -1;
	new->options = options;
	block_sigpipe();
	err = prepare(new);
	if (!err)
		err = envol_connect_tcp(ev, host, port, deadline, &new->fd);
	if (!err)
		err = shake_hands(new, deadline);
	new->options = NULL;
	if (err) {
		envol_tls_close(new);
		return err;
	}
	*tls = new;
	return 0;
}

void envol_tls_close(struct envol_tls *tls)
{
	if (!tls)
		return;
	/* A notice to the server, if it goes out at once. */
	if (tls->ssl && SSL_is_init_finished(tls->ssl))
		SSL_shutdown(tls->ssl);
	ERR_clear_error();
	SSL_free(tls->ssl);
	SSL_CTX_free(tls->context);
	envol_tls_key_free(tls->key);
	if (tls->fd >= 0)
		close(tls->fd);
	free(tls->host);
	free(tls);
}

/* ---- the stream ------------------------------------------------------------- */

int envol_tls_send(struct envol_tls *tls, const uint8_t *data, size_t len,
		   struct envol_deadline deadline)
{
	size_t done = 0;
	int ret, err = 0;

	/* Without partial writes it is all or nothing. */
	while (!err && (ret = SSL_write_ex(tls->ssl, data, len, &done)) != 1)
		err = wait_or_fail(tls, ret, deadline);
	return err;
}

int envol_tls_receive(struct envol_tls *tls, uint8_t *data, size_t len,
		      struct envol_deadline deadline)
{
	size_t got = 0, n;
	int ret, err = 0;

	while (!err && got < len) {
		n = 0;
		ret = SSL_read_ex(tls->ssl, data + got, len - got, &n);
		if (ret != 1)
			err = wait_or_fail(tls, ret, deadline);
		/* One that sends byte by byte must not get around the deadline. */
		else if (got + n < len && envol_deadline_left_ms(deadline) == 0)
			err = envol_error(tls->ev, -ETIMEDOUT,
					  "%s did not answer in time", tls->host);
		got += n;
	}
	return err;
}
