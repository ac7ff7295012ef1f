// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How many instructions a call of the assembly takes, to the digit, by the CPU's trap
 * after each of them. It is the guard against what makes the cipher slower unseen (a batch that became a unit
 * a call, a group that became a register), which no timing on a shared machine could be.
 * Whoever changes the assembly knows the new figures, and measures with envol-bench
 * whether they are worth it.
 */
#include <signal.h>
#include <stdlib.h>
#include <ucontext.h>

#include "tests/unit/core/engines.h"

#ifdef __x86_64__

typedef void (*crypt_fn)(const struct envol_xts_key *key,
			 const struct envol_xts_segment *segments, size_t len,
			 u64 du_size, u64 tweak, u64 step, u8 *part);

/* The functions of xts_x86_64.S. */
#define DECLARE(engine, way)                                                  \
	void envol_xts_##engine##_##way(const struct envol_xts_key *key,       \
					const struct envol_xts_segment *segments, \
					size_t len, u64 du_size, u64 tweak,    \
					u64 step, u8 *part)
DECLARE(aesni_avx, encrypt_128);
DECLARE(aesni_avx, decrypt_128);
DECLARE(aesni_avx, encrypt_256);
DECLARE(aesni_avx, decrypt_256);
DECLARE(vaes_avx2, encrypt_128);
DECLARE(vaes_avx2, decrypt_128);
DECLARE(vaes_avx2, encrypt_256);
DECLARE(vaes_avx2, decrypt_256);

#define MAX_LEN 16384
#define TRAP_FLAG 0x100		/* of EFLAGS */

static struct envol_xts_key key;
static u8 data[MAX_LEN];

/* The function that is counted, where it returns to, and how far it is. */
static struct {
	unsigned long function;
	unsigned long back;
	unsigned int count;
	bool inside;
} trace;

/* Raised once, to begin with; from then on by each instruction. */
static void trap(int signal, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;
	unsigned long ip = (unsigned long)regs[REG_RIP];

	regs[REG_EFL] |= TRAP_FLAG;
	if (ip == trace.function) {
		trace.inside = true;
		trace.back = *(unsigned long *)regs[REG_RSP];
	} else if (trace.inside && ip == trace.back) {
		regs[REG_EFL] &= ~TRAP_FLAG;
		trace.inside = false;
		trace.function = 0;
		return;
	}
	trace.count += trace.inside;
}

/* Instructions of a call of @crypt, its return among them, for segments of @segment bytes. */
static unsigned int count_instructions(crypt_fn crypt, size_t len, size_t segment, u64 du_size)
{
	struct sigaction action = { .sa_sigaction = trap, .sa_flags = SA_SIGINFO };
	struct envol_xts_segment segments[MAX_LEN / ENVOL_XTS_DU_MIN];
	size_t at;

	for (at = 0; at < len; at += segment)
		segments[at / segment] =
			(struct envol_xts_segment){ data + at, data + at, segment };
	CHECK_EQ(sigaction(SIGTRAP, &action, NULL), 0);
	trace.function = (unsigned long)crypt;
	trace.count = 0;
	raise(SIGTRAP);
	crypt(&key, segments, len, du_size, 7, 1, NULL);
	CHECK_EQ(trace.function, 0);
	return trace.count;
}

struct row {
	const struct envol_xts_engine *engine;
	const char *name;
	crypt_fn encrypt, decrypt;
	size_t key_len;
	struct {
		size_t len, segment;
		u64 du_size;
		unsigned int instructions;
	} calls[5];
};

#define ROW(id, bits, ...)                                                    \
	{                                                                     \
		.engine = &envol_xts_##id, .name = #id "_" #bits,             \
		.encrypt = envol_xts_##id##_encrypt_##bits,                   \
		.decrypt = envol_xts_##id##_decrypt_##bits,                   \
		.key_len = (bits) / 4, .calls = { __VA_ARGS__ },              \
	}

static const struct row rows[] = {
	ROW(vaes_avx2, 128, { 512, 512, 512, 749 }, { 4096, 4096, 512, 4563 }, { 4096, 4096, 4096, 4417 },
	    { 16384, 4096, 512, 17499 }, { 16384, 4096, 4096, 17243 }),
	ROW(vaes_avx2, 256, { 512, 512, 512, 825 }, { 4096, 4096, 512, 5175 }, { 4096, 4096, 4096, 4997 },
	    { 16384, 4096, 512, 19875 }, { 16384, 4096, 4096, 19583 }),
	ROW(aesni_avx, 128, { 512, 512, 512, 1018 }, { 4096, 4096, 512, 6703 }, { 4096, 4096, 4096, 6562 },
	    { 16384, 4096, 512, 26349 }, { 16384, 4096, 4096, 25815 }),
	ROW(aesni_avx, 256, { 512, 512, 512, 1166 }, { 4096, 4096, 512, 7891 }, { 4096, 4096, 4096, 7718 },
	    { 16384, 4096, 512, 31101 }, { 16384, 4096, 4096, 30459 }),
};

static void check_row(const struct row *row)
{
	unsigned int i, encrypt, decrypt;

	random_key(&key, row->key_len, 1);
	for (i = 0; i < TEST_ARRAY_SIZE(row->calls); i++) {
		encrypt = count_instructions(row->encrypt, row->calls[i].len, row->calls[i].segment,
					     row->calls[i].du_size);
		decrypt = count_instructions(row->decrypt, row->calls[i].len, row->calls[i].segment,
					     row->calls[i].du_size);
		printf("# %s, %zu bytes in segments of %zu, units of %llu: %u instructions, decrypting %u\n",
		       row->name, row->calls[i].len, row->calls[i].segment,
		       (unsigned long long)row->calls[i].du_size,
		       encrypt, decrypt);
		CHECK_EQ(encrypt, row->calls[i].instructions);
		CHECK_EQ(decrypt, row->calls[i].instructions);
	}
}

TEST(a_call_takes_as_many_instructions_as_it_did)
{
	unsigned int i, checked = 0;

	for (i = 0; i < TEST_ARRAY_SIZE(rows); i++)
		if (envol_xts_engine_runs(rows[i].engine, envol_cpu_features())) {
			check_row(&rows[i]);
			checked++;
		}
	if (!checked)
		test_skip("this CPU runs none of the assembly");
}

#endif
