// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs the tests of the program it is linked into; see test.h. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/test.h"

#define EXIT_SKIP 77
#define TEST_SECONDS 300	/* an endless test is a failed one */

extern const struct test *const __start_tests[];
extern const struct test *const __stop_tests[];

void test_fail(const char *file, int line, const char *fmt, ...)
{
	va_list args;

	printf("# %s:%d: ", file, line);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

void test_skip(const char *fmt, ...)
{
	va_list args;

	printf("# skipped: ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	_exit(EXIT_SKIP);
}

void test_check_mem(const char *file, int line, const char *what,
		    const void *a, const void *b, size_t len)
{
	const uint8_t *x = a, *y = b;
	size_t i;

	for (i = 0; i < len; i++)
		if (x[i] != y[i])
			test_fail(file, line,
				  "%s: byte %zu of %zu is %02x, not %02x", what,
				  i, len, x[i], y[i]);
}

static bool is_wanted(const struct test *test, char **filters)
{
	if (!*filters)
		return true;
	for (; *filters; filters++)
		if (strstr(test->name, *filters))
			return true;
	return false;
}

/* The wait status of a process that ran @test. */
static int run_in_child(const struct test *test)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		perror("fork");
		exit(1);
	}
	if (pid == 0) {
		alarm(TEST_SECONDS);
		test->run();
		fflush(stdout);
		exit(0);	/* not _exit: leak checkers look at exit */
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR) {
			perror("waitpid");
			exit(1);
		}
	return status;
}

int main(int argc, char **argv)
{
	unsigned int number = 0, failed = 0;
	const struct test *const *it;

	(void)argc;
	for (it = __start_tests; it < __stop_tests; it++) {
		int status;

		if (!is_wanted(*it, argv + 1))
			continue;
		number++;
		status = run_in_child(*it);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
			printf("ok %u %s\n", number, (*it)->name);
		} else if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SKIP) {
			printf("ok %u %s # SKIP\n", number, (*it)->name);
		} else {
			failed++;
			if (WIFSIGNALED(status))
				printf("# killed by signal %d (%s)\n",
				       WTERMSIG(status),
				       strsignal(WTERMSIG(status)));
			printf("not ok %u %s\n", number, (*it)->name);
		}
	}
	printf("1..%u\n", number);
	if (!number) {
		fprintf(stderr, "no test matches\n");
		return 1;
	}
	return failed ? 1 : 0;
}
