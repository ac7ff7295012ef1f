// SPDX-License-Identifier: GPL-2.0-or-later
/* Several processes at one header: no write is lost, no reader sees half of one. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "tests/unit/metadata/image.h"

#define WRITERS 3
#define WRITES 6
#define READERS 2

static int store_once(struct image *image, unsigned int writer)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;
	_cleanup_header_ struct envol_header *h = NULL;
	int err = envol_header_open(image->ev, image->path, NULL, &h);

	if (err)
		return err;
	CHECK_OK(envol_token_copy(image->ev, envol_header_token(h), &token));
	/* Each writer counts in a field of its own. */
	token.wraps[writer].created++;
	return envol_header_store(image->ev, h, &image->dek, &token);
}

static void write_often(struct image *image, unsigned int writer)
{
	unsigned int done = 0;

	while (done < WRITES) {
		int err = store_once(image, writer);

		if (err == -EAGAIN || err == -EBUSY)
			poll(NULL, 0, rand() % 20);
		else if (err)
			FAIL("writer %u: %d, %s", writer, err,
			     envol_error_message(image->ev));
		else
			done++;
	}
}

static void read_often(struct image *image, int until)
{
	struct pollfd end = { .fd = until, .events = POLLIN };
	unsigned int reads = 0;
	int err;

	while (poll(&end, 1, 0) == 0) {
		err = image_check(image);
		if (err && err != -EBUSY)
			FAIL("reader: %d, %s", err, envol_error_message(image->ev));
		reads += !err;
	}
	CHECK(reads > 0);
	CHECK_STR_EQ(image->log, "");
}

static pid_t start(struct image *image, unsigned int number, int until)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);	/* a test that failed leaves nobody behind */
	image_fill(&image->dek, 64, 0x40);	/* secrets do not pass to children */
	srand(number);
	if (number < WRITERS)
		write_often(image, number);
	else
		read_often(image, until);
	fflush(stdout);
	_exit(0);
}

static void check_ended(pid_t pid)
{
	int status;

	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(no_write_is_lost)
{
	_cleanup_token_ struct envol_token token = ENVOL_TOKEN_INIT;
	struct envol_header_format request;
	pid_t pids[WRITERS + READERS];
	struct envol_header *h;
	struct image image;
	unsigned int i;
	int end[2];

	image_make(&image, IMAGE_SIZE);
	request = image_request(&image);
	image_token(&image, &token);
	image_add_wrap(&image, &token, "third");
	CHECK_OK(envol_header_format(image.ev, &request, &image.dek, &token, &h));
	envol_header_close(h);
	CHECK(pipe(end) == 0);
	for (i = 0; i < WRITERS + READERS; i++)
		pids[i] = start(&image, i, end[0]);
	/* And another tool, which changes what is not sealed, and gives up if we come between. */
	for (i = 0; i < WRITES; i++)
		while (image_run(NULL, 0, "cryptsetup config --label l%u %s 2>&1", i,
				 image.path) != 0)
			;
	for (i = 0; i < WRITERS; i++)
		check_ended(pids[i]);
	CHECK(write(end[1], "", 1) == 1);
	for (; i < WRITERS + READERS; i++)
		check_ended(pids[i]);
	h = image_open(&image);
	CHECK_OK(envol_header_verify(image.ev, h, &image.dek));
	CHECK_EQ(envol_header_token(h)->generation, 1 + WRITERS * WRITES);
	for (i = 0; i < WRITERS; i++)
		CHECK_EQ(envol_header_token(h)->wraps[i].created,
			 token.wraps[i].created + WRITES);
	CHECK_STR_EQ(envol_header_info(h)->label, "l5");
	envol_header_close(h);
	image_free(&image);
}
