/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Strict reading of JSON that others wrote, on json-c behind envol_json_scan().
 * Each getter says what it wants and where; what is not so is -EBADMSG with the
 * path: "token.wraps[1].parts[0].uri: not a string". Never for secrets: json-c
 * copies what it reads and wipes nothing.
 */
#pragma once

#include "userspace/lib/base/blob.h"
#include "userspace/lib/internal.h"

struct json_object;

/* A value and the way to it. What it came from must outlive it. */
struct envol_json {
	struct json_object *value;
	const struct envol_json *from;
	const char *name;	/* in an object, or the document's; NULL in an array */
	size_t index;		/* in an array */
};

#define ENVOL_JSON_INIT { 0 }
#define _cleanup_json_ _cleanup_(envol_json_free)

/*
 * A document of at most @max bytes, which is an object; @what names it in
 * sentences and must outlive it. -EBADMSG, -ENOMEM.
 */
int envol_json_parse(struct envol *ev, const char *what, const char *text,
		     size_t len, size_t max, struct envol_json *root)
	_must_check_;
void envol_json_free(struct envol_json *root);	/* the root alone */

/* An error about @value: its path in front of the sentence. */
int envol_json_refuse(struct envol *ev, const struct envol_json *value,
		      const char *fmt, ...) _printf_(3, 4);

bool envol_json_has(const struct envol_json *object, const char *name);
/* It is there and not null, which some writers take for the same. */
bool envol_json_is_given(const struct envol_json *object, const char *name);

/* Refuses members that are not in @names, which ends with NULL. */
int envol_json_check_names(struct envol *ev, const struct envol_json *object,
			   const char *const *names) _must_check_;

/* Number of items or members, and one of them: @i must be less. */
size_t envol_json_length(const struct envol_json *value);
void envol_json_item(const struct envol_json *from, size_t i,
		     struct envol_json *item);

/*
 * What the member @name of @from holds; with NULL, what @from itself does.
 * Missing and null are refused like any other type that is not wanted.
 */
int envol_json_object(struct envol *ev, const struct envol_json *from,
		      const char *name, struct envol_json *object) _must_check_;
/* Of at most @max items. */
int envol_json_array(struct envol *ev, const struct envol_json *from,
		     const char *name, size_t max, struct envol_json *array)
	_must_check_;
/* Of at most @max bytes; lives as long as the document. */
int envol_json_string(struct envol *ev, const struct envol_json *from,
		      const char *name, size_t max, const char **text)
	_must_check_;
int envol_json_bool(struct envol *ev, const struct envol_json *from,
		    const char *name, bool *value) _must_check_;
/* A number from 0 to @max, without fraction or exponent. */
int envol_json_uint(struct envol *ev, const struct envol_json *from,
		    const char *name, uint64_t max, uint64_t *value)
	_must_check_;
/* The same as a string of decimal digits, no zero in front: "4096". */
int envol_json_decimal(struct envol *ev, const struct envol_json *from,
		       const char *name, uint64_t max, uint64_t *value)
	_must_check_;
/* Base64 in a string, of at most @max bytes decoded. @blob is replaced. */
int envol_json_base64(struct envol *ev, const struct envol_json *from,
		      const char *name, size_t max, struct envol_blob *blob)
	_must_check_;
