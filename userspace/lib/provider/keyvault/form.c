// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/keyvault/form.h"

static bool is_plain(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
	       c == '~';
}

/* Bytes that the escaped @text takes, written to @out unless that is NULL. */
static size_t escape(uint8_t *out, const uint8_t *text, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t i, n = 0;

	for (i = 0; i < len; i++) {
		uint8_t c = text[i];
		size_t size = is_plain(c) ? 1 : 3;

		if (out && size == 1)
			out[n] = c;
		else if (out)
			memcpy(out + n,
			       (char[]){ '%', digits[c >> 4], digits[c & 15] },
			       3);
		n += size;
	}
	return n;
}

void envol_form_free(struct envol_form *form)
{
	envol_secret_wipe(&form->text);
	form->used = 0;
}

static int add(struct envol *ev, struct envol_form *form, const char *name,
	       const uint8_t *value, size_t len)
{
	_cleanup_secret_ struct envol_secret longer = ENVOL_SECRET_INIT;
	size_t name_len = strlen(name), more;
	uint8_t *p;
	int err;

	more = (form->used ? 1 : 0) + name_len + 1 + escape(NULL, value, len);
	if (more > ENVOL_SECRET_MAX - form->used)
		return envol_error(ev, -EMSGSIZE,
				   "the request for a token is too long");
	err = envol_secret_alloc(ev, &longer, form->used + more);
	if (err)
		return err;
	p = longer.data;
	if (form->used) {
		memcpy(p, form->text.data, form->used);
		p += form->used;
		*p++ = '&';
	}
	memcpy(p, name, name_len);
	p[name_len] = '=';
	escape(p + name_len + 1, value, len);
	form->used += more;
	envol_secret_move(&form->text, &longer);
	return 0;
}

int envol_form_add(struct envol *ev, struct envol_form *form, const char *name,
		   const char *value)
{
	return add(ev, form, name, (const uint8_t *)value, strlen(value));
}

int envol_form_add_secret(struct envol *ev, struct envol_form *form,
			  const char *name, const struct envol_secret *value)
{
	return add(ev, form, name, value->data, value->len);
}

char *envol_form_escape(const char *text)
{
	size_t len = strlen(text);
	size_t size = escape(NULL, (const uint8_t *)text, len);
	char *out = malloc(size + 1);

	if (!out)
		return NULL;
	escape((uint8_t *)out, (const uint8_t *)text, len);
	out[size] = 0;
	return out;
}
