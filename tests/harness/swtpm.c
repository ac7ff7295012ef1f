// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/harness/swtpm.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/test.h"

#define START_TRIES 200
#define PAUSE_MS 25

static int local_socket(int port, bool listening)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), err;

	CHECK(fd >= 0);
	err = listening ?
		      bind(fd, (struct sockaddr *)&address, sizeof(address)) :
		      connect(fd, (struct sockaddr *)&address, sizeof(address));
	if (!err)
		return fd;
	close(fd);
	return -1;
}

/* Two in a row: libtss2 takes the control channel's to be the next one. */
static int free_ports(void)
{
	int port, first, second;

	for (port = 20000 + (getpid() * 2) % 20000; port < 60000; port += 2) {
		first = local_socket(port, true);
		second = local_socket(port + 1, true);
		if (first >= 0)
			close(first);
		if (second >= 0)
			close(second);
		if (first >= 0 && second >= 0)
			return port;
	}
	FAIL("no two free ports");
}

static void become_swtpm(const char *dir, int port)
{
	char state[256], server[64], control[64];
	int null = open("/dev/null", O_RDWR);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(null, 0);
	dup2(null, 1);
	snprintf(state, sizeof(state), "dir=%s", dir);
	snprintf(server, sizeof(server), "type=tcp,port=%d,disconnect", port);
	snprintf(control, sizeof(control), "type=tcp,port=%d", port + 1);
	execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", state,
	       "--server", server, "--ctrl", control, "--flags",
	       "not-need-init,startup-clear", NULL);
	_exit(127);
}

void test_swtpm_start(struct test_swtpm *tpm, const char *dir)
{
	int port = free_ports(), fd, tries, status;

	mkdir(dir, 0700);
	tpm->pid = fork();
	CHECK(tpm->pid >= 0);
	if (tpm->pid == 0)
		become_swtpm(dir, port);
	snprintf(tpm->tcti, sizeof(tpm->tcti), "swtpm:host=127.0.0.1,port=%d",
		 port);
	for (tries = 0; tries < START_TRIES; tries++) {
		if (waitpid(tpm->pid, &status, WNOHANG) == tpm->pid)
			test_skip("swtpm does not run (status 0x%x): package swtpm?",
				  status);
		fd = local_socket(port, false);
		if (fd >= 0) {
			close(fd);
			return;
		}
		poll(NULL, 0, PAUSE_MS);
	}
	FAIL("swtpm does not listen");
}

void test_swtpm_stop(struct test_swtpm *tpm)
{
	kill(tpm->pid, SIGKILL);
	waitpid(tpm->pid, NULL, 0);
}
