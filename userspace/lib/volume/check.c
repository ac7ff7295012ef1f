// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Everything that an open looks at, and what it does not: each KEK, not only the first
 * that answers, and each copy of the header. One thing that is wrong hides no other.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/base/hex.h"
#include "userspace/lib/base/time.h"
#include "userspace/lib/metadata/copies.h"
#include "userspace/lib/metadata/lock.h"
#include "userspace/lib/volume/dek.h"
#include "userspace/lib/volume/device.h"
#include "userspace/lib/volume/recovery.h"
#include "userspace/lib/volume/state.h"
#include "userspace/lib/volume/unwrap.h"

#define EXPIRY_WARNING_S (30 * 24 * 60 * 60)

struct check {
	struct envol *ev;
	const struct envol_volume_source *source;
	envol_check_fn fn;
	void *data;
	int err;				/* of the first that failed */
	char message[ENVOL_MESSAGE_SIZE];	/* its sentence */
	struct envol_device device, place;	/* with the data; with the header */
	struct envol_header *h;
	char private_path[32];			/* of the copy that @h was read from; "" */
	int private_fd;
	struct envol_secret dek;		/* empty until a KEK gave it */
	uint64_t seen;				/* highest generation, before @h was read; 0: none */
	int seen_err;				/* of asking for it, */
	char seen_message[ENVOL_MESSAGE_SIZE];	/* and its sentence */
};

static void check_end(struct check *check)
{
	envol_header_close(check->h);
	envol_device_close(&check->device);
	envol_device_close(&check->place);
	envol_secret_wipe(&check->dek);
	if (check->private_fd >= 0)
		close(check->private_fd);
}

#define _cleanup_check_ _cleanup_(check_end)

/* ---- telling ---- */

static void tell(struct check *check, enum envol_check_result result,
		 const char *what, const char *fmt, ...) _printf_(4, 5);
static void tell(struct check *check, enum envol_check_result result,
		 const char *what, const char *fmt, ...)
{
	char sentence[ENVOL_MESSAGE_SIZE];
	va_list args;

	va_start(args, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, args);
	va_end(args);
	check->fn(result, what, sentence, check->data);
}

/* The handle's sentence, with the device's name where the copy of its header has one. */
static void tell_error(struct check *check, enum envol_check_result result,
		       const char *what, int err)
{
	const char *message = envol_error_message(check->ev);
	const char *at = check->private_path[0] ?
				 strstr(message, check->private_path) :
				 NULL;
	char sentence[ENVOL_MESSAGE_SIZE];

	if (at)
		snprintf(sentence, sizeof(sentence), "%.*s%s%s",
			 (int)(at - message), message, check->place.path,
			 at + strlen(check->private_path));
	else
		snprintf(sentence, sizeof(sentence), "%s", message);
	if (result == ENVOL_CHECK_FAILED && !check->err) {
		check->err = err;
		memcpy(check->message, sentence, sizeof(sentence));
	}
	check->fn(result, what, sentence, check->data);
}

static void fail(struct check *check, const char *what, int err)
{
	tell_error(check, ENVOL_CHECK_FAILED, what, err);
}

/* ---- header ---- */

static int open_devices(struct check *check)
{
	const struct envol_volume_source *source = check->source;
	char size[ENVOL_SIZE_TEXT];
	int err;

	err = envol_device_open(check->ev, source->device, O_RDONLY,
				&check->device);
	if (err) {
		fail(check, "device", err);
		return err;
	}
	envol_size_format(size, check->device.size);
	tell(check, ENVOL_CHECK_OK, "device", "%s has %s", source->device, size);
	err = envol_device_open(check->ev, source->header ?: source->device,
				O_RDONLY, &check->place);
	if (err)
		fail(check, "header", err);
	return err;
}

static void tell_copy(struct check *check, const char *what,
		      const struct envol_copy *copy,
		      const struct envol_copy *other)
{
	const char *state = copy->state == ENVOL_COPY_DAMAGED ? "damaged" :
								"missing";

	if (copy->state == ENVOL_COPY_GOOD) {
		if (other->state == ENVOL_COPY_GOOD &&
		    copy->sequence < other->sequence)
			tell(check, ENVOL_CHECK_WARNING, what,
			     "intact, but older than the other: a write was cut short; the next open brings it up to date");
		else
			tell(check, ENVOL_CHECK_OK, what, "intact, write %" PRIu64,
			     copy->sequence);
	} else if (other->state == ENVOL_COPY_GOOD) {
		tell(check, ENVOL_CHECK_WARNING, what,
		     "%s; the next open repairs it from the other copy", state);
	} else if (copy->state == ENVOL_COPY_DAMAGED ||
		   other->state == ENVOL_COPY_DAMAGED) {
		envol_error(check->ev, -EBADMSG,
			    "%s, and the other copy is of no use either; restore the header from a backup",
			    state);
		fail(check, what, -EBADMSG);
	}
	/* That there is no LUKS2 at all is told of once, by the open. */
}

static bool needs_no_repair(const struct envol_copies *copies)
{
	return copies->first.state == ENVOL_COPY_GOOD &&
	       copies->second.state == ENVOL_COPY_GOOD &&
	       copies->first.sequence == copies->second.sequence;
}

/*
 * Reading a header repairs it, and a check changes nothing: then it is read from a
 * copy. Keyslots lie within ENVOL_HEADER_SIZE.
 */
static int copy_header(struct check *check)
{
	size_t len = check->place.size < ENVOL_HEADER_SIZE ? check->place.size :
							     ENVOL_HEADER_SIZE;
	_cleanup_free_ uint8_t *bytes = malloc(len);
	int err;

	if (!bytes)
		return envol_error(check->ev, -ENOMEM, "out of memory");
	check->private_fd = memfd_create("envol-check", MFD_CLOEXEC);
	if (check->private_fd < 0 ||
	    ftruncate(check->private_fd, check->place.size))
		return envol_error_errno(check->ev, -errno,
					 "copy the header of %s",
					 check->place.path);
	err = envol_file_pread(check->place.fd, bytes, len, 0);
	if (!err)
		err = envol_file_pwrite(check->private_fd, bytes, len, 0);
	if (err)
		return envol_error_errno(check->ev, err, "copy the header of %s",
					 check->place.path);
	snprintf(check->private_path, sizeof(check->private_path),
		 "/proc/self/fd/%d", check->private_fd);
	return 0;
}

/* Under the header's lock, so that no writer is half done with what is looked at. */
static int look_at_copies(struct check *check, struct envol_copies *copies)
{
	_cleanup_lock_ struct envol_lock lock = ENVOL_LOCK_INIT;
	int err = envol_lock_take(check->ev, check->place.path, false, &lock);

	if (!err)
		err = envol_copies_look(check->ev, check->place.path, copies);
	return err || needs_no_repair(copies) ? err : copy_header(check);
}

static int read_header(struct check *check, struct envol_header **h)
{
	const struct envol_volume_source *source = check->source;
	struct envol *ev = check->ev;
	envol_log_fn log = ev->log;
	int err;

	if (!check->private_path[0])
		return envol_header_open(ev, source->device, source->header, h);
	/* That the copy is repaired is nobody's business; the original's state was told. */
	ev->log = NULL;
	err = envol_header_open(ev, source->device, check->private_path, h);
	ev->log = log;
	return err;
}

static void ask_seen(struct check *check)
{
	check->seen_err = envol_state_seen(check->ev,
					   envol_header_token(check->h)->volume_id,
					   &check->seen);
	if (check->seen_err)
		memcpy(check->seen_message, check->ev->message,
		       sizeof(check->seen_message));
}

/*
 * A writer stores the header before it is remembered as seen. So what is read after
 * the memory was asked is as new as that, or an older one was put back.
 */
static int catch_up(struct check *check)
{
	struct envol_header *now;
	int err;

	ask_seen(check);
	if (check->seen_err || check->private_path[0] ||
	    check->seen <= envol_header_token(check->h)->generation)
		return 0;
	err = read_header(check, &now);
	if (err)
		return err;
	envol_header_close(check->h);
	check->h = now;
	return 0;
}

static int open_header(struct check *check)
{
	const struct envol_header_info *info;
	struct envol_copies copies;
	int err = look_at_copies(check, &copies);

	if (!err) {
		tell_copy(check, "header copy 1", &copies.first, &copies.second);
		tell_copy(check, "header copy 2", &copies.second, &copies.first);
		err = read_header(check, &check->h);
	}
	if (!err)
		err = catch_up(check);
	if (err) {
		fail(check, "header", err);
		return err;
	}
	info = envol_header_info(check->h);
	tell(check, ENVOL_CHECK_OK, "header",
	     "%s, AES-%u, sectors of %u bytes, generation %" PRIu64,
	     info->cipher, info->key_size * 4, info->sector_size,
	     envol_header_token(check->h)->generation);
	return 0;
}

static void check_capacity(struct check *check)
{
	const struct envol_header_info *info = envol_header_info(check->h);
	char size[ENVOL_SIZE_TEXT];

	if (check->device.size <= info->data_offset || !info->data_size ||
	    info->data_size > check->device.size - info->data_offset) {
		envol_error(check->ev, -ENOSPC,
			    "%s has %" PRIu64
			    " bytes, and the volume reaches from %" PRIu64
			    " to %" PRIu64,
			    check->device.path, check->device.size,
			    info->data_offset,
			    info->data_offset + info->data_size);
		fail(check, "data", -ENOSPC);
		return;
	}
	envol_size_format(size, info->data_size);
	tell(check, ENVOL_CHECK_OK, "data", "%s from byte %" PRIu64 " on", size,
	     info->data_offset);
}

/* ---- keys ---- */

/* Once for all: the DEK is the same whoever gave it. */
static void check_seal(struct check *check)
{
	int err;

	if (!check->dek.len) {
		tell(check, ENVOL_CHECK_WARNING, "seal",
		     "not checked: nothing gave the key");
		return;
	}
	err = envol_header_verify(check->ev, check->h, &check->dek);
	if (err)
		fail(check, "seal", err);
	else
		tell(check, ENVOL_CHECK_OK, "seal",
		     "the key vouches for the header");
}

/*
 * Keep @dek if it is the volume's. What it says of the rest of the header is
 * another question: check_seal()'s.
 */
static int take_dek(struct check *check, struct envol_secret *dek)
{
	int err = envol_header_verify(check->ev, check->h, dek);

	if (err == -EPERM)
		return envol_error(check->ev, -EBADMSG,
				   "what it unwraps is not the key of this volume");
	if (err && err != -EBADMSG)
		return err;
	if (!check->dek.len)
		envol_secret_move(&check->dek, dek);
	return 0;
}

static void describe_version(struct check *check, const char *what,
			     const struct envol_token_part *part,
			     const struct envol_key_info *info)
{
	int64_t now = envol_time_now();
	size_t i, used = info->n_versions, newest = info->n_versions;

	for (i = 0; i < info->n_versions; i++) {
		if (strcmp(info->versions[i].version, part->version) == 0)
			used = i;
		if (info->versions[i].enabled)
			newest = i;
	}
	if (newest < info->n_versions && newest != used)
		tell(check, ENVOL_CHECK_WARNING, what,
		     "%s has a newer version, %s; renew the wrap (version %s)",
		     part->uri, info->versions[newest].version, part->version);
	if (used < info->n_versions && info->versions[used].expires &&
	    info->versions[used].expires < now + EXPIRY_WARNING_S) {
		char when[ENVOL_TIME_SIZE];

		envol_time_format(when, info->versions[used].expires);
		tell(check, ENVOL_CHECK_WARNING, what,
		     "%s: version %s expires on %s", part->uri, part->version,
		     when);
	}
	if (!info->recoverable)
		tell(check, ENVOL_CHECK_WARNING, what,
		     "%s could be deleted for good at any time (%s)", part->uri,
		     info->recovery ?: "no recovery");
}

/* That a provider does not describe its key is no fault of the volume. */
static void describe_keks(struct check *check, const char *what,
			  const struct envol_token_wrap *wrap)
{
	unsigned int i;

	for (i = 0; i < wrap->n_parts; i++) {
		struct envol_key_info info = { 0 };

		if (envol_key_show(check->ev, wrap->parts[i].uri, &info) == 0)
			describe_version(check, what, &wrap->parts[i], &info);
		envol_key_info_free(&info);
	}
}

static void check_wrap(struct check *check, unsigned int number, bool allowed)
{
	const struct envol_token *token = envol_header_token(check->h);
	const struct envol_token_wrap *wrap = &token->wraps[number];
	_cleanup_secret_ struct envol_secret dek = ENVOL_SECRET_INIT;
	const char *uri = wrap->parts[0].uri;
	const char *and = wrap->n_parts == 2 ? " and " : "";
	const char *second = wrap->n_parts == 2 ? wrap->parts[1].uri : "";
	char what[16];
	int err;

	snprintf(what, sizeof(what), "wrap %u", number);
	if (!allowed) {
		tell(check, ENVOL_CHECK_WARNING, what,
		     "%s%s%s: not among the KEKs that may be used, so not tried",
		     uri, and, second);
		return;
	}
	err = envol_dek_unwrap(check->ev, token->volume_id, wrap, &dek);
	if (!err) {
		err = take_dek(check, &dek);
		if (err)
			envol_error_while(check->ev, err, "%s%s%s", uri, and, second);
	}
	if (err) {
		tell_error(check, wrap->retiring ? ENVOL_CHECK_WARNING :
						   ENVOL_CHECK_FAILED,
			   what, err);
		return;
	}
	tell(check, ENVOL_CHECK_OK, what, "%s%s%s, version %s, %s: opens the volume%s",
	     uri, and, second, wrap->parts[0].version, wrap->parts[0].algorithm,
	     wrap->retiring ? "; a newer wrap stands in its place" : "");
	describe_keks(check, what, wrap);
}

static void check_wraps(struct check *check)
{
	const struct envol_token *token = envol_header_token(check->h);
	bool allowed[ENVOL_SEALED_WRAPS] = { false };
	unsigned int order[ENVOL_SEALED_WRAPS];
	size_t i, n;
	int err = envol_unwrap_allowed(check->ev, token, check->source, order, &n);

	if (err) {
		fail(check, "wraps", err);
		return;
	}
	for (i = 0; i < n; i++)
		allowed[order[i]] = true;
	for (i = 0; i < token->n_wraps; i++)
		check_wrap(check, i, allowed[i]);
}

static int try_recovery(struct check *check)
{
	_cleanup_secret_ struct envol_secret text = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret dek = ENVOL_SECRET_INIT;
	int err;

	err = envol_recovery_parse(check->ev, check->source->recovery, &text);
	if (!err)
		err = envol_header_recover(check->ev, check->h, &text, &dek);
	return err ? err : take_dek(check, &dek);
}

static void check_recovery(struct check *check)
{
	const struct envol_token *token = envol_header_token(check->h);
	int err;

	if (check->source->recovery) {
		err = try_recovery(check);
		if (err)
			fail(check, "recovery key", err);
		else
			tell(check, ENVOL_CHECK_OK, "recovery key",
			     "opens the volume");
	} else if (token->pending_keyslot) {
		tell(check, ENVOL_CHECK_WARNING, "recovery key",
		     "one was being made or removed, and that was cut short; do it again");
	} else if (envol_header_info(check->h)->recovery) {
		if (envol_dek_takes_two(token))
			tell(check, ENVOL_CHECK_WARNING, "recovery key",
			     "there is one, which opens the volume without either KEK of a double key");
		else
			tell(check, ENVOL_CHECK_OK, "recovery key",
			     "there is one; it was not given, so not tried");
	} else if (token->n_wraps == 1) {
		tell(check, ENVOL_CHECK_WARNING, "recovery key",
		     "none, and only one wrap: what happens to that KEK happens to the data");
	}
}

/* ---- whose, and how old ---- */

static void check_fingerprint(struct check *check)
{
	uint8_t got[ENVOL_DIGEST_FINGERPRINT_SIZE];
	char text[ENVOL_FINGERPRINT_SIZE];
	int err;

	if (!check->dek.len)
		return;
	err = envol_digest_fingerprint(check->ev, &check->dek, got);
	if (err) {
		fail(check, "fingerprint", err);
		return;
	}
	envol_hex_encode(text, got, sizeof(got));
	if (!check->source->id) {
		tell(check, ENVOL_CHECK_OK, "fingerprint",
		     "%s, with nothing to compare it to", text);
	} else if (strcasecmp(check->source->id, text) == 0) {
		tell(check, ENVOL_CHECK_OK, "fingerprint", "%s, as it should be",
		     text);
	} else {
		envol_error(check->ev, -EKEYREJECTED,
			    "%s, but it should be %.40s: another volume", text,
			    check->source->id);
		fail(check, "fingerprint", -EKEYREJECTED);
	}
}

static void check_generation(struct check *check)
{
	const struct envol_token *token = envol_header_token(check->h);
	uint64_t seen = check->seen;

	if (check->seen_err) {
		tell(check, ENVOL_CHECK_WARNING, "generation", "%s",
		     check->seen_message);
	} else if (!seen) {
		tell(check, ENVOL_CHECK_OK, "generation",
		     "%" PRIu64 ", the first that this host sees",
		     token->generation);
	} else if (seen <= token->generation) {
		tell(check, ENVOL_CHECK_OK, "generation",
		     "%" PRIu64 ", and %" PRIu64 " was seen here before",
		     token->generation, seen);
	} else if (check->source->allow_older) {
		tell(check, ENVOL_CHECK_WARNING, "generation",
		     "%" PRIu64 ", although %" PRIu64 " was seen here",
		     token->generation, seen);
	} else {
		envol_error(check->ev, -ESTALE,
			    "%" PRIu64 ", although %" PRIu64
			    " was seen here: an older header may bring back a KEK that was removed",
			    token->generation, seen);
		fail(check, "generation", -ESTALE);
	}
}

int envol_volume_check(struct envol *ev, const struct envol_volume_source *source,
		       envol_check_fn fn, void *data)
{
	_cleanup_check_ struct check check = {
		.ev = ev,
		.source = source,
		.fn = fn,
		.data = data,
		.device = ENVOL_DEVICE_INIT,
		.place = ENVOL_DEVICE_INIT,
		.private_fd = -1,
		.dek = ENVOL_SECRET_INIT,
	};

	if (!open_devices(&check) && !open_header(&check)) {
		check_capacity(&check);
		check_wraps(&check);
		check_recovery(&check);
		check_seal(&check);
		check_fingerprint(&check);
		check_generation(&check);
	}
	if (!check.err)
		return 0;
	return envol_error(ev, check.err, "check %s: %s", source->device,
			   check.message);
}
