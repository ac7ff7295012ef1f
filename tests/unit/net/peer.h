/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A server on 127.0.0.1 in a process of its own: it takes requests, keeps their
 * text, and gives the answers of a list one after the other, whatever is asked.
 */
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/test.h"

struct peer_answer {
	const char *text;
	const char *more;	/* behind it, so often */
	size_t times;
	unsigned int pause_ms;	/* before it */
	bool close;		/* after it */
};

struct peer_certificate {
	const char *name;	/* DNS; NULL: localhost */
	int days;		/* from yesterday on; 0: 7, -1: over */
};

struct peer {
	pid_t pid;
	int requests;		/* pipe */
	uint16_t port;
	char ca[64];		/* file of the authority */
	char url[64];
};

static inline X509 *peer_make_certificate(EVP_PKEY *key, X509 *issuer,
					  EVP_PKEY *issuer_key,
					  const struct peer_certificate *wanted)
{
	static long serial = 1;
	X509 *x = X509_new();
	char san[128];
	int days = wanted->days ? wanted->days : 7;

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
	X509_gmtime_adj(X509_getm_notBefore(x), -2 * 86400);
	X509_gmtime_adj(X509_getm_notAfter(x), days * 86400L);
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
				   (const unsigned char *)(issuer ? "peer" : "authority"),
				   -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer : x));
	snprintf(san, sizeof(san), "DNS:%s",
		 wanted->name ? wanted->name : "localhost");
	X509_add1_ext_i2d(x, NID_basic_constraints,
			  &(BASIC_CONSTRAINTS){ .ca = issuer ? 0 : 0xff }, 1, 0);
	if (issuer) {
		X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL,
							NID_subject_alt_name,
							san);

		X509_add_ext(x, e, -1);
		X509_EXTENSION_free(e);
	}
	CHECK(X509_sign(x, issuer_key, EVP_sha256()) > 0);
	return x;
}

static inline SSL_CTX *peer_tls(struct peer *peer,
				const struct peer_certificate *wanted)
{
	EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
	X509 *ca = peer_make_certificate(ca_key, NULL, ca_key,
					 &(struct peer_certificate){ 0 });
	X509 *own = peer_make_certificate(key, ca, ca_key, wanted);
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	FILE *f;
	int fd;

	strcpy(peer->ca, "/tmp/envol-peer-XXXXXX");
	fd = mkstemp(peer->ca);
	f = fdopen(fd, "w");
	CHECK(f && PEM_write_X509(f, ca));
	fclose(f);
	CHECK(SSL_CTX_use_certificate(ctx, own) == 1);
	CHECK(SSL_CTX_use_PrivateKey(ctx, key) == 1);
	X509_free(ca);
	X509_free(own);
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(key);
	return ctx;
}

static inline int peer_read(SSL *ssl, int fd, char *to, size_t len)
{
	return ssl ? SSL_read(ssl, to, (int)len) : (int)read(fd, to, len);
}

static inline bool peer_write(SSL *ssl, int fd, const char *text)
{
	int len = (int)strlen(text);

	return len == 0 ||
	       (ssl ? SSL_write(ssl, text, len) : (int)write(fd, text, len)) == len;
}

/* One request into @text; false at the end of the connection. */
static inline bool peer_take(SSL *ssl, int fd, char *text, size_t size)
{
	size_t len = 0, body = 0;
	const char *end, *at;

	for (;;) {
		int n = peer_read(ssl, fd, text + len, size - 1 - len);

		if (n <= 0)
			return false;
		len += n;
		text[len] = 0;
		end = strstr(text, "\r\n\r\n");
		if (!end)
			continue;
		at = strcasestr(text, "content-length: ");
		body = at && at < end ? strtoul(at + 16, NULL, 10) : 0;
		if (len >= (size_t)(end + 4 - text) + body)
			return true;
	}
}

static inline void peer_serve(int listener, SSL_CTX *ctx, int requests,
			      const struct peer_answer *answers, size_t n)
{
	size_t i = 0;

	while (i < n) {
		int fd = accept(listener, NULL, NULL);
		SSL *ssl = ctx ? SSL_new(ctx) : NULL;
		bool open = true;
		char text[32768];

		dprintf(requests, "(connection)\n");
		if (ssl) {
			SSL_set_fd(ssl, fd);
			open = SSL_accept(ssl) == 1;
		}
		while (open && i < n && peer_take(ssl, fd, text, sizeof(text))) {
			const struct peer_answer *a = &answers[i++];
			size_t left = a->times;

			dprintf(requests, "%s\n", text);
			poll(NULL, 0, (int)a->pause_ms);
			open = peer_write(ssl, fd, a->text);
			while (open && left--)
				open = peer_write(ssl, fd, a->more);
			open = open && !a->close;
		}
		if (ssl) {
			SSL_shutdown(ssl);
			SSL_free(ssl);
		}
		close(fd);
	}
}

/* @wanted NULL: without TLS. @answers must be there until the end. */
static inline void peer_start(struct peer *peer,
			      const struct peer_certificate *wanted,
			      const struct peer_answer *answers, size_t n)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), ends[2];
	SSL_CTX *ctx;

	memset(peer, 0, sizeof(*peer));
	ctx = wanted ? peer_tls(peer, wanted) : NULL;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0);
	CHECK(listen(listener, 5) == 0);
	CHECK(getsockname(listener, (struct sockaddr *)&address, &len) == 0);
	CHECK(pipe(ends) == 0);
	peer->port = ntohs(address.sin_port);
	peer->requests = ends[0];
	snprintf(peer->url, sizeof(peer->url), "http%s://localhost:%u",
		 wanted ? "s" : "", peer->port);
	peer->pid = fork();
	if (peer->pid == 0) {
		signal(SIGPIPE, SIG_IGN);
		close(ends[0]);
		peer_serve(listener, ctx, ends[1], answers, n);
		_exit(0);
	}
	close(ends[1]);
	close(listener);
	SSL_CTX_free(ctx);
}

/* What came in all, once the answers are given or the process is ended. */
static inline const char *peer_stop(struct peer *peer)
{
	static char text[65536];
	size_t len = 0;
	ssize_t n;

	kill(peer->pid, SIGTERM);
	waitpid(peer->pid, NULL, 0);
	while ((n = read(peer->requests, text + len,
			 sizeof(text) - 1 - len)) > 0)
		len += n;
	text[len] = 0;
	close(peer->requests);
	if (*peer->ca)
		unlink(peer->ca);
	return text;
}
