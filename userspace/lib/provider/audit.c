// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>

#include "userspace/lib/base/file.h"
#include "userspace/lib/base/hex.h"
#include "userspace/lib/base/log.h"
#include "userspace/lib/base/time.h"
#include "userspace/lib/provider/audit.h"

#define SYSLOG_SOCKET "/dev/log"

/* @s as a JSON string. Bytes that are no ASCII text become "?": a log is read by machines. */
static void put_string(FILE *out, const char *s)
{
	fputc('"', out);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			fputc('\\', out);
		fputc(*s >= ' ' && *s < 0x7f ? *s : '?', out);
	}
	fputc('"', out);
}

static void put_field(FILE *out, const char *name, const char *value)
{
	fprintf(out, ",\"%s\":", name);
	put_string(out, value);
}

static void put_record(FILE *out, const struct envol_audit_record *record)
{
	char text[2 * ENVOL_KEK_ID_SIZE + 1], when[ENVOL_TIME_SIZE];
	const char *name;

	envol_time_format(when, record->time);
	fprintf(out, "{\"time\":\"%s\"", when);
	put_field(out, "operation", record->operation);
	put_field(out, "uri", record->uri);
	if (record->version)
		put_field(out, "kek_version", record->version);
	if (record->volume_id) {
		envol_hex_encode(text, record->volume_id, ENVOL_KEK_ID_SIZE);
		put_field(out, "volume", text);
	}
	name = record->result ? strerrorname_np(-record->result) : "ok";
	put_field(out, "result", name ? name : "unknown");
	if (record->decision)
		put_field(out, "message", record->decision);
	else if (record->result && record->sentence)
		put_field(out, "message", record->sentence);
	fprintf(out, ",\"duration_ms\":%" PRId64 ",\"uid\":%u,\"pid\":%d}\n",
		record->duration_ms, (unsigned int)getuid(), (int)getpid());
}

char *envol_audit_format(const struct envol_audit_record *record)
{
	char *line = NULL;
	size_t len;
	FILE *out = open_memstream(&line, &len);

	if (!out)
		return NULL;
	put_record(out, record);
	if (ferror(out) | fclose(out)) {
		free(line);
		return NULL;
	}
	return line;
}

/* One write at the end of the file, so that lines of several processes stay whole. */
static int append(const char *state, const char *line)
{
	_cleanup_close_ int dir = -1, fd = -1;
	ssize_t n;

	if (mkdir(state, 0700) && errno != EEXIST)
		return -errno;
	dir = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	fd = openat(dir, "audit.log",
		    O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NOCTTY |
			    O_NONBLOCK | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return -errno;
	n = write(fd, line, strlen(line));
	if (n < 0)
		return -errno;
	return (size_t)n == strlen(line) ? 0 : -ENOSPC;
}

void envol_audit_send(const char *socket_path, const char *line)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	int len;

	if (strlen(socket_path) >= sizeof(address.sun_path))
		return;
	strcpy(address.sun_path, socket_path);
	len = asprintf(&text, "<%d>envol[%d]: %.*s", LOG_AUTHPRIV | LOG_INFO,
		       (int)getpid(), (int)strcspn(line, "\n"), line);
	if (len < 0) {
		text = NULL;
		return;
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Not syslog(3): it waits for a log daemon that is stuck, and takes the program's name. */
	if (fd < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    send(fd, text, len, MSG_NOSIGNAL) < 0)
		return;
}

void envol_audit_write(struct envol *ev, const struct envol_audit_record *record)
{
	_cleanup_free_ char *line = envol_audit_format(record);
	int err = line ? append(ev->state, line) : -ENOMEM;

	if (line)
		envol_audit_send(SYSLOG_SOCKET, line);
	if (err)
		envol_log_warning(ev, "no audit record in %s/audit.log: %s",
				  ev->state, strerror(-err));
}
