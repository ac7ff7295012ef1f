/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The proof that we hold a certificate's private key (RFC 7523): a JWT, signed PS256,
 * that names the certificate by its SHA-256 and is good for one authority and ten
 * minutes. OpenSSL sees the key; it lies in its memory, which the process wipes.
 */
#pragma once

#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"

/*
 * @pem holds the private key and its certificate, in any order, besides other
 * certificates; @file names it in sentences. @audience is the token endpoint's URL.
 * -EINVAL for what is no such PEM, for a key other than RSA of 2048 bits or more
 * and for one that is encrypted, -EKEYEXPIRED for a certificate out of its time.
 * @jwt must be empty.
 */
int envol_assertion_sign(struct envol *ev, const struct envol_secret *pem,
			 const char *file, const char *audience,
			 const char *client_id, int64_t now,
			 struct envol_secret *jwt) _must_check_;
