// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/pkcs11/softhsm.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/test.h"

static void run(const char *format, va_list args)
{
	char command[2048], line[2200];

	CHECK((size_t)vsnprintf(command, sizeof(command), format, args) <
	      sizeof(command));
	snprintf(line, sizeof(line), "{ %s; } >/tmp/envol-softhsm-%d 2>&1",
		 command, (int)getpid());
	if (system(line) == 0) {
		snprintf(line, sizeof(line), "/tmp/envol-softhsm-%d",
			 (int)getpid());
		unlink(line);
		return;
	}
	snprintf(line, sizeof(line),
		 "sed 's/^/# /' /tmp/envol-softhsm-%d; rm -f /tmp/envol-softhsm-%d",
		 (int)getpid(), (int)getpid());
	if (system(line))
		printf("# and nothing is known of why\n");
	FAIL("%s", command);
}

void softhsm_run(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	run(format, args);
	va_end(args);
}

void softhsm_tool(const struct softhsm *hsm, const char *format, ...)
{
	char command[1024], rest[768];
	va_list args;

	va_start(args, format);
	vsnprintf(rest, sizeof(rest), format, args);
	va_end(args);
	snprintf(command, sizeof(command),
		 "pkcs11-tool --module " SOFTHSM_MODULE
		 " --token-label %s --login --pin " SOFTHSM_PIN " %s",
		 hsm->label, rest);
	softhsm_run("%s", command);
}

void softhsm_write(const struct place *place, const char *name,
		   const char *text)
{
	int fd = open(place_path(place, name),
		      O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void find_serial(struct softhsm *hsm, const struct place *place,
			const char *label)
{
	char command[512];
	FILE *out;

	/* A slot's serial number stands before its label. */
	snprintf(command, sizeof(command),
		 "softhsm2-util --show-slots | awk '/Serial number:/ { s = $3 } /Label:/ && $2 == \"%s\" { print s }'",
		 label);
	out = popen(command, "r");
	CHECK(out);
	CHECK_EQ(fscanf(out, "%16s", hsm->serial), 1);
	CHECK_EQ(pclose(out), 0);
}

void softhsm_start(struct softhsm *hsm, struct place *place, const char *label)
{
	char text[512];

	snprintf(hsm->conf, sizeof(hsm->conf), "%s/softhsm2.conf", place->top);
	if (access(hsm->conf, F_OK)) {
		CHECK_EQ(mkdir(place_path(place, "tokens"), 0700), 0);
		snprintf(text, sizeof(text),
			 "directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n",
			 place->top);
		softhsm_write(place, "softhsm2.conf", text);
	}
	CHECK_EQ(setenv("SOFTHSM2_CONF", hsm->conf, 1), 0);
	softhsm_run("softhsm2-util --init-token --free --label %s --pin " SOFTHSM_PIN
		    " --so-pin " SOFTHSM_SO_PIN, label);
	snprintf(hsm->label, sizeof(hsm->label), "%s", label);
	find_serial(hsm, place, label);
	snprintf(hsm->subject, sizeof(hsm->subject), "token=%s;serial=%s",
		 label, hsm->serial);

	CHECK_OK(envol_set_provider(place->ev, "pkcs11", NULL, "module",
				    SOFTHSM_MODULE));
	snprintf(text, sizeof(text), "SOFTHSM2_CONF=%s", hsm->conf);
	CHECK_OK(envol_set_provider(place->ev, "pkcs11", NULL, "environment",
				    text));
	snprintf(text, sizeof(text), "pin-%s", label);
	softhsm_write(place, text, SOFTHSM_PIN "\n");
	CHECK_OK(envol_set_provider(place->ev, "pkcs11", hsm->subject,
				    "pin_file", place_path(place, text)));
}

void softhsm_keep(struct place *place)
{
	softhsm_run("rm -rf %s/kept && cp -a %s/tokens %s/kept", place->top,
		    place->top, place->top);
}

void softhsm_bring_back(struct place *place)
{
	softhsm_run("rm -rf %s/tokens && cp -a %s/kept %s/tokens", place->top,
		    place->top, place->top);
}

const char *softhsm_uri(const struct softhsm *hsm, const char *rest)
{
	static char uris[4][300];
	static unsigned int next;
	char *uri = uris[next++ % 4];

	snprintf(uri, sizeof(uris[0]), "pkcs11:%s;%s", hsm->subject, rest);
	return uri;
}
