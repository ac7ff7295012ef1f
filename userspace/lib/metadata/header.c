// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/metadata/header_state.h"

void envol_header_close(struct envol_header *h)
{
	if (!h)
		return;
	envol_luks_free(h->luks);
	envol_layout_free(&h->layout);
	envol_token_free(&h->token);
	free(h->device);
	free(h->header);
	free(h->uuid);
	free(h->label);
	free(h);
}

const char *envol_header_path(const struct envol_header *h)
{
	return h->header ? h->header : h->device;
}

const struct envol_header_info *envol_header_info(const struct envol_header *h)
{
	return &h->info;
}

const struct envol_token *envol_header_token(const struct envol_header *h)
{
	return &h->token;
}

int envol_header_size(struct envol *ev, const char *path, uint64_t *size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	off_t end;

	if (fd < 0)
		return envol_error_errno(ev, -errno, "open %s", path);
	end = lseek(fd, 0, SEEK_END);
	if (end < 0)
		return envol_error_errno(ev, -errno, "size of %s", path);
	*size = end;
	return 0;
}

/* ---- opening ---- */

/* Why a LUKS2 header is not one of ours. */
static int no_token(struct envol *ev, const struct envol_header *h)
{
	if (strcmp(envol_luks_subsystem(h->luks), ENVOL_TOKEN_TYPE) == 0)
		return envol_error(ev, -ENODATA,
				   "an envol header without its token: a format was cut short, or the token was removed; format again or restore a backup of the header");
	return envol_error(ev, -ENODATA,
			   "a LUKS2 header without an envol token: another tool's; open it with cryptsetup");
}

static int read_layout(struct envol *ev, struct envol_header *h)
{
	struct envol_layout layout = ENVOL_LAYOUT_INIT;
	const char *json;
	int err = envol_luks_json(ev, h->luks, &json);

	if (err)
		return err;
	err = envol_layout_parse(ev, json, strlen(json), &layout);
	if (layout.n_tokens == 0)
		err = no_token(ev, h);
	else if (!err && layout.n_tokens > 1)
		err = envol_error(ev, -EBADMSG, "header.tokens: %d of type %s, not one",
				  layout.n_tokens, ENVOL_TOKEN_TYPE);
	if (err) {
		envol_layout_free(&layout);
		return err;
	}
	envol_layout_free(&h->layout);
	h->layout = layout;
	return 0;
}

static int read_token(struct envol *ev, struct envol_header *h)
{
	const char *json;
	int err = envol_luks_token(ev, h->luks, h->layout.token, &json);

	return err ? err : envol_token_parse(ev, json, strlen(json), &h->token);
}

/* The kernel would refuse such a mapping with less of a reason. */
static int check_size(struct envol *ev, struct envol_header *h)
{
	const struct envol_layout *l = &h->layout;
	uint64_t device_size, need = l->offset + (l->size ? l->size : l->sector_size);
	int err = envol_header_size(ev, h->device, &device_size);

	if (err)
		return err;
	if (device_size < need)
		return envol_error(ev, -EBADMSG,
				   "%s has %" PRIu64 " bytes, where its header wants at least %" PRIu64 ": it was cut short, or the header is another's",
				   h->device, device_size, need);
	h->info.data_size = l->size ? l->size : device_size - l->offset;
	h->info.data_size -= h->info.data_size % l->sector_size;
	return 0;
}

static void fill_info(struct envol_header *h)
{
	struct envol_header_info *info = &h->info;
	const struct envol_layout *l = &h->layout;

	info->device = h->device;
	info->header = h->header;
	info->uuid = h->uuid;
	info->label = h->label;
	info->cipher = ENVOL_LAYOUT_CIPHER;
	info->key_size = l->key_size;
	info->sector_size = l->sector_size;
	info->data_offset = l->offset;
	info->iv_offset = l->iv_offset;
	info->discards = l->discards;
	info->recovery = l->n_keyslots > 1;
}

static int read_header(struct envol *ev, struct envol_header *h)
{
	int err = read_layout(ev, h);

	if (!err)
		err = read_token(ev, h);
	if (!err)
		err = check_size(ev, h);
	if (err)
		return envol_error_while(ev, err, "%s", envol_header_path(h));
	h->uuid = strdup(envol_luks_uuid(h->luks));
	h->label = strdup(envol_luks_label(h->luks));
	if (!h->uuid || !h->label)
		return envol_error(ev, -ENOMEM, "out of memory");
	fill_info(h);
	return 0;
}

int envol_header_open(struct envol *ev, const char *device, const char *header,
		      struct envol_header **h)
{
	_cleanup_header_ struct envol_header *new = calloc(1, sizeof(*new));
	int err;

	if (!new || !(new->device = strdup(device)) ||
	    (header && !(new->header = strdup(header))))
		return envol_error(ev, -ENOMEM, "out of memory");
	err = envol_luks_load(ev, envol_header_path(new), &new->luks);
	if (!err)
		err = read_header(ev, new);
	if (err)
		return err;
	*h = take_ptr(new);
	return 0;
}

int envol_header_borrow(struct envol *ev, struct crypt_device *cd,
			struct envol_header **h)
{
	_cleanup_header_ struct envol_header *new = calloc(1, sizeof(*new));
	const char *device, *header;
	int err;

	if (!new)
		return envol_error(ev, -ENOMEM, "out of memory");
	err = envol_luks_borrow(ev, cd, &new->luks);
	if (err)
		return err;
	envol_luks_devices(new->luks, &device, &header);
	new->is_borrowed = true;
	if (!(new->device = strdup(device)) ||
	    (header && !(new->header = strdup(header))))
		return envol_error(ev, -ENOMEM, "out of memory");
	err = read_header(ev, new);
	if (err)
		return err;
	*h = take_ptr(new);
	return 0;
}

bool envol_header_is_borrowed(const struct envol_header *h)
{
	return h->is_borrowed;
}

unsigned int envol_header_token_number(const struct envol_header *h)
{
	return h->layout.token;
}

int envol_header_refresh(struct envol *ev, struct envol_header *h)
{
	int err = read_layout(ev, h);

	if (err)
		return envol_error_while(ev, err, "%s", envol_header_path(h));
	fill_info(h);
	return 0;
}

/* ---- the seal ---- */

static int encode(struct envol *ev, const struct envol_layout *layout,
		  const char *uuid, const struct envol_token *token,
		  struct envol_blob *encoding)
{
	struct envol_sealed *sealed = calloc(1, sizeof(*sealed));
	int err;

	if (!sealed)
		return envol_error(ev, -ENOMEM, "out of memory");
	err = envol_token_seal(ev, token, sealed);
	if (!err) {
		envol_layout_seal(layout, uuid, sealed);
		err = envol_sealed_encode(ev, sealed, encoding);
	}
	free(sealed);
	return err;
}

static int compute_mac(struct envol *ev, const struct envol_secret *dek,
		       const struct envol_blob *encoding,
		       uint8_t mac[ENVOL_DIGEST_SIZE])
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	int err = envol_digest_mac_key(ev, dek, &key);

	if (err)
		return err;
	return envol_digest_hmac(ev, &key, encoding->data, encoding->len, mac);
}

static int check_seal(struct envol *ev, const struct envol_header *h,
		      const struct envol_secret *dek)
{
	_cleanup_blob_ struct envol_blob found = ENVOL_BLOB_INIT;
	uint8_t mac[ENVOL_DIGEST_SIZE];
	int err = compute_mac(ev, dek, &h->token.sealed, mac);

	if (err)
		return err;
	if (!envol_digest_equal(mac, h->token.mac))
		return envol_error(ev, -EBADMSG,
				   "token.mac: not by this volume's key");
	err = encode(ev, &h->layout, h->uuid, &h->token, &found);
	return err ? err : envol_sealed_compare(ev, &h->token.sealed, &found);
}

int envol_header_verify(struct envol *ev, struct envol_header *h,
			const struct envol_secret *dek)
{
	int err = envol_luks_verify(ev, h->luks, dek);

	if (err)
		return err;
	err = check_seal(ev, h, dek);
	if (err == -EBADMSG)
		return envol_error_while(ev, err, "%s: its header was changed by somebody else than envol",
					 envol_header_path(h));
	return err;
}

/* A word that is not known forbids something, and a write might be it. */
static int check_policy(struct envol *ev, const struct envol_token *token)
{
	if (!token->policy || !token->policy[0])
		return 0;
	return envol_error(ev, -EPROTONOSUPPORT,
			   "policy \"%s\", which this envol does not know; use a newer one to change the header",
			   token->policy);
}

int envol_header_seal(struct envol *ev, const struct envol_layout *layout,
		      const char *uuid, const struct envol_secret *dek,
		      struct envol_token *token, char **json)
{
	int err = check_policy(ev, token);

	if (!err)
		err = encode(ev, layout, uuid, token, &token->sealed);
	if (!err)
		err = compute_mac(ev, dek, &token->sealed, token->mac);
	return err ? err : envol_token_format(ev, token, json);
}

/* ---- storing ---- */

int envol_header_write_token(struct envol *ev, struct envol_header *h,
			     const struct envol_secret *dek,
			     struct envol_token *token)
{
	struct envol_token stored = ENVOL_TOKEN_INIT;
	_cleanup_free_ char *json = NULL;
	int err;

	token->generation = h->token.generation + 1;
	err = check_policy(ev, &h->token);
	if (!err)
		err = envol_header_seal(ev, &h->layout, h->uuid, dek, token,
					&json);
	if (!err)
		err = envol_token_parse(ev, json, strlen(json), &stored);
	if (err)
		return envol_error_while(ev, err, "%s", envol_header_path(h));
	err = envol_luks_set_token(ev, h->luks, h->layout.token, json);
	if (err) {
		envol_token_free(&stored);
		return err;
	}
	envol_token_free(&h->token);
	h->token = stored;
	return 0;
}

int envol_header_store(struct envol *ev, struct envol_header *h,
		       const struct envol_secret *dek, struct envol_token *token)
{
	int err = envol_header_verify(ev, h, dek);

	if (err)
		return err;
	if (memcmp(token->volume_id, h->token.volume_id,
		   sizeof(token->volume_id)) != 0)
		return envol_error(ev, -EINVAL, "%s: a token of another volume",
				   envol_header_path(h));
	token->pending_keyslot = h->token.pending_keyslot;
	return envol_header_write_token(ev, h, dek, token);
}
