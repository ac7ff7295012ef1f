// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as a pkcs11: URI, and as a token's section. What is accepted has one
 * spelling, which is accepted and stays as it is, and names its PIN's holder alike.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "userspace/lib/provider/kek.h"
#include "userspace/lib/provider/provider.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool condition)
{
	if (!condition)
		abort();
}

static char *holder_of(struct envol *ev, const struct envol_scheme *scheme,
		       const char *text)
{
	struct envol_uri uri;
	const char *why;
	char *holder;

	demand(envol_uri_parse(&uri, text, &why) == 0);
	demand(scheme->pin_holder(ev, &uri, &holder) == 0);
	return holder;
}

static void try_uri(struct envol *ev, const struct envol_scheme *scheme,
		    const char *text)
{
	_cleanup_free_ char *first = NULL, *second = NULL;
	_cleanup_free_ char *holder = NULL, *again = NULL;
	char uri[ENVOL_URI_MAX + 8] = "pkcs11:";

	strncat(uri, text, ENVOL_URI_MAX);
	if (envol_kek_canonical(ev, uri, &first)) {
		demand(*envol_error_message(ev) && !first);
		return;
	}
	demand(strcspn(first, "?#/ ") == strlen(first));
	demand(envol_kek_canonical(ev, first, &second) == 0);
	demand(strcmp(first, second) == 0);
	holder = holder_of(ev, scheme, uri);
	again = holder_of(ev, scheme, first);
	demand(strcmp(holder, again) == 0);
	demand(strncmp(first, holder, strlen(holder)) == 0);
}

static void try_subject(struct envol *ev, const struct envol_scheme *scheme,
			const char *text)
{
	_cleanup_free_ char *first = NULL, *second = NULL;

	if (scheme->subject(ev, text, &first))
		return;
	demand(scheme->subject(ev, first, &second) == 0);
	demand(strcmp(first, second) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct envol_scheme *scheme;
	static struct envol *ev;
	_cleanup_free_ char *text = strndup((const char *)data, size);

	if (!ev)
		demand(envol_new(&ev) == 0);
	if (!scheme)
		scheme = envol_registry_scheme("pkcs11");
	demand(scheme && text);
	try_uri(ev, scheme, text);
	try_subject(ev, scheme, text);
	return 0;
}
