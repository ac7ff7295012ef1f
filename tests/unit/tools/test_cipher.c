// SPDX-License-Identifier: GPL-2.0-or-later
/* The benchmark's own honesty: what it runs is right, and it runs all that it names. */
#include <stdlib.h>

#include "tests/harness/test.h"
#include "tools/bench/cipher.h"
#include "tools/bench/fail.h"
#include "tools/bench/peer.h"

static const struct envol_rotate_plan shortest = { .rounds = 1, .slice_us = 1 };

static void swap_directions(void *state, enum envol_peer_direction direction,
			    u8 *dst, const u8 *src, size_t len,
			    unsigned int du_size, u64 tweak)
{
	const struct envol_peer *real = state;

	direction = direction == ENVOL_PEER_ENCRYPT ? ENVOL_PEER_DECRYPT : ENVOL_PEER_ENCRYPT;
	real->crypt(real->state, direction, dst, src, len, du_size, tweak);
}

TEST(a_wrong_cipher_is_not_measured)
{
	static struct envol_peer_list list;
	struct envol_peer *wrong;

	envol_peer_init(&list, ENVOL_XTS_KEY_256);
	CHECK_OK(envol_peer_openssl_add(&list));
	CHECK_OK(envol_peer_prove(&list, 512));
	wrong = envol_peer_add(&list, "wrong", ENVOL_PEER_SCALAR);
	wrong->state = &list.peers[0];
	wrong->crypt = swap_directions;
	CHECK_ERR(envol_peer_prove(&list, 512), -EBADMSG);
	envol_peer_wipe(&list);
}

TEST(every_engine_of_this_cpu_has_its_rows)
{
	struct envol_cipher_options options = { .key_len = 64, .plan = shortest };
	const struct envol_xts_engine *const *engine;
	struct envol_report report;
	size_t row, found;

	CHECK_OK(envol_cipher_run(&options, &report));
	for (engine = envol_xts_engines; *engine; engine++) {
		for (row = found = 0; row < report.row_count; row++) {
			const struct envol_report_cell *cells =
				&report.cells[row * report.column_count];

			found += strcmp(cells[0].text, (*engine)->name) == 0;
			CHECK(cells[4].number > 0);
		}
		/* two units, two calls, two directions */
		CHECK_EQ(found, envol_xts_engine_runs(*engine, envol_cpu_features()) ? 8 : 0);
	}
	envol_report_wipe(&report);
}

TEST(one_engine_of_ours_may_be_picked)
{
	struct envol_cipher_options options = {
		.key_len = 32, .engine = "generic", .plan = shortest,
	};
	struct envol_report report;
	size_t row, ours = 0;

	CHECK_OK(envol_cipher_run(&options, &report));
	for (row = 0; row < report.row_count; row++)
		ours += envol_xts_find_engine(report.cells[row * report.column_count].text) != NULL;
	CHECK_EQ(ours, 8);
	envol_report_wipe(&report);
}

TEST(what_cannot_be_measured_is_refused)
{
	struct envol_cipher_options options = {
		.key_len = 64, .engine = "vaes-avx9", .plan = shortest,
	};
	struct envol_report report;

	CHECK_ERR(envol_cipher_run(&options, &report), -EINVAL);
	envol_report_wipe(&report);
	options.engine = NULL;
	options.kernel_cipher = "/nonexistent.so";
	CHECK_ERR(envol_cipher_run(&options, &report), -ENOENT);
	envol_report_wipe(&report);
}

TEST(exit_codes_are_the_manuals)
{
	CHECK_EQ(envol_fail_exit_code(0), 0);
	CHECK_EQ(envol_fail_exit_code(-EINVAL), 1);
	CHECK_EQ(envol_fail_exit_code(-EPERM), 2);
	CHECK_EQ(envol_fail_exit_code(-ENOMEM), 3);
	CHECK_EQ(envol_fail_exit_code(-ENOENT), 4);
	CHECK_EQ(envol_fail_exit_code(-EBUSY), 5);
}
