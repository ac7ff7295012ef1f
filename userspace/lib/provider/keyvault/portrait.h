/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a key of a vault looks like to people: its versions, and the description of it. */
#pragma once

#include "userspace/lib/internal.h"
#include "userspace/lib/provider/keyvault/vault.h"

struct envol_portrait_versions {
	struct envol_bundle_version *items;	/* by the time they were made */
	size_t n;
};

#define ENVOL_PORTRAIT_VERSIONS_INIT { 0 }
#define _cleanup_versions_ _cleanup_(envol_portrait_free_versions)
void envol_portrait_free_versions(struct envol_portrait_versions *versions);

/* All pages of them. -EPROTO for a list without an end. */
int envol_portrait_versions(struct envol *ev, struct envol_vault *vault,
			    const struct envol_keyvault_id *id,
			    struct envol_portrait_versions *versions)
	_must_check_;

/*
 * Fill @info but for the URI. The newest version is what the service gives for the key
 * without one; where listing the others is not allowed, it is the only one.
 */
int envol_portrait_draw(struct envol *ev, struct envol_vault *vault,
			const struct envol_keyvault_id *id,
			struct envol_key_info *info) _must_check_;

/* The keys of each vault that has a section of its own. */
int envol_portrait_list(struct envol *ev, struct envol_deadline deadline,
			struct envol_key_info **infos, size_t *n_infos)
	_must_check_;
