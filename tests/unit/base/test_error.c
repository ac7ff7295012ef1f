// SPDX-License-Identifier: GPL-2.0-or-later
/* The handle, the sentence it keeps and the lines it hands out. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/base/log.h"

TEST(handle_defaults_and_setters)
{
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	CHECK_STR_EQ(envol_error_message(ev), "");
	CHECK_STR_EQ(ev->keystore, "/var/lib/envol/keys");
	CHECK_STR_EQ(ev->state, "/var/lib/envol");
	CHECK_STR_EQ(ev->tpm, "");
	CHECK_EQ(ev->timeout_ms, 30000);

	CHECK_OK(envol_set_keystore(ev, "/k"));
	CHECK_ERR(envol_set_keystore(ev, "k"), -EINVAL);
	CHECK_STR_EQ(ev->keystore, "/k");
	CHECK_STR_EQ(envol_error_message(ev),
		     "keystore directory k: not an absolute path");
	CHECK_OK(envol_set_state(ev, "/s"));
	CHECK_STR_EQ(ev->state, "/s");
	CHECK_OK(envol_set_tpm(ev, "none"));
	CHECK_STR_EQ(ev->tpm, "none");
	CHECK_OK(envol_set_timeout(ev, 1));
	CHECK_ERR(envol_set_timeout(ev, 0), -EINVAL);
	CHECK_ERR(envol_set_timeout(ev, 3600001), -EINVAL);
	CHECK_EQ(ev->timeout_ms, 1);
	envol_free(ev);
	envol_free(NULL);
}

TEST(sentences_nest)
{
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	CHECK_ERR(envol_error_while(ev, -EIO, "alone"), -EIO);
	CHECK_STR_EQ(envol_error_message(ev), "alone");
	CHECK_ERR(envol_error(ev, -EACCES, "HTTP %d", 403), -EACCES);
	CHECK_ERR(envol_error_while(ev, -EACCES, "unwrap with %s", "x"),
		  -EACCES);
	CHECK_STR_EQ(envol_error_message(ev), "unwrap with x: HTTP 403");
	CHECK_ERR(envol_error(ev, -EIO, "again: %s", envol_error_message(ev)),
		  -EIO);
	CHECK_STR_EQ(envol_error_message(ev), "again: unwrap with x: HTTP 403");
	CHECK_ERR(envol_error_errno(ev, -ENOENT, "open %s", "f"), -ENOENT);
	CHECK_STR_EQ(envol_error_message(ev),
		     "open f: No such file or directory");
	envol_free(ev);
}

TEST(long_sentence_keeps_its_beginning)
{
	char text[2 * ENVOL_MESSAGE_SIZE];
	struct envol *ev;
	int i;

	CHECK_OK(envol_new(&ev));
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	CHECK_ERR(envol_error(ev, -EIO, "%s", text), -EIO);
	CHECK_EQ(strlen(envol_error_message(ev)), ENVOL_MESSAGE_SIZE - 1);
	for (i = 0; i < 3; i++)
		CHECK_ERR(envol_error_while(ev, -EIO, "step %d", i), -EIO);
	CHECK_EQ(strlen(envol_error_message(ev)), ENVOL_MESSAGE_SIZE - 1);
	CHECK_EQ(strncmp(envol_error_message(ev), "step 2: step 1: step 0: x",
			 25), 0);
	CHECK_ERR(envol_error_errno(ev, -EIO, "%s", text), -EIO);
	CHECK_EQ(strlen(envol_error_message(ev)), ENVOL_MESSAGE_SIZE - 1);
	envol_free(ev);
}

struct sink {
	int lines;
	enum envol_log_level level;
	char last[64];
};

static void take_line(enum envol_log_level level, const char *line, void *data)
{
	struct sink *sink = data;

	sink->lines++;
	sink->level = level;
	snprintf(sink->last, sizeof(sink->last), "%s", line);
}

TEST(log_respects_the_level)
{
	struct sink sink = { 0 };
	struct envol *ev;

	CHECK_OK(envol_new(&ev));
	envol_log_warning(ev, "nobody listens");
	envol_set_log(ev, take_line, &sink, ENVOL_LOG_INFO);
	envol_log_debug(ev, "dropped");
	CHECK_EQ(sink.lines, 0);
	envol_log_info(ev, "tried %s", "kek");
	CHECK_EQ(sink.lines, 1);
	CHECK_EQ(sink.level, ENVOL_LOG_INFO);
	CHECK_STR_EQ(sink.last, "tried kek");
	envol_log_warning(ev, "slow");
	CHECK_EQ(sink.level, ENVOL_LOG_WARNING);
	envol_set_log(ev, take_line, &sink, ENVOL_LOG_DEBUG);
	envol_log_debug(ev, "%d ms", 7);
	CHECK_STR_EQ(sink.last, "7 ms");
	CHECK_EQ(sink.lines, 3);
	envol_free(ev);
}
