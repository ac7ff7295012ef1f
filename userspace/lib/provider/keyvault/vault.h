/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A vault or a Managed HSM that is talked to: one host, one identity, one
 * connection. What is asked of it are the service's operations on a key, one function
 * each; the answers are checked to be about the key that was meant.
 */
#pragma once

#include "userspace/lib/base/deadline.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/provider/keyvault/bundle.h"

struct envol_vault;

/* A host that may not be asked is -EACCES. Nothing is sent yet. */
int envol_vault_open(struct envol *ev, const char *host,
		     struct envol_deadline deadline, struct envol_vault **vault)
	_must_check_;
void envol_vault_close(struct envol_vault *vault);
bool envol_vault_is_hsm(const struct envol_vault *vault);

/* Errors of all below: those of envol_http_do(), envol_identity_token() and envol_refusal_explain(). */

/* id->version "": the newest. */
int envol_vault_get(struct envol_vault *vault,
		    const struct envol_keyvault_id *id,
		    struct envol_bundle *bundle) _must_check_;

/*
 * One page: the first where @url is NULL, else page->next of the one before. A link
 * to another place is -EPROTO. id->name "": of the vault's keys.
 */
int envol_vault_get_page(struct envol_vault *vault,
			 const struct envol_keyvault_id *id, const char *url,
			 struct envol_bundle_page *page) _must_check_;

/* By id->version, which has to be there. */
int envol_vault_wrap(struct envol_vault *vault,
		     const struct envol_keyvault_id *id, const char *algorithm,
		     const struct envol_secret *key, struct envol_blob *wrapped)
	_must_check_;
int envol_vault_unwrap(struct envol_vault *vault,
		       const struct envol_keyvault_id *id,
		       const char *algorithm, const struct envol_blob *wrapped,
		       struct envol_secret *key) _must_check_;

/* Of a Managed HSM: -EOPNOTSUPP for a vault, which has none to give. */
int envol_vault_random(struct envol_vault *vault, unsigned int count,
		       struct envol_secret *bytes) _must_check_;

/*
 * After create, import, rotate and restore: it may have been done though no answer said
 * so, and twice it must not be.
 */
bool envol_vault_is_in_doubt(const struct envol_vault *vault);

/* A new key; on one that is there it would be a new version. */
int envol_vault_create(struct envol_vault *vault,
		       const struct envol_keyvault_id *id, const char *kty,
		       unsigned int bits) _must_check_;
/* The same with a key that is brought, from envol_import_body(). @bundle must be empty. */
int envol_vault_import(struct envol_vault *vault,
		       const struct envol_keyvault_id *id,
		       const struct envol_secret *body,
		       struct envol_bundle *bundle) _must_check_;
int envol_vault_rotate(struct envol_vault *vault,
		       const struct envol_keyvault_id *id) _must_check_;
int envol_vault_set_enabled(struct envol_vault *vault,
			    const struct envol_keyvault_id *id, bool enabled)
	_must_check_;
int envol_vault_backup(struct envol_vault *vault,
		       const struct envol_keyvault_id *id,
		       struct envol_blob *blob) _must_check_;
/* The key it becomes has the name, and the versions, that it had. */
int envol_vault_restore(struct envol_vault *vault,
			const struct envol_blob *blob,
			struct envol_keyvault_id *id) _must_check_;
