// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "userspace/cli/hint.h"
#include "userspace/cli/report.h"

static const char *const level_names[] = {
	[ENVOL_LOG_ERROR] = "error",
	[ENVOL_LOG_WARNING] = "warning",
	[ENVOL_LOG_INFO] = "info",
	[ENVOL_LOG_DEBUG] = "debug",
};

/* In one write, so that lines of several processes do not mix. */
static void print(struct buffer *line)
{
	if (!line->failed && line->text)
		fwrite(line->text, 1, line->len, stderr);
}

static void print_line(const char *what, const char *sentence)
{
	_cleanup_buffer_ struct buffer line = { 0 };

	envol_buffer_printf(&line, "envol: %s: ", what);
	envol_buffer_add_plain(&line, sentence);
	envol_buffer_add(&line, "\n");
	print(&line);
}

static void log_line(enum envol_log_level level, const char *text, void *data)
{
	_cleanup_document_ struct document line = { .one_line = true };
	const struct cli *cli = data;

	if (!cli->settings.json) {
		print_line(level_names[level], text);
		return;
	}
	envol_document_begin_object(&line, NULL);
	envol_document_text(&line, level_names[level], text);
	envol_document_end(&line);
	print(&line.text);
}

void envol_report_warning(struct cli *cli, const char *sentence)
{
	log_line(ENVOL_LOG_WARNING, sentence, cli);
}

void envol_report_log(struct cli *cli)
{
	enum envol_log_level level = ENVOL_LOG_WARNING;

	if (cli->settings.quiet)
		level = ENVOL_LOG_ERROR;
	if (cli->settings.verbose)
		level = cli->settings.verbose > 1 ? ENVOL_LOG_DEBUG :
						    ENVOL_LOG_INFO;
	envol_set_log(cli->ev, log_line, cli, level);
}

static void report_json(int err, int exit, const char *sentence,
			const char *hint)
{
	_cleanup_document_ struct document line = { .one_line = true };
	const char *name = strerrorname_np(-err);

	envol_document_begin_object(&line, NULL);
	envol_document_number(&line, "version", 1);
	envol_document_begin_object(&line, "error");
	envol_document_text(&line, "errno", name ? name : "");
	envol_document_number(&line, "exit", exit);
	envol_document_text(&line, "message", sentence);
	if (hint)
		envol_document_text(&line, "hint", hint);
	else
		envol_document_null(&line, "hint");
	envol_document_end(&line);
	envol_document_end(&line);
	print(&line.text);
}

void envol_report_error(const struct cli *cli, int err, int exit)
{
	const char *sentence = cli->message, *hint;

	if (!*sentence && cli->ev)
		sentence = envol_error_message(cli->ev);
	if (!*sentence)
		sentence = strerror(-err);
	hint = envol_hint_find(cli, err);
	if (cli->settings.json) {
		report_json(err, exit, sentence, hint);
		return;
	}
	print_line("error", sentence);
	if (hint)
		print_line("hint", hint);
}
