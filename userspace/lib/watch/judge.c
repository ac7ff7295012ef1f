// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A volume is as well as the best of the wraps that may open it on this host: those whose
 * KEKs its line of the table allows, or where it has none, all of its header's. Each KEK is
 * described once for all volumes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "userspace/lib/base/error.h"
#include "userspace/lib/provider/provider.h"
#include "userspace/lib/watch/judge.h"

/* ---- KEKs ---- */

void envol_judge_free(struct envol_look *look)
{
	size_t i;

	for (i = 0; i < look->n_keks; i++) {
		free(look->keks[i].uri);
		free(look->keks[i].sentence);
		envol_key_info_free(&look->keks[i].info);
	}
	free(look->keks);
}

const struct envol_look_kek *envol_judge_kek(struct envol_look *look, const char *uri)
{
	struct envol_look_kek *grown, *kek;
	size_t i;

	for (i = 0; i < look->n_keks; i++)
		if (strcmp(look->keks[i].uri, uri) == 0)
			return &look->keks[i];
	grown = reallocarray(look->keks, look->n_keks + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	look->keks = grown;
	kek = &grown[look->n_keks];
	*kek = (struct envol_look_kek){ .uri = strdup(uri) };
	if (!kek->uri)
		return NULL;
	kek->err = look->world->describe(look->ev, uri, &kek->info);
	look->is_interrupted |= kek->err == -EINTR;
	kek->sentence = kek->err ? strdup(envol_error_message(look->ev)) : NULL;
	look->n_keks++;
	return kek;
}

/* What the error of describing it says. */
static enum envol_decide_finding find(const struct envol_look_kek *kek)
{
	const struct envol_scheme *scheme = NULL;
	struct envol_uri uri;
	const char *why;

	if (!envol_uri_parse(&uri, kek->uri, &why))
		scheme = envol_registry_scheme(uri.scheme);
	return scheme && scheme->is_of_host ? envol_decide_host_error(kek->err) :
					      envol_decide_error(kek->err);
}

/* ---- what a volume may be opened by ---- */

const struct envol_boot_volume *envol_judge_line(const struct envol_look *look,
					       const struct envol_volume_info *volume)
{
	size_t i;

	for (i = 0; i < look->table.n_volumes; i++) {
		const struct envol_boot_volume *v = &look->table.volumes[i];

		if (!v->id || !volume->name || strcmp(v->name, volume->name) != 0)
			continue;
		return !*volume->fingerprint || strcasecmp(v->id, volume->fingerprint) == 0 ?
			       v : NULL;
	}
	return NULL;
}

bool envol_judge_is_line_lost(const struct envol_look *look, const struct envol_volume_info *volume)
{
	size_t i;

	if (look->is_table_lost)
		return true;
	for (i = 0; i < look->table.n_defects; i++) {
		const char *name = look->table.defects[i].name;

		if (name ? strcmp(name, volume->name) == 0 : !envol_judge_line(look, volume))
			return true;
	}
	return false;
}

/* The header has URIs in their one spelling; a line has them as they were typed. */
static bool is_allowed(struct envol *ev, const struct envol_boot_volume *line,
		       const char *uri)
{
	size_t i;

	for (i = 0; line && i < line->n_keks; i++) {
		_cleanup_free_ char *canonical = NULL;

		if (!envol_kek_canonical(ev, line->keks[i], &canonical) &&
		    strcmp(canonical, uri) == 0)
			return true;
	}
	return !line;
}

bool envol_judge_may_open(struct envol *ev, const struct envol_boot_volume *line,
			    const struct envol_wrap_info *wrap)
{
	unsigned int i;

	for (i = 0; i < wrap->n_parts; i++)
		if (!is_allowed(ev, line, wrap->parts[i].uri))
			return false;
	return true;
}

static enum envol_decide_finding look_at_wrap(struct envol_look *look,
					      const struct envol_boot_volume *line,
					      const struct envol_wrap_info *wrap,
					      char *why, size_t size)
{
	enum envol_decide_finding found, worst = ENVOL_DECIDE_GOOD;
	unsigned int i;

	for (i = 0; i < wrap->n_parts; i++) {
		const char *uri = wrap->parts[i].uri;
		const struct envol_look_kek *kek;

		if (!is_allowed(look->ev, line, uri)) {
			snprintf(why, size, "%s: not among those that may be used", uri);
			return ENVOL_DECIDE_REFUSED;
		}
		kek = envol_judge_kek(look, uri);
		found = !kek	 ? ENVOL_DECIDE_UNREACHABLE :
			kek->err ? find(kek) :
				   envol_decide_version(&kek->info, wrap->parts[i].version);
		if (found <= worst)
			continue;
		worst = found;
		if (kek && kek->err)
			snprintf(why, size, "%s", kek->sentence ? kek->sentence : uri);
		else
			snprintf(why, size, "%s: version %s is disabled", uri,
				 wrap->parts[i].version);
	}
	return worst;
}

struct envol_volume_source envol_judge_source(const struct envol_volume_info *volume,
					    const struct envol_boot_volume *line)
{
	struct envol_volume_source source = {
		.device = volume->device, .header = volume->header,
	};

	if (line) {
		source.keks = (const char *const *)line->keks;
		source.n_keks = line->n_keks;
		source.id = line->id;
		source.unattended = true;
	} else if (*volume->fingerprint) {
		source.id = volume->fingerprint;
	}
	return source;
}

/*
 * To describe a KEK is a right of its own, and all that a host needs is to unwrap by it:
 * what may not be looked at may well open the volume. The last word is an open's.
 */
static enum envol_decide_finding look_at_open(struct envol_look *look,
					      const struct envol_volume_info *volume,
					      char why[ENVOL_MESSAGE_SIZE])
{
	struct envol_volume_source source = envol_judge_source(volume, envol_judge_line(look, volume));
	int err;

	if (!source.device) {
		strcpy(why, "its device is not known, so no KEK can be tried");
		return ENVOL_DECIDE_UNREACHABLE;
	}
	err = look->world->opens(look->ev, &source);
	look->is_interrupted |= err == -EINTR;
	if (!err)
		return ENVOL_DECIDE_GOOD;
	/* Of a refusal what describing gave is the better sentence. */
	if (envol_decide_error(err) != ENVOL_DECIDE_REFUSED)
		snprintf(why, ENVOL_MESSAGE_SIZE, "%s", envol_error_message(look->ev));
	return envol_decide_error(err);
}

static bool has_enabled(const struct envol_key_info *info)
{
	size_t i;

	for (i = 0; i < info->n_versions; i++)
		if (info->versions[i].enabled)
			return true;
	return !info->n_versions;
}

/*
 * A header that is away, on a stick say, is no reason to lock while a KEK of the line is
 * well; one on the disk itself that can't be read is. None can be tried without it, so
 * that a refusal is not certain.
 */
static enum envol_decide_finding look_at_line(struct envol_look *look,
					      const struct envol_boot_volume *line,
					      char why[ENVOL_MESSAGE_SIZE])
{
	enum envol_decide_finding best = ENVOL_DECIDE_UNREACHABLE;
	size_t i;

	strcpy(why, "its header cannot be read, so its KEKs are not known");
	for (i = 0; line && line->header && i < line->n_keks; i++) {
		_cleanup_free_ char *uri = NULL;
		const struct envol_look_kek *kek = NULL;

		if (!envol_kek_canonical(look->ev, line->keks[i], &uri))
			kek = envol_judge_kek(look, uri);
		if (kek && !kek->err && has_enabled(&kek->info))
			return ENVOL_DECIDE_GOOD;
		if (kek && kek->err && find(kek) == ENVOL_DECIDE_BLIND)
			best = ENVOL_DECIDE_BLIND;
		if (kek)
			snprintf(why, ENVOL_MESSAGE_SIZE, "its header cannot be read; %s",
				 kek->sentence ? kek->sentence : "a KEK of its line is disabled");
	}
	return best;
}

enum envol_decide_finding envol_judge_volume(struct envol_look *look,
					       const struct envol_volume_info *volume,
					       char why[ENVOL_MESSAGE_SIZE])
{
	const struct envol_boot_volume *line = envol_judge_line(look, volume);
	enum envol_decide_finding found, best = ENVOL_DECIDE_REFUSED;
	char this[ENVOL_MESSAGE_SIZE];
	bool is_first = true;
	size_t i;

	if (!volume->n_wraps)
		return look_at_line(look, line, why);
	for (i = 0; i < volume->n_wraps; i++) {
		found = look_at_wrap(look, line, &volume->wraps[i], this, sizeof(this));
		if (found == ENVOL_DECIDE_GOOD)
			return found;
		if (is_first || found < best)
			snprintf(why, ENVOL_MESSAGE_SIZE, "%s", this);
		best = is_first || found < best ? found : best;
		is_first = false;
	}
	return best == ENVOL_DECIDE_REFUSED ? look_at_open(look, volume, why) : best;
}
