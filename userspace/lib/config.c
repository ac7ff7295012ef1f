// SPDX-License-Identifier: LGPL-2.1-or-later
/* envol.conf: what an administrator sets for all programs of one machine. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/base/ini.h"
#include "userspace/lib/internal.h"

#define CONFIG_MAX (64 * 1024)
#define SPAN_MAX   (365u * 24 * 60 * 60)

static int set_seconds(struct envol *ev, const char *key, const char *value,
		       int (*set_ms)(struct envol *ev, unsigned int ms))
{
	unsigned int seconds = 0;
	const char *at;

	for (at = value; *at >= '0' && *at <= '9' && at - value < 5; at++)
		seconds = seconds * 10 + *at - '0';
	if (at == value || *at)
		return envol_error(ev, -EINVAL, "%s %s: not a number of seconds",
				   key, value);
	return set_ms(ev, seconds * 1000);
}

static int set_timeout(struct envol *ev, const char *value)
{
	return set_seconds(ev, "timeout", value, envol_set_timeout);
}

static int set_spread(struct envol *ev, const char *value)
{
	return set_seconds(ev, "spread", value, envol_set_spread);
}

static const struct {
	const char *key;
	int (*set)(struct envol *ev, const char *value);
} defaults[] = {
	{ "keystore", envol_set_keystore },
	{ "state", envol_set_state },
	{ "tpm", envol_set_tpm },
	{ "timeout", set_timeout },
	{ "spread", set_spread },
	{ "kek_directory", envol_set_kek_directory },
};

/* ---- [watch] ---- */

/* "90", "90s", "15m", "4h", "7d" */
static int set_span(struct envol *ev, const char *key, const char *value,
		    unsigned int *seconds)
{
	static const struct {
		const char *unit;
		unsigned int seconds;
	} units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };
	unsigned long number;
	char *end;
	size_t i;

	number = *value >= '0' && *value <= '9' ? strtoul(value, &end, 10) : ULONG_MAX;
	for (i = 0; number <= SPAN_MAX && i < ENVOL_ARRAY_SIZE(units); i++)
		if (strcmp(end, units[i].unit) == 0 && number <= SPAN_MAX / units[i].seconds) {
			*seconds = number * units[i].seconds;
			return 0;
		}
	return envol_error(ev, -EINVAL,
			   "%s %s: not a time such as 90s, 15m, 4h or 7d, of a year at most",
			   key, value);
}

static int set_rewrap(struct envol *ev, const char *value)
{
	ev->watch.rewrap = strcmp(value, "yes") == 0;
	return ev->watch.rewrap || strcmp(value, "no") == 0 ?
		       0 : envol_error(ev, -EINVAL, "rewrap %s: neither yes nor no", value);
}

static int set_on_revoked(struct envol *ev, const char *value)
{
	static const char *const words[] = {
		[ENVOL_WATCH_LOCK] = "lock",
		[ENVOL_WATCH_CLOSE] = "close",
		[ENVOL_WATCH_LOG] = "log",
	};
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(words); i++)
		if (strcmp(value, words[i]) == 0) {
			ev->watch.on_revoked = i;
			return 0;
		}
	return envol_error(ev, -EINVAL, "on_revoked %s: not lock, close or log", value);
}

static int set_watch(struct envol *ev, const char *key, const char *value)
{
	struct envol_watch_settings *watch = &ev->watch;
	const struct {
		const char *key;
		unsigned int *seconds;
	} spans[] = {
		{ "interval", &watch->interval_s },
		{ "grace", &watch->grace_s },
		{ "unreachable_grace", &watch->unreachable_grace_s },
		{ "settle", &watch->settle_s },
	};
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(spans); i++)
		if (strcmp(key, spans[i].key) == 0)
			return set_span(ev, key, value, spans[i].seconds);
	if (strcmp(key, "rewrap") == 0)
		return set_rewrap(ev, value);
	if (strcmp(key, "on_revoked") == 0)
		return set_on_revoked(ev, value);
	return envol_error(ev, -EINVAL, "%s: not known in [watch]", key);
}

/* They may stand in any order, so it is only known at the end whether they fit together. */
int envol_watch_settings(struct envol *ev, struct envol_watch_settings *settings)
{
	*settings = ev->watch;
	if (settings->interval_s == 0)
		return envol_error(ev, -EINVAL, "[watch] interval 0: providers would be asked all the time");
	if (settings->unreachable_grace_s <= settings->grace_s)
		return envol_error(ev, -EINVAL,
				   "[watch] unreachable_grace is to be longer than grace: that a provider is down is less than that it refuses");
	return 0;
}

/* [SCHEME] or [SCHEME SUBJECT] */
static int set_provider(struct envol *ev, const char *section, const char *key,
			const char *value)
{
	_cleanup_free_ char *scheme = strndup(section, strcspn(section, " \t"));
	const char *subject;
	int err;

	if (!scheme)
		return envol_error(ev, -ENOMEM, "out of memory");
	subject = section + strlen(scheme);
	subject += strspn(subject, " \t");
	err = envol_set_provider(ev, scheme, subject, key, value);
	if (err == -EPROTONOSUPPORT)
		return envol_error(ev, -EINVAL,
				   "%s: section [%s] is neither [defaults], [watch] nor of a provider",
				   key, section);
	return err;
}

static int set(struct envol *ev, const char *section, const char *key,
	       const char *value, void *data)
{
	size_t i;

	if (strcmp(section, "watch") == 0)
		return set_watch(ev, key, value);
	if (strcmp(section, "defaults") != 0)
		return set_provider(ev, section, key, value);
	for (i = 0; i < ENVOL_ARRAY_SIZE(defaults); i++)
		if (strcmp(key, defaults[i].key) == 0)
			return defaults[i].set(ev, value);
	return envol_error(ev, -EINVAL, "%s: not known in [defaults]", key);
}

/* It names a program that root runs: who can write the file is root. */
static int check_file(struct envol *ev, const char *path, const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return envol_error(ev, -EPERM, "%s: not a regular file", path);
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return envol_error(ev, -EPERM,
				   "%s: owned by user %ju; make root its owner",
				   path, (uintmax_t)st->st_uid);
	if (st->st_mode & 0022)
		return envol_error(ev, -EPERM,
				   "%s: others may write it; run chmod go-w on it",
				   path);
	if (st->st_size > CONFIG_MAX)
		return envol_error(ev, -EFBIG, "%s: larger than %d bytes", path,
				   CONFIG_MAX);
	return 0;
}

int envol_config_load(struct envol *ev, const char *path)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	struct stat st;
	int err;

	/* Without O_NONBLOCK a FIFO would hang here before it is refused. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return envol_error_errno(ev, -errno, "open %s", path);
	if (fstat(fd, &st))
		return envol_error_errno(ev, -errno, "stat %s", path);
	err = check_file(ev, path, &st);
	if (err)
		return err;
	text = malloc(st.st_size + 1);
	if (!text)
		return envol_error(ev, -ENOMEM, "%s: out of memory", path);
	err = envol_file_pread(fd, text, st.st_size, 0);
	if (err)
		return envol_error_errno(ev, err, "read %s", path);
	return envol_ini_parse(ev, path, text, st.st_size, set, NULL);
}
