// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>

#include "tests/harness/test.h"
#include "tools/bench/fio.h"

/* The members that matter of what fio 3.33 prints; @read and @write are its io_bytes. */
#define FIO(read, write)                                                      \
	"fio: a warning before the document\n"                                \
	"{\"fio version\":\"fio-3.33\",\"jobs\":[{\"jobname\":\"envol-bench\","   \
	"\"read\":{\"io_bytes\":" read ",\"bw_bytes\":2000000,\"iops\":488.25,"   \
	"\"clat_ns\":{\"mean\":2500.5,\"percentile\":{\"99.000000\":9000}}},"    \
	"\"write\":{\"io_bytes\":" write ",\"bw_bytes\":1000000,\"iops\":244.0," \
	"\"clat_ns\":{\"mean\":5000.0,\"percentile\":{\"99.000000\":8000}}}}]}"

TEST(a_read_is_read)
{
	struct envol_fio_result result;

	CHECK_OK(envol_fio_parse(FIO("4096000", "0"), &result));
	CHECK_EQ(result.bytes, 4096000);
	CHECK_EQ(result.bytes_per_s, 2000000);
	CHECK_EQ(result.iops * 100, 48825);
	CHECK_EQ(result.mean_us * 10000, 25005);
	CHECK_EQ(result.p99_us, 9);
}

TEST(a_write_is_found_beside_an_empty_read)
{
	struct envol_fio_result result;

	CHECK_OK(envol_fio_parse(FIO("0", "8192"), &result));
	CHECK_EQ(result.bytes, 8192);
	CHECK_EQ(result.bytes_per_s, 1000000);
	CHECK_EQ(result.p99_us, 8);
}

TEST(what_fio_does_not_say_is_refused)
{
	static const char *const wrong[] = {
		"", "no document", "{", "{}", "[]", "{\"jobs\":1}", "{\"jobs\":[]}",
		"{\"jobs\":[{\"read\":{\"io_bytes\":\"many\"}}]}",
		"{\"jobs\":[{\"read\":{\"io_bytes\":5}}]}", FIO("0", "0"),
	};
	struct envol_fio_result result;
	size_t i;

	for (i = 0; i < TEST_ARRAY_SIZE(wrong); i++) {
		printf("# %zu\n", i);
		CHECK_ERR(envol_fio_parse(wrong[i], &result), -EBADMSG);
	}
}

TEST(busy_ticks_leave_out_idle_and_stolen_time)
{
	CHECK_EQ(envol_fio_busy_ticks("cpu  1 20 300 4000 50000 600000 7000000 80000000 0 0\n"
				      "cpu0 9 9 9 9 9 9 9 9 0 0\n"), 7600321);
	CHECK_EQ(envol_fio_busy_ticks("intr 5\n"), 0);
	CHECK_EQ(envol_fio_busy_ticks(""), 0);
}
