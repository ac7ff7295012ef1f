// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "userspace/lib/provider/keyvault/challenge.h"

#define BLANKS " \t"

struct span {
	const char *text;
	size_t len;
};

static bool is_same(struct span a, const char *b)
{
	return a.len == strlen(b) && strncasecmp(a.text, b, a.len) == 0;
}

static void skip_blanks(const char **at)
{
	*at += strspn(*at, BLANKS);
}

/* RFC 9110 section 5.6.2; empty where none stands at @at. */
static struct span take_token(const char **at)
{
	struct span token = { *at, 0 };

	while (isalnum((unsigned char)**at) ||
	       (**at && strchr("!#$%&'*+-.^_`|~", **at)))
		(*at)++;
	token.len = *at - token.text;
	return token;
}

/* The text between the quotes, or up to a comma or blank; -EINVAL without an end. */
static int take_value(const char **at, struct span *value, bool *quoted)
{
	*quoted = **at == '"';
	if (!*quoted) {
		*value = (struct span){ *at, strcspn(*at, BLANKS ",\"") };
		*at += value->len;
		return value->len ? 0 : -EINVAL;
	}
	value->text = ++*at;
	while (**at != '"') {
		if (**at == '\\')
			(*at)++;
		if (!**at)
			return -EINVAL;
		(*at)++;
	}
	value->len = *at - value->text;
	(*at)++;
	return 0;
}

static int copy_value(char *out, size_t size, struct span value, bool quoted)
{
	size_t i, n = 0;

	for (i = 0; i < value.len; i++) {
		/* Behind a backslash there is a character: take_value() saw to it. */
		if (quoted && value.text[i] == '\\')
			i++;
		if (n + 1 >= size)
			return -ENAMETOOLONG;
		out[n++] = value.text[i];
	}
	out[n] = 0;
	return 0;
}

struct search {
	const char *scheme, *name;
	char *value;
	size_t size;
	unsigned int challenges;	/* of the scheme, so far */
	bool inside, found;		/* inside the first of them */
};

static int take_parameter(struct search *s, const char **at, struct span name)
{
	struct span value;
	bool quoted;
	int err;

	(*at)++;
	skip_blanks(at);
	err = take_value(at, &value, &quoted);
	if (err || !s->inside || !is_same(name, s->name))
		return err;
	if (s->found)
		return -EEXIST;
	s->found = true;
	return copy_value(s->value, s->size, value, quoted);
}

/* Behind a scheme stands a blank and its first parameter, or nothing of its own. */
static int take_scheme(struct search *s, const char **at, struct span scheme)
{
	const char *ahead;

	s->inside = is_same(scheme, s->scheme) && s->challenges++ == 0;
	if (!**at || **at == ',')
		return 0;
	if (!strchr(BLANKS, **at))
		return -EINVAL;
	skip_blanks(at);
	ahead = *at;
	scheme = take_token(&ahead);
	skip_blanks(&ahead);
	if (*ahead == '=' && scheme.len) {
		*at = ahead;
		return take_parameter(s, at, scheme);
	}
	/* A token68, as of Negotiate. */
	*at += strcspn(*at, BLANKS ",\"");
	return 0;
}

static int search(struct search *s, const char *at)
{
	for (;;) {
		struct span token;
		const char *ahead;
		int err;

		at += strspn(at, BLANKS ",");
		if (!*at)
			return s->found ? 0 : -ENOENT;
		token = take_token(&at);
		if (!token.len)
			return -EINVAL;
		ahead = at;
		skip_blanks(&ahead);
		if (*ahead == '=') {
			at = ahead;
			err = take_parameter(s, &at, token);
		} else {
			err = take_scheme(s, &at, token);
		}
		if (err)
			return err;
		skip_blanks(&at);
		if (*at && *at != ',')
			return -EINVAL;
	}
}

int envol_challenge_parameter(const char *header, const char *scheme,
			      const char *name, char *value, size_t size)
{
	struct search s = { .scheme = scheme, .name = name, .value = value,
			    .size = size };

	return search(&s, header);
}
