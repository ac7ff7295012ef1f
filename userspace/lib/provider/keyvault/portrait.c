// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/provider/keyvault/portrait.h"
#include "userspace/lib/provider/message.h"
#include "userspace/lib/provider/settings.h"

#define PAGES_MAX 400u	/* some are empty */

void envol_portrait_free_versions(struct envol_portrait_versions *versions)
{
	free(versions->items);
	*versions = (struct envol_portrait_versions)ENVOL_PORTRAIT_VERSIONS_INIT;
}

/* ---- lists -------------------------------------------------------------------------- */

static int add_items(struct envol *ev, struct envol_portrait_versions *list,
		     const struct envol_bundle_page *page)
{
	struct envol_bundle_version *more;

	if (page->n_items == 0)
		return 0;
	if (list->n + page->n_items > ENVOL_MESSAGE_KEYS_MAX)
		return envol_error(ev, -EPROTO,
				   "the vault's list has more than %u entries",
				   ENVOL_MESSAGE_KEYS_MAX);
	more = reallocarray(list->items, list->n + page->n_items,
			    sizeof(*list->items));
	if (!more)
		return envol_error(ev, -ENOMEM, "out of memory");
	memcpy(more + list->n, page->items,
	       page->n_items * sizeof(*more));
	list->items = more;
	list->n += page->n_items;
	return 0;
}

/* Of a key's versions, or of a vault's keys. */
static int collect(struct envol *ev, struct envol_vault *vault,
		   const struct envol_keyvault_id *id,
		   struct envol_portrait_versions *list)
{
	_cleanup_free_ char *next = NULL;
	unsigned int pages;
	int err;

	for (pages = 0; pages < PAGES_MAX; pages++) {
		_cleanup_page_ struct envol_bundle_page page =
			ENVOL_BUNDLE_PAGE_INIT;

		err = envol_vault_get_page(vault, id, next, &page);
		if (!err)
			err = add_items(ev, list, &page);
		if (err || !page.next)
			return err;
		free(next);
		next = take_ptr(page.next);
	}
	return envol_error(ev, -EPROTO, "the vault's list has no end");
}

/* The service sorts them by their names. */
static int by_time(const void *a, const void *b)
{
	const struct envol_bundle_version *x = a, *y = b;
	int64_t one = x->attributes.created, two = y->attributes.created;

	if (one != two)
		return one < two ? -1 : 1;
	return strcmp(x->id.version, y->id.version);
}

int envol_portrait_versions(struct envol *ev, struct envol_vault *vault,
			    const struct envol_keyvault_id *id,
			    struct envol_portrait_versions *versions)
{
	int err = collect(ev, vault, id, versions);

	if (err) {
		envol_portrait_free_versions(versions);
		return err;
	}
	if (versions->n)
		qsort(versions->items, versions->n, sizeof(*versions->items),
		      by_time);
	return 0;
}

/* ---- a description -------------------------------------------------------------------- */

static int set_version(struct envol *ev, struct envol_key_version *to,
		       const struct envol_keyvault_id *id,
		       const struct envol_bundle_attributes *from)
{
	to->version = strdup(id->version);
	to->created = from->created;
	to->not_before = from->not_before;
	to->expires = from->expires;
	to->enabled = from->enabled;
	return to->version ? 0 : envol_error(ev, -ENOMEM, "out of memory");
}

/* @newest goes last whatever the list says: two versions may be of the same second. */
static int set_versions(struct envol *ev, const struct envol_bundle *newest,
			const struct envol_portrait_versions *all,
			struct envol_key_info *info)
{
	size_t skipped = all->n > ENVOL_MESSAGE_VERSIONS_MAX - 1 ?
				 all->n - (ENVOL_MESSAGE_VERSIONS_MAX - 1) : 0;
	size_t i;
	int err = 0;

	info->versions = calloc(all->n - skipped + 1, sizeof(*info->versions));
	if (!info->versions)
		return envol_error(ev, -ENOMEM, "out of memory");
	for (i = skipped; i < all->n && !err; i++)
		if (strcmp(all->items[i].id.version, newest->id.version) != 0)
			err = set_version(ev, &info->versions[info->n_versions++],
					  &all->items[i].id,
					  &all->items[i].attributes);
	return err ? err : set_version(ev, &info->versions[info->n_versions++],
				       &newest->id, &newest->attributes);
}

static char *name_type(const struct envol_bundle *newest)
{
	char *text;
	int len;

	if (newest->type == ENVOL_BUNDLE_RSA)
		len = asprintf(&text, "RSA-%u", newest->bits);
	else if (newest->type == ENVOL_BUNDLE_AES)
		/* Its size is not told; wrapping asks for 256 bits and no other. */
		len = asprintf(&text, "AES-256");
	else
		len = asprintf(&text, "%s", newest->kty);
	return len < 0 ? NULL : text;
}

static char *name_protection(const struct envol_bundle *newest, bool hsm)
{
	if (hsm)
		return strdup("in a Managed HSM");
	return strdup(newest->in_hsm ? "in an HSM of Key Vault" :
				       "in software of Key Vault");
}

static char *name_recovery(const struct envol_bundle_attributes *attributes)
{
	const char *level = attributes->recovery_level;
	char *text;
	int len;

	if (!*level)
		return strdup("the vault does not say whether a deleted key can be recovered");
	if (attributes->recoverable_days)
		len = asprintf(&text, "%s, %u days", level,
			       attributes->recoverable_days);
	else
		len = asprintf(&text, "%s", level);
	return len < 0 ? NULL : text;
}

static int fill(struct envol *ev, struct envol_vault *vault,
		const struct envol_bundle *newest,
		const struct envol_portrait_versions *versions,
		struct envol_key_info *info)
{
	info->type = name_type(newest);
	info->protection = name_protection(newest, envol_vault_is_hsm(vault));
	info->recovery = name_recovery(&newest->attributes);
	info->recoverable = envol_bundle_is_protected(&newest->attributes);
	if (!info->type || !info->protection || !info->recovery)
		return envol_error(ev, -ENOMEM, "out of memory");
	return set_versions(ev, newest, versions, info);
}

int envol_portrait_draw(struct envol *ev, struct envol_vault *vault,
			const struct envol_keyvault_id *id,
			struct envol_key_info *info)
{
	_cleanup_versions_ struct envol_portrait_versions versions =
		ENVOL_PORTRAIT_VERSIONS_INIT;
	_cleanup_bundle_ struct envol_bundle newest = ENVOL_BUNDLE_INIT;
	int err = envol_vault_get(vault, id, &newest);

	if (err)
		return err;
	err = envol_portrait_versions(ev, vault, id, &versions);
	if (err == -EACCES) {
		envol_log_info(ev, "%s: %s; its older versions are not shown",
			       id->name, ev->message);
		err = 0;
	}
	return err ? err : fill(ev, vault, &newest, &versions, info);
}

/* ---- the keys of vaults -------------------------------------------------------------------- */

struct album {
	struct envol *ev;
	struct envol_deadline deadline;
	struct envol_key_info *infos;
	size_t n;
};

/* One that can't be described is listed with the reason. */
static int add_key(struct album *album, struct envol_vault *vault,
		   const struct envol_keyvault_id *id)
{
	struct envol_key_info *more = reallocarray(album->infos, album->n + 1,
						   sizeof(*more));
	struct envol_key_info *info;

	if (!more)
		return envol_error(album->ev, -ENOMEM, "out of memory");
	album->infos = more;
	info = &more[album->n++];
	*info = (struct envol_key_info){ 0 };
	if (asprintf(&info->uri, "https://%s/keys/%s", id->host, id->name) < 0) {
		info->uri = NULL;
		return envol_error(album->ev, -ENOMEM, "out of memory");
	}
	if (envol_portrait_draw(album->ev, vault, id, info)) {
		char *uri = take_ptr(info->uri);

		envol_key_info_free(info);
		info->uri = uri;
		info->protection = strdup(album->ev->message);
	}
	return 0;
}

static int add_vault(struct album *album, const char *host)
{
	_cleanup_versions_ struct envol_portrait_versions keys =
		ENVOL_PORTRAIT_VERSIONS_INIT;
	struct envol_keyvault_id all = { .name = "" };
	struct envol_vault *vault = NULL;
	size_t i;
	int err = envol_vault_open(album->ev, host, album->deadline, &vault);

	snprintf(all.host, sizeof(all.host), "%s", host);
	if (!err)
		err = collect(album->ev, vault, &all, &keys);
	for (i = 0; !err && i < keys.n; i++) {
		if (album->n == ENVOL_MESSAGE_KEYS_MAX)
			err = envol_error(album->ev, -E2BIG,
					  "more than %u keys",
					  ENVOL_MESSAGE_KEYS_MAX);
		else
			err = add_key(album, vault, &keys.items[i].id);
	}
	envol_vault_close(vault);
	return err ? envol_error_while(album->ev, err, "%s", host) : 0;
}

int envol_portrait_list(struct envol *ev, struct envol_deadline deadline,
			struct envol_key_info **infos, size_t *n_infos)
{
	struct album album = { .ev = ev, .deadline = deadline };
	const char *host;
	size_t i;
	int err = 0;

	for (i = 0; !err && (host = envol_setting_subject(
				     ev, ENVOL_KEYVAULT_SCHEME, i)); i++)
		err = add_vault(&album, host);
	if (i == 0)
		err = envol_error(ev, -EINVAL,
				  "which vault is not said: give it a section [https HOST] in envol.conf");
	if (err) {
		while (album.n)
			envol_key_info_free(&album.infos[--album.n]);
		free(album.infos);
		return err;
	}
	*infos = album.infos;
	*n_infos = album.n;
	return 0;
}
