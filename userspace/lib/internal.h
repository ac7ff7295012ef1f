/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The handle as the library sees it; every file of the library includes this. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "userspace/include/envol.h"
#include "userspace/include/envol_watch.h"
#include "userspace/lib/base/attr.h"

#define ENVOL_MESSAGE_SIZE 1024

/* See provider/settings.h. */
struct envol_setting;
struct envol_pin;
struct envol_watch_memory;

struct envol_settings {
	struct envol_setting *list;
	size_t n;
};

/*
 * One handle belongs to one thread. The message has a fixed size, so that saying
 * what went wrong can't itself go wrong.
 */
struct envol {
	char message[ENVOL_MESSAGE_SIZE];
	envol_log_fn log;
	void *log_data;
	enum envol_log_level log_level;
	char *keystore;		/* directory of the service keys */
	char *kek_directory;	/* of the programs that use KEKs */
	char *state;		/* directory of what the host remembers: generations, audit */
	char *tpm;		/* TCTI of the TPM: "" the default device, "none" never */
	unsigned int retry_after_s;	/* a provider's -EAGAIN: not before; 0: not said */
	unsigned int timeout_ms; /* of one use of a KEK, all retries included */
	unsigned int spread_ms;	/* within which an unattended open begins */
	struct envol_watch_settings watch;
	struct envol_watch_memory *watch_memory; /* see watch/record.h */
	struct envol_settings settings; /* of providers */
	struct envol_pin *pins;	/* that the caller gave */
	envol_pin_fn pin_fn;
	void *pin_data;
	struct envol_secret request_pin; /* in a KEK program */
	bool is_other_volume;	/* the last unwrap proved that it is not the pinned one */
};
