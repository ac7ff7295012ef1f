/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unit tests register themselves: a file of TEST(name) { … } linked with main.c
 * is a program that runs each of them in a process of its own, takes substrings
 * of names as arguments, and prints TAP. A test that a machine cannot run says
 * so with test_skip(), and the suite's runner counts that as a failure unless
 * it was waived by name.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct test {
	const char *name;
	const char *file;
	void (*run)(void);
};

#define TEST(id)                                                              \
	static void test_##id(void);                                          \
	static const struct test test_entry_##id = { #id, __FILE__,           \
						     test_##id };             \
	static const struct test *const test_pointer_##id                     \
		__attribute__((used, section("tests"))) = &test_entry_##id;   \
	static void test_##id(void)

/* Say what went wrong and end this test. */
_Noreturn void test_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* End this test without a verdict: the reason names what is missing. */
_Noreturn void test_skip(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

void test_check_mem(const char *file, int line, const char *what,
		    const void *a, const void *b, size_t len);

#define FAIL(...) test_fail(__FILE__, __LINE__, __VA_ARGS__)

#define CHECK(cond)                                                           \
	do {                                                                  \
		if (!(cond))                                                  \
			test_fail(__FILE__, __LINE__, "%s", #cond);           \
	} while (0)

/* Integers of any type up to 64 bits. */
#define CHECK_EQ(a, b)                                                        \
	do {                                                                  \
		long long a_ = (long long)(a), b_ = (long long)(b);           \
		if (a_ != b_)                                                 \
			test_fail(__FILE__, __LINE__,                         \
				  "%s is %lld, not %s (%lld)", #a, a_, #b,    \
				  b_);                                        \
	} while (0)

/* Zero or -errno: prints the name of the errno that was not expected. */
#define CHECK_ERR(expr, want)                                                 \
	do {                                                                  \
		int a_ = (expr), b_ = (want);                                 \
		if (a_ != b_)                                                 \
			test_fail(__FILE__, __LINE__,                         \
				  "%s returned %d (%s), not %d (%s)", #expr,  \
				  a_, strerror(a_ < 0 ? -a_ : a_), b_,        \
				  strerror(b_ < 0 ? -b_ : b_));               \
	} while (0)
#define CHECK_OK(expr) CHECK_ERR(expr, 0)

#define CHECK_STR_EQ(a, b)                                                    \
	do {                                                                  \
		const char *a_ = (a), *b_ = (b);                              \
		if (!a_ || !b_ || strcmp(a_, b_) != 0)                        \
			test_fail(__FILE__, __LINE__,                         \
				  "%s is \"%s\", not \"%s\"", #a,             \
				  a_ ? a_ : "(null)", b_ ? b_ : "(null)");    \
	} while (0)

/* @b is found in @a. */
#define CHECK_STR_HAS(a, b)                                                   \
	do {                                                                  \
		const char *a_ = (a), *b_ = (b);                              \
		if (!a_ || !strstr(a_, b_))                                   \
			test_fail(__FILE__, __LINE__,                         \
				  "%s is \"%s\", without \"%s\"", #a,         \
				  a_ ? a_ : "(null)", b_);                    \
	} while (0)

#define CHECK_MEM_EQ(a, b, len)                                               \
	test_check_mem(__FILE__, __LINE__, #a " against " #b, a, b, len)

#define TEST_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
