/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A private key that this process does not have, and that signs elsewhere: in a token, say.
 * OpenSSL asks its providers for everything, so here is one for a single key: the public
 * half is the certificate's, and signatures are made by a function of the caller's. RSA.
 */
#pragma once

#include <openssl/ssl.h>

#include "userspace/lib/net/tls.h"

struct envol_tls_key;

/* @signer must outlive it. -EIO, -ENOMEM. */
int envol_tls_key_new(struct envol *ev, struct envol_tls_signer *signer,
		      struct envol_tls_key **key) _must_check_;
void envol_tls_key_free(struct envol_tls_key *key);

/* What a context has to be made in. It goes before the key does. */
OSSL_LIB_CTX *envol_tls_key_library(const struct envol_tls_key *key);

/* For the certificate that @context has. -EINVAL for one that is not of an RSA key. */
int envol_tls_key_use(struct envol_tls_key *key, SSL_CTX *context) _must_check_;
