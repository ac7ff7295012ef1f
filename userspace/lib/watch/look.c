// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "userspace/lib/base/deadline.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/base/time.h"
#include "userspace/lib/metadata/header.h"
#include "userspace/lib/volume/mapping.h"
#include "userspace/lib/watch/judge.h"
#include "userspace/lib/watch/record.h"
#include "userspace/lib/watch/under.h"

/* ---- what is done ---- */

static int end_volume(struct envol_look *look, const struct envol_volume_info *volume,
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

static void tell_failure(struct envol_look *look, const struct envol_volume_info *volume, int err)
{
	envol_tell(&look->tell, ENVOL_WATCH_ENDED, volume, err, 0,
		   "its grace is over, but: %s", envol_error_message(look->ev));
}

static void end_now(struct envol_look *look, const struct envol_volume_info *volume, const char *why)
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
static void end_grace(struct envol_look *look, const struct envol_volume_info *volume,
		      const char *why, const struct envol_decide_record *record)
{
	struct envol_look_end *grown;

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
	grown[look->n_ends++] = (struct envol_look_end){
		.volume = volume,
		.why = strdup(why),
		.record = *record,
		.is_last = look->world->is_under(look->ev, volume->name),
	};
}

/* Once it is locked nothing can be written, so that is done before. */
static void announce(struct envol_look *look, const struct envol_look_end *end)
{
	envol_tell(&look->tell, ENVOL_WATCH_ENDED, end->volume, 0, 0,
		   "its grace is over, it is locked now, and what is on it waits, the watch as well: %s",
		   end->why ? end->why : "");
	envol_watch_record_forget(look->ev, end->volume);
}

static void end_last(struct envol_look *look, const struct envol_look_end *end)
{
	const char *did;
	int err = end_volume(look, end->volume, &did);

	if (!err)
		return;
	tell_failure(look, end->volume, err);
	envol_watch_record_store(look->ev, end->volume, &end->record);
}

/* KEKs may have taken minutes: what was closed meanwhile may have left its name to another. */
static void drop_others(struct envol_look *look)
{
	size_t i, n = 0;

	for (i = 0; i < look->n_ends; i++) {
		const struct envol_volume_info *volume = look->ends[i].volume;

		if (look->world->is_other(look->ev, volume->name, volume->uuid))
			free(look->ends[i].why);
		else
			look->ends[n++] = look->ends[i];
	}
	look->n_ends = n;
}

static void end_all(struct envol_look *look)
{
	size_t i;

	drop_others(look);
	for (i = 0; i < look->n_ends; i++)
		if (!look->ends[i].is_last)
			end_now(look, look->ends[i].volume,
				look->ends[i].why ? look->ends[i].why : "");
	for (i = 0; i < look->n_ends; i++)
		if (look->ends[i].is_last)
			announce(look, &look->ends[i]);
	for (i = 0; i < look->n_ends; i++)
		if (look->ends[i].is_last)
			end_last(look, &look->ends[i]);
	for (i = 0; i < look->n_ends; i++)
		free(look->ends[i].why);
	free(look->ends);
}

static void decide(struct envol_look *look, const struct envol_volume_info *volume,
		   enum envol_decide_finding finding, const char *why)
{
	struct envol_decide_record record;
	int64_t left_ms;

	envol_watch_record_load(look->ev, volume, &record);
	/* What was found without its line ends no grace, and without its header none of a refusal. */
	if (finding < ENVOL_DECIDE_UNREACHABLE &&
	    ((record.bad_since_ms >= 0 && envol_judge_is_line_lost(look, volume)) ||
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

static bool is_outdated(struct envol_look *look, const struct envol_wrap_info *wrap)
{
	int64_t now = envol_time_now();
	unsigned int i;

	if (wrap->retiring)
		return wrap->retiring <= now &&
		       now - wrap->retiring >= look->settings->settle_s;
	for (i = 0; i < wrap->n_parts; i++) {
		const struct envol_look_kek *kek = envol_judge_kek(look, wrap->parts[i].uri);
		const char *version = kek && !kek->err ? newest(&kek->info, now) : NULL;

		if (version && strcmp(version, wrap->parts[i].version) != 0)
			return true;
	}
	return false;
}

/* A header's URIs are no authority to write: that takes a line, which pins the volume. */
static void renew(struct envol_look *look, const struct envol_volume_info *volume)
{
	const struct envol_boot_volume *line = envol_judge_line(look, volume);
	struct envol_volume_source source = envol_judge_source(volume, line);
	unsigned int renewed = 0;
	bool is_due = false;
	size_t i;
	int err;

	for (i = 0; look->settings->rewrap && i < volume->n_wraps && !is_due; i++)
		is_due = envol_judge_may_open(look->ev, line, &volume->wraps[i]) &&
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

static void look_at(struct envol_look *look, const struct envol_volume_info *volume)
{
	char why[ENVOL_MESSAGE_SIZE] = "";
	enum envol_decide_finding finding;

	if (!is_watched(volume)) {
		if (volume->name && volume->uuid)
			envol_watch_record_forget(look->ev, volume);
		return;
	}
	finding = envol_judge_volume(look, volume, why);
	if (look->is_interrupted)
		return;
	decide(look, volume, finding, why);
	if (finding == ENVOL_DECIDE_GOOD)
		renew(look, volume);
}

static void load_table(struct envol_look *look)
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
	struct envol_look look = {
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
		if (envol_judge_line(&look, &volumes[i]))
			look_at(&look, &volumes[i]);
	for (i = 0; i < n; i++)
		if (!envol_judge_line(&look, &volumes[i]))
			look_at(&look, &volumes[i]);
	end_all(&look);
	for (i = 0; i < n; i++)
		envol_volume_info_free(&volumes[i]);
	free(volumes);
	envol_judge_free(&look);
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

static bool is_other(struct envol *ev, const char *name, const char *uuid)
{
	_cleanup_mapping_ struct envol_mapping mapping = ENVOL_MAPPING_INIT;

	return !envol_mapping_find(ev, name, &mapping) && strcmp(mapping.luks_uuid, uuid) != 0;
}

static const struct envol_look_world real_world = {
	.now_ms = envol_deadline_now_ms,
	.list = envol_volume_list,
	.describe = envol_key_show,
	.opens = opens,
	.renew = envol_wrap_renew,
	.is_under = envol_watch_is_under,
	.is_other = is_other,
	.lock = envol_volume_lock,
	.close = envol_volume_close,
	.table = ENVOL_BOOT_TABLE,
};

int envol_watch_look(struct envol *ev, const struct envol_watch_settings *settings,
		     envol_watch_fn fn, void *data, unsigned int *next_s)
{
	return envol_look(ev, &real_world, settings, fn, data, next_s);
}
