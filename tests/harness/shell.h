/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Run a shell command that must work. */
void test_run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
