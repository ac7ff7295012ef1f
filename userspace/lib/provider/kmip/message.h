/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A request message with one operation, and what is taken for the answer to it: the
 * version, one batch item, with the operation and number that were asked for. Pure.
 */
#pragma once

#include "userspace/lib/provider/kmip/tags.h"
#include "userspace/lib/provider/kmip/ttlv.h"

#define ENVOL_KMIP_MESSAGE_MAX (60u * 1024)	/* of an answer; a request is far smaller */
#define ENVOL_KMIP_TEXT_SIZE 256		/* an identifier, a name, a server's sentence */

struct envol_kmip_version {
	int32_t major, minor;
};

/* What a request says before its operation's own. */
struct envol_kmip_request {
	struct envol_kmip_version version;
	enum envol_kmip_operation operation;
	uint64_t id;			/* of the batch item */
	const char *username;		/* NULL: the certificate says who asks */
	const struct envol_secret *password;
};

/* Into @size bytes at @data. What is written between the two is the request's payload. */
void envol_kmip_message_begin(struct envol_ttlv_writer *w, uint8_t *data, size_t size,
			      const struct envol_kmip_request *request);
int envol_kmip_message_end(struct envol_ttlv_writer *w, size_t *len) _must_check_;

struct envol_kmip_answer {
	struct envol_kmip_version version;
	uint32_t status, reason;		/* reason 0: none given */
	char text[ENVOL_KMIP_TEXT_SIZE];	/* of an error; made printable */
	struct envol_ttlv payload;		/* a structure; tag 0: there is none */
};

/*
 * -EBADMSG, with a static sentence in @why, for a message that is malformed, or answers
 * something else than @request. An answer that tells of an error is a good answer.
 */
int envol_kmip_message_parse(const uint8_t *data, size_t len,
			     const struct envol_kmip_request *request,
			     struct envol_kmip_answer *answer, const char **why)
	_must_check_;
