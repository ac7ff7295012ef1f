/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TPM 2.0 in software (Debian package swtpm), on local ports of its own. It ends
 * with the test. A test that can't have one ends as skipped.
 */
#pragma once

#include <sys/types.h>

struct test_swtpm {
	pid_t pid;
	char tcti[64];
};

/* Its state lies in @dir, made if it is not there: the same state is the same TPM. */
void test_swtpm_start(struct test_swtpm *tpm, const char *dir);
void test_swtpm_stop(struct test_swtpm *tpm);
