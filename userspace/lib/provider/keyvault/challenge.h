/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The WWW-Authenticate header (RFC 9110 section 11): what a server wants to be shown. Pure. */
#pragma once

#include "userspace/lib/internal.h"

/*
 * The parameter @name of the first challenge of @scheme, unquoted, into @value; case
 * matters in neither. A value without quotes may hold what a token may not (Arc
 * gives a path so). -ENOENT where there is no such challenge or parameter, -EEXIST
 * for one given twice, -EINVAL for a header that is none, -ENAMETOOLONG.
 */
int envol_challenge_parameter(const char *header, const char *scheme,
			      const char *name, char *value, size_t size)
	_must_check_;
