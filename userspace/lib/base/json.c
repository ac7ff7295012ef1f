// SPDX-License-Identifier: LGPL-2.1-or-later
/* The one file that includes json-c. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "userspace/lib/base/base64.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/base/json.h"
#include "userspace/lib/base/json_scan.h"

#define PATH_SIZE 256
#define NAME_SHOWN 40

/* ---- the way to a value ---- */

static void append(char path[PATH_SIZE], const char *text)
{
	size_t len = strlen(path), i;

	/* A name is whatever the document says. */
	for (i = 0; text[i] && i < NAME_SHOWN && len + 1 < PATH_SIZE; i++)
		path[len++] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	path[len] = 0;
}

static void describe(char path[PATH_SIZE], const struct envol_json *value)
{
	char index[32];

	if (value->from)
		describe(path, value->from);
	else
		path[0] = 0;
	if (value->name) {
		if (path[0])
			append(path, ".");
		append(path, value->name);
	} else {
		snprintf(index, sizeof(index), "[%zu]", value->index);
		append(path, index);
	}
}

int envol_json_refuse(struct envol *ev, const struct envol_json *value,
		      const char *fmt, ...)
{
	char path[PATH_SIZE], text[ENVOL_MESSAGE_SIZE];
	va_list args;

	char *c;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	/* It may quote the document, and a terminal gets only what it can show. */
	for (c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	describe(path, value);
	return envol_error(ev, -EBADMSG, "%s: %s", path, text);
}

/* ---- documents ---- */

int envol_json_parse(struct envol *ev, const char *what, const char *text,
		     size_t len, size_t max, struct envol_json *root)
{
	struct json_tokener *tokener;
	struct json_object *value;
	const char *why;
	size_t where;
	int err;

	if (len > max || len > INT32_MAX)
		return envol_error(ev, -EBADMSG, "%s: longer than %zu bytes",
				   what, max);
	err = envol_json_scan(text, len, &why, &where);
	if (err == -ENOMEM)
		return envol_error(ev, err, "%s: out of memory", what);
	if (err)
		return envol_error(ev, err, "%s: not valid JSON at byte %zu: %s",
				   what, where, why);
	tokener = json_tokener_new_ex(ENVOL_JSON_SCAN_DEPTH + 1);
	if (!tokener)
		return envol_error(ev, -ENOMEM, "%s: out of memory", what);
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	value = json_tokener_parse_ex(tokener, text, (int)len);
	json_tokener_free(tokener);
	/* The scan has passed it: what json-c lacks now is memory, or it is no object. */
	if (!json_object_is_type(value, json_type_object)) {
		json_object_put(value);
		return envol_error(ev, -EBADMSG, "%s: not an object", what);
	}
	*root = (struct envol_json){ .value = value, .name = what };
	return 0;
}

void envol_json_free(struct envol_json *root)
{
	json_object_put(root->value);
	*root = (struct envol_json)ENVOL_JSON_INIT;
}

/* ---- members and items ---- */

bool envol_json_has(const struct envol_json *object, const char *name)
{
	return json_object_object_get_ex(object->value, name, NULL);
}

bool envol_json_is_given(const struct envol_json *object, const char *name)
{
	struct json_object *value = NULL;

	return json_object_object_get_ex(object->value, name, &value) && value;
}

static bool is_among(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

int envol_json_check_names(struct envol *ev, const struct envol_json *object,
			   const char *const *names)
{
	json_object_object_foreach(object->value, name, value) {
		struct envol_json member = {
			.value = value, .from = object, .name = name,
		};

		if (!is_among(name, names))
			return envol_json_refuse(ev, &member, "not known");
	}
	return 0;
}

size_t envol_json_length(const struct envol_json *value)
{
	if (json_object_is_type(value->value, json_type_array))
		return json_object_array_length(value->value);
	return json_object_object_length(value->value);
}

void envol_json_item(const struct envol_json *from, size_t i,
		     struct envol_json *item)
{
	*item = (struct envol_json){ .from = from, .index = i };
	if (json_object_is_type(from->value, json_type_array)) {
		item->value = json_object_array_get_idx(from->value, i);
		return;
	}
	json_object_object_foreach(from->value, name, value) {
		if (i-- == 0) {
			item->value = value;
			item->name = name;
			break;
		}
	}
}

/* The member, or @from itself, of @type; @article is it in words. */
static int get(struct envol *ev, const struct envol_json *from,
	       const char *name, enum json_type type, const char *article,
	       struct envol_json *value)
{
	struct envol_json got = { .from = from, .name = name };

	if (!name)
		got = *from;
	else if (!json_object_object_get_ex(from->value, name, &got.value))
		return envol_json_refuse(ev, &got, "missing");
	if (!json_object_is_type(got.value, type))
		return envol_json_refuse(ev, &got, "not %s", article);
	*value = got;
	return 0;
}

int envol_json_object(struct envol *ev, const struct envol_json *from,
		      const char *name, struct envol_json *object)
{
	return get(ev, from, name, json_type_object, "an object", object);
}

int envol_json_array(struct envol *ev, const struct envol_json *from,
		     const char *name, size_t max, struct envol_json *array)
{
	int err = get(ev, from, name, json_type_array, "an array", array);

	if (!err && json_object_array_length(array->value) > max)
		return envol_json_refuse(ev, array, "more than %zu", max);
	return err;
}

static int get_string(struct envol *ev, const struct envol_json *from,
		      const char *name, size_t max, struct envol_json *value)
{
	int err = get(ev, from, name, json_type_string, "a string", value);

	if (!err && (size_t)json_object_get_string_len(value->value) > max)
		return envol_json_refuse(ev, value, "longer than %zu bytes", max);
	return err;
}

int envol_json_string(struct envol *ev, const struct envol_json *from,
		      const char *name, size_t max, const char **text)
{
	struct envol_json value;
	int err = get_string(ev, from, name, max, &value);

	if (!err)
		*text = json_object_get_string(value.value);
	return err;
}

int envol_json_bool(struct envol *ev, const struct envol_json *from,
		    const char *name, bool *value)
{
	struct envol_json got;
	int err = get(ev, from, name, json_type_boolean, "true or false", &got);

	if (!err)
		*value = json_object_get_boolean(got.value);
	return err;
}

int envol_json_uint(struct envol *ev, const struct envol_json *from,
		    const char *name, uint64_t max, uint64_t *value)
{
	struct envol_json got;
	int err = get(ev, from, name, json_type_int, "an integer", &got);

	if (err)
		return err;
	/* Both forms are asked: below zero the one gives 0, above INT64_MAX the other its maximum. */
	if (json_object_get_int64(got.value) < 0 ||
	    json_object_get_uint64(got.value) > max)
		return envol_json_refuse(ev, &got, "not 0 to %ju",
					 (uintmax_t)max);
	*value = json_object_get_uint64(got.value);
	return 0;
}

int envol_json_decimal(struct envol *ev, const struct envol_json *from,
		       const char *name, uint64_t max, uint64_t *value)
{
	struct envol_json got;
	const char *text;
	uint64_t v = 0;
	int err = get_string(ev, from, name, 20, &got);

	if (err)
		return err;
	text = json_object_get_string(got.value);
	if (!*text || (text[0] == '0' && text[1]))
		return envol_json_refuse(ev, &got, "not a decimal number");
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return envol_json_refuse(ev, &got,
						 "not a decimal number");
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, *text - '0', &v) || v > max)
			return envol_json_refuse(ev, &got, "not 0 to %ju",
						 (uintmax_t)max);
	}
	*value = v;
	return 0;
}

int envol_json_base64(struct envol *ev, const struct envol_json *from,
		      const char *name, size_t max, struct envol_blob *blob)
{
	struct envol_json got;
	int err = get(ev, from, name, json_type_string, "a string", &got);
	size_t len;

	if (err)
		return err;
	len = json_object_get_string_len(got.value);
	if (len / 4 > (max + 2) / 3)
		return envol_json_refuse(ev, &got, "more than %zu bytes", max);
	err = envol_base64_decode(ENVOL_BASE64,
				  json_object_get_string(got.value), len, blob);
	if (err == -ENOMEM)
		return envol_error(ev, err, "out of memory");
	if (err)
		return envol_json_refuse(ev, &got, "not base64");
	if (blob->len > max)
		return envol_json_refuse(ev, &got, "more than %zu bytes", max);
	return 0;
}
