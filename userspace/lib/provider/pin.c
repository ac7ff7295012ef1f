// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/pin.h"
#include "userspace/lib/provider/provider.h"

struct envol_pin {
	struct envol_pin *next;
	char *holder;	/* the token, in its scheme's spelling */
	struct envol_secret secret;
};

static void free_pin(struct envol_pin *pin)
{
	envol_secret_wipe(&pin->secret);
	free(pin->holder);
	free(pin);
}

void envol_pin_free(struct envol *ev)
{
	while (ev->pins) {
		struct envol_pin *pin = ev->pins;

		ev->pins = pin->next;
		free_pin(pin);
	}
	envol_secret_wipe(&ev->request_pin);
}

/* NULL where the scheme knows no PINs; a scheme alone (all its keys) is its own. */
static int find_holder(struct envol *ev, const char *text, char **holder)
{
	const struct envol_scheme *scheme;
	struct envol_uri uri;
	const char *why;

	*holder = NULL;
	if (!strchr(text, ':')) {
		scheme = envol_registry_scheme(text);
		if (!scheme || !scheme->pin_holder)
			return 0;
		*holder = strdup(text);
		return *holder ? 0 : envol_error(ev, -ENOMEM, "out of memory");
	}
	if (envol_uri_parse(&uri, text, &why))
		return envol_error(ev, -EINVAL, "KEK %.200s: the URI %s", text,
				   why);
	scheme = envol_registry_scheme(uri.scheme);
	return scheme && scheme->pin_holder ?
		       scheme->pin_holder(ev, &uri, holder) : 0;
}

static struct envol_pin **find(struct envol *ev, const char *holder)
{
	struct envol_pin **at = &ev->pins;

	while (*at && strcmp((*at)->holder, holder) != 0)
		at = &(*at)->next;
	return at;
}

static void drop(struct envol *ev, const char *holder)
{
	struct envol_pin **at = find(ev, holder);
	struct envol_pin *pin = *at;

	if (!pin)
		return;
	*at = pin->next;
	free_pin(pin);
}

static int keep(struct envol *ev, const char *holder,
		const struct envol_secret *secret)
{
	struct envol_pin *pin = calloc(1, sizeof(*pin));
	int err = -ENOMEM;

	drop(ev, holder);
	if (pin)
		pin->holder = strdup(holder);
	if (!pin || !pin->holder)
		envol_error(ev, err, "out of memory");
	else
		err = envol_secret_copy(ev, &pin->secret, secret->data,
					secret->len);
	if (err) {
		if (pin)
			free_pin(pin);
		return err;
	}
	pin->next = ev->pins;
	ev->pins = pin;
	return 0;
}

int envol_pin_copy(struct envol *ev, const char *uri, struct envol_secret *pin)
{
	_cleanup_free_ char *holder = NULL;
	const struct envol_pin *found;
	int err = find_holder(ev, uri, &holder);

	found = !err && holder ? *find(ev, holder) : NULL;
	if (!found)
		return err;
	return envol_secret_copy(ev, pin, found->secret.data,
				 found->secret.len);
}

int envol_pin_ask(struct envol *ev, const char *uri, unsigned int tries,
		  struct envol_secret *pin)
{
	_cleanup_free_ char *holder = NULL;
	char sentence[ENVOL_MESSAGE_SIZE];
	int err;

	strcpy(sentence, ev->message);
	err = find_holder(ev, uri, &holder);
	if (err)
		return err;
	envol_secret_wipe(pin);
	if (holder)
		drop(ev, holder);
	err = holder && ev->pin_fn ? ev->pin_fn(uri, sentence, tries, pin,
						ev->pin_data) : -ENOANO;
	if (!err && pin->len)
		return keep(ev, holder, pin);
	if (!err || err == -ENOANO)
		return envol_error(ev, -ENOANO, "%s", sentence);
	return envol_error_errno(ev, err, "ask for the PIN");
}

const struct envol_secret *envol_pin_of_request(const struct envol *ev)
{
	return &ev->request_pin;
}

void envol_set_pin_fn(struct envol *ev, envol_pin_fn fn, void *data)
{
	ev->pin_fn = fn;
	ev->pin_data = data;
}

int envol_set_pin(struct envol *ev, const char *uri,
		  const struct envol_secret *pin)
{
	_cleanup_free_ char *canonical = NULL, *holder = NULL;
	int err = envol_kek_canonical(ev, uri, &canonical);

	if (!err)
		err = find_holder(ev, canonical, &holder);
	if (err)
		return err;
	if (!holder)
		return envol_error(ev, -EOPNOTSUPP, "%s takes no PIN",
				   canonical);
	if (pin->len == 0)
		return envol_error(ev, -EINVAL, "the PIN for %s is empty",
				   canonical);
	return keep(ev, holder, pin);
}
