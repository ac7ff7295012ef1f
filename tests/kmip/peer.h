/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The servers that tests/kmip/run has started: PyKMIP, and what the tests start of
 * doubles. Files are below the directory $ENVOL_KMIP.
 */
#pragma once

#include "tests/provider/place.h"

#define PEER_URI_SIZE 128

/* "127.0.0.1:5701", of PyKMIP */
const char *peer_address(void);

/* The path of a file of the run; valid until the next call but three. */
const char *peer_file(const char *name);

/* How PyKMIP is reached, as a client that it knows. */
void peer_configure(struct envol *ev);

/* A setting of all KMIP servers. */
void peer_set(struct envol *ev, const char *key, const char *value);

/* Two URIs of names that no key has yet. */
void peer_new_names(char uri[PEER_URI_SIZE], char other_uri[PEER_URI_SIZE]);

/* A double of a server, or a wire to one: see double.py. */
struct peer_double {
	int pid, stdin_fd;
	char address[32];
};

void peer_start(struct peer_double *peer, const char *options);
void peer_stop(struct peer_double *peer);

/* The first line that a command of tests/kmip prints; fails if it fails. */
void peer_run(char *line, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
