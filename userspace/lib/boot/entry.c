// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/boot/entry.h"
#include "userspace/lib/boot/table.h"
#include "userspace/lib/provider/provider.h"

#define TIMEOUT_MAX_S (24u * 60 * 60)
#define RETRIES_MAX   1000000u
#define KEKS_MAX      32u
#define OFFSET_UNIT   4096u
#define OFFSET_MAX    (1ull << 40)

static int keep(struct envol *ev, char **field, const char *value)
{
	*field = strdup(value);
	return *field ? 0 : envol_error(ev, -ENOMEM, "out of memory");
}

/* ---- devices ---- */

static const char *const tags[] = { "UUID=",	  "LABEL=", "PARTUUID=",
				    "PARTLABEL=", "ID=" };

/* The value names a file under /dev/disk, so nothing in it may lead elsewhere. */
static const char *tag_value(const char *device)
{
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(tags); i++)
		if (strncmp(device, tags[i], strlen(tags[i])) == 0)
			return device + strlen(tags[i]);
	return NULL;
}

int envol_entry_check_device(struct envol *ev, const char *what,
			      const char *device)
{
	const char *value = tag_value(device);

	if (value && *value && *value != '.' && !strchr(value, '/'))
		return 0;
	if (!value && *device == '/' && device[1])
		return 0;
	return envol_error(ev, -EINVAL,
			   "%s %.80s: neither an absolute path nor UUID=, LABEL=, PARTUUID=, PARTLABEL= or ID= with a value",
			   what, device);
}

/* ---- one option each ---- */

static int take_id(struct envol *ev, struct envol_entry *line,
		   const char *value)
{
	char *at;
	int err;

	if (strlen(value) != ENVOL_FINGERPRINT_SIZE - 1 ||
	    value[strspn(value, "0123456789abcdefABCDEF")])
		return envol_error(ev, -EINVAL,
				   "id=%.80s: not a fingerprint of %d hexadecimal digits; \"envol open DEVICE NAME --test\" shows it",
				   value, ENVOL_FINGERPRINT_SIZE - 1);
	err = keep(ev, &line->volume.id, value);
	for (at = line->volume.id; !err && *at; at++)
		*at = tolower((unsigned char)*at);
	return err;
}

/* What a KEK is, as far as no setting of the host is needed to tell. */
static int find_scheme(struct envol *ev, const char *text,
		       const struct envol_scheme **scheme)
{
	struct envol_uri uri;
	const char *why;

	if (!strchr(text, ':')) {
		*scheme = envol_registry_scheme("service");
		return 0;
	}
	if (envol_uri_parse(&uri, text, &why))
		return envol_error(ev, -EINVAL, "kek=%.200s: the URI %s", text,
				   why);
	*scheme = envol_registry_scheme(uri.scheme);
	if (!*scheme)
		return envol_error(ev, -EINVAL,
				   "kek=%.200s: no provider serves \"%s:\"; \"envol provider list\" shows those that there are",
				   text, uri.scheme);
	return 0;
}

static int take_kek(struct envol *ev, struct envol_entry *line,
		    const char *value)
{
	struct envol_boot_volume *v = &line->volume;
	const struct envol_scheme *scheme;
	char **grown;
	size_t i;
	int err = find_scheme(ev, value, &scheme);

	if (err)
		return err;
	for (i = 0; i < v->n_keks; i++)
		if (strcmp(v->keks[i], value) == 0)
			return envol_error(ev, -EINVAL,
					   "kek=%.200s is there twice", value);
	if (v->n_keks == KEKS_MAX)
		return envol_error(ev, -EINVAL, "more than %u kek=", KEKS_MAX);
	grown = reallocarray(v->keks, v->n_keks + 1, sizeof(*grown));
	if (!grown)
		return envol_error(ev, -ENOMEM, "out of memory");
	v->keks = grown;
	err = keep(ev, &grown[v->n_keks], value);
	if (err)
		return err;
	v->n_keks++;
	if (!line->network_is_given && scheme && scheme->is_remote)
		v->network = true;
	return 0;
}

static int take_header(struct envol *ev, struct envol_entry *line,
		       const char *value)
{
	int err = envol_entry_check_device(ev, "header", value);

	return err ? err : keep(ev, &line->volume.header, value);
}

static int take_target(struct envol *ev, struct envol_entry *line,
		       const char *value)
{
	static const char *const words[] = {
		[ENVOL_TARGET_AUTO] = "auto",
		[ENVOL_TARGET_ENVOL] = "envol",
		[ENVOL_TARGET_CRYPT] = "crypt",
	};
	size_t i;

	for (i = 0; i < ENVOL_ARRAY_SIZE(words); i++)
		if (strcmp(words[i], value) == 0) {
			line->volume.target = i;
			return 0;
		}
	return envol_error(ev, -EINVAL, "target=%.80s: not auto, envol or crypt",
			   value);
}

static int take_engine(struct envol *ev, struct envol_entry *line,
		       const char *value)
{
	return keep(ev, &line->volume.engine, value);
}

static int take_number(struct envol *ev, const char *key, const char *value,
		       unsigned int min, unsigned int max, unsigned int *n)
{
	uint64_t sum = 0;
	const char *at;

	for (at = value; *at >= '0' && *at <= '9' && at - value < 10; at++)
		sum = sum * 10 + *at - '0';
	if (at == value || *at || sum < min || sum > max)
		return envol_error(ev, -EINVAL,
				   "%s=%.80s: not a number from %u to %u", key,
				   value, min, max);
	*n = sum;
	return 0;
}

static int take_timeout(struct envol *ev, struct envol_entry *line,
			const char *value)
{
	return take_number(ev, "timeout", value, 1, TIMEOUT_MAX_S,
			   &line->volume.timeout_s);
}

static int take_retries(struct envol *ev, struct envol_entry *line,
			const char *value)
{
	unsigned int n = 0;
	int err = take_number(ev, "retries", value, 0, RETRIES_MAX, &n);

	line->volume.retries = n;
	return err;
}

static int take_network(struct envol *ev, struct envol_entry *line,
			const char *value)
{
	if (value && strcmp(value, "no") != 0 && strcmp(value, "yes") != 0)
		return envol_error(ev, -EINVAL, "network=%.80s: not yes or no",
				   value);
	line->network_is_given = true;
	line->volume.network = !value || strcmp(value, "yes") == 0;
	return 0;
}

static int take_clear(struct envol *ev, struct envol_entry *line,
		      const char *value)
{
	if (strcmp(value, "clear") != 0)
		return envol_error(ev, -EINVAL,
				   "initramfs-secret=%.80s: the only word for it is clear",
				   value);
	line->volume.clear_secret = true;
	return 0;
}

/* It becomes the end of a program's name. */
static int take_throwaway(struct envol *ev, struct envol_entry *line,
			  const char *value)
{
	if (value && (strlen(value) > 16 || !islower((unsigned char)*value) ||
		      value[strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789")]))
		return envol_error(ev, -EINVAL,
				   "throwaway=%.80s: not swap, nor a file system such as ext4 or xfs",
				   value);
	return keep(ev, &line->volume.throwaway, value ? value : "");
}

static int take_offset(struct envol *ev, struct envol_entry *line,
		       const char *value)
{
	static const char units[] = "KMG";
	uint64_t n;
	char *end;

	n = strtoull(value, &end, 10);
	if (*end && strchr(units, *end)) {
		unsigned int shift = 10 * (strchr(units, *end) - units + 1);

		n = n <= OFFSET_MAX >> shift ? n << shift : 0;
		end++;
	}
	if (!isdigit((unsigned char)*value) || *end || n == 0 ||
	    n % OFFSET_UNIT || n > OFFSET_MAX)
		return envol_error(ev, -EINVAL,
				   "offset=%.80s: not a multiple of 4K, such as 1M",
				   value);
	line->volume.offset = n;
	return 0;
}

enum value_rule { NEVER, MAY, MUST };

#define TAKE(name, rule, fn) { .key = name, .value = rule, .take = fn }
#define FLAG(name, member) \
	{ .key = name, .flag = offsetof(struct envol_boot_volume, member) }

static const struct {
	const char *key;
	enum value_rule value;
	size_t flag;	/* of a bool that the word sets; else @take does it */
	int (*take)(struct envol *ev, struct envol_entry *line,
		    const char *value);
	bool is_repeatable;
} options[] = {
	TAKE("id", MUST, take_id),
	{ .key = "kek", .value = MUST, .take = take_kek, .is_repeatable = true },
	TAKE("header", MUST, take_header),
	TAKE("target", MUST, take_target),
	TAKE("engine", MUST, take_engine),
	FLAG("readonly", read_only),
	FLAG("discard", discards),
	TAKE("timeout", MUST, take_timeout),
	TAKE("retries", MUST, take_retries),
	TAKE("network", MAY, take_network),
	FLAG("noauto", noauto),
	FLAG("nofail", nofail),
	FLAG("initramfs", initramfs),
	TAKE("initramfs-secret", MUST, take_clear),
	TAKE("throwaway", MAY, take_throwaway),
	FLAG("overwrite", overwrite),
	TAKE("offset", MUST, take_offset),
};

int envol_entry_take(struct envol *ev, struct envol_entry *line,
		      const char *word)
{
	size_t len = strcspn(word, "="), i;
	const char *value = word[len] ? word + len + 1 : NULL;

	_Static_assert(ENVOL_ARRAY_SIZE(options) <= 32, "a bit for each");
	for (i = 0; i < ENVOL_ARRAY_SIZE(options); i++)
		if (strlen(options[i].key) == len &&
		    strncmp(options[i].key, word, len) == 0)
			break;
	if (i == ENVOL_ARRAY_SIZE(options))
		return envol_error(ev, -EINVAL,
				   "%.*s is no option; envol-volumes(5) lists them",
				   len < 80 ? (int)len : 80, word);
	if (options[i].value == NEVER && value)
		return envol_error(ev, -EINVAL, "%s takes no value",
				   options[i].key);
	if ((options[i].value == MUST && !value) || (value && !*value))
		return envol_error(ev, -EINVAL, "%s has no value: %s=...",
				   options[i].key, options[i].key);
	if (!options[i].is_repeatable && line->given & 1u << i)
		return envol_error(ev, -EINVAL, "%s is set twice",
				   options[i].key);
	line->given |= 1u << i;
	if (options[i].take)
		return options[i].take(ev, line, value);
	*(bool *)((char *)&line->volume + options[i].flag) = true;
	return 0;
}

/* ---- the line as a whole ---- */

static const char *missing_id(const struct envol_boot_volume *v)
{
	return !v->throwaway && !v->id ?
		       "id= is missing: a header can't prove whose volume it is; \"envol open DEVICE NAME --test\" shows the fingerprint" :
		       NULL;
}

static const char *missing_kek(const struct envol_boot_volume *v)
{
	return !v->throwaway && !v->n_keks ?
		       "kek= is missing: which KEKs may be asked is for this file to say, not for the header; \"envol status DEVICE\" shows the header's" :
		       NULL;
}

static const char *engine_of_crypt(const struct envol_boot_volume *v)
{
	return v->engine && v->target == ENVOL_TARGET_CRYPT ?
		       "engine= goes with the target envol, and target=crypt has none to choose from" :
		       NULL;
}

static const char *header_of_throwaway(const struct envol_boot_volume *v)
{
	return v->throwaway && (v->id || v->n_keks || v->header) ?
		       "throwaway has neither header nor KEK: take id=, kek= and header= away, or throwaway, if data are to be kept" :
		       NULL;
}

static const char *early_throwaway(const struct envol_boot_volume *v)
{
	return v->throwaway && (v->initramfs || v->read_only) ?
		       "throwaway excludes initramfs and readonly" :
		       NULL;
}

static const char *overwrite_of_volume(const struct envol_boot_volume *v)
{
	return !v->throwaway && (v->overwrite || v->offset) ?
		       "overwrite and offset= go with throwaway alone" :
		       NULL;
}

/* What it is found by would be overwritten with the first open. */
static const char *throwaway_by_content(const struct envol_boot_volume *v)
{
	static const char *const by_content[] = { "UUID=", "LABEL=",
						  "/dev/disk/by-uuid/",
						  "/dev/disk/by-label/" };
	size_t i;

	for (i = 0; v->throwaway && !v->offset &&
		    i < ENVOL_ARRAY_SIZE(by_content); i++)
		if (strncmp(v->device, by_content[i],
			    strlen(by_content[i])) == 0)
			return "the first open would overwrite what the device is found by: name it by PARTUUID=, PARTLABEL= or ID=, or keep its beginning with offset=";
	return NULL;
}

static const char *overwrite_unstable(const struct envol_boot_volume *v)
{
	return v->overwrite && !envol_boot_is_stable(v->device) ?
		       "overwrite wants a device that is named by PARTUUID=, PARTLABEL=, ID=, UUID=, LABEL= or a path of these under /dev/disk or /dev/mapper: which disk is sdb may change" :
		       NULL;
}

static const char *clear_without_initramfs(const struct envol_boot_volume *v)
{
	return v->clear_secret && !v->initramfs ?
		       "initramfs-secret= goes with initramfs alone" :
		       NULL;
}

int envol_entry_check(struct envol *ev, const struct envol_entry *line,
		       size_t n)
{
	static const char *(*const rules[])(const struct envol_boot_volume *) = {
		missing_id,	      missing_kek,
		engine_of_crypt,      header_of_throwaway,
		early_throwaway,      overwrite_of_volume,
		throwaway_by_content, overwrite_unstable,
		clear_without_initramfs,
	};
	const char *sentence;

	if (n >= ENVOL_ARRAY_SIZE(rules))
		return -ENOENT;
	sentence = rules[n](&line->volume);
	return sentence ? envol_error(ev, -EINVAL, "%s", sentence) : 0;
}
