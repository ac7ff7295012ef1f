// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "kmod/core/xts_engine.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/kernel/target.h"

#define PARAMS_SIZE 512		/* of our own tables: names and numbers are bounded */
#define FIXED_WORDS 5
#define MAX_WORDS 32

/* ---- which one ---- */

static int check_envol(struct envol *ev, bool zoned)
{
	unsigned int version[3];
	int err;

	if (zoned)
		return envol_error(ev, -EOPNOTSUPP,
				   "the target envol does not take host-managed zoned devices");
	err = envol_dm_target_version(ev, ENVOL_TARGET_NAME, version);
	if (err)
		return err;
	/* The first number changes when what was understood no longer is. */
	if (version[0] != ENVOL_TARGET_VERSION_MAJOR)
		return envol_error(ev, -EPROTONOSUPPORT,
				   "the kernel's target envol has version %u.%u.%u, not %u.x: load the module of this envol",
				   version[0], version[1], version[2],
				   ENVOL_TARGET_VERSION_MAJOR);
	return 0;
}

int envol_target_choose(struct envol *ev, enum envol_target_choice choice,
			bool zoned, const char **type)
{
	unsigned int version[3];
	int err;

	if (choice != ENVOL_TARGET_CRYPT) {
		err = check_envol(ev, zoned);
		*type = ENVOL_TARGET_NAME;
		if (!err || choice == ENVOL_TARGET_ENVOL)
			return err;
		if (err != -ENOENT && err != -EPROTONOSUPPORT &&
		    err != -EOPNOTSUPP)
			return err;
		envol_log_warning(ev,
				  "%s; the kernel's dm-crypt is used instead",
				  envol_error_message(ev));
	}
	*type = ENVOL_TARGET_CRYPT_NAME;
	return envol_dm_target_version(ev, ENVOL_TARGET_CRYPT_NAME, version);
}

/* The module is built from the same cipher. */
int envol_target_check_engine(struct envol *ev, const char *engine)
{
	const struct envol_xts_engine *const *at;
	char names[200] = "";

	if (envol_xts_find_engine(engine))
		return 0;
	for (at = envol_xts_engines; *at; at++)
		snprintf(names + strlen(names), sizeof(names) - strlen(names),
			 "%s%s", *names ? ", " : "", (*at)->name);
	return envol_error(ev, -EINVAL, "no engine is called \"%.40s\"; there are %s",
			   engine, names);
}

/* ---- our own tables ---- */

int envol_target_format(struct envol *ev, const char *type,
			const struct envol_table *table, uint64_t len_sectors,
			struct envol_dm_target *target)
{
	struct envol_table t = *table;
	const char *why;
	int err;

	if (strcmp(type, ENVOL_TARGET_CRYPT_NAME) == 0) {
		t.engine = NULL;
		t.flags &= ~ENVOL_TABLE_ALLOW_WEAK_KEY;
	}
	err = envol_table_check_length(&t, len_sectors, &why);
	if (err)
		return envol_error(ev, err, "table: %s", why);
	target->params = calloc(1, PARAMS_SIZE);
	if (!target->params)
		return envol_error(ev, -ENOMEM, "out of memory");
	err = envol_table_format(&t, target->params, PARAMS_SIZE);
	if (err) {
		envol_dm_free_target(target);
		return envol_error(ev, -EINVAL,
				   "table: a value that the target would refuse (engine \"%s\", sector size %u)",
				   t.engine ? t.engine : "", t.du_size);
	}
	snprintf(target->type, sizeof(target->type), "%s", type);
	target->len_sectors = len_sectors;
	return 0;
}

/* ---- tables of the kernel ---- */

/* In place: blanks separate, a backslash takes the next character as it is. */
static size_t split(char *text, char *words[MAX_WORDS])
{
	char *to = text;
	size_t n = 0;

	for (;;) {
		text += strspn(text, " ");
		if (!*text)
			return n;
		if (n == MAX_WORDS)
			return 0;
		words[n++] = to;
		while (*text && *text != ' ') {
			if (*text == '\\' && text[1])
				text++;
			*to++ = *text++;
		}
		if (*text)
			text++;
		*to++ = 0;
	}
}

static bool parse_number(const char *word, uint64_t *number)
{
	char *end;

	if (*word < '0' || *word > '9')
		return false;
	errno = 0;
	*number = strtoull(word, &end, 10);
	return !errno && !*end;
}

/* ":<bytes>:<type>:<description>", or the hex digits of a wiped key. */
static bool parse_key(const char *word, struct envol_target_info *info)
{
	const char *type;
	char *end;

	if (*word != ':') {
		info->key_size = strspn(word, "0123456789abcdef") / 2;
		return strcmp(word, "-") == 0 || info->key_size;
	}
	info->key_size = strtoul(word + 1, &end, 10);
	if (*end != ':')
		return false;
	type = end + 1;
	info->key_description = strchr(type, ':');
	if (!info->key_description)
		return false;
	info->key_description++;
	return true;
}

/* Options that are not known here change nothing that is asked for. */
static bool parse_option(const char *word, struct envol_target_info *info)
{
	uint64_t size;

	if (strcmp(word, ENVOL_OPTION_ALLOW_DISCARDS) == 0)
		info->discards = true;
	if (strncmp(word, "integrity", strlen("integrity")) == 0)
		info->integrity = true;
	if (strncmp(word, ENVOL_OPTION_SECTOR_SIZE,
		    strlen(ENVOL_OPTION_SECTOR_SIZE)) != 0)
		return true;
	if (!parse_number(word + strlen(ENVOL_OPTION_SECTOR_SIZE), &size) ||
	    size > 4096)
		return false;
	info->sector_size = size;
	return true;
}

static bool parse_words(char **words, size_t n, struct envol_target_info *info)
{
	size_t i;

	if (n < FIXED_WORDS || !parse_key(words[1], info) ||
	    !parse_number(words[2], &info->iv_offset) ||
	    !parse_number(words[4], &info->start_sector))
		return false;
	info->cipher = words[0];
	info->sector_size = ENVOL_TABLE_SECTOR;
	for (i = FIXED_WORDS + 1; i < n; i++)
		if (!parse_option(words[i], info))
			return false;
	return true;
}

void envol_target_free_info(struct envol_target_info *info)
{
	free(info->words);
	*info = (struct envol_target_info)ENVOL_TARGET_INFO_INIT;
}

int envol_target_parse(struct envol *ev, const struct envol_dm_target *table,
		       struct envol_target_info *info)
{
	char *words[MAX_WORDS];

	if (strcmp(table->type, ENVOL_TARGET_NAME) != 0 &&
	    strcmp(table->type, ENVOL_TARGET_CRYPT_NAME) != 0)
		return envol_error(ev, -EMEDIUMTYPE,
				   "a mapping of target %s, not of envol or crypt",
				   table->type);
	info->words = strdup(table->params);
	if (!info->words)
		return envol_error(ev, -ENOMEM, "out of memory");
	if (parse_words(words, split(info->words, words), info))
		return 0;
	envol_target_free_info(info);
	/* Not repeated: a table that is not understood may hold a key. */
	return envol_error(ev, -EBADMSG, "a table of target %s that can't be read",
			   table->type);
}

/* ---- status ---- */

/* @skip pairs on; NULL where the line ends before. */
static const char *skip_pairs(const char *at, unsigned int skip)
{
	for (skip *= 2; skip && at; skip--) {
		at = strchr(at, ' ');
		if (at)
			at++;
	}
	return at;
}

char *envol_target_status(const struct envol_dm_target *status, const char *name)
{
	size_t len = strlen(name);
	const char *at;

	if (strcmp(status->type, ENVOL_TARGET_NAME) != 0)
		return NULL;
	for (at = status->params; at && *at; at = skip_pairs(at, 1))
		if (strncmp(at, name, len) == 0 && at[len] == ' ')
			return strndup(at + len + 1,
				       strcspn(at + len + 1, " "));
	return NULL;
}

char *envol_target_statistics(const struct envol_dm_target *status)
{
	const char *at;

	if (strcmp(status->type, ENVOL_TARGET_NAME) != 0)
		return NULL;
	at = skip_pairs(status->params, 3);
	return at ? strdup(at) : NULL;
}
