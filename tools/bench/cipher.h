/* SPDX-License-Identifier: GPL-2.0-or-later */
/* envol-bench cipher: AES-XTS in memory, on one core. */
#pragma once

#include <stdbool.h>

#include "tools/bench/report.h"
#include "tools/bench/rotate.h"

struct envol_cipher_options {
	size_t key_len;			/* 32 or 64 bytes */
	const char *engine;		/* this one of ours alone; NULL: all */
	const char *kernel_cipher;	/* see peer_kernel.c; NULL: left out */
	struct envol_rotate_plan plan;
};

/* Measure and fill @report, which the caller wipes either way. 0 or -errno, said to the user. */
int envol_cipher_run(const struct envol_cipher_options *options,
		     struct envol_report *report)
	__attribute__((warn_unused_result));
