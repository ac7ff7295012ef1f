// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/pkcs11/scheme.h"
#include "userspace/lib/provider/provider.h"
#include "userspace/lib/provider/settings.h"

#define UNRESERVED "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"

/* The sizes of CK_TOKEN_INFO's fields; a label and an id may be of any, up to ours. */
static const struct {
	const char *name;
	size_t max;
} attributes[ENVOL_PKCS11_ATTRIBUTES] = {
	[ENVOL_PKCS11_TOKEN] = { "token", 32 },
	[ENVOL_PKCS11_MANUFACTURER] = { "manufacturer", 32 },
	[ENVOL_PKCS11_SERIAL] = { "serial", 16 },
	[ENVOL_PKCS11_MODEL] = { "model", 16 },
	[ENVOL_PKCS11_OBJECT] = { "object", ENVOL_PKCS11_VALUE_MAX },
	[ENVOL_PKCS11_ID] = { "id", ENVOL_PKCS11_VALUE_MAX },
	[ENVOL_PKCS11_TYPE] = { "type", 10 },
};

/* What RFC 7512 has besides, and why it is not taken; the first that begins so. */
static const struct {
	const char *begins;
	const char *why;
} refused[] = {
	{ "pin-", "a PIN is no part of a key's name; pin_file in a section [pkcs11 token=...;serial=...] of envol.conf, --pin-file or the prompt give it" },
	{ "module-", "the module is this host's to choose: module in the section [pkcs11] of envol.conf" },
	{ "library-", "a library is not what a key is known by; module in the section [pkcs11] of envol.conf chooses it" },
	{ "slot-", "a slot says where a token is, not which one; token= and serial= do" },
	{ "x-", "attributes of vendors are not known here" },
};

static int refuse(struct envol *ev, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(refused); i++)
		if (strncmp(name, refused[i].begins,
			    strlen(refused[i].begins)) == 0)
			return envol_error(ev, -EINVAL, "%.*s: %s",
					   (int)(len < 40 ? len : 40), name,
					   refused[i].why);
	return envol_error(ev, -EINVAL,
			   "\"%.*s\" is no attribute of a key; token, manufacturer, serial, model, object, id and type are",
			   (int)(len < 40 ? len : 40), name);
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) % 16 : -1;
}

/* With %00, which an id may well have, and text has not. */
static int decode(struct envol_pkcs11_value *value, const char *text, size_t len,
		  size_t max)
{
	size_t i;

	for (i = 0; i < len; i++) {
		int c = (unsigned char)text[i];

		if (c == '%') {
			int high = i + 2 < len ? hex_digit(text[i + 1]) : -1;
			int low = high < 0 ? -1 : hex_digit(text[i + 2]);

			if (low < 0)
				return -EINVAL;
			c = high << 4 | low;
			i += 2;
		}
		if (value->len == max)
			return -ENAMETOOLONG;
		value->bytes[value->len++] = (char)c;
	}
	value->bytes[value->len] = 0;
	return 0;
}

static void cut_blanks(struct envol_pkcs11_value *value)
{
	while (value->len && value->bytes[value->len - 1] == ' ')
		value->len--;
	value->bytes[value->len] = 0;
}

static bool has_control(const struct envol_pkcs11_value *value)
{
	size_t i;

	for (i = 0; i < value->len; i++)
		if ((unsigned char)value->bytes[i] < ' ' ||
		    value->bytes[i] == 0x7f)
			return true;
	return false;
}

static int check_value(struct envol *ev, enum envol_pkcs11_attribute i,
		       const struct envol_pkcs11_value *value)
{
	const char *name = attributes[i].name;

	if (value->len == 0)
		return envol_error(ev, -EINVAL, "%s= is empty", name);
	if (i != ENVOL_PKCS11_ID && has_control(value))
		return envol_error(ev, -EINVAL, "%s= has a control character",
				   name);
	if (i == ENVOL_PKCS11_TYPE && strcmp(value->bytes, "private") != 0 &&
	    strcmp(value->bytes, "secret-key") != 0)
		return envol_error(ev, -EINVAL,
				   "type=%s: a key that unwraps is of type private or secret-key",
				   value->bytes);
	return 0;
}

static int parse_one(struct envol *ev, const char *text, size_t len,
		     struct envol_pkcs11_name *name)
{
	const char *equals = memchr(text, '=', len);
	size_t name_len = equals ? (size_t)(equals - text) : len;
	struct envol_pkcs11_value *value;
	size_t i;
	int err;

	for (i = 0; i < ENVOL_PKCS11_ATTRIBUTES; i++)
		if (strlen(attributes[i].name) == name_len &&
		    memcmp(attributes[i].name, text, name_len) == 0)
			break;
	if (i == ENVOL_PKCS11_ATTRIBUTES)
		return refuse(ev, text, name_len);
	value = &name->values[i];
	if (value->len)
		return envol_error(ev, -EINVAL, "%s= is there twice",
				   attributes[i].name);
	err = equals ? decode(value, equals + 1, len - name_len - 1,
			      attributes[i].max) : 0;
	if (err == -ENAMETOOLONG)
		return envol_error(ev, -EINVAL,
				   "%s= is longer than the %zu bytes that it may have",
				   attributes[i].name, attributes[i].max);
	if (err)
		return envol_error(ev, -EINVAL, "%s= has a bad percent escape",
				   attributes[i].name);
	/* A token's own fields are filled up with blanks: they say nothing. */
	if (i < ENVOL_PKCS11_OBJECT)
		cut_blanks(value);
	return check_value(ev, i, value);
}

static int parse(struct envol *ev, const char *text,
		 struct envol_pkcs11_name *name)
{
	const char *end;
	int err;

	memset(name, 0, sizeof(*name));
	for (;; text = end + 1) {
		end = strchrnul(text, ';');
		err = parse_one(ev, text, end - text, name);
		if (err || !*end)
			return err;
	}
}

static bool has(const struct envol_pkcs11_name *name,
		enum envol_pkcs11_attribute attribute)
{
	return name->values[attribute].len != 0;
}

int envol_pkcs11_parse(struct envol *ev, const char *text,
		       struct envol_pkcs11_name *name)
{
	int err = parse(ev, text, name);

	if (err)
		return err;
	if (!has(name, ENVOL_PKCS11_TOKEN) && !has(name, ENVOL_PKCS11_SERIAL))
		return envol_error(ev, -EINVAL,
				   "it does not say which token: token= or serial= does");
	if (!has(name, ENVOL_PKCS11_OBJECT) && !has(name, ENVOL_PKCS11_ID))
		return envol_error(ev, -EINVAL,
				   "it does not say which key: object= (its label) or id= does");
	return 0;
}

int envol_pkcs11_parse_token(struct envol *ev, const char *text,
			     struct envol_pkcs11_name *name)
{
	int err = parse(ev, text, name);
	size_t i;

	if (err)
		return err;
	for (i = ENVOL_PKCS11_OBJECT; i < ENVOL_PKCS11_ATTRIBUTES; i++)
		if (name->values[i].len)
			return envol_error(ev, -EINVAL,
					   "%s= is a key's, and this names a token",
					   attributes[i].name);
	if (!has(name, ENVOL_PKCS11_SERIAL))
		return envol_error(ev, -EINVAL,
				   "serial= is missing: what is set for a token, its PIN above all, is for that one alone");
	return 0;
}

static void put_value(FILE *out, enum envol_pkcs11_attribute attribute,
		      const struct envol_pkcs11_value *value)
{
	size_t i;

	for (i = 0; i < value->len; i++) {
		unsigned char c = value->bytes[i];

		if (attribute != ENVOL_PKCS11_ID && c && strchr(UNRESERVED, c))
			fputc(c, out);
		else
			fprintf(out, "%%%02X", c);
	}
}

int envol_pkcs11_format(struct envol *ev, const char *prefix,
			const struct envol_pkcs11_name *name, size_t n,
			char **text)
{
	const char *separator = prefix;
	size_t size, i;
	FILE *out;

	*text = NULL;
	out = open_memstream(text, &size);
	if (!out)
		return envol_error(ev, -ENOMEM, "out of memory");
	for (i = 0; i < n; i++) {
		if (!name->values[i].len)
			continue;
		fprintf(out, "%s%s=", separator, attributes[i].name);
		put_value(out, i, &name->values[i]);
		separator = ";";
	}
	if (fclose(out)) {
		free(*text);
		*text = NULL;
		return envol_error(ev, -ENOMEM, "out of memory");
	}
	return 0;
}

bool envol_pkcs11_is_compatible(const struct envol_pkcs11_name *a,
				const struct envol_pkcs11_name *b)
{
	size_t i;

	for (i = 0; i < ENVOL_PKCS11_OBJECT; i++)
		if (a->values[i].len && b->values[i].len &&
		    strcmp(a->values[i].bytes, b->values[i].bytes) != 0)
			return false;
	return true;
}

static int parse_uri(struct envol *ev, const struct envol_uri *uri,
		     struct envol_pkcs11_name *name)
{
	const char *query = strchr(uri->text, '?');

	if (strstr(uri->text, "//") == strchr(uri->text, ':') + 1)
		return envol_error(ev, -EINVAL,
				   "it has no host: pkcs11:token=...;object=...");
	if (query && query[1])
		return refuse(ev, query + 1, strcspn(query + 1, "="));
	if (query)
		return envol_error(ev, -EINVAL, "it ends with \"?\"");
	return envol_pkcs11_parse(ev, uri->path, name);
}

static int pkcs11_canonical(struct envol *ev, const struct envol_uri *uri,
			    char **text)
{
	struct envol_pkcs11_name name;
	/* A PIN that somebody put there is not for the log. */
	const char *pin = strstr(uri->text, "pin-");
	int len = pin ? (int)(pin - uri->text) : 200;
	int err = parse_uri(ev, uri, &name);

	if (err)
		return envol_error_while(ev, err, "KEK %.*s",
					 len < 200 ? len : 200, uri->text);
	err = envol_pkcs11_format(ev, "pkcs11:", &name, ENVOL_PKCS11_ATTRIBUTES,
				  text);
	if (err || strlen(*text) < ENVOL_URI_MAX)
		return err;
	free(*text);
	*text = NULL;
	return envol_error(ev, -EINVAL,
			   "KEK %.200s: longer than %d bytes in its one spelling",
			   uri->text, ENVOL_URI_MAX - 1);
}

/* A section of envol.conf is a token's. */
static int pkcs11_subject(struct envol *ev, const char *text, char **canonical)
{
	struct envol_pkcs11_name name;
	int err = envol_pkcs11_parse_token(ev, text, &name);

	return err ? err : envol_pkcs11_format(ev, "", &name,
					       ENVOL_PKCS11_OBJECT, canonical);
}

/* All its keys take one PIN. */
static int pkcs11_pin_holder(struct envol *ev, const struct envol_uri *uri,
			     char **holder)
{
	struct envol_pkcs11_name name;
	int err = parse_uri(ev, uri, &name);

	return err ? err : envol_pkcs11_format(ev, "pkcs11:", &name,
					       ENVOL_PKCS11_OBJECT, holder);
}

static const char *const algorithm_words[] = { "A256GCM", "A256KWP",
					       "A256KW-PAD", "A256KW",
					       "RSA-OAEP-256", "RSA-OAEP",
					       NULL };
static const char *const key_type_words[] = { "AES-256", "RSA-2048", "RSA-3072",
					      "RSA-4096", NULL };

static const struct envol_setting_rule settings[] = {
	{ .key = "module", .kind = ENVOL_SETTING_FILE,
	  .help = "the vendor's PKCS#11 module (default: those of p11-kit)" },
	{ .key = "environment", .kind = ENVOL_SETTING_TEXT,
	  .help = "NAME=VALUE ... that the module wants" },
	{ .key = "pin_file", .kind = ENVOL_SETTING_FILE, .is_secret = true,
	  .help = "the token's PIN, in a section of that token alone" },
	{ .key = "algorithm", .kind = ENVOL_SETTING_TEXT,
	  .words = algorithm_words,
	  .help = "to wrap with (default: the best that works)" },
	{ .key = "key_type", .kind = ENVOL_SETTING_TEXT,
	  .words = key_type_words,
	  .help = "of keys that are created (default: AES-256 if the token can)" },
	{ .key = "accept_exportable", .kind = ENVOL_SETTING_BOOL,
	  .help = "wrap with a key that can be taken out of the token" },
};

ENVOL_SCHEME(pkcs11) = {
	.scheme = "pkcs11",
	.summary = "keys in hardware security modules and smart cards (PKCS#11)",
	.package = "envol-pkcs11",
	.canonical = pkcs11_canonical,
	.settings = settings,
	.n_settings = ENVOL_ARRAY_SIZE(settings),
	.subject = pkcs11_subject,
	.pin_holder = pkcs11_pin_holder,
};
