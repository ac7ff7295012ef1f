/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One look, as the files that make it share it, and what it finds of a volume. */
#pragma once

#include "userspace/lib/watch/decide.h"
#include "userspace/lib/watch/look.h"
#include "userspace/lib/watch/tell.h"

struct envol_look_kek {
	char *uri;
	int err;
	char *sentence;			/* of @err */
	struct envol_key_info info;
};

/* A volume whose grace is over. */
struct envol_look_end {
	const struct envol_volume_info *volume;
	char *why;
	struct envol_decide_record record;
	bool is_last;
};

struct envol_look {
	struct envol *ev;
	const struct envol_look_world *world;
	const struct envol_watch_settings *settings;
	struct envol_tell tell;
	struct envol_boot_table table;
	bool is_table_lost;	/* there is one, and it can't be read */
	struct envol_look_kek *keks;
	size_t n_keks;
	struct envol_look_end *ends;
	size_t n_ends;
	int64_t now_ms, next_ms;
	bool is_interrupted;	/* by a signal for the end: nothing was found out */
};

/* The KEK as it was described once in this look; NULL where memory is short. */
const struct envol_look_kek *envol_judge_kek(struct envol_look *look, const char *uri);
void envol_judge_free(struct envol_look *look);

/* The table's line of a mapping, unless another volume was opened under its name. */
const struct envol_boot_volume *envol_judge_line(const struct envol_look *look,
						 const struct envol_volume_info *volume);

/* Might it have a line, which can't be read? Then all the KEKs of its header are too many. */
bool envol_judge_is_line_lost(const struct envol_look *look,
			      const struct envol_volume_info *volume);

/* Does the line, if there is one, allow all KEKs of the wrap? */
bool envol_judge_may_open(struct envol *ev, const struct envol_boot_volume *line,
			  const struct envol_wrap_info *wrap);

/* The volume as its line has it opened. */
struct envol_volume_source envol_judge_source(const struct envol_volume_info *volume,
					      const struct envol_boot_volume *line);

/* @why is what is wrong with the wrap that is the least bad. */
enum envol_decide_finding envol_judge_volume(struct envol_look *look,
					     const struct envol_volume_info *volume,
					     char why[ENVOL_MESSAGE_SIZE]);
