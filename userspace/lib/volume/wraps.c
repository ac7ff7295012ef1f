// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/volume/wraps.h"

static int copy_part(struct envol_token_part *to,
		     const struct envol_token_part *from)
{
	to->uri = strdup(from->uri);
	to->version = strdup(from->version);
	to->algorithm = strdup(from->algorithm);
	if (!to->uri || !to->version || !to->algorithm)
		return -ENOMEM;
	return envol_blob_append(&to->bytes, from->bytes.data, from->bytes.len);
}

int envol_wraps_copy(struct envol *ev, const struct envol_token_wrap *from,
		    struct envol_token_wrap *to)
{
	struct envol_token_wrap new = {
		.n_parts = from->n_parts,
		.created = from->created,
		.retiring = from->retiring,
		.proved = from->proved,
		.unprotected = from->unprotected,
	};
	unsigned int i;
	int err = envol_blob_append(&new.dek, from->dek.data, from->dek.len);

	for (i = 0; !err && i < from->n_parts; i++)
		err = copy_part(&new.parts[i], &from->parts[i]);
	if (err) {
		envol_token_free_wrap(&new);
		return envol_error(ev, err, "out of memory");
	}
	*to = new;
	return 0;
}

bool envol_wraps_are_same(const struct envol_token_wrap *a,
			const struct envol_token_wrap *b)
{
	unsigned int i;

	for (i = 0; i < a->n_parts && a->n_parts == b->n_parts; i++)
		if (!envol_blob_equal(&a->parts[i].bytes, &b->parts[i].bytes))
			return false;
	return envol_wraps_share_keks(a, b) && envol_blob_equal(&a->dek, &b->dek);
}

bool envol_wraps_share_keks(const struct envol_token_wrap *a,
			    const struct envol_token_wrap *b)
{
	unsigned int i;

	for (i = 0; i < a->n_parts && a->n_parts == b->n_parts; i++)
		if (strcmp(a->parts[i].uri, b->parts[i].uri) != 0)
			return false;
	return a->n_parts == b->n_parts;
}

bool envol_wraps_share_versions(const struct envol_token_wrap *a,
				const struct envol_token_wrap *b)
{
	unsigned int i;

	for (i = 0; i < a->n_parts && a->n_parts == b->n_parts; i++)
		if (strcmp(a->parts[i].version, b->parts[i].version) != 0)
			return false;
	return envol_wraps_share_keks(a, b);
}

struct envol_token_wrap *envol_wraps_find(struct envol_token *token,
					 const struct envol_token_wrap *wrap)
{
	uint32_t i;

	for (i = 0; i < token->n_wraps; i++)
		if (envol_wraps_are_same(&token->wraps[i], wrap))
			return &token->wraps[i];
	return NULL;
}

void envol_wraps_drop(struct envol_token *token, struct envol_token_wrap *wrap)
{
	struct envol_token_wrap *last = &token->wraps[token->n_wraps - 1];

	envol_token_free_wrap(wrap);
	memmove(wrap, wrap + 1, (last - wrap) * sizeof(*wrap));
	memset(last, 0, sizeof(*last));
	token->n_wraps--;
}

int envol_wraps_append(struct envol *ev, struct envol_token *token,
		      const struct envol_token_wrap *wrap)
{
	int err;

	if (token->n_wraps == ENVOL_SEALED_WRAPS)
		return envol_error(ev, -ENOSPC,
				   "the header has room for %d wraps, and all are taken",
				   ENVOL_SEALED_WRAPS);
	err = envol_wraps_copy(ev, wrap, &token->wraps[token->n_wraps]);
	if (!err)
		token->n_wraps++;
	return err;
}

/* ---- strength ---- */

/*
 * Bits of security of what a part's algorithm and length tell; 0 for an algorithm that
 * is not known. RSA as NIST SP 800-57 part 1 has it. OAEP with SHA-1 is not broken, and
 * still a step down from SHA-256.
 */
static unsigned int strength(const struct envol_token_part *part)
{
	static const struct {
		size_t bytes;	/* of the modulus, and so of what it wraps */
		unsigned int bits;
	} rsa[] = { { 512, 152 }, { 384, 128 }, { 256, 112 } };
	const char *name = part->algorithm;
	unsigned int bits;
	size_t i;

	if (sscanf(name, "A%uKW", &bits) == 1 ||
	    sscanf(name, "A%uGCM", &bits) == 1)
		return bits == 128 || bits == 192 || bits == 256 ? bits : 0;
	if (strcmp(name, "RSA-OAEP-256") != 0 && strcmp(name, "RSA-OAEP") != 0)
		return 0;
	for (i = 0; i < ENVOL_ARRAY_SIZE(rsa); i++)
		if (part->bytes.len >= rsa[i].bytes)
			return rsa[i].bits - (strcmp(name, "RSA-OAEP") == 0);
	return 0;
}

static int check_part(struct envol *ev, const struct envol_token_part *old,
		      const struct envol_token_part *next)
{
	unsigned int from = strength(old), to = strength(next);

	if (strcmp(old->algorithm, next->algorithm) == 0 &&
	    old->bytes.len == next->bytes.len)
		return 0;
	if (!from || !to)
		return envol_error(ev, -EPERM,
				   "version %s of %s wraps by %s (%zu bytes), version %s by %s (%zu bytes), and which is weaker is not known here; add it by hand if it is wanted",
				   old->version, old->uri, old->algorithm,
				   old->bytes.len, next->version,
				   next->algorithm, next->bytes.len);
	if (to < from)
		return envol_error(ev, -EPERM,
				   "version %s of %s is weaker (%s, %zu bytes) than version %s (%s, %zu bytes); add it by hand if it is wanted",
				   next->version, next->uri, next->algorithm,
				   next->bytes.len, old->version, old->algorithm,
				   old->bytes.len);
	return 0;
}

int envol_wraps_check_successor(struct envol *ev,
				const struct envol_token_wrap *old,
				const struct envol_token_wrap *next)
{
	unsigned int i;
	int err = 0;

	for (i = 0; !err && i < old->n_parts; i++)
		err = check_part(ev, &old->parts[i], &next->parts[i]);
	return err;
}
