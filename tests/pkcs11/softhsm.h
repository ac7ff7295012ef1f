/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A token in software (Debian package softhsm2), its files in a place of a test. */
#pragma once

#include "tests/provider/place.h"

#define SOFTHSM_MODULE "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"
#define SOFTHSM_PIN "271828"
#define SOFTHSM_SO_PIN "314159"

struct softhsm {
	char conf[128];		/* SOFTHSM2_CONF, also set for what the test runs */
	char label[33], serial[17];
	char subject[96];	/* token=…;serial=… */
};

/*
 * A token of that label, which envol is set up for: module, environment, and a file
 * with the PIN (PLACE/pin-LABEL). A second one in the same place is beside the first.
 */
void softhsm_start(struct softhsm *hsm, struct place *place, const char *label);

/*
 * Keep what is in the place's tokens, and bring it back: a process that is killed
 * while it logs in leaves SoftHSM 2.6 a token whose file is cut short.
 */
void softhsm_keep(struct place *place);
void softhsm_bring_back(struct place *place);

/* pkcs11:SUBJECT;REST, valid until the fourth call after it. */
const char *softhsm_uri(const struct softhsm *hsm, const char *rest);

/* Run a shell command that must succeed, with printf's arguments; its output is dropped. */
void softhsm_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* pkcs11-tool, logged in to that token. */
void softhsm_tool(const struct softhsm *hsm, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A file of the place with that text, for its owner alone. */
void softhsm_write(const struct place *place, const char *name,
		   const char *text);
