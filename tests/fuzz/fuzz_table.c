// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any bytes as a table line. What is accepted must format, and what was formatted
 * must parse to the same table: parse ∘ format is the identity.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kmod/table.h"

#define ARGS_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Blanks, as the kernel sees them. */
static bool is_blank(char c)
{
	return isspace((unsigned char)c) || (unsigned char)c == 0xa0;
}

static unsigned int split(char *line, char **argv)
{
	unsigned int argc = 0;
	char *in = line, *out;

	for (;;) {
		while (is_blank(*in))
			in++;
		if (!*in || argc == ARGS_MAX)
			return argc;
		argv[argc++] = out = in;
		while (*in && !is_blank(*in)) {
			if (*in == '\\' && in[1])
				in++;
			*out++ = *in++;
		}
		if (*in)
			in++;
		*out = '\0';
	}
}

static bool same_string(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_table(const struct envol_table *a, const struct envol_table *b)
{
	return a->key_size == b->key_size && a->iv_offset == b->iv_offset &&
	       a->start_sector == b->start_sector && a->du_size == b->du_size &&
	       a->flags == b->flags && same_string(a->key_description, b->key_description) &&
	       same_string(a->device, b->device) && same_string(a->engine, b->engine);
}

static void demand(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room = 2 * size + 512;
	char *line = malloc(size + 1), *text = malloc(room);
	struct envol_table first, second;
	const char *why = NULL;
	char *argv[ARGS_MAX];

	demand(line && text);
	memcpy(line, data, size);
	line[size] = '\0';
	if (envol_table_parse(&first, split(line, argv), argv, &why)) {
		demand(why != NULL);
	} else {
		demand(envol_table_format(&first, text, room) == 0);
		demand(envol_table_parse(&second, split(text, argv), argv, &why) == 0);
		demand(same_table(&first, &second));
	}
	free(line);
	free(text);
	return 0;
}
