/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files that a TLS context is made from. */
#pragma once

#include <openssl/ssl.h>

#include "userspace/lib/net/tls.h"

/* CA, certificate, and key if it is at hand, into @context. -EINVAL for what is none or does not fit. */
int envol_tls_files_load(struct envol *ev, SSL_CTX *context,
			 const struct envol_tls_options *options) _must_check_;

/* What OpenSSL last complained of, for people; the queue is empty then. */
const char *envol_tls_files_reason(void);
