// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "userspace/cli/command.h"
#include "userspace/cli/notify.h"
#include "userspace/cli/report.h"
#include "userspace/include/envol_watch.h"

struct values {
	bool once;
};

static const struct option options[] = {
	FLAG_OPTION(struct values, once, "once",
		    "look once and end: for cron, instead of the service"),
	{ .name = NULL },
};

struct watch {
	struct cli *cli;
	struct envol_watch_settings settings;
	int failed;	/* the first that could not be done as it is due */
};

/* ---- events ---- */

static void print_json(const struct envol_watch_event *event)
{
	_cleanup_document_ struct document line = { .one_line = true };

	envol_document_begin_object(&line, NULL);
	envol_document_number(&line, "version", 1);
	envol_document_text(&line, "event", envol_watch_kind_name(event->kind));
	if (event->volume)
		envol_document_text(&line, "volume", event->volume);
	if (event->uuid)
		envol_document_text(&line, "uuid", event->uuid);
	if (event->err) {
		const char *name = strerrorname_np(-event->err);

		envol_document_text(&line, "errno", name ? name : "");
	}
	if (event->left_s)
		envol_document_number(&line, "grace_left", event->left_s);
	envol_document_text(&line, "message", event->sentence);
	envol_document_end(&line);
	if (!line.text.failed)
		fwrite(line.text.text, 1, line.text.len, stdout);
}

static void print_text(const struct envol_watch_event *event)
{
	_cleanup_buffer_ struct buffer line = { 0 };

	if (event->volume)
		envol_buffer_printf(&line, "%s: ", event->volume);
	envol_buffer_printf(&line, "%s: ", envol_watch_kind_name(event->kind));
	envol_buffer_add_plain(&line, event->sentence);
	if (event->left_s)
		envol_buffer_printf(&line, " (%u s of its grace are left)", event->left_s);
	envol_buffer_add(&line, "\n");
	if (!line.failed)
		fwrite(line.text, 1, line.len, stdout);
}

static void show(const struct envol_watch_event *event, void *data)
{
	struct watch *watch = data;

	if (event->err && !watch->failed)
		watch->failed = event->err;
	if (watch->cli->settings.json)
		print_json(event);
	else
		print_text(event);
	/* Each as it comes: whoever reads may act on it. */
	fflush(stdout);
}

/* ---- time ---- */

/* Up to a tenth more, so that hosts that were started together do not ask together. */
static unsigned int spread_ms(unsigned int seconds)
{
	uint64_t ms = (uint64_t)seconds * 1000, random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = 0;
	return ms + random % (ms / 10 + 1);
}

/* Wait until the next look is due, or a signal asks for one (SIGHUP) or for the end. */
static bool wait_for_next(const sigset_t *signals, unsigned int next_s)
{
	unsigned int ms = spread_ms(next_s);
	const struct timespec time = {
		.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000,
	};
	int signal;

	do
		signal = sigtimedwait(signals, NULL, &time);
	while (signal < 0 && errno == EINTR);
	return signal < 0 || signal == SIGHUP;
}

static int look_always(struct watch *watch)
{
	struct envol *ev = watch->cli->ev;
	unsigned int next_s = watch->settings.interval_s;
	char status[100];
	sigset_t signals;
	int err;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	envol_notify("READY=1\nSTATUS=looking at the KEKs of open volumes");
	do {
		err = envol_watch_look(ev, &watch->settings, show, watch, &next_s);
		/* What can't be looked at now may be later: the service goes on. */
		if (err) {
			envol_report_warning(watch->cli, envol_error_message(ev));
			next_s = watch->settings.interval_s;
		}
		snprintf(status, sizeof(status), "STATUS=next look in %u s%s", next_s,
			 err ? "; the last one failed" : "");
		envol_notify(status);
	} while (wait_for_next(&signals, next_s));
	envol_notify("STOPPING=1");
	return 0;
}

static int look_once(struct watch *watch)
{
	int err = envol_watch_look(watch->cli->ev, &watch->settings, show, watch, NULL);

	if (err || !watch->failed)
		return err;
	return envol_command_error(watch->cli, watch->failed,
				   "not all could be done that was due");
}

static int run(struct cli *cli, const void *data, const char **words)
{
	const struct values *values = data;
	struct watch watch = { .cli = cli };
	int err = envol_watch_settings(cli->ev, &watch.settings);

	if (err)
		return err;
	cli->is_unattended = true;
	return values->once ? look_once(&watch) : look_always(&watch);
}

COMMAND(watch) = {
	.name = "watch",
	.arguments = "",
	.summary = "follow the KEKs of open volumes: newer versions, and those taken away",
	.about = "Runs until it is told to end (SIGTERM); SIGHUP has it look at once. See\nenvol.conf(5), [watch].",
	.options = options,
	.values_size = sizeof(struct values),
	.run = run,
};
