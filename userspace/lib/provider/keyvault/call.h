/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One request to the service, and what its answer is: what the files of vault share. */
#pragma once

#include "userspace/lib/net/http.h"
#include "userspace/lib/provider/keyvault/identity.h"
#include "userspace/lib/provider/keyvault/vault.h"

struct envol_vault {
	struct envol *ev;
	struct envol_deadline deadline;
	struct envol_http *http;
	struct envol_identity *identity;
	const char *api_version;
	bool hsm;
	bool in_doubt;		/* a request that makes a version may have been done or not */
	char host[ENVOL_KEYVAULT_HOST_SIZE];
};

/* One request, and what a refusal of it means. */
struct envol_call {
	struct envol_vault *vault;
	const char *method;
	char url[ENVOL_URI_MAX];
	const struct envol_keyvault_id *id;
	const char *right;
	int bad_request;
	const void *body;
	size_t body_len;
	struct envol_blob *large;	/* takes an answer that is no secret */
	size_t large_max;
	bool makes_version;	/* so is not to be done twice */
	struct envol_http_answer answer;
};

#define _cleanup_call_ _cleanup_(envol_call_free)
void envol_call_free(struct envol_call *call);

/* Its URL; @operation: "" or "/wrapkey". */
int envol_call_address(struct envol_call *call,
			     const char *operation) _must_check_;
/* 0 for HTTP 200 alone. */
int envol_call_perform(struct envol_call *call) _must_check_;
int envol_call_run(struct envol_call *call, const char *operation)
	_must_check_;	/* both */

const char *envol_call_text(const struct envol_call *call);

/* An answer that is none says nothing of the bytes that were sent: -EBADMSG is for those. */
int envol_call_parsed(int err);

int envol_call_need_version(struct envol_vault *vault,
				  const struct envol_keyvault_id *id)
	_must_check_;
