// SPDX-License-Identifier: GPL-2.0-or-later
/* When a volume's grace begins and ends, on a clock of the test's. */
#include <errno.h>

#include "tests/harness/test.h"
#include "userspace/lib/watch/decide.h"

static const struct envol_watch_settings settings = {
	.grace_s = 100, .unreachable_grace_s = 1000,
};

enum { NOTHING, BEGIN, RECOVER, END };
enum { GOOD, BLIND, UNREACHABLE, REFUSED };

struct look {
	int64_t at_s;
	int finding, step;
	int64_t left_s;		/* -1: none that matters */
};

static void go(const char *what, const struct look *looks, size_t n)
{
	struct envol_decide_record record = ENVOL_DECIDE_RECORD_INIT;
	int64_t left_ms;
	size_t i;

	for (i = 0; i < n; i++) {
		int step = envol_decide(&record, looks[i].finding,
					looks[i].at_s * 1000, &settings, &left_ms);

		if (step != looks[i].step)
			FAIL("%s: look %zu: step %d, not %d", what, i, step, looks[i].step);
		if (looks[i].left_s >= 0 && left_ms != looks[i].left_s * 1000)
			FAIL("%s: look %zu: %lld ms left", what, i, (long long)left_ms);
	}
}

#define GO(what, ...)                                                     \
	go(what, (const struct look[]){ __VA_ARGS__ },                    \
	   TEST_ARRAY_SIZE(((const struct look[]){ __VA_ARGS__ })))

TEST(a_refused_kek_ends_after_the_grace_and_not_before)
{
	GO("refused", { 10, GOOD, NOTHING, -1 }, { 20, REFUSED, BEGIN, 100 },
	   { 50, REFUSED, NOTHING, 70 }, { 119, REFUSED, NOTHING, 1 },
	   { 120, REFUSED, END, 0 }, { 200, REFUSED, END, 0 });
	GO("for a moment", { 20, REFUSED, BEGIN, 100 }, { 90, GOOD, RECOVER, -1 },
	   { 91, GOOD, NOTHING, -1 }, { 100, REFUSED, BEGIN, 100 });
}

TEST(an_unreachable_one_has_longer)
{
	GO("unreachable", { 0, UNREACHABLE, BEGIN, 1000 }, { 500, UNREACHABLE, NOTHING, 500 },
	   { 999, UNREACHABLE, NOTHING, 1 }, { 1000, UNREACHABLE, END, 0 });
	GO("unreachable, then good", { 0, UNREACHABLE, BEGIN, -1 }, { 999, GOOD, RECOVER, -1 },
	   { 1000, UNREACHABLE, BEGIN, 1000 });
}

/* Who cuts the network after his KEK was taken away gains nothing. */
TEST(a_refusal_stands_while_nobody_answers)
{
	GO("refused, then unreachable", { 0, REFUSED, BEGIN, 100 },
	   { 50, UNREACHABLE, NOTHING, 50 }, { 100, UNREACHABLE, END, 0 });
	GO("unreachable, then refused", { 0, UNREACHABLE, BEGIN, 1000 },
	   { 800, REFUSED, BEGIN, 100 }, { 900, REFUSED, END, 0 });
	/* The longer grace is over first. */
	GO("both", { 0, UNREACHABLE, BEGIN, 1000 }, { 950, REFUSED, BEGIN, 50 },
	   { 1000, REFUSED, END, 0 });
}

TEST(one_that_wants_a_pin_is_good_unless_it_was_refused)
{
	GO("blind", { 0, BLIND, NOTHING, -1 }, { 5000, BLIND, NOTHING, -1 });
	GO("was away", { 0, UNREACHABLE, BEGIN, 1000 }, { 999, BLIND, RECOVER, -1 },
	   { 1000, BLIND, NOTHING, -1 });
	GO("was refused", { 0, REFUSED, BEGIN, 100 }, { 50, BLIND, NOTHING, 50 },
	   { 100, BLIND, END, 0 });
}

TEST(a_record_of_the_future_begins_now)
{
	struct envol_decide_record record = { 5000000, 5000000 };
	int64_t left_ms;

	CHECK_EQ(envol_decide(&record, ENVOL_DECIDE_REFUSED, 1000, &settings, &left_ms),
		 ENVOL_DECIDE_NOTHING);
	CHECK_EQ(left_ms, 100000);
	CHECK_EQ(record.bad_since_ms, 1000);
	CHECK_EQ(record.refused_since_ms, 1000);
}

TEST(what_a_provider_says_of_a_kek)
{
	static const struct {
		int err, finding;
	} errors[] = {
		{ -ENOENT, REFUSED }, { -EKEYREVOKED, REFUSED }, { -EACCES, REFUSED },
		{ -EKEYEXPIRED, REFUSED }, { -EHOSTUNREACH, UNREACHABLE },
		{ -ETIMEDOUT, UNREACHABLE }, { -EAGAIN, UNREACHABLE },
		{ -ENOANO, BLIND }, { -EPROTO, UNREACHABLE }, { -EINVAL, UNREACHABLE },
		{ -EINTR, UNREACHABLE }, { -EKEYREJECTED, UNREACHABLE },
	};
	struct envol_key_version versions[] = {
		{ .version = (char *)"1", .enabled = false },
		{ .version = (char *)"2", .enabled = true },
	};
	const struct envol_key_info info = { .versions = versions, .n_versions = 2 };
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(errors); i++) {
		int err = errors[i].err;

		CHECK_EQ(envol_decide_error(err), errors[i].finding);
		CHECK_EQ(envol_decide_host_error(err),
			 err == -EKEYREJECTED ? BLIND : errors[i].finding);
	}
	CHECK_EQ(envol_decide_version(&info, "1"), REFUSED);
	CHECK_EQ(envol_decide_version(&info, "2"), GOOD);
	CHECK_EQ(envol_decide_version(&info, "3"), GOOD);
}
