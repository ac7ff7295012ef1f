/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A stream over TLS 1.2 or newer in which both ends show a certificate. The server's
 * chain, dates and name are always verified, against the one CA file that is named and
 * no other; there is no way to turn that off.
 *
 * OpenSSL's own buffers hold what passes for a moment: this is for a KEK program, whose
 * allocator wipes.
 */
#pragma once

#include "userspace/lib/base/blob.h"
#include "userspace/lib/base/deadline.h"
#include "userspace/lib/internal.h"

struct envol_tls;

/* Who signs where the private key is not at hand. */
struct envol_tls_signer {
	struct envol *ev;
	const char *name;	/* of the key, for sentences */
	/*
	 * @digest by @algorithm, which is PS256, PS384, PS512, RS256, RS384 or RS512 of
	 * RFC 7518 and has hashed it, into @signature, which is empty. With a sentence.
	 */
	int (*sign)(void *data, const char *algorithm, const uint8_t *digest, size_t len,
		    struct envol_blob *signature);
	void *data;
	int err;	/* of the last signature; the rest of the connection's fault is not */
};

struct envol_tls_options {
	const char *ca_file;		/* PEM: whose signature on the server's certificate counts */
	const char *certificate_file;	/* PEM, ours, intermediates behind it; NULL: none is shown */
	const struct envol_secret *key;	/* its key, PEM, not encrypted */
	const char *key_file;		/* where that came from, for sentences */
	struct envol_tls_signer *signer;	/* instead of the key; NULL: it is there */
	const char *server_name;	/* that the certificate must have; NULL: the host connected to */
};

/*
 * Connect, shake hands, verify. -EHOSTUNREACH and -ETIMEDOUT as envol_connect_tcp(),
 * also for a server that hangs up; -EPROTO for a certificate that is not the right one
 * (the sentence says in which way) and for what is no TLS; -EACCES where the server
 * refuses our certificate; -EINVAL for files of ours; the signer's error where it failed.
 */
int envol_tls_open(struct envol *ev, const char *host, uint16_t port,
		   const struct envol_tls_options *options,
		   struct envol_deadline deadline, struct envol_tls **tls)
	_must_check_;
void envol_tls_close(struct envol_tls *tls);

/* All @len bytes. Errors as above. */
int envol_tls_send(struct envol_tls *tls, const uint8_t *data, size_t len,
		   struct envol_deadline deadline) _must_check_;
int envol_tls_receive(struct envol_tls *tls, uint8_t *data, size_t len,
		      struct envol_deadline deadline) _must_check_;
