// SPDX-License-Identifier: GPL-2.0-or-later
/* The audit record: one line, whole, whatever is in it and wherever it can go. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "userspace/lib/base/error.h"
#include "userspace/lib/base/file.h"
#include "userspace/lib/provider/audit.h"

static const uint8_t volume_id[ENVOL_KEK_ID_SIZE] = { 0xab, 1 };

static const struct envol_audit_record record = {
	.operation = "unwrap",
	.uri = "service:disk7",
	.version = "3",
	.volume_id = volume_id,
	.time = 1767225600,
	.duration_ms = 12,
};

TEST(a_record_is_a_line_of_json)
{
	char want[512];
	char *line = envol_audit_format(&record);

	snprintf(want, sizeof(want),
		 "{\"time\":\"2026-01-01T00:00:00Z\",\"operation\":\"unwrap\",\"uri\":\"service:disk7\",\"kek_version\":\"3\",\"volume\":\"ab010000000000000000000000000000\",\"result\":\"ok\",\"duration_ms\":12,\"uid\":%u,\"pid\":%d}\n",
		 getuid(), getpid());
	CHECK_STR_EQ(line, want);
	free(line);
}

TEST(what_came_from_outside_can_not_forge_a_line)
{
	struct envol_audit_record bad = record;
	char *line;

	bad.version = NULL;
	bad.volume_id = NULL;
	bad.result = -EKEYREVOKED;
	bad.sentence = "said \"no\"\n{\\}\x1b[2J\xff";
	line = envol_audit_format(&bad);
	CHECK_STR_HAS(line, "\"result\":\"EKEYREVOKED\"");
	CHECK_STR_HAS(line, "\"message\":\"said \\\"no\\\"?{\\\\}?[2J?\"");
	CHECK(!strstr(line, "kek_version") && !strstr(line, "volume"));
	CHECK(strchr(line, '\n') == line + strlen(line) - 1);
	free(line);
}

static struct envol *ev;
static char top[] = "/tmp/envol-audit-XXXXXX";
static char warning[1024];

static void note(enum envol_log_level level, const char *line, void *data)
{
	CHECK_EQ(level, ENVOL_LOG_WARNING);
	snprintf(warning, sizeof(warning), "%s", line);
}

static void setup(const char *below)
{
	char state[64];

	CHECK_OK(envol_new(&ev));
	CHECK(mkdtemp(top));
	snprintf(state, sizeof(state), "%s%s", top, below);
	CHECK_OK(envol_set_state(ev, state));
	envol_set_log(ev, note, NULL, ENVOL_LOG_WARNING);
}

static void teardown(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", top);
	CHECK_EQ(system(command), 0);
	envol_free(ev);
}

TEST(records_are_appended_to_a_private_file)
{
	_cleanup_blob_ struct envol_blob blob = ENVOL_BLOB_INIT;
	char path[64];
	struct stat st;

	setup("/state");
	CHECK_EQ(envol_error(ev, -EIO, "kept"), -EIO);
	envol_audit_write(ev, &record);
	envol_audit_write(ev, &record);
	CHECK_STR_EQ(warning, "");
	CHECK_STR_EQ(envol_error_message(ev), "kept");
	snprintf(path, sizeof(path), "%s/state/audit.log", top);
	CHECK_EQ(stat(path, &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0600);
	CHECK_OK(envol_file_load(ev, AT_FDCWD, path, 4096, &blob));
	CHECK_OK(envol_blob_append(&blob, "", 1));
	CHECK_EQ(strlen((char *)blob.data) % 2, 0);
	CHECK_MEM_EQ(blob.data, blob.data + (blob.len - 1) / 2,
		     (blob.len - 1) / 2);
	teardown();
}

/* A rotated log is a new file for the next record, with no signal to anybody. */
TEST(a_log_that_was_moved_away_is_begun_anew)
{
	char from[64], to[64];
	struct stat st;

	setup("");
	envol_audit_write(ev, &record);
	snprintf(from, sizeof(from), "%s/audit.log", top);
	snprintf(to, sizeof(to), "%s/audit.log.1", top);
	CHECK_EQ(rename(from, to), 0);
	envol_audit_write(ev, &record);
	CHECK_EQ(stat(from, &st), 0);
	CHECK_STR_EQ(warning, "");
	teardown();
}

TEST(a_state_directory_that_can_not_be_written_is_a_warning)
{
	char path[64];

	setup("/file/state");
	snprintf(path, sizeof(path), "%s/file", top);
	CHECK_EQ(mknod(path, S_IFREG | 0600, 0), 0);
	CHECK_EQ(envol_error(ev, -EIO, "kept"), -EIO);
	envol_audit_write(ev, &record);
	CHECK_STR_HAS(warning, "Not a directory");
	CHECK_STR_EQ(envol_error_message(ev), "kept");
	teardown();
}

TEST(a_link_or_a_pipe_in_place_of_the_log_is_not_followed)
{
	char path[64];

	setup("");
	snprintf(path, sizeof(path), "%s/audit.log", top);
	CHECK_EQ(symlink("/etc/passwd", path), 0);
	envol_audit_write(ev, &record);
	CHECK_STR_HAS(warning, "symbolic link");
	CHECK_EQ(unlink(path), 0);
	CHECK_EQ(mkfifo(path, 0600), 0);
	warning[0] = 0;
	envol_audit_write(ev, &record);
	CHECK_STR_HAS(warning, "no audit record");
	teardown();
}

/* Nothing waits for a log daemon: a full socket loses the line, not the volume. */
TEST(the_system_log_gets_a_line_and_never_blocks)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char path[64], got[512];
	int fd, i;
	ssize_t n;

	setup("");
	snprintf(path, sizeof(path), "%s/log", top);
	envol_audit_send(path, "nobody listens\n");
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	CHECK(fd >= 0);
	CHECK_EQ(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	envol_audit_send(path, "a line\n");
	n = recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT);
	CHECK(n > 0);
	got[n] = 0;
	CHECK_STR_HAS(got, "<86>envol[");
	CHECK_STR_HAS(got, "]: a line");
	CHECK(!strchr(got, '\n'));
	alarm(20);
	for (i = 0; i < 2000; i++)
		envol_audit_send(path, "one of too many\n");
	close(fd);
	teardown();
}

TEST(lines_of_several_processes_stay_whole)
{
	_cleanup_blob_ struct envol_blob blob = ENVOL_BLOB_INIT;
	char path[64], *line;
	int i, lines = 0;

	setup("");
	for (i = 0; i < 8; i++)
		if (fork() == 0) {
			for (i = 0; i < 50; i++)
				envol_audit_write(ev, &record);
			_exit(0);
		}
	while (wait(NULL) > 0)
		;
	snprintf(path, sizeof(path), "%s/audit.log", top);
	CHECK_OK(envol_file_load(ev, AT_FDCWD, path, 1 << 20, &blob));
	CHECK_OK(envol_blob_append(&blob, "", 1));
	for (line = strtok((char *)blob.data, "\n"); line;
	     line = strtok(NULL, "\n"), lines++)
		CHECK(line[0] == '{' && line[strlen(line) - 1] == '}' &&
		      !strstr(line + 1, "{\"time\""));
	CHECK_EQ(lines, 400);
	teardown();
}
