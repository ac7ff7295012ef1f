/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A key as the service answers it: the key bundle, and the shorter form in lists of versions. Pure. */
#pragma once

#include "userspace/lib/crypto/oaep.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/provider/keyvault/scheme.h"

#define ENVOL_BUNDLE_MAX	  (64u * 1024)	/* bytes of an answer */
#define ENVOL_BUNDLE_LEVEL_SIZE	  64

enum envol_bundle_type {
	ENVOL_BUNDLE_OTHER,	/* EC, and what is not known */
	ENVOL_BUNDLE_RSA,
	ENVOL_BUNDLE_AES,	/* oct-HSM */
};

struct envol_bundle_attributes {
	bool enabled;
	int64_t created, not_before, expires;	/* Unix seconds; 0: not given */
	char recovery_level[ENVOL_BUNDLE_LEVEL_SIZE];	/* "": not given */
	unsigned int recoverable_days;	/* 0: not given */
};

struct envol_bundle {
	struct envol_keyvault_id id;	/* with a version */
	enum envol_bundle_type type;
	char kty[16];			/* as it came */
	bool in_hsm;
	bool can_wrap, can_unwrap;	/* among its operations */
	unsigned int bits;		/* of RSA */
	struct envol_oaep_public public;	/* of RSA */
	struct envol_bundle_attributes attributes;
};

#define ENVOL_BUNDLE_INIT { 0 }
#define _cleanup_bundle_ _cleanup_(envol_bundle_free)
void envol_bundle_free(struct envol_bundle *bundle);

/* Into an empty one. -EBADMSG with what is wrong, -ENOMEM. */
int envol_bundle_parse(struct envol *ev, const char *text, size_t len,
		       struct envol_bundle *bundle) _must_check_;

/* One page of a key's versions. */
struct envol_bundle_version {
	struct envol_keyvault_id id;
	struct envol_bundle_attributes attributes;
};

struct envol_bundle_page {
	struct envol_bundle_version *items;
	size_t n_items;
	char *next;	/* URL of the next page; NULL: this was the last */
};

#define ENVOL_BUNDLE_PAGE_INIT { 0 }
#define ENVOL_BUNDLE_PAGE_ITEMS 100u	/* four times what the service puts into one */
#define _cleanup_page_ _cleanup_(envol_bundle_free_page)
void envol_bundle_free_page(struct envol_bundle_page *page);

/* Of a key's versions, or of a vault's keys (whose identifiers have no version). */
int envol_bundle_parse_page(struct envol *ev, const char *text, size_t len,
			    struct envol_bundle_page *page) _must_check_;

/* A key that is deleted can be purged only when its time is over. */
bool envol_bundle_is_protected(const struct envol_bundle_attributes *attributes);
