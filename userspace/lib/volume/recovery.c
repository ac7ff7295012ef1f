// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/crypto/random.h"
#include "userspace/lib/volume/change.h"
#include "userspace/lib/volume/dek.h"
#include "userspace/lib/volume/recovery.h"

static const char alphabet[] = "bcdefghjknprstvx";

#define BITS	     4
#define GROUP	     4			/* letters */
#define ROW	     (4 * GROUP)	/* letters that one check letter vouches for */
#define LETTERS	     (ENVOL_RECOVERY_KEY_SIZE * 8 / BITS)
#define ALL	     (LETTERS + LETTERS / ROW)

_Static_assert(sizeof(alphabet) - 1 == 1 << BITS, "a letter for each value");
_Static_assert(LETTERS / ROW == GROUP, "the check letters are a group");
_Static_assert(ALL + ALL / GROUP - 1 == ENVOL_RECOVERY_TEXT_SIZE, "with dashes");

/* ---- text ---- */

/*
 * A polynomial over GF(16): any one letter that is wrong, and any two neighbours that
 * changed places, change it.
 */
static uint8_t check_value(const uint8_t *values)
{
	uint8_t check = 0;
	int i;

	for (i = 0; i < ROW; i++) {
		check = check << 1 ^ (check >> 3) * 0x13;
		check ^= values[i];
	}
	return check;
}

/* @values has ALL bytes of which the first LETTERS are given. */
static int write_text(struct envol *ev, struct envol_secret *values,
		      struct envol_secret *text)
{
	char *out;
	int i, err = envol_secret_alloc(ev, text, ENVOL_RECOVERY_TEXT_SIZE);

	if (err)
		return err;
	for (i = 0; i < LETTERS / ROW; i++)
		values->data[LETTERS + i] = check_value(values->data + i * ROW);
	out = (char *)text->data;
	for (i = 0; i < ALL; i++) {
		if (i && i % GROUP == 0)
			*out++ = '-';
		*out++ = alphabet[values->data[i]];
	}
	return 0;
}

int envol_recovery_format(struct envol *ev, const struct envol_secret *key,
			  struct envol_secret *text)
{
	_cleanup_secret_ struct envol_secret values = ENVOL_SECRET_INIT;
	int i, err;

	if (key->len != ENVOL_RECOVERY_KEY_SIZE)
		return envol_error(ev, -EINVAL, "a recovery key has %d bytes, not %zu",
				   ENVOL_RECOVERY_KEY_SIZE, key->len);
	err = envol_secret_alloc(ev, &values, ALL);
	if (err)
		return err;
	for (i = 0; i < LETTERS; i++)
		values.data[i] = key->data[i / 2] >> (i % 2 ? 0 : BITS) & 15;
	return write_text(ev, &values, text);
}

static int value_of(uint8_t letter)
{
	int i;

	for (i = 0; i < 1 << BITS; i++)
		if ((letter | 0x20) == alphabet[i])
			return i;
	return -1;
}

/* All letters, into @values, which has ALL bytes. */
static int read_letters(struct envol *ev, const struct envol_secret *typed,
			struct envol_secret *values)
{
	size_t i;
	int n = 0, value;

	for (i = 0; i < typed->len; i++) {
		if (strchr(" \t\r\n-_", typed->data[i]) || !typed->data[i])
			continue;
		value = value_of(typed->data[i]);
		if (value < 0)
			return envol_error(ev, -EPERM,
					   "recovery key: group %d has a character that no recovery key has; its letters are %s",
					   n / GROUP + 1, alphabet);
		if (n < ALL)
			values->data[n] = value;
		n++;
	}
	if (n != ALL)
		return envol_error(ev, -EPERM,
				   "recovery key: %d letters were given, and it has %d (%d groups of %d)",
				   n, ALL, ALL / GROUP, GROUP);
	return 0;
}

int envol_recovery_parse(struct envol *ev, const struct envol_secret *typed,
			 struct envol_secret *text)
{
	_cleanup_secret_ struct envol_secret values = ENVOL_SECRET_INIT;
	int i, err = envol_secret_alloc(ev, &values, ALL);

	if (!err)
		err = read_letters(ev, typed, &values);
	if (err)
		return err;
	for (i = 0; i < LETTERS / ROW; i++)
		if (check_value(values.data + i * ROW) != values.data[LETTERS + i])
			return envol_error(ev, -EPERM,
					   "recovery key: a letter of groups %d to %d is wrong, or letter %d of the last group",
					   4 * i + 1, 4 * i + 4, i + 1);
	return write_text(ev, &values, text);
}

/* ---- keyslot ---- */

static int check_may_have(struct envol *ev, const struct envol_header *h)
{
	/* One that is pending was left by a call that was cut short, and goes. */
	if (envol_header_info(h)->recovery &&
	    !envol_header_token(h)->pending_keyslot)
		return envol_error(ev, -EEXIST,
				   "the volume has a recovery key; remove it before a new one is made");
	if (envol_dek_takes_two(envol_header_token(h)))
		return envol_error(ev, -EPERM,
				   "every wrap of the volume takes two KEKs, and a recovery key would open it without either; if that is wanted, add a wrap of a single KEK first");
	return 0;
}

static int add(struct envol *ev, struct envol_change *change, void *data)
{
	const struct envol_secret *text = data;
	int err = check_may_have(ev, change->h);

	return err ? err : envol_header_add_recovery(ev, change->h,
						     &change->dek, text);
}

/* From the disk, as somebody will who has nothing else. */
static int prove(struct envol *ev, const struct envol_change *change,
		 const struct envol_secret *text)
{
	const struct envol_volume_source *source = change->source;
	_cleanup_secret_ struct envol_secret dek = ENVOL_SECRET_INIT;
	_cleanup_header_ struct envol_header *h = NULL;
	int err;

	err = envol_header_open(ev, source->device, source->header, &h);
	if (!err)
		err = envol_header_recover(ev, h, text, &dek);
	if (!err && !envol_secret_equal(&dek, &change->dek))
		err = envol_error(ev, -EIO,
				  "the new keyslot gives another key than the volume's");
	return err ? envol_error_while(ev, err,
				       "the new recovery key was stored and does not open the volume") :
		     0;
}

int envol_recovery_create(struct envol *ev,
			  const struct envol_volume_source *source,
			  struct envol_secret *key)
{
	_cleanup_change_ struct envol_change change = ENVOL_CHANGE_INIT;
	_cleanup_secret_ struct envol_secret bytes = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret text = ENVOL_SECRET_INIT;
	int err = envol_change_begin(ev, source, &change);

	if (!err)
		err = envol_random_secret(ev, &bytes, ENVOL_RECOVERY_KEY_SIZE);
	if (!err)
		err = envol_recovery_format(ev, &bytes, &text);
	if (!err)
		err = envol_change_header(ev, &change, add, &text);
	if (!err)
		err = prove(ev, &change, &text);
	if (err)
		return envol_error_while(ev, err, "make a recovery key for %s",
					 source->device);
	envol_secret_move(key, &text);
	return 0;
}

static int remove_it(struct envol *ev, struct envol_change *change, void *data)
{
	return envol_header_remove_recovery(ev, change->h, &change->dek);
}

int envol_recovery_remove(struct envol *ev,
			  const struct envol_volume_source *source)
{
	_cleanup_change_ struct envol_change change = ENVOL_CHANGE_INIT;
	int err = envol_change_begin(ev, source, &change);

	if (!err)
		err = envol_change_header(ev, &change, remove_it, NULL);
	return err ? envol_error_while(ev, err, "remove the recovery key of %s",
				       source->device) :
		     0;
}
