// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/child.h"
#include "userspace/lib/provider/credential.h"
#include "userspace/lib/provider/provider.h"
#include "userspace/lib/provider/settings.h"

#define VALUE_MAX 4095	/* bytes; a message has no longer text */

static void free_setting(struct envol_setting *setting)
{
	free(setting->scheme);
	free(setting->subject);
	free(setting->key);
	free(setting->value);
}

void envol_settings_free(struct envol_settings *settings)
{
	size_t i;

	for (i = 0; i < settings->n; i++)
		free_setting(&settings->list[i]);
	free(settings->list);
	*settings = (struct envol_settings)ENVOL_SETTINGS_INIT;
}

static struct envol_setting *find(const struct envol_settings *settings,
				  const char *scheme, const char *subject,
				  const char *key)
{
	size_t i;

	for (i = 0; i < settings->n; i++) {
		struct envol_setting *it = &settings->list[i];

		if (strcmp(it->scheme, scheme) == 0 &&
		    strcmp(it->subject, subject) == 0 &&
		    strcmp(it->key, key) == 0)
			return it;
	}
	return NULL;
}

static int append(struct envol_settings *settings, const struct envol_setting *new)
{
	struct envol_setting *grown;

	if (settings->n == ENVOL_SETTINGS_MAX)
		return -E2BIG;
	grown = reallocarray(settings->list, settings->n + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	settings->list = grown;
	grown[settings->n++] = *new;
	return 0;
}

int envol_settings_put(struct envol_settings *settings, const char *scheme,
		       const char *subject, const char *key, const char *value)
{
	struct envol_setting *old = find(settings, scheme, subject, key);
	struct envol_setting new = { .value = strdup(value) };
	int err = -ENOMEM;

	if (old && new.value) {
		free(old->value);
		old->value = new.value;
		return 0;
	}
	new.scheme = strdup(scheme);
	new.subject = strdup(subject);
	new.key = strdup(key);
	if (new.value && new.scheme && new.subject && new.key)
		err = append(settings, &new);
	if (err)
		free_setting(&new);
	return err;
}

int envol_settings_copy(struct envol_settings *to,
			const struct envol_settings *from, const char *scheme)
{
	size_t i;
	int err = 0;

	for (i = 0; i < from->n && !err; i++) {
		const struct envol_setting *it = &from->list[i];

		if (!*scheme || strcmp(it->scheme, scheme) == 0)
			err = envol_settings_put(to, it->scheme, it->subject,
						 it->key, it->value);
	}
	return err;
}

const char *envol_setting(const struct envol *ev, const char *scheme,
			  const char *subject, const char *key)
{
	const struct envol_setting *setting = NULL;

	if (subject && *subject)
		setting = find(&ev->settings, scheme, subject, key);
	if (!setting)
		setting = find(&ev->settings, scheme, "", key);
	return setting ? setting->value : NULL;
}

static bool is_first_of_subject(const struct envol_settings *settings, size_t at)
{
	const struct envol_setting *it = &settings->list[at];
	size_t i;

	for (i = 0; i < at; i++)
		if (strcmp(settings->list[i].scheme, it->scheme) == 0 &&
		    strcmp(settings->list[i].subject, it->subject) == 0)
			return false;
	return *it->subject;
}

const char *envol_setting_subject(const struct envol *ev, const char *scheme,
				  size_t i)
{
	const struct envol_settings *settings = &ev->settings;
	size_t at;

	for (at = 0; at < settings->n; at++)
		if (strcmp(settings->list[at].scheme, scheme) == 0 &&
		    is_first_of_subject(settings, at) && i-- == 0)
			return settings->list[at].subject;
	return NULL;
}

bool envol_setting_is_yes(const struct envol *ev, const char *scheme,
			  const char *subject, const char *key)
{
	const char *value = envol_setting(ev, scheme, subject, key);

	return value && strcmp(value, "yes") == 0;
}

/* ---- what a caller sets ------------------------------------------------------ */

static const struct envol_setting_rule *find_rule(const struct envol_scheme *scheme,
						  const char *key)
{
	size_t i;

	for (i = 0; i < scheme->n_settings; i++)
		if (strcmp(scheme->settings[i].key, key) == 0)
			return &scheme->settings[i];
	return NULL;
}

static int check_number(struct envol *ev, const struct envol_setting_rule *rule,
			const char *value)
{
	uint64_t n = 0;
	const char *at;

	for (at = value; *at >= '0' && *at <= '9' && at - value < 10; at++)
		n = n * 10 + *at - '0';
	if (at == value || *at || n < rule->min || n > rule->max)
		return envol_error(ev, -EINVAL,
				   "%s %.80s: not a number from %u to %u",
				   rule->key, value, rule->min, rule->max);
	return 0;
}

static int check_words(struct envol *ev, const struct envol_setting_rule *rule,
		       const char *const *words, const char *value)
{
	char known[200] = "";
	size_t i, len = 0;

	for (i = 0; words[i]; i++) {
		if (strcmp(words[i], value) == 0)
			return 0;
		if (len < sizeof(known))
			len += snprintf(known + len, sizeof(known) - len,
					"%s%s", i ? ", " : "", words[i]);
	}
	return envol_error(ev, -EINVAL, "%s %.80s: not one of %s", rule->key,
			   value, known);
}

static int check_value(struct envol *ev, const struct envol_setting_rule *rule,
		       const char *value)
{
	static const char *const yes_no[] = { "yes", "no", NULL };

	if (!*value)
		return envol_error(ev, -EINVAL, "%s: no value", rule->key);
	if (strlen(value) > VALUE_MAX)
		return envol_error(ev, -EINVAL, "%s: longer than %d bytes",
				   rule->key, VALUE_MAX);
	switch (rule->kind) {
	case ENVOL_SETTING_NUMBER:
		return check_number(ev, rule, value);
	case ENVOL_SETTING_BOOL:
		return check_words(ev, rule, yes_no, value);
	default:
		return rule->words ? check_words(ev, rule, rule->words, value) :
				     0;
	}
}

/* What is not another provider's, and with no PIN in it. */
static int take_key(struct envol *ev, const char *value, char **canonical)
{
	if (strncmp(value, ENVOL_CHILD_SIGNER ":", strlen(ENVOL_CHILD_SIGNER ":")) != 0)
		return envol_error(ev, -EINVAL,
				   "not the URI of a key in a token: " ENVOL_CHILD_SIGNER ":token=...;object=...");
	return envol_kek_canonical(ev, value, canonical);
}

static int take(struct envol *ev, const struct envol_scheme *scheme,
		const char *subject, const char *key, const char *value)
{
	const struct envol_setting_rule *rule = find_rule(scheme, key);
	_cleanup_free_ char *path = NULL;
	int err;

	if (!rule)
		return envol_error(ev, -EINVAL, "%s: not known of \"%s:\"", key,
				   scheme->scheme);
	err = check_value(ev, rule, value);
	if (!err && rule->kind == ENVOL_SETTING_FILE) {
		err = envol_credential_path(ev, value, &path);
		value = path;
		if (err)
			return envol_error_while(ev, err, "%s", key);
	}
	if (!err && rule->kind == ENVOL_SETTING_KEY) {
		err = take_key(ev, value, &path);
		value = path;
		if (err)
			return envol_error_while(ev, err, "%s", key);
	}
	if (err)
		return err;
	err = envol_settings_put(&ev->settings, scheme->scheme, subject, key,
				 value);
	if (err == -E2BIG)
		return envol_error(ev, err, "%s: more than %u settings", key,
				   ENVOL_SETTINGS_MAX);
	return err ? envol_error(ev, err, "out of memory") : 0;
}

int envol_set_provider(struct envol *ev, const char *scheme,
		       const char *subject, const char *key, const char *value)
{
	const struct envol_scheme *known = envol_registry_scheme(scheme);
	_cleanup_free_ char *canonical = NULL;
	int err;

	if (!known)
		return envol_error(ev, -EPROTONOSUPPORT,
				   "%s: no provider of that name; \"envol provider list\" shows those that there are",
				   scheme);
	if (!subject || !*subject)
		return take(ev, known, "", key, value);
	if (!known->subject)
		return envol_error(ev, -EINVAL,
				   "%s %.200s: settings of \"%s:\" are for all its KEKs",
				   scheme, subject, scheme);
	err = known->subject(ev, subject, &canonical);
	return err ? err : take(ev, known, canonical, key, value);
}
