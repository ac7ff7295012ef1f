// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What libcryptsetup loads for a LUKS2 token of type "envol", in whatever program opens
 * the volume: cryptsetup, systemd-cryptsetup, udisks. It is a guest there: it leaves
 * nothing behind but what it returns, changes nothing of the process, and ends no
 * child but its own. Each call has a handle of its own, so threads may call at once.
 *
 * A failure is one of three to libcryptsetup: -ENOANO, a PIN would help; -EAGAIN,
 * trying again might; -ENOENT, this token does not open the volume, and the caller may
 * go on to the next or to a passphrase. Why, is a line of the caller's log.
 */
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/secret.h"
#include "userspace/lib/internal.h"
#include "userspace/lib/metadata/token.h"
#include "userspace/lib/volume/passphrase.h"
#include "userspace/token/dump.h"
#include "userspace/token/plugin.h"
#include "userspace/token/say.h"
#include "userspace/token/trust.h"

#define EXPORT __attribute__((visibility("default")))

/* The PIN that came with the call, and whether a token wanted one. */
struct pin {
	struct envol *ev;
	const char *data;	/* NULL: none came */
	size_t len;
	bool is_wanted, is_used;
};

/* Whichever token asks first has it: the user saw which that was, and typed it for that. */
static int give_pin(const char *uri, const char *sentence, unsigned int tries,
		    struct envol_secret *secret, void *data)
{
	struct pin *pin = data;
	int err;

	pin->is_wanted = true;
	if (!pin->data || !pin->len || pin->is_used)
		return -ENOANO;
	pin->is_used = true;
	err = envol_secret_alloc(pin->ev, secret, pin->len);
	if (!err)
		memcpy(secret->data, pin->data, pin->len);
	return err;
}

static int for_caller(int err, const struct pin *pin)
{
	switch (err) {
	case 0:
		return 0;
	/* No PIN would help a header that was changed, or another volume's. */
	case -EBADMSG:
	case -EKEYREJECTED:
	case -ESTALE:
		return -ENOENT;
	case -EHOSTUNREACH:
	case -ETIMEDOUT:
	case -EAGAIN:
	case -EBUSY:
	case -EINTR:
		return pin->is_wanted ? -ENOANO : -EAGAIN;
	default:
		return pin->is_wanted ? -ENOANO : -ENOENT;
	}
}

static int hand_out(struct envol *ev, struct crypt_device *cd, int token,
		    struct envol_secret *passphrase)
{
	_cleanup_trust_ struct trust trust = TRUST_INIT;
	struct envol_unwrapped how;
	int err;

	err = envol_trust_load(ev, cd, &trust);
	if (!err)
		err = envol_passphrase_get(ev, cd, token, &trust.source,
					   passphrase, &how);
	if (!err)
		envol_say_opened(cd, &trust, how.fingerprint);
	return err;
}

static int open_by_token(struct crypt_device *cd, int token, struct pin *pin,
			 char **buffer, size_t *buffer_len)
{
	struct envol_secret passphrase = ENVOL_SECRET_INIT;
	struct envol *ev;
	int err;

	if (envol_new(&ev))
		return -ENOMEM;
	envol_set_log(ev, envol_say_line, cd, ENVOL_LOG_DEBUG);
	pin->ev = ev;
	envol_set_pin_fn(ev, give_pin, pin);
	err = hand_out(ev, cd, token, &passphrase);
	if (err)
		envol_say_failed(cd, err, envol_error_message(ev));
	envol_free(ev);
	if (err)
		return for_caller(err, pin);
	*buffer = (char *)passphrase.data;
	*buffer_len = passphrase.len;
	return 0;
}

EXPORT int cryptsetup_token_open(struct crypt_device *cd, int token,
				 char **buffer, size_t *buffer_len, void *usrptr)
{
	struct pin none = { 0 };

	return open_by_token(cd, token, &none, buffer, buffer_len);
}

EXPORT int cryptsetup_token_open_pin(struct crypt_device *cd, int token,
				     const char *pin, size_t pin_size,
				     char **buffer, size_t *buffer_len,
				     void *usrptr)
{
	struct pin given = { .data = pin, .len = pin_size };

	return open_by_token(cd, token, &given, buffer, buffer_len);
}

EXPORT void cryptsetup_token_buffer_free(void *buffer, size_t buffer_len)
{
	struct envol_secret passphrase;

	if (!buffer)
		return;
	passphrase = envol_secret_of(buffer, buffer_len);
	envol_secret_wipe(&passphrase);
}

/* Also asked when a token is stored: a program without keys cannot make a good one. */
EXPORT int cryptsetup_token_validate(struct crypt_device *cd, const char *json)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;
	struct envol *ev;
	int err;

	if (envol_new(&ev))
		return -ENOMEM;
	err = envol_token_parse(ev, json, strlen(json), &token);
	if (err)
		envol_say_failed(cd, err, envol_error_message(ev));
	envol_free(ev);
	return err ? -EINVAL : 0;
}

EXPORT void cryptsetup_token_dump(struct crypt_device *cd, const char *json)
{
	struct envol *ev;

	if (envol_new(&ev))
		return;
	envol_dump_token(ev, cd, json);
	envol_free(ev);
}

EXPORT const char *cryptsetup_token_version(void)
{
	return ENVOL_VERSION;
}
