// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A volume is as well as the best of the wraps that may open it on this host: those whose
 * KEKs its line of the table allows, or where it has none, all of its header's. Each KEK is
 * described once for all volumes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "userspace/lib/metadata/header.h"
#include "userspace/lib/provider/kek.h"
#include "userspace/lib/util/deadline.h"
#include "userspace/lib/util/error.h"
#include "userspace/lib/util/log.h"
#include "userspace/lib/util/time.h"
#include "userspace/lib/watch/decide.h"
#include "userspace/lib/watch/look.h"
#include "userspace/lib/watch/record.h"
#include "userspace/lib/watch/tell.h"
#include "userspace/lib/watch/under.h"

struct kek {
	char *uri;
	int err;
	char *sentence;			/* of @err */
	struct envol_key_info info;
};

/* A volume whose grace is over. */
struct end {
	const struct envol_volume_info *volume;
	char *why;
	struct envol_decide_record record;
	bool is_last;
};

struct look {
	struct envol *ev;
	const struct envol_look_world *world;
	const struct envol_watch_settings *settings;
	struct envol_tell tell;
	struct envol_boot_table table;
	bool is_table_lost;	/* there is one, and it can't be read */
	struct kek *keks;
	size_t n_keks;
	struct end *ends;
	size_t n_ends;
	int64_t now_ms, next_ms;
	bool is_interrupted;	/* by a signal for the end: nothing was found out */
};

/* ---- KEKs ---- */

static void free_keks(struct look *look)
{
	size_t i;

	for (i = 0; i < look->n_keks; i++) {
		free(look->keks[i].uri);
		free(look->keks[i].sentence);
		envol_key_info_free(&look->keks[i].info);
	}
	free(look->keks);
}

static const struct kek *find_kek(struct look *look, const char *uri)
{
	struct kek *grown, *kek;
	size_t i;

	for (i = 0; i < look->n_keks; i++)
		if (strcmp(look->keks[i].uri, uri) == 0)
			return &look->keks[i];
	grown = reallocarray(look->keks, look->n_keks + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	look->keks = grown;
	kek = &grown[look->n_keks];
	*kek = (struct kek){ .uri = strdup(uri) };
	if (!kek->uri)
		return NULL;
	kek->err = look->world->describe(look->ev, uri, &kek->info);
	look->is_interrupted |= kek->err == -EINTR;
	kek->sentence = kek->err ? strdup(envol_error_message(look->ev)) : NULL;
	look->n_keks++;
	return kek;
}

/* ---- what a volume may be opened by ---- */

/* The table's line of a mapping, unless another volume was opened under its name. */
static const struct envol_boot_volume *line_of(const struct look *look,
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

/* Might it have a line, which can't be read? Then all the KEKs of its header are too many. */
static bool is_line_lost(const struct look *look, const struct envol_volume_info *volume)
{
	size_t i;

	if (look->is_table_lost)
		return true;
	for (i = 0; i < look->table.n_defects; i++) {
		const char *name = look->table.defects[i].name;

		if (name ? strcmp(name, volume->name) == 0 : !line_of(look, volume))
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

static bool is_wrap_allowed(struct envol *ev, const struct envol_boot_volume *line,
			    const struct envol_wrap_info *wrap)
{
	unsigned int i;

	for (i = 0; i < wrap->n_parts; i++)
		if (!is_allowed(ev, line, wrap->parts[i].uri))
			return false;
	return true;
}

static enum envol_decide_finding look_at_wrap(struct look *look,
					      const struct envol_boot_volume *line,
					      const struct envol_wrap_info *wrap,
					      char *why, size_t size)
{
	enum envol_decide_finding found, worst = ENVOL_DECIDE_GOOD;
	unsigned int i;

	for (i = 0; i < wrap->n_parts; i++) {
		const char *uri = wrap->parts[i].uri;
		const struct kek *kek;

		if (!is_allowed(look->ev, line, uri)) {
			snprintf(why, size, "%s: not among those that may be used", uri);
			return ENVOL_DECIDE_REFUSED;
		}
		kek = find_kek(look, uri);
		found = kek ? envol_decide_kek(kek->err, &kek->info, wrap->parts[i].version) :
			      ENVOL_DECIDE_UNREACHABLE;
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

static struct envol_volume_source source_of(const struct envol_volume_info *volume,
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
static enum envol_decide_finding look_at_open(struct look *look,
					      const struct envol_volume_info *volume,
					      char why[ENVOL_MESSAGE_SIZE])
{
	struct envol_volume_source source = source_of(volume, line_of(look, volume));
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
 * well; one on the disk itself that can't be read is. None can be tried without it, so that a refusal is not certain.
 */
static enum envol_decide_finding look_at_line(struct look *look,
					      const struct envol_boot_volume *line,
					      char why[ENVOL_MESSAGE_SIZE])
{
	enum envol_decide_finding best = ENVOL_DECIDE_UNREACHABLE;
	size_t i;

	strcpy(why, "its header cannot be read, so its KEKs are not known");
	for (i = 0; line && line->header && i < line->n_keks; i++) {
		_cleanup_free_ char *uri = NULL;
		const struct kek *kek = NULL;

		if (!envol_kek_canonical(look->ev, line->keks[i], &uri))
			kek = find_kek(look, uri);
		if (kek && !kek->err && has_enabled(&kek->info))
			return ENVOL_DECIDE_GOOD;
		if (kek && kek->err == -ENOANO)
			best = ENVOL_DECIDE_BLIND;
		if (kek)
			snprintf(why, ENVOL_MESSAGE_SIZE, "its header cannot be read; %s",
				 kek->sentence ? kek->sentence : "a KEK of its line is disabled");
	}
	return best;
}

/* @why is what is wrong with the wrap that is the least bad. */
static enum envol_decide_finding look_at_wraps(struct look *look,
					       const struct envol_volume_info *volume,
					       char why[ENVOL_MESSAGE_SIZE])
{
	const struct envol_boot_volume *line = line_of(look, volume);
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

/* ---- what is done ---- */

static int end_volume(struct look *look, const struct envol_volume_info *volume,
		      const char **did)
{
	int err = -EBUSY;

	*did = "locked";
	if (look->settings->on_revoked == ENVOL_WATCH_CLOSE) {
		err = look->world->close(look->ev, volume->name, false);
		if (!err)
			*did = "closed";
	}
	/* One that is in use can't be closed, but its key can go. */
	return err == -EBUSY ? look->world->lock(look->ev, volume->name) : err;
}

static void tell_failure(struct look *look, const struct envol_volume_info *volume, int err)
{
	envol_tell(&look->tell, ENVOL_WATCH_ENDED, volume, err, 0,
		   "its grace is over, but: %s", envol_error_message(look->ev));
}

static void end_now(struct look *look, const struct envol_volume_info *volume, const char *why)
{
	const char *did;
	int err = end_volume(look, volume, &did);

	if (err) {
		tell_failure(look, volume, err);
		return;
	}
	envol_watch_record_forget(look->ev, volume);
	envol_tell(&look->tell, ENVOL_WATCH_ENDED, volume, 0, 0,
		   "its grace is over, it was %s: %s", did, why);
}

/*
 * Only once all volumes were looked at: one whose I/O waits must not keep the watch from
 * the others.
 */
static void end_grace(struct look *look, const struct envol_volume_info *volume,
		      const char *why, const struct envol_decide_record *record)
{
	struct end *grown;

	if (look->settings->on_revoked == ENVOL_WATCH_LOG) {
		envol_tell(&look->tell, ENVOL_WATCH_ENDED, volume, 0, 0,
			   "its grace is over, and on_revoked = log leaves it open: %s", why);
		return;
	}
	grown = reallocarray(look->ends, look->n_ends + 1, sizeof(*grown));
	if (!grown) {
		end_now(look, volume, why);
		return;
	}
	look->ends = grown;
	grown[look->n_ends++] = (struct end){
		.volume = volume,
		.why = strdup(why),
		.record = *record,
		.is_last = look->world->is_under(look->ev, volume->name),
	};
}

/* Once it is locked nothing can be written, so that is done before. */
static void announce(struct look *look, const struct end *end)
{
	envol_tell(&look->tell, ENVOL_WATCH_ENDED, end->volume, 0, 0,
		   "its grace is over, it is locked now, and what is on it waits, the watch as well: %s",
		   end->why ? end->why : "");
	envol_watch_record_forget(look->ev, end->volume);
}

static void end_last(struct look *look, const struct end *end)
{
	const char *did;
	int err = end_volume(look, end->volume, &did);

	if (!err)
		return;
	tell_failure(look, end->volume, err);
	envol_watch_record_store(look->ev, end->volume, &end->record);
}

static void end_all(struct look *look)
{
	struct end *end, *behind = look->ends + look->n_ends;

	for (end = look->ends; end < behind; end++)
		if (!end->is_last)
			end_now(look, end->volume, end->why ? end->why : "");
	for (end = look->ends; end < behind; end++)
		if (end->is_last)
			announce(look, end);
	for (end = look->ends; end < behind; end++)
		if (end->is_last)
			end_last(look, end);
	for (end = look->ends; end < behind; end++)
		free(end->why);
	free(look->ends);
}

static void decide(struct look *look, const struct envol_volume_info *volume,
		   enum envol_decide_finding finding, const char *why)
{
	struct envol_decide_record record;
	int64_t left_ms;

	envol_watch_record_load(look->ev, volume, &record);
	/* What was found without its line ends no grace, and without its header none of a refusal. */
	if (finding < ENVOL_DECIDE_UNREACHABLE &&
	    ((record.bad_since_ms >= 0 && is_line_lost(look, volume)) ||
	     (record.refused_since_ms >= 0 && !volume->n_wraps))) {
		finding = ENVOL_DECIDE_UNREACHABLE;
		why = "by which KEKs it may be opened cannot be read now";
	}
	if (envol_watch_record_set_blind(look->ev, volume, finding == ENVOL_DECIDE_BLIND) &&
	    finding == ENVOL_DECIDE_BLIND)
		envol_tell(&look->tell, ENVOL_WATCH_BLIND, volume, 0, 0,
			   "cannot be watched: %s", why);
	switch (envol_decide(&record, finding, look->now_ms, look->settings, &left_ms)) {
	case ENVOL_DECIDE_NOTHING:
		break;
	case ENVOL_DECIDE_BEGIN:
		envol_tell(&look->tell,
			   record.refused_since_ms >= 0 ? ENVOL_WATCH_REFUSED :
							  ENVOL_WATCH_UNREACHABLE,
			   volume, 0, left_ms / 1000, "%s", why);
		break;
	case ENVOL_DECIDE_RECOVER:
		envol_tell(&look->tell, ENVOL_WATCH_RECOVERED, volume, 0, 0,
			   "a KEK opens it again");
		break;
	case ENVOL_DECIDE_END:
		end_grace(look, volume, why, &record);
		break;
	}
	envol_watch_record_store(look->ev, volume, &record);
	if (left_ms && left_ms < look->next_ms - look->now_ms)
		look->next_ms = look->now_ms + left_ms;
}

/* ---- newer versions ---- */

static const char *newest(const struct envol_key_info *info, int64_t now)
{
	size_t i = info->n_versions;

	while (i-- > 0)
		if (info->versions[i].enabled && info->versions[i].not_before <= now)
			return info->versions[i].version;
	return NULL;
}

static bool is_outdated(struct look *look, const struct envol_wrap_info *wrap)
{
	int64_t now = envol_time_now();
	unsigned int i;

	if (wrap->retiring)
		return wrap->retiring <= now &&
		       now - wrap->retiring >= look->settings->settle_s;
	for (i = 0; i < wrap->n_parts; i++) {
		const struct kek *kek = find_kek(look, wrap->parts[i].uri);
		const char *version = kek && !kek->err ? newest(&kek->info, now) : NULL;

		if (version && strcmp(version, wrap->parts[i].version) != 0)
			return true;
	}
	return false;
}

/* A header's URIs are no authority to write: that takes a line, which pins the volume. */
static void renew(struct look *look, const struct envol_volume_info *volume)
{
	const struct envol_boot_volume *line = line_of(look, volume);
	struct envol_volume_source source = source_of(volume, line);
	unsigned int renewed = 0;
	bool is_due = false;
	size_t i;
	int err;

	for (i = 0; look->settings->rewrap && i < volume->n_wraps && !is_due; i++)
		is_due = is_wrap_allowed(look->ev, line, &volume->wraps[i]) &&
			 is_outdated(look, &volume->wraps[i]);
	if (!is_due || !line || !volume->device) {
		if (is_due)
			envol_log_info(look->ev, "%s: a KEK has a newer version, but no line of the table allows to write its header",
				       volume->name);
		return;
	}
	err = look->world->renew(look->ev, &source, look->settings->settle_s, &renewed);
	if (err)
		envol_tell(&look->tell, ENVOL_WATCH_REWRAPPED, volume, err, 0, "%s",
			   envol_error_message(look->ev));
	else if (renewed)
		envol_tell(&look->tell, ENVOL_WATCH_REWRAPPED, volume, 0, 0,
			   "%u wraps by the newest versions of their KEKs", renewed);
}

/* ---- all of them ---- */

/*
 * One that is locked waits for a person; one that is suspended and has its key may be one
 * whose lock was cut short. A LUKS2 volume of another tool is not ours, and
 * a throwaway has no KEK: neither has a wrap, nor a fingerprint that was remembered.
 */
static bool is_watched(const struct envol_volume_info *volume)
{
	return volume->name && volume->uuid &&
	       (!volume->key_state || strcmp(volume->key_state, "ready") == 0) &&
	       (volume->n_wraps || *volume->fingerprint);
}

static void look_at(struct look *look, const struct envol_volume_info *volume)
{
	char why[ENVOL_MESSAGE_SIZE] = "";
	enum envol_decide_finding finding;

	if (!is_watched(volume)) {
		if (volume->name && volume->uuid)
			envol_watch_record_forget(look->ev, volume);
		return;
	}
	finding = look_at_wraps(look, volume, why);
	if (look->is_interrupted)
		return;
	decide(look, volume, finding, why);
	if (finding == ENVOL_DECIDE_GOOD)
		renew(look, volume);
}

static void load_table(struct look *look)
{
	size_t i;

	if (access(look->world->table, F_OK) && errno == ENOENT)
		return;
	look->is_table_lost = envol_boot_load(look->ev, look->world->table, &look->table);
	if (look->is_table_lost)
		envol_tell(&look->tell, ENVOL_WATCH_BLIND, NULL, -EINVAL, 0, "%s",
			   envol_error_message(look->ev));
	for (i = 0; i < look->table.n_defects; i++)
		envol_tell(&look->tell, ENVOL_WATCH_BLIND, NULL, -EINVAL, 0, "%s",
			   look->table.defects[i].sentence);
}

int envol_look(struct envol *ev, const struct envol_look_world *world,
	       const struct envol_watch_settings *settings, envol_watch_fn fn, void *data,
	       unsigned int *next_s)
{
	struct look look = {
		.ev = ev, .world = world, .settings = settings,
		.tell = { .ev = ev, .fn = fn, .data = data },
		.now_ms = world->now_ms(),
	};
	struct envol_volume_info *volumes = NULL;
	size_t i, n = 0;
	int err = world->list(ev, &volumes, &n);

	if (err)
		return envol_error_while(ev, err, "list the open volumes");
	look.next_ms = look.now_ms + (int64_t)settings->interval_s * 1000;
	load_table(&look);
	envol_watch_record_forget_others(ev, volumes, n);
	/* What only a header names may be slow on purpose. */
	for (i = 0; i < n; i++)
		if (line_of(&look, &volumes[i]))
			look_at(&look, &volumes[i]);
	for (i = 0; i < n; i++)
		if (!line_of(&look, &volumes[i]))
			look_at(&look, &volumes[i]);
	end_all(&look);
	for (i = 0; i < n; i++)
		envol_volume_info_free(&volumes[i]);
	free(volumes);
	free_keks(&look);
	envol_boot_table_free(&look.table);
	if (next_s)
		*next_s = (look.next_ms - look.now_ms + 999) / 1000;
	return 0;
}

/* A header that is away is no refusal, whatever its error; the watch spreads its looks itself. */
static int opens(struct envol *ev, const struct envol_volume_source *source)
{
	const struct envol_volume_open open = { .source = *source, .test = true };
	_cleanup_header_ struct envol_header *h = NULL;
	unsigned int spread_ms = ev->spread_ms;
	int err = envol_header_open(ev, source->device, source->header, &h);

	if (err)
		return err == -ENOENT || err == -EACCES ? -ENODEV : err;
	ev->spread_ms = 0;
	err = envol_volume_open(ev, &open, NULL);
	ev->spread_ms = spread_ms;
	return err;
}

static const struct envol_look_world real_world = {
	.now_ms = envol_deadline_now_ms,
	.list = envol_volume_list,
	.describe = envol_key_show,
	.opens = opens,
	.renew = envol_wrap_renew,
	.is_under = envol_watch_is_under,
	.lock = envol_volume_lock,
	.close = envol_volume_close,
	.table = ENVOL_BOOT_TABLE,
};

int envol_watch_look(struct envol *ev, const struct envol_watch_settings *settings,
		     envol_watch_fn fn, void *data, unsigned int *next_s)
{
	return envol_look(ev, &real_world, settings, fn, data, next_s);
}
