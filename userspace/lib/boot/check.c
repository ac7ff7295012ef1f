// SPDX-License-Identifier: LGPL-2.1-or-later
/* Every mistake of the table, before the next start finds it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "userspace/include/envol_boot.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/boot/device.h"
#include "userspace/lib/boot/mkfs.h"
#include "userspace/lib/boot/stock.h"
#include "userspace/lib/provider/kek.h"
#include "userspace/lib/volume/signature.h"

struct check {
	struct envol *ev;
	envol_check_fn fn;
	void *data;
	const char *what;	/* the volume */
	int err;		/* the first failure's */
	char message[ENVOL_MESSAGE_SIZE];
};

static void fail(struct check *check, int err)
{
	check->fn(ENVOL_CHECK_FAILED, check->what,
		  envol_error_message(check->ev), check->data);
	if (check->err)
		return;
	check->err = err;
	strcpy(check->message, envol_error_message(check->ev));
}

static void warn(struct check *check, const char *sentence)
{
	check->fn(ENVOL_CHECK_WARNING, check->what, sentence, check->data);
}

/* ---- the KEKs of the line, against those of the header ---- */

static bool is_wrapped_by(const struct envol_volume_info *info, const char *uri)
{
	unsigned int part;
	size_t i;

	for (i = 0; i < info->n_wraps; i++)
		for (part = 0; part < info->wraps[i].n_parts; part++)
			if (strcmp(info->wraps[i].parts[part].uri, uri) == 0)
				return true;
	return false;
}

/* Which of @wrap's KEKs the line does not name; NULL if none. */
static const char *missing_part(const struct envol_wrap_info *wrap,
				char *const *uris, size_t n)
{
	unsigned int part;
	size_t i;

	for (part = 0; part < wrap->n_parts; part++) {
		for (i = 0; i < n; i++)
			if (uris[i] && strcmp(uris[i], wrap->parts[part].uri) == 0)
				break;
		if (i == n)
			return wrap->parts[part].uri;
	}
	return NULL;
}

static bool opens(const struct envol_volume_info *info, char *const *uris, size_t n)
{
	size_t i;

	for (i = 0; i < info->n_wraps; i++)
		if (!missing_part(&info->wraps[i], uris, n))
			return true;
	return false;
}

static void check_wraps(struct check *check, const struct envol_boot_volume *volume,
			const struct envol_volume_info *info, char *const *uris)
{
	char text[ENVOL_MESSAGE_SIZE];
	size_t i;

	for (i = 0; i < volume->n_keks; i++) {
		if (!uris[i] || is_wrapped_by(info, uris[i]))
			continue;
		snprintf(text, sizeof(text),
			 "no wrap of the header is by %s; \"envol rekey %s --add %s\" makes one",
			 uris[i], info->device, uris[i]);
		warn(check, text);
	}
	if (!opens(info, uris, volume->n_keks)) {
		envol_error(check->ev, -ENOKEY,
			    "no wrap of the header is by the KEKs that kek= allows; \"envol status %s\" shows those that it has",
			    info->device);
		fail(check, -ENOKEY);
	}
	if (volume->initramfs && !info->recovery)
		warn(check,
		     "there is no recovery key: where no KEK answers, nobody can start this host; \"envol recovery create\" makes one");
}

static void free_uris(char **uris, size_t n)
{
	size_t i;

	for (i = 0; uris && i < n; i++)
		free(uris[i]);
	free(uris);
}

/* ---- one volume ---- */

/* The program of a provider may be in a package of its own. */
static int check_program(struct envol *ev, const char *uri)
{
	_cleanup_free_ char *scheme = strndup(uri, strcspn(uri, ":"));

	if (!scheme)
		return envol_error(ev, -ENOMEM, "out of memory");
	if (envol_provider_is_installed(ev, scheme))
		return 0;
	return envol_error(ev, -ENOPKG,
			   "%s: the program that reaches it is not installed; \"envol provider list\" names its package",
			   uri);
}

static void check_volume(struct check *check, const struct envol_boot_volume *volume)
{
	_cleanup_free_ char *device = NULL, *header = NULL;
	struct envol_volume_info info;
	struct envol *ev = check->ev;
	char **uris = calloc(volume->n_keks + 1, sizeof(*uris));
	size_t i;
	int err;

	if (!uris) {
		fail(check, envol_error(ev, -ENOMEM, "out of memory"));
		return;
	}
	for (i = 0; i < volume->n_keks; i++) {
		err = envol_kek_canonical(ev, volume->keks[i], &uris[i]);
		if (!err)
			err = check_program(ev, uris[i]);
		if (err)
			fail(check, err);
	}
	/* A disk that is not there today is no mistake of the table. */
	if (envol_boot_device_find(ev, volume->device, &device) ||
	    (volume->header &&
	     envol_boot_device_find(ev, volume->header, &header))) {
		warn(check, envol_error_message(ev));
	} else {
		err = envol_volume_status(ev, device, header, &info);
		if (!err)
			check_wraps(check, volume, &info, uris);
		else
			fail(check, err);
		if (!err)
			envol_volume_info_free(&info);
	}
	free_uris(uris, volume->n_keks);
}

static void check_throwaway(struct check *check,
			    const struct envol_boot_volume *volume)
{
	_cleanup_device_ struct envol_device device = ENVOL_DEVICE_INIT;
	_cleanup_free_ char *path = NULL, *program = NULL;
	char found[ENVOL_SIGNATURE_TEXT];
	struct envol *ev = check->ev;
	int err = 0;

	if (*volume->throwaway)
		err = envol_mkfs_find(ev, volume->throwaway, &program);
	if (err)
		fail(check, err);
	if (envol_boot_device_find(ev, volume->device, &path)) {
		warn(check, envol_error_message(ev));
		return;
	}
	if (envol_boot_state(ev, volume) == ENVOL_BOOT_OPEN)
		return;
	err = envol_device_open(ev, path, O_RDONLY, &device);
	if (!err)
		err = envol_signature_find(ev, &device, found);
	if (!err && *found && !volume->overwrite)
		err = envol_error(ev, -EEXIST,
				  "%s holds %s, and the line does not say overwrite",
				  path, found);
	if (err)
		fail(check, err);
}

static void check_line(struct check *all, const struct envol_boot_volume *volume)
{
	struct check check = *all;

	check.what = volume->name;
	check.err = 0;
	if (volume->throwaway)
		check_throwaway(&check, volume);
	else
		check_volume(&check, volume);
	envol_stock_check(volume, ENVOL_FSTAB, ENVOL_CRYPTTAB, check.fn, check.data);
	if (!check.err)
		all->fn(ENVOL_CHECK_OK, volume->name, volume->device, all->data);
	else if (!all->err)
		*all = check;
}

int envol_boot_check(struct envol *ev, const struct envol_boot_table *table,
		     envol_check_fn fn, void *data)
{
	struct check check = { .ev = ev, .fn = fn, .data = data };
	size_t i;

	for (i = 0; i < table->n_defects; i++) {
		const struct envol_boot_defect *defect = &table->defects[i];

		check.what = defect->name ? defect->name : "table";
		envol_error(ev, -EINVAL, "%s", defect->sentence);
		fail(&check, -EINVAL);
	}
	for (i = 0; i < table->n_volumes; i++)
		check_line(&check, &table->volumes[i]);
	return check.err ? envol_error(ev, check.err, "%s", check.message) : 0;
}
