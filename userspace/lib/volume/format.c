// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Format: everything that can be refused is refused, and every KEK proved, before the
 * first byte is written. Then, with the device locked against others:
 *
 *	old signatures wiped	until here what was there can still be found, partly
 *	header written		by libcryptsetup, without our token: an open calls that
 *				an interrupted format
 *	token written		the volume is there
 *
 * With a detached header nothing is written to the data device, as stock tools have
 * it: what lies on it stays until the volume is written to.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/hex.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/crypto/digest.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/provider/kek.h"
#include "userspace/lib/volume/dek.h"
#include "userspace/lib/volume/device.h"
#include "userspace/lib/volume/holder.h"
#include "userspace/lib/volume/info.h"
#include "userspace/lib/volume/signature.h"
#include "userspace/lib/volume/state.h"

#define CIPHER "aes-xts-plain64"

/* ---- which KEKs ---- */

static int check_count(struct envol *ev, const struct envol_volume_format *format)
{
	if (!format->n_keks)
		return envol_error(ev, -EINVAL,
				   "a volume needs a KEK that opens it");
	if (format->n_keks > ENVOL_SEALED_WRAPS)
		return envol_error(ev, -EINVAL,
				   "a header has room for %d wraps, not %zu",
				   ENVOL_SEALED_WRAPS, format->n_keks);
	return 0;
}

static bool is_same_choice(const struct envol_kek_choice *a, char *const *uris,
			   size_t i, size_t j)
{
	return strcmp(uris[2 * i], uris[2 * j]) == 0 &&
	       strcmp(uris[2 * i + 1] ?: "", uris[2 * j + 1] ?: "") == 0;
}

/* Two wraps by one KEK protect from nothing; one alone defeats those that take two. */
static int check_choices(struct envol *ev,
			 const struct envol_volume_format *format, char **uris)
{
	const struct envol_kek_choice *keks = format->keks;
	bool takes_two = false;
	size_t i, j;
	int err = 0;

	for (i = 0; !err && i < format->n_keks; i++) {
		err = envol_kek_canonical(ev, keks[i].uri, &uris[2 * i]);
		if (!err && keks[i].second)
			err = envol_kek_canonical(ev, keks[i].second,
						  &uris[2 * i + 1]);
		takes_two |= keks[i].second != NULL;
	}
	if (err)
		return err;
	for (i = 0; i < format->n_keks; i++) {
		for (j = 0; j < i; j++)
			if (is_same_choice(keks, uris, i, j))
				return envol_error(ev, -EINVAL,
						   "%s is given twice",
						   uris[2 * i]);
		if (takes_two && !keks[i].second && !keks[i].alone)
			return envol_error(ev, -EINVAL,
					   "%s would open alone what another wrap takes two KEKs for; name a second one, or say --alone if that is meant",
					   uris[2 * i]);
		if (takes_two && !keks[i].second)
			envol_log_warning(ev,
					  "%s opens the volume alone: whoever has that KEK needs no second one, and the double keys protect from nothing",
					  uris[2 * i]);
	}
	return 0;
}

static int check_keks(struct envol *ev, const struct envol_volume_format *format)
{
	char **uris = calloc(2 * format->n_keks, sizeof(*uris));
	size_t i;
	int err;

	if (!uris)
		return envol_error(ev, -ENOMEM, "out of memory");
	err = check_choices(ev, format, uris);
	for (i = 0; i < 2 * format->n_keks; i++)
		free(uris[i]);
	free(uris);
	return err;
}

/* ---- devices ---- */

/* Where the volume goes, held while it is made. */
struct place {
	struct envol_device data, header;	/* @header closed where it is on @data */
	bool made_header;			/* this call made its file */
	struct envol_header_format plan;
};

#define PLACE_INIT { .data = ENVOL_DEVICE_INIT, .header = ENVOL_DEVICE_INIT }

static void place_close(struct place *place)
{
	envol_device_close(&place->data);
	envol_device_close(&place->header);
}

#define _cleanup_place_ _cleanup_(place_close)

/* Nobody uses it, and nothing is on it that was not to be lost. */
static int check_free(struct envol *ev, const struct envol_device *dev,
		      bool overwrite)
{
	char found[ENVOL_SIGNATURE_TEXT];
	int err;

	err = envol_holder_check(ev, dev);
	if (!err)
		err = envol_signature_find(ev, dev, found);
	if (!err && found[0] && !overwrite)
		err = envol_error(ev, -EEXIST,
				  "%s is not empty: %s; it would be lost",
				  dev->path, found);
	if (!err && found[0])
		envol_log_info(ev, "%s: %s will be lost", dev->path, found);
	return err;
}

static int claim(struct envol *ev, const struct envol_device *dev, bool overwrite)
{
	int err = envol_device_lock(ev, dev);

	return err ? err : check_free(ev, dev, overwrite);
}

static int make_header_file(struct envol *ev, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return envol_error_errno(ev, -errno, "make header file %s", path);
	close(fd);
	return 0;
}

/* A file that is too short for a header grows; a device can't. */
static int grow_header(struct envol *ev, struct envol_device *dev)
{
	int err;

	if (dev->size >= ENVOL_HEADER_SIZE)
		return 0;
	if (!dev->is_file)
		return envol_error(ev, -ENOSPC,
				   "%s has %" PRIu64 " bytes, and a header takes %u",
				   dev->path, dev->size, ENVOL_HEADER_SIZE);
	/* Space that turns out to be missing later is a header half written. */
	err = posix_fallocate(dev->fd, 0, ENVOL_HEADER_SIZE);
	if (err)
		return envol_error_errno(ev, -err, "make room for a header in %s",
					 dev->path);
	dev->size = ENVOL_HEADER_SIZE;
	return 0;
}

static int check_parent(struct envol *ev, const char *path)
{
	_cleanup_free_ char *parent = strdup(path);
	char *slash;

	if (!parent)
		return envol_error(ev, -ENOMEM, "out of memory");
	slash = strrchr(parent, '/');
	if (slash)
		slash[slash == parent] = 0;
	if (access(slash ? parent : ".", W_OK))
		return envol_error_errno(ev, -errno, "make header file %s", path);
	return 0;
}

static int take_header(struct envol *ev, const struct envol_volume_format *format,
		       struct place *place)
{
	int err = 0;

	if (access(format->header, F_OK)) {
		if (format->dry_run)
			return check_parent(ev, format->header);
		err = make_header_file(ev, format->header);
		place->made_header = !err;
	}
	if (!err)
		err = envol_device_open(ev, format->header, O_RDWR, &place->header);
	if (!err)
		err = envol_device_differ(ev, &place->data, &place->header);
	if (!err)
		err = claim(ev, &place->header, format->overwrite);
	if (!err && !format->dry_run)
		err = grow_header(ev, &place->header);
	return err;
}

static int plan_geometry(struct envol *ev, const struct envol_volume_format *format,
			 struct place *place)
{
	const struct envol_device *data = &place->data;
	struct envol_header_format *plan = &place->plan;

	*plan = (struct envol_header_format){
		.device = format->device,
		.header = format->header,
		.key_size = format->key_size ?: 64,
		.label = format->label,
		.uuid = format->uuid,
		.discards = format->discards,
	};
	if (!format->header)
		plan->data_offset =
			envol_device_data_offset(data, ENVOL_HEADER_SIZE);
	plan->sector_size = format->sector_size ?:
			    envol_device_sector_size(data, plan->data_offset);
	/* Before a size of nothing is said to be too small. */
	if (data->size == 0 && data->is_file)
		return envol_error(ev, -ENOSPC,
				   "%s is empty: a disk image has the volume's size from the start (truncate -s 10G makes one)",
				   data->path);
	return envol_header_check_format(ev, plan);
}

static int take_place(struct envol *ev, const struct envol_volume_format *format,
		      struct place *place)
{
	int err = envol_device_open(ev, format->device, O_RDWR, &place->data);

	if (!err)
		err = plan_geometry(ev, format, place);
	if (!err)
		err = claim(ev, &place->data, format->overwrite);
	if (!err && format->header)
		err = take_header(ev, format, place);
	return err;
}

/* ---- keys ---- */

/* What comes from elsewhere makes ours no worse, whoever chose it. */
static int mix(struct envol *ev, const char *uri, struct envol_secret *dek)
{
	_cleanup_secret_ struct envol_secret external = ENVOL_SECRET_INIT;
	int err = envol_kek_random(ev, uri, &external);

	return err ? err : envol_random_mix(ev, dek, &external);
}

static int make_dek(struct envol *ev, const struct envol_volume_format *format,
		    unsigned int key_size, struct envol_secret *dek)
{
	int err = envol_random_secret(ev, dek, key_size);

	if (!err && format->mix_random)
		err = mix(ev, format->mix_random, dek);

	/* XTS with two equal keys has no tweak that anyone may rely on. */
	if (!err && memcmp(dek->data, dek->data + key_size / 2, key_size / 2) == 0)
		err = envol_error(ev, -EIO,
				  "the kernel's random generator repeats itself");
	return err;
}

static int make_wraps(struct envol *ev, const struct envol_volume_format *format,
		      const struct envol_secret *dek, struct envol_token *token)
{
	bool is_proved = false, may_all_be_unproved = false;
	size_t i;
	int err = envol_random_bytes(ev, token->volume_id,
				     sizeof(token->volume_id));

	for (i = 0; !err && i < format->n_keks; i++) {
		struct envol_kek_choice kek = format->keks[i];

		may_all_be_unproved |= kek.unproved;
		kek.unproved = true;
		err = envol_dek_wrap(ev, token->volume_id, &kek, dek,
				     &token->wraps[i]);
		if (!err)
			is_proved |= token->wraps[token->n_wraps++].proved;
	}
	if (!err && !is_proved && !may_all_be_unproved)
		err = envol_error(ev, -EACCES,
				  "this host may not unwrap by any of the KEKs, so nothing proves that the volume can be opened; give it the right, or say --force-unproved if another host opens it");
	return err;
}

/* ---- what is told ---- */

static int fingerprint_of(struct envol *ev, const struct envol_secret *dek,
			  struct envol_unwrapped *how)
{
	uint8_t fingerprint[ENVOL_DIGEST_FINGERPRINT_SIZE];
	int err = envol_digest_fingerprint(ev, dek, fingerprint);

	if (!err)
		envol_hex_encode(how->fingerprint, fingerprint,
				 sizeof(fingerprint));
	return err;
}

/* Of a dry run: there is no header to tell it. */
static int describe_plan(struct envol *ev, const struct place *place,
			 struct envol_volume_info *info)
{
	const struct envol_header_format *plan = &place->plan;

	info->device = strdup(plan->device);
	info->header = plan->header ? strdup(plan->header) : NULL;
	info->label = plan->label ? strdup(plan->label) : NULL;
	info->uuid = plan->uuid ? strdup(plan->uuid) : NULL;
	info->cipher = strdup(CIPHER);
	if (!info->device || !info->cipher || (plan->header && !info->header) ||
	    (plan->label && !info->label) || (plan->uuid && !info->uuid))
		return envol_error(ev, -ENOMEM, "out of memory");
	info->key_size = plan->key_size;
	info->sector_size = plan->sector_size;
	info->data_offset = plan->data_offset;
	info->data_size = place->data.size - plan->data_offset;
	info->discards = plan->discards;
	return 0;
}

/* ---- format ---- */

/* From the disk, as the first open will see it. */
static int prove(struct envol *ev, const struct envol_header_format *plan,
		 const struct envol_secret *dek, struct envol_volume_info *info)
{
	_cleanup_header_ struct envol_header *h = NULL;
	struct envol_unwrapped how = { .wrap = -1 };
	const struct envol_token *token;
	int err;

	err = envol_header_open(ev, plan->device, plan->header, &h);
	if (!err)
		err = envol_header_verify(ev, h, dek);
	if (!err)
		err = fingerprint_of(ev, dek, &how);
	if (err)
		return envol_error_while(ev, err, "read back what was written");
	token = envol_header_token(h);
	err = envol_state_check(ev, token->volume_id, token->generation, false);
	if (!err && info)
		err = envol_info_add_header(ev, info, h, &how);
	return err;
}

/* An image may have holes where the header goes, and its file system be full. */
static int make_room(struct envol *ev, const struct envol_device *target)
{
	_cleanup_close_ int fd = -1;
	int err;

	if (!target->is_file)
		return 0;
	fd = open(target->path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return envol_error_errno(ev, -errno, "open %s", target->path);
	err = posix_fallocate(fd, 0, ENVOL_HEADER_SIZE);
	return err ? envol_error_errno(ev, -err, "make room for a header in %s",
				       target->path) :
		     0;
}

/* KEKs may have taken long, and our locks keep no one from mounting what was there. */
static int check_place(struct envol *ev, const struct place *place, bool overwrite)
{
	int err = check_free(ev, &place->data, overwrite);

	if (!err && place->plan.header)
		err = check_free(ev, &place->header, overwrite);
	return err;
}

static int write_header(struct envol *ev, struct place *place, bool overwrite,
			const struct envol_secret *dek, struct envol_token *token)
{
	const struct envol_device *target =
		place->plan.header ? &place->header : &place->data;
	_cleanup_header_ struct envol_header *h = NULL;
	int err = check_place(ev, place, overwrite);

	if (!err)
		err = make_room(ev, target);
	if (!err)
		err = envol_signature_wipe(ev, target);
	return err ? err : envol_header_format(ev, &place->plan, dek, token, &h);
}

static int format_volume(struct envol *ev, const struct envol_volume_format *format,
			 struct envol_volume_info *info)
{
	_cleanup_secret_ struct envol_secret dek = ENVOL_SECRET_INIT;
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;
	_cleanup_place_ struct place place = PLACE_INIT;
	int err;

	err = check_count(ev, format);
	if (!err)
		err = check_keks(ev, format);
	if (!err)
		err = take_place(ev, format, &place);
	if (!err)
		err = make_dek(ev, format, place.plan.key_size, &dek);
	if (!err)
		err = make_wraps(ev, format, &dek, &token);
	if (!err && format->dry_run)
		return info ? describe_plan(ev, &place, info) : 0;
	if (!err)
		err = write_header(ev, &place, format->overwrite, &dek, &token);
	if (!err)
		err = prove(ev, &place.plan, &dek, info);
	if (err && place.made_header)
		unlink(format->header);
	return err;
}

int envol_volume_format(struct envol *ev, const struct envol_volume_format *format,
			struct envol_volume_info *info)
{
	int err;

	if (info)
		envol_info_init(info);
	err = format_volume(ev, format, info);
	if (!err)
		return 0;
	if (info)
		envol_volume_info_free(info);
	return envol_error_while(ev, err, "format %s", format->device);
}
