// SPDX-License-Identifier: GPL-2.0-or-later
/* The process that uses a KEK, whatever its provider does to it and whatever the caller is like. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/test.h"
#include "tests/provider/place.h"
#include "userspace/lib/base/deadline.h"
#include "userspace/lib/provider/kek.h"

/* AddressSanitizer takes the signal for itself and exits. */
#define CRASHED (PLACE_SANITIZED ? "status 1" : "signal 11 (Segmentation fault)")
#define SLACK_MS 1500	/* of a loaded machine */

static const uint8_t volume_id[ENVOL_KEK_ID_SIZE] = { 1, 2, 3 };

static struct place place;

static int show(const char *uri)
{
	return envol_key_show(place.ev, uri, NULL);
}

static void check_nothing_is_left(void)
{
	CHECK_EQ(waitpid(-1, NULL, WNOHANG), -1);
	CHECK_EQ(errno, ECHILD);
}

TEST(what_a_provider_does_to_its_process_is_an_error_and_never_a_hang)
{
	static const struct {
		const char *uri;
		int err;
		const char *sentence;
		bool takes_all_the_time;
	} cases[] = {
		{ "double:hang", -ETIMEDOUT, "no answer within 700 ms", true },
		{ "double:half-a-reply-and-hang", -ETIMEDOUT,
		  "no answer within 700 ms", true },
		{ "double:flood", -ETIMEDOUT, "no answer within 700 ms", true },
		{ "double:crash", -EIO, CRASHED, false },
		{ "double:abort", -EIO, "signal 6 (Aborted)", false },
		{ "double:end", -EIO, "status 7 and no answer", false },
		{ "double:close-and-hang", -EIO, "no answer", false },
		{ "double:interrupt", -EINTR, "interrupted", false },
		{ "double:garbage", -EPROTO, "an answer that is none", false },
		{ "double:half-a-reply", -EIO, "no answer", false },
		{ "double:bad-body", -EPROTO, "an answer that is none", false },
		{ "double:request-back", -EPROTO, "an answer that is none", false },
	};
	size_t i;

	place_open(&place);
	for (i = 0; i < TEST_ARRAY_SIZE(cases); i++) {
		int64_t began = envol_deadline_now_ms(), took;
		int err;

		CHECK_OK(envol_set_timeout(place.ev,
					   cases[i].takes_all_the_time ? 700 :
									 20000));
		err = show(cases[i].uri);

		took = envol_deadline_now_ms() - began;
		if (err != cases[i].err)
			FAIL("%s: %d, not %d: %s", cases[i].uri, err,
			     cases[i].err, envol_error_message(place.ev));
		CHECK_STR_HAS(envol_error_message(place.ev), cases[i].uri);
		CHECK_STR_HAS(envol_error_message(place.ev), cases[i].sentence);
		if (cases[i].takes_all_the_time ?
			    took < 700 || took > 700 + SLACK_MS : took > 15000)
			FAIL("%s took %lld ms", cases[i].uri, (long long)took);
		check_nothing_is_left();
	}
	place_close(&place);
}

TEST(an_answer_that_is_incomplete_is_refused)
{
	_cleanup_secret_ struct envol_secret key = ENVOL_SECRET_INIT;
	_cleanup_secret_ struct envol_secret back = ENVOL_SECRET_INIT;
	_cleanup_wrapped_ struct envol_wrapped wrapped = ENVOL_WRAPPED_INIT;
	struct envol *ev;

	place_open(&place);
	ev = place.ev;
	CHECK_OK(envol_secret_alloc(ev, &key, 64));
	CHECK_ERR(envol_kek_wrap(ev, "double:no-version", volume_id, &key,
				 &wrapped), -EPROTO);
	CHECK(!wrapped.version && !wrapped.algorithm && !wrapped.bytes.data);
	CHECK_OK(envol_kek_wrap(ev, "double:x", volume_id, &key, &wrapped));
	CHECK_ERR(envol_kek_unwrap(ev, "double:no-key", volume_id, &wrapped,
				   &back), -EPROTO);
	CHECK_ERR(envol_kek_unwrap(ev, "double:long-key", volume_id, &wrapped,
				   &back), -EPROTO);
	CHECK_STR_HAS(envol_error_message(ev), "65 bytes");
	CHECK(!back.data);
	CHECK_OK(envol_kek_unwrap(ev, "double:x", volume_id, &wrapped, &back));
	place_close(&place);
}

static size_t tries(void)
{
	const char *text = place_text(&place, "state/tries");
	size_t n = 0;

	while (*text)
		n += *text++ == '\n';
	return n;
}

static void forget_tries(void)
{
	unlink(place_path(&place, "state/tries"));
}

TEST(only_what_may_pass_is_tried_again_and_within_the_deadline)
{
	int64_t began;

	place_open(&place);
	CHECK_EQ(mkdir(place_path(&place, "state"), 0700), 0);
	CHECK_OK(show("double:busy-twice"));
	CHECK_EQ(tries(), 3);
	CHECK_STR_HAS(place.log, "try number 2; again in");

	forget_tries();
	CHECK_ERR(show("double:refused"), -EACCES);
	CHECK_EQ(tries(), 1);

	forget_tries();
	CHECK_OK(show("double:timeout-once"));
	CHECK_EQ(tries(), 2);
	/* It may have been done although nobody heard of it. */
	forget_tries();
	CHECK_ERR(envol_key_rotate(place.ev, "double:timeout-once", NULL),
		  -ETIMEDOUT);
	CHECK_EQ(tries(), 1);

	forget_tries();
	CHECK_OK(envol_set_timeout(place.ev, 1200));
	began = envol_deadline_now_ms();
	CHECK_ERR(show("double:unreachable"), -EHOSTUNREACH);
	/* Also where the last try was cut short by it. */
	CHECK_STR_HAS(envol_error_message(place.ev), "no route");
	CHECK(tries() > 1);
	CHECK(envol_deadline_now_ms() - began < 1200 + SLACK_MS);
	place_close(&place);
}

TEST(what_is_said_can_not_steer_a_terminal)
{
	place_open(&place);
	CHECK_ERR(show("double:refused"), -EACCES);
	CHECK_STR_HAS(envol_error_message(place.ev), "red?[31m?and? two lines");
	CHECK_OK(show("double:tell"));
	CHECK_STR_HAS(place.log, "a warning?[0m");
	place_close(&place);
}

/* Sanitizers need more memory than can be locked, and leave some of it out. */
TEST(the_process_is_fit_to_hold_keys)
{
	unsigned long ignored, locked, size;
	const char *at;
	int fd;

	place_open(&place);
	/* What the caller has open is not for a vendor's library. */
	fd = dup2(open("/dev/null", O_RDONLY), 77);
	CHECK_EQ(fd, 77);
	CHECK_EQ(setenv("LD_LIBRARY_PATH_X", "secret", 1), 0);
	signal(SIGPIPE, SIG_IGN);
	CHECK_OK(show("double:tell"));
	CHECK_STR_HAS(place.log, "2 descriptors 4\n");
	CHECK_STR_HAS(place.log, "2 environment TSS2_LOG=all+NONE\n");
	CHECK(strstr(place.log, "2 environment") ==
	      strstr(place.log, "2 environment TSS2_LOG"));
	CHECK(!strstr(strstr(place.log, "2 environment") + 1, "2 environment"));
	CHECK_STR_HAS(place.log, "2 dumpable 0\n");
	CHECK_STR_HAS(place.log, "2 core 0\n");
	CHECK_STR_HAS(place.log, "2 cwd /\n");
	CHECK_STR_HAS(place.log, "2 status NoNewPrivs:?1\n");
	CHECK_STR_HAS(place.log, "2 status SigBlk:?0000000000000000\n");
	/* But for the two signals that the C library has for itself. */
	at = strstr(place.log, "SigIgn:?");
	CHECK(at && sscanf(at, "SigIgn:?%lx", &ignored) == 1);
	CHECK_EQ(ignored & ~(3ul << 31), 0);
	at = strstr(place.log, "VmLck:?");
	CHECK(at && sscanf(at, "VmLck:? %lu", &locked) == 1);
	at = strstr(place.log, "VmSize:?");
	CHECK(at && sscanf(at, "VmSize:? %lu", &size) == 1);
#if !PLACE_SANITIZED
	/* All but guard pages and what is not memory (the kernel's own pages). */
	if (locked < size / 2)
		FAIL("%lu of %lu KiB are locked", locked, size);
#endif
	CHECK_STR_HAS(place.log, "3 a detail\n");
	place_close(&place);
}

TEST(a_log_level_holds_for_the_process_too)
{
	place_open(&place);
	place.ev->log_level = ENVOL_LOG_WARNING;
	CHECK_OK(show("double:tell"));
	CHECK_STR_EQ(place.log, "1 a warning?[0m\n");
	place_close(&place);
}

TEST(a_program_that_can_not_be_run_is_named_with_the_way_out)
{
	static const struct {
		const char *program;
		int err;
		const char *sentence;
	} cases[] = {
		{ "/no/such/program", -ENOPKG, "no program for double: keys" },
		{ "/etc/passwd", -ENOEXEC, "Permission denied" },
		{ "/tmp", -ENOEXEC, "Permission denied" },
		{ "/bin/true", -EIO, "status 0 and no answer" },
		{ "/bin/false", -EIO, "status 1 and no answer" },
	};
	struct envol_key_info *infos;
	char program[512];
	size_t i, n;

	place_open(&place);
	CHECK_EQ(mkdir(place_path(&place, "kek"), 0700), 0);
	CHECK_OK(envol_set_kek_directory(place.ev, place_path(&place, "kek")));
	snprintf(program, sizeof(program), "%s/double", place.ev->kek_directory);
	for (i = 0; i < TEST_ARRAY_SIZE(cases); i++) {
		unlink(program);
		CHECK_EQ(symlink(cases[i].program, program), 0);
		CHECK_ERR(show("double:x"), cases[i].err);
		CHECK_STR_HAS(envol_error_message(place.ev), cases[i].sentence);
		if (cases[i].err != -EIO) {
			CHECK_STR_HAS(envol_error_message(place.ev), program);
			CHECK_STR_HAS(envol_error_message(place.ev),
				      "kek_directory");
		}
		check_nothing_is_left();
	}
	CHECK_EQ(unlink(program), 0);
	CHECK(!envol_provider_is_installed(place.ev, "double"));
	/* Where it is of a package, that is named. */
	CHECK_ERR(show("https://corp.vault.azure.net/keys/k"), -ENOPKG);
	CHECK_STR_HAS(envol_error_message(place.ev),
		      "install the package envol-keyvault");
	/* What is no scheme is no part of a path. */
	CHECK_ERR(envol_key_list(place.ev, "../kek/double", &infos, &n),
		  -EPROTONOSUPPORT);
	place_close(&place);
}

TEST(a_person_who_runs_it_is_told_what_it_is)
{
	char command[600], line[256];
	FILE *f;
	int status;

	place_open(&place);
	snprintf(command, sizeof(command), "%s/double 2>&1 3<&-",
		 place.ev->kek_directory);
	f = popen(command, "r");
	CHECK(f && fgets(line, sizeof(line), f));
	CHECK_STR_HAS(line, "run by envol");
	status = pclose(f);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 2);
	snprintf(command, sizeof(command), "%s/double --help 2>&1 3</etc/passwd",
		 place.ev->kek_directory);
	f = popen(command, "r");
	CHECK(f && fgets(line, sizeof(line), f));
	CHECK_STR_HAS(line, "run by envol");
	pclose(f);
	place_close(&place);
}

/* ---- callers of every kind --------------------------------------------------------- */

TEST(a_caller_may_have_closed_its_standard_files)
{
	int saved;

	place_open(&place);
	saved = dup(1);
	close(0);
	close(1);
	close(2);
	CHECK_OK(show("double:x"));
	close(3);
	close(4);
	CHECK_OK(show("double:x"));
	dup2(saved, 1);
	place_close(&place);
}

static void check_each_way_to_end(void)
{
	CHECK_OK(show("double:x"));
	CHECK_ERR(show("double:crash"), -EIO);
	CHECK_OK(envol_set_timeout(place.ev, 700));
	CHECK_ERR(show("double:hang"), -ETIMEDOUT);
	CHECK_OK(envol_set_timeout(place.ev, 20000));
}

TEST(a_caller_may_ignore_or_block_signals)
{
	sigset_t all;

	place_open(&place);
	signal(SIGCHLD, SIG_IGN);
	check_each_way_to_end();
	signal(SIGCHLD, SIG_DFL);
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	check_each_way_to_end();
	check_nothing_is_left();
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	place_close(&place);
}

static void on_alarm(int signal)
{
}

TEST(a_signal_in_the_caller_does_not_disturb)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval often = { { 0, 3000 }, { 0, 3000 } }, never = { 0 };

	place_open(&place);
	CHECK_OK(envol_set_timeout(place.ev, 700));
	CHECK_EQ(sigaction(SIGALRM, &action, NULL), 0);
	CHECK_EQ(setitimer(ITIMER_REAL, &often, NULL), 0);
	CHECK_OK(show("double:x"));
	CHECK_ERR(show("double:hang"), -ETIMEDOUT);
	CHECK_EQ(setitimer(ITIMER_REAL, &never, NULL), 0);
	place_close(&place);
}

/* The process's number, once the provider has written it down. */
static pid_t wait_for_pid(void)
{
	int i;

	for (i = 0; i < 200; i++) {
		const char *text = place_text(&place, "state/tries");

		if (strchr(text, '\n'))
			return atoi(text);
		poll(NULL, 0, 25);
	}
	FAIL("the provider was not reached");
}

TEST(a_caller_that_is_killed_takes_the_process_along)
{
	pid_t caller, pid;
	int i;

	place_open(&place);
	CHECK_EQ(mkdir(place_path(&place, "state"), 0700), 0);
	caller = fork();
	CHECK(caller >= 0);
	if (caller == 0)
		_exit(show("double:hang") ? 1 : 0);
	pid = wait_for_pid();
	CHECK_EQ(kill(pid, 0), 0);
	CHECK_EQ(kill(caller, SIGKILL), 0);
	CHECK_EQ(waitpid(caller, NULL, 0), caller);
	for (i = 0; i < 200 && kill(pid, 0) == 0; i++)
		poll(NULL, 0, 25);
	CHECK(kill(pid, 0) && errno == ESRCH);
	place_close(&place);
}

/* One that is stopped can't end its process at the deadline: the process does it. */
TEST(a_caller_that_is_stopped_does_not_keep_the_process_for_ever)
{
	pid_t caller, pid;
	int i, status;

	place_open(&place);
	CHECK_OK(envol_set_timeout(place.ev, 700));
	CHECK_EQ(mkdir(place_path(&place, "state"), 0700), 0);
	caller = fork();
	CHECK(caller >= 0);
	if (caller == 0)
		_exit(show("double:hang") == -ETIMEDOUT ? 0 : 1);
	pid = wait_for_pid();
	CHECK_EQ(kill(caller, SIGSTOP), 0);
	/* Its parent does not reap it meanwhile, so it stays as a zombie. */
	for (i = 0; i < 200; i++) {
		char path[64], line[256] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		f = fopen(path, "r");
		if (!f || !fgets(line, sizeof(line), f) || strstr(line, ") Z "))
			break;
		fclose(f);
		poll(NULL, 0, 25);
	}
	CHECK(i < 200);
	CHECK_EQ(kill(caller, SIGCONT), 0);
	CHECK_EQ(waitpid(caller, &status, 0), caller);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	place_close(&place);
}

static void *show_often(void *handle)
{
	long i, failed = 0;

	for (i = 0; i < 10; i++)
		failed += envol_key_show(handle, "double:x", NULL) != 0;
	return (void *)failed;
}

TEST(threads_may_use_keks_each_with_its_handle)
{
	struct envol *handles[4];
	pthread_t threads[4];
	size_t i;

	place_open(&place);
	for (i = 0; i < TEST_ARRAY_SIZE(threads); i++)
		handles[i] = place_handle(&place);
	for (i = 0; i < TEST_ARRAY_SIZE(threads); i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, show_often,
					handles[i]), 0);
	for (i = 0; i < TEST_ARRAY_SIZE(threads); i++) {
		void *failed;

		CHECK_EQ(pthread_join(threads[i], &failed), 0);
		CHECK(!failed);
		envol_free(handles[i]);
	}
	place_close(&place);
}

#if !PLACE_SANITIZED
TEST(a_memory_lock_limit_that_is_too_low_is_named)
{
	const struct rlimit none = { 0, 0 };
	pid_t pid;
	int status;

	if (geteuid() != 0)
		test_skip("becoming another user needs root");
	place_open(&place);
	CHECK_EQ(chmod(place.top, 0755), 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		CHECK_EQ(setrlimit(RLIMIT_MEMLOCK, &none), 0);
		CHECK_EQ(setgid(65534), 0);
		CHECK_EQ(setuid(65534), 0);
		CHECK_ERR(show("double:x"), -ENOMEM);
		CHECK_STR_HAS(envol_error_message(place.ev), "RLIMIT_MEMLOCK");
		CHECK_STR_HAS(envol_error_message(place.ev), "LimitMEMLOCK=");
		_exit(0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	place_close(&place);
}
#endif

/* ---- may this KEK wrap a DEK? ------------------------------------------------------ */

TEST(what_a_volume_can_not_be_trusted_to_is_not_enrolled)
{
	static const struct {
		const char *uri;
		int err;
		const char *sentence;
	} cases[] = {
		{ "double:weak", -EKEYREJECTED, "RSA-1024" },
		{ "double:purgeable", -EKEYREJECTED, "purge protection" },
		{ "double:empty", -EKEYREJECTED, "no version" },
		{ "double:disabled", -EKEYREVOKED, "disabled" },
		{ "double:expired", -EKEYEXPIRED, "expired" },
		{ "double:early", -EKEYREJECTED, "not valid yet" },
		{ "double:crash", -EIO, CRASHED },
		/* It unwraps to zeros whatever it wrapped. */
		{ "double:x", -EKEYREJECTED, "something else" },
	};
	size_t i;

	place_open(&place);
	for (i = 0; i < TEST_ARRAY_SIZE(cases); i++) {
		int err = envol_kek_enrol(place.ev, cases[i].uri, volume_id, NULL);

		if (err != cases[i].err)
			FAIL("%s: %d, not %d", cases[i].uri, err, cases[i].err);
		CHECK_STR_HAS(envol_error_message(place.ev), cases[i].sentence);
		CHECK_STR_HAS(envol_error_message(place.ev), cases[i].uri);
	}
	place_close(&place);
}

TEST(a_kek_that_may_not_unwrap_here_is_taken_as_unproved_where_that_is_said)
{
	struct envol_enrolment enrolment = { 0 };

	place_open(&place);
	CHECK_ERR(envol_kek_enrol(place.ev, "double:no-unwrap", volume_id, NULL),
		  -EACCES);
	enrolment.may_be_unprotected = true;
	CHECK_ERR(envol_kek_enrol(place.ev, "double:no-unwrap", volume_id,
				  &enrolment), -EACCES);
	CHECK(!enrolment.is_unproved);
	enrolment.may_be_unproved = true;
	CHECK_OK(envol_kek_enrol(place.ev, "double:no-unwrap", volume_id,
				 &enrolment));
	CHECK(enrolment.is_unproved && !enrolment.is_unprotected);
	CHECK_STR_HAS(place.log, "not yours to unwrap");
	/* One that unwraps to something else is wrong, and not unproved. */
	CHECK_ERR(envol_kek_enrol(place.ev, "double:x", volume_id, &enrolment),
		  -EKEYREJECTED);
	/* Nor does it help one that is not fit. */
	CHECK_ERR(envol_kek_enrol(place.ev, "double:disabled", volume_id,
				  &enrolment), -EKEYREVOKED);
	CHECK_ERR(envol_kek_enrol(place.ev, "double:purgeable", volume_id,
				  &enrolment), -EKEYREJECTED);
	CHECK_STR_HAS(envol_error_message(place.ev), "something else");
	CHECK(enrolment.is_unprotected);
	place_close(&place);
}

TEST(random_bytes_come_or_it_is_said_why_not)
{
	_cleanup_secret_ struct envol_secret bytes = ENVOL_SECRET_INIT;

	place_open(&place);
	CHECK_OK(envol_kek_random(place.ev, "double:x", &bytes));
	CHECK_EQ(bytes.len, 64);
	envol_secret_wipe(&bytes);
	CHECK_ERR(envol_kek_random(place.ev, "double:short-random", &bytes),
		  -EPROTO);
	CHECK_STR_HAS(envol_error_message(place.ev), "gave 31, not 32 to 64");
	CHECK(!bytes.data);
	CHECK_OK(envol_key_create(place.ev, "service:a", NULL));
	CHECK_ERR(envol_kek_random(place.ev, "service:a", &bytes), -EOPNOTSUPP);
	place_close(&place);
}
