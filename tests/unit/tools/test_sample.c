// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/harness/test.h"
#include "tools/bench/sample.h"

TEST(quartiles_are_costs_that_occurred)
{
	static const double costs[] = { 5, 1, 4, 2, 3 };
	struct envol_sample sample = { 0 };
	struct envol_sample_summary summary;
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(costs); i++)
		CHECK_OK(envol_sample_add(&sample, costs[i]));
	summary = envol_sample_summarize(&sample);
	CHECK_EQ(summary.min, 1);
	CHECK_EQ(summary.quartile[0], 2);
	CHECK_EQ(summary.quartile[1], 3);
	CHECK_EQ(summary.quartile[2], 4);
	envol_sample_wipe(&sample);
}

TEST(one_cost_is_all_of_them)
{
	struct envol_sample sample = { 0 };
	struct envol_sample_summary summary;

	CHECK_OK(envol_sample_add(&sample, 7));
	summary = envol_sample_summarize(&sample);
	CHECK_EQ(summary.min, 7);
	CHECK_EQ(summary.quartile[0], 7);
	CHECK_EQ(summary.quartile[2], 7);
	envol_sample_wipe(&sample);
}

TEST(a_sample_grows)
{
	struct envol_sample sample = { 0 };
	int i;

	for (i = 1000; i > 0; i--)
		CHECK_OK(envol_sample_add(&sample, i));
	CHECK_EQ(sample.count, 1000);
	CHECK_EQ(envol_sample_summarize(&sample).min, 1);
	CHECK_EQ(sample.costs[999], 1000);
	envol_sample_wipe(&sample);
	CHECK(!sample.costs && !sample.count);
}
