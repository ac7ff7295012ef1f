/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Key URIs (RFC 3986): what names a KEK. Split, checked, nothing fetched. A
 * PKCS#11 URI (RFC 7512) keeps its path as it stands. Pure.
 */
#pragma once

#include "userspace/lib/internal.h"

#define ENVOL_URI_MAX 1024	/* bytes of a whole URI */

struct envol_uri {
	char text[ENVOL_URI_MAX];	/* the whole, as given */
	char scheme[16];		/* lower case */
	char host[256];			/* lower case; empty where the scheme has none */
	uint16_t port;			/* 0: not given */
	char path[ENVOL_URI_MAX];	/* behind the authority (with its "/") or the scheme's ":" */
	char query[ENVOL_URI_MAX];	/* behind "?", without it */
};

/*
 * -EINVAL, with @why (a static sentence) telling what is wrong: too long, control
 * characters or spaces, no scheme, a user or password, a bad port, a fragment, a
 * bad percent escape. %00 is none: an id in a PKCS#11 URI may have it.
 */
int envol_uri_parse(struct envol_uri *uri, const char *text, const char **why)
	_must_check_;

/* Undo percent escapes of @text into @out; -EINVAL for a bad one or a %00, -ENAMETOOLONG. */
int envol_uri_decode(char *out, size_t size, const char *text) _must_check_;

/*
 * Value of "name=value" among parts separated by @separator (';' in pkcs11
 * paths, '&' in queries), decoded. -ENOENT if absent, -EEXIST if it is there
 * twice, else as envol_uri_decode().
 */
int envol_uri_attribute(const char *parts, char separator, const char *name,
			char *value, size_t size) _must_check_;
