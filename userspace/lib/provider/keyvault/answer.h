/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Answers that hold a value: a wrapped key, a key, a backup; and those that say why there is none. Pure. */
#pragma once

#include "userspace/lib/base/blob.h"
#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/provider/keyvault/scheme.h"

/*
 * {"kid":…,"value":…} of wrapkey and unwrapkey, @secret for the latter's. The
 * identifier must be @id's, version and all: -EPROTO for another's answer; @id NULL where
 * the answer is about no key, as random bytes. -EBADMSG for what
 * is no such answer, -EPROTO too for a value that is not 1 to @max bytes.
 */
int envol_answer_blob(struct envol *ev, const char *text, size_t len,
		      const struct envol_keyvault_id *id, size_t max,
		      struct envol_blob *value) _must_check_;
int envol_answer_secret(struct envol *ev, const char *text, size_t len,
			const struct envol_keyvault_id *id, size_t max,
			struct envol_secret *value) _must_check_;

/* {"value":…} alone: a backup, random bytes. @value is replaced. */
int envol_answer_value(struct envol *ev, const char *text, size_t len,
		       size_t max, struct envol_blob *value) _must_check_;

#define ENVOL_ANSWER_CODE_SIZE	  64
#define ENVOL_ANSWER_MESSAGE_SIZE 400

/* Why the service refused, as far as it says so; "" where it does not. */
struct envol_answer_refusal {
	char code[ENVOL_ANSWER_CODE_SIZE];	/* the innermost */
	char message[ENVOL_ANSWER_MESSAGE_SIZE];	/* its first line, printable ASCII */
};

/* Never fails: a proxy's page says nothing, like an empty body. */
void envol_answer_refused(struct envol *ev, const char *text, size_t len,
			  struct envol_answer_refusal *refusal);
