/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A handle of libenvol that meets the double of Key Vault (Documentation/keyvault-double.md). */
#pragma once

#include "tests/provider/place.h"

struct keyvault {
	pid_t pid;
	char directory[128];
};

/* Started for @place, whose handle then reaches it by its proxy under the real names. */
void keyvault_start(struct keyvault *keyvault, struct place *place);
void keyvault_stop(struct keyvault *keyvault);

/* What it says of itself under @name; valid until the next call. */
const char *keyvault_fact(const struct keyvault *keyvault, const char *name);

/* Tell it something: keyvault_tell(&kv, "fault do=slow seconds=2"). */
void keyvault_tell(const struct keyvault *keyvault, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
