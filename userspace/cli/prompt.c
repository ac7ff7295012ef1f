// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "userspace/cli/prompt.h"

#define LINE_MAX_BYTES 512

static volatile sig_atomic_t interrupted;

static void note_signal(int signal)
{
	interrupted = signal;
}

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
#define N_SIGNALS (sizeof(signals) / sizeof(signals[0]))

struct signal_state {
	struct sigaction actions[N_SIGNALS];
	sigset_t mask;
};

/*
 * Signals end the wait for a byte and come at no other time, so that the terminal
 * is put in order first; job control, which would leave it as it is, waits for the
 * answer.
 */
static void catch_signals(struct signal_state *before)
{
	struct sigaction action = { 0 };
	sigset_t blocked;
	size_t i;

	interrupted = 0;
	sigemptyset(&blocked);
	for (i = 0; i < N_SIGNALS; i++)
		sigaddset(&blocked, signals[i]);
	sigprocmask(SIG_BLOCK, &blocked, &before->mask);
	for (i = 0; i < N_SIGNALS; i++) {
		action.sa_handler = signals[i] == SIGTSTP ? SIG_IGN : note_signal;
		sigaction(signals[i], &action, &before->actions[i]);
	}
}

static void restore_signals(const struct signal_state *before)
{
	size_t i;

	for (i = 0; i < N_SIGNALS; i++)
		sigaction(signals[i], &before->actions[i], NULL);
	sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

static void say(int terminal, const char *text)
{
	size_t len = strlen(text);

	/* What can't be shown can't be answered: the read tells. */
	while (len) {
		ssize_t n = write(terminal, text, len);

		if (n <= 0)
			return;
		text += n;
		len -= n;
	}
}

/* A question that answers itself meanwhile. */
struct end {
	bool (*is_over)(void *data);
	void *data;
};

/* Up to the newline, which is not kept; byte by byte, for the rest is not ours. */
static int read_line(int terminal, const sigset_t *mask, const struct end *end,
		     uint8_t *line, size_t size, size_t *len)
{
	const struct timespec look = { .tv_nsec = 500000000 };
	struct pollfd input = { .fd = terminal, .events = POLLIN };
	uint8_t c;

	for (*len = 0;;) {
		ssize_t n = ppoll(&input, 1, end ? &look : NULL, mask);

		if (interrupted)
			return -EINTR;
		if (n == 0 && end && end->is_over(end->data))
			return -EALREADY;
		if (n == 0 || (n < 0 && errno == EINTR))
			continue;
		if (n >= 0)
			n = read(terminal, &c, 1);
		if (n < 0)
			return -errno;
		if (n == 0 || c == '\n')
			return 0;
		if (*len == size)
			return -EFBIG;
		line[(*len)++] = c;
		c = 0;
	}
}

/* Early at a start a console is a terminal, and nobody's controlling one. */
static int open_terminal(struct cli *cli, const char *what)
{
	int fd = -1;

	if (isatty(STDIN_FILENO)) {
		fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
		if (fd < 0)
			fd = open("/proc/self/fd/0", O_RDWR | O_NOCTTY | O_CLOEXEC);
	}
	if (fd < 0)
		return envol_command_error(cli, -ENOTTY,
					   "%s: standard input is no terminal, and nobody can be asked",
					   what);
	return fd;
}

/* One question; the answer is what stays in @line. */
static int ask(struct cli *cli, const char *question, bool echo,
	       const struct end *end, uint8_t *line, size_t size, size_t *len)
{
	struct signal_state before;
	struct termios settings, silent;
	int terminal, err;

	terminal = open_terminal(cli, question);
	if (terminal < 0)
		return terminal;
	catch_signals(&before);
	if (tcgetattr(terminal, &settings) == 0) {
		silent = settings;
		silent.c_lflag &= ~(echo ? 0u : ECHO);
		silent.c_lflag |= ICANON | ISIG;
		tcsetattr(terminal, TCSAFLUSH, &silent);
		say(terminal, question);
		say(terminal, ": ");
		err = read_line(terminal, &before.mask, end, line, size, len);
		tcsetattr(terminal, TCSAFLUSH, &settings);
		if (!echo || err)
			say(terminal, "\n");
	} else {
		err = -errno;
	}
	restore_signals(&before);
	close(terminal);
	if (err == -EFBIG)
		return envol_command_error(cli, -EINVAL,
					   "%s: more than %zu bytes were typed",
					   question, size);
	if (err == -EINTR)
		return envol_command_error(cli, err, "%s: interrupted", question);
	if (err && err != -EALREADY)
		return envol_command_error(cli, err, "%s: %s", question,
					   strerror(-err));
	return err;
}

static int ask_secret(struct cli *cli, const char *question,
		      const struct end *end, struct envol_secret *secret)
{
	size_t len;
	int err = envol_secret_alloc(cli->ev, secret, LINE_MAX_BYTES);

	if (err)
		return err;
	err = ask(cli, question, false, end, secret->data, secret->len, &len);
	if (!err && len == 0)
		err = envol_command_error(cli, -EINVAL, "%s: nothing was typed",
					  question);
	if (err)
		envol_secret_wipe(secret);
	else
		envol_secret_truncate(secret, len);
	return err;
}

int envol_prompt_secret(struct cli *cli, const char *question, bool again,
			struct envol_secret *secret)
{
	_cleanup_secret_ struct envol_secret second = ENVOL_SECRET_INIT;
	int err = ask_secret(cli, question, NULL, secret);

	if (err || !again)
		return err;
	err = ask_secret(cli, "The same again", NULL, &second);
	if (!err && (second.len != secret->len ||
		     memcmp(second.data, secret->data, secret->len) != 0))
		err = envol_command_error(cli, -EINVAL,
					  "%s: the two that were typed differ",
					  question);
	if (err)
		envol_secret_wipe(secret);
	return err;
}

int envol_prompt_secret_until(struct cli *cli, const char *question,
			      bool (*is_over)(void *data), void *data,
			      struct envol_secret *secret)
{
	const struct end end = { is_over, data };

	return ask_secret(cli, question, &end, secret);
}

static int confirm(struct cli *cli, const char *loss, const char *question,
		   const char *name)
{
	_cleanup_buffer_ struct buffer warning = { 0 };
	_cleanup_free_ uint8_t *typed = NULL;
	size_t size = strlen(name) + 1, len;
	int terminal, err;

	if (!isatty(STDIN_FILENO))
		return envol_command_error(cli, -ENOTTY,
					   "%s, and standard input is no terminal at which to confirm it; nothing was done",
					   loss);
	typed = malloc(size);
	terminal = open_terminal(cli, loss);
	if (terminal < 0 || !typed)
		return terminal < 0 ? terminal : -ENOMEM;
	envol_buffer_add_plain(&warning, loss);
	envol_buffer_add(&warning, ".\n");
	say(terminal, warning.text ? warning.text : "");
	close(terminal);
	err = ask(cli, question, true, NULL, typed, size, &len);
	if (err && err != -EINVAL)
		return err;
	if (err || len != strlen(name) || memcmp(typed, name, len) != 0)
		return envol_command_error(cli, -ECANCELED,
					   "that is not %s; nothing was done",
					   name);
	return 0;
}

int envol_prompt_confirm(struct cli *cli, const char *loss, const char *name)
{
	return confirm(cli, loss, "Type the device's name to go on", name);
}

int envol_prompt_agree(struct cli *cli, const char *risk)
{
	return confirm(cli, risk, "Type yes to go on", "yes");
}
