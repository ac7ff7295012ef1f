// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * envol's own retry policy for the simulation beside this file: run.c itself, but for its
 * dice, which are the simulation's. Built as a shared object of which the linker keeps what
 * is shown here and no more: the rest of run.c wants the whole library.
 */
#include "userspace/lib/provider/run.c"

#define SHOWN __attribute__((visibility("default")))

SHOWN unsigned int storm_pause_ms(unsigned int tries, unsigned int retry_after_s);
SHOWN bool storm_worth_retrying(int err);
SHOWN void storm_seed(uint64_t seed);

static uint64_t state;

void storm_seed(uint64_t seed)
{
	state = seed;
}

/* In getrandom()'s place: splitmix64, so that a run can be repeated. */
ssize_t getrandom(void *data, size_t len, unsigned int flags)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	z ^= z >> 31;
	memcpy(data, &z, len < sizeof(z) ? len : sizeof(z));
	return len;
}

unsigned int storm_pause_ms(unsigned int tries, unsigned int retry_after_s)
{
	struct envol_reply reply = { .retry_after_s = retry_after_s };

	return pause_before(tries, &reply);
}

bool storm_worth_retrying(int err)
{
	return worth_retrying(err, operations[ENVOL_OPERATION_UNWRAP].repeatable);
}
