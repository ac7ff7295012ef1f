// SPDX-License-Identifier: GPL-2.0-or-later
/* Which wraps are tried, and which error is told. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness/test.h"
#include "userspace/lib/provider/health.h"
#include "userspace/lib/volume/unwrap.h"

static char A[] = "service:a", B[] = "service:b", C[] = "pkcs11:object=c";

/* 0 is of A, 1 of B, 2 of B and C together, 3 of C but retiring, 4 of A again */
static void make_token(struct envol_token *token)
{
	*token = (struct envol_token)ENVOL_TOKEN_INIT;
	token->n_wraps = 5;
	token->wraps[0].n_parts = 1;
	token->wraps[0].parts[0].uri = A;
	token->wraps[1].n_parts = 1;
	token->wraps[1].parts[0].uri = B;
	token->wraps[2].n_parts = 2;
	token->wraps[2].parts[0].uri = B;
	token->wraps[2].parts[1].uri = C;
	token->wraps[3].n_parts = 1;
	token->wraps[3].parts[0].uri = C;
	token->wraps[3].retiring = 1700000000;
	token->wraps[4].n_parts = 1;
	token->wraps[4].parts[0].uri = A;
}

struct row {
	const char *keks[4];
	int n_keks;		/* -1: no list */
	unsigned int want[5];
	size_t n_want;
};

TEST(order)
{
	static const struct row rows[] = {
		{ { NULL }, -1, { 0, 1, 2, 4, 3 }, 5 },
		{ { A }, 1, { 0, 4 }, 2 },
		{ { B, A }, 2, { 1, 0, 4 }, 3 },
		/* a double key stands where its later KEK does */
		{ { B, C, A }, 3, { 1, 2, 0, 4, 3 }, 5 },
		{ { C, A, B }, 3, { 0, 4, 1, 2, 3 }, 5 },
		/* both of its KEKs have to be allowed */
		{ { C }, 1, { 3 }, 1 },
		{ { "service:other" }, 1, { 0 }, 0 },
		/* an empty list allows nothing */
		{ { NULL }, 0, { 0 }, 0 },
		/* a prefix is another KEK */
		{ { "service:" }, 1, { 0 }, 0 },
	};
	struct envol_token token;
	size_t i, j;

	make_token(&token);
	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++) {
		unsigned int order[ENVOL_SEALED_WRAPS];
		size_t n = envol_unwrap_order(
			&token, rows[i].n_keks < 0 ? NULL : rows[i].keks,
			rows[i].n_keks < 0 ? 0 : rows[i].n_keks, order);

		CHECK_EQ(n, rows[i].n_want);
		for (j = 0; j < n; j++)
			CHECK_EQ(order[j], rows[i].want[j]);
	}
}

TEST(what_can_not_be_reached_is_asked_last)
{
	/* A is down: 0 and 4 are its own; 2 needs B and C, which answer */
	static const unsigned int want[] = { 1, 2, 3, 0, 4 };
	struct envol_volume_source source = { 0 };
	unsigned int order[ENVOL_SEALED_WRAPS];
	char state[] = "/tmp/envol-unwrap-XXXXXX", command[100];
	struct envol_token token;
	struct envol *ev;
	size_t n;

	make_token(&token);
	CHECK(mkdtemp(state));
	CHECK_OK(envol_new(&ev));
	CHECK_OK(envol_set_state(ev, state));
	envol_health_note(ev, A, false);
	CHECK_OK(envol_unwrap_allowed(ev, &token, &source, order, &n));
	CHECK_EQ(n, 5);
	CHECK_EQ(memcmp(order, want, sizeof(want)), 0);
	/* one KEK of two is enough to be behind */
	envol_health_note(ev, A, true);
	envol_health_note(ev, C, false);
	CHECK_OK(envol_unwrap_allowed(ev, &token, &source, order, &n));
	CHECK_EQ(order[3], 2);
	CHECK_EQ(order[4], 3);
	snprintf(command, sizeof(command), "rm -rf %s", state);
	CHECK_EQ(system(command), 0);
	envol_free(ev);
}

TEST(a_full_token_keeps_its_order)
{
	unsigned int order[ENVOL_SEALED_WRAPS], i;
	struct envol_token token = ENVOL_TOKEN_INIT;

	token.n_wraps = ENVOL_SEALED_WRAPS;
	for (i = 0; i < ENVOL_SEALED_WRAPS; i++) {
		token.wraps[i].n_parts = 1;
		token.wraps[i].parts[0].uri = A;
	}
	CHECK_EQ(envol_unwrap_order(&token, NULL, 0, order),
		 ENVOL_SEALED_WRAPS);
	for (i = 0; i < ENVOL_SEALED_WRAPS; i++)
		CHECK_EQ(order[i], i);
}

TEST(the_error_that_tells_most_of_what_to_do)
{
	static const int helpful[] = { -EHOSTUNREACH, -EKEYREVOKED, -ENOENT,
				       -EBADMSG, -EIO };
	size_t i, j;

	for (i = 0; i < TEST_ARRAY_SIZE(helpful); i++) {
		CHECK_EQ(envol_unwrap_choose_error(0, helpful[i]), helpful[i]);
		for (j = i; j < TEST_ARRAY_SIZE(helpful); j++) {
			CHECK_EQ(envol_unwrap_choose_error(helpful[i],
							   helpful[j]),
				 helpful[i]);
			CHECK_EQ(envol_unwrap_choose_error(helpful[j],
							   helpful[i]),
				 helpful[i]);
		}
	}
	/* of equals the first */
	CHECK_EQ(envol_unwrap_choose_error(-EACCES, -EKEYEXPIRED), -EACCES);
	CHECK_EQ(envol_unwrap_choose_error(-ETIMEDOUT, -EHOSTUNREACH),
		 -ETIMEDOUT);
}
