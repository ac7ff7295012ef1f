// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* An engine against the known answers of xts_vectors.h. */
#include "kmod/core/xts_selftest.h"

#define CANARY 0xa5

_Static_assert(ENVOL_XTS_VECTOR_MAX <= ENVOL_XTS_SELFTEST_BYTES, "a run");
_Static_assert(2 * ENVOL_XTS_DU_MAX <= ENVOL_XTS_SELFTEST_BYTES, "a unit in parts, both ways");

struct run {
	u8 *p;
	size_t len;
};

/* @shift bytes off alignment, with room for a canary before and behind. */
static struct run place(u8 *buffer, unsigned int shift, size_t len)
{
	return (struct run){ buffer + ENVOL_XTS_VECTOR_SHIFT + shift, len };
}

static struct run plain_run(const struct envol_xts_vector *v, struct envol_xts_selftest *work)
{
	return place(work->a, ENVOL_XTS_VECTOR_SHIFT - v->shift, (size_t)v->units * v->du_size);
}

static struct run cipher_run(const struct envol_xts_vector *v, struct envol_xts_selftest *work)
{
	return place(work->b, v->shift, (size_t)v->units * v->du_size);
}

static void fill(struct run run)
{
	size_t i;

	for (i = 0; i < run.len; i++)
		run.p[i] = i;
}

static bool filled(struct run run)
{
	size_t i;

	for (i = 0; i < run.len; i++)
		if (run.p[i] != (u8)i)
			return false;
	return true;
}

static bool bounded(struct run run)
{
	size_t i;

	for (i = 0; i < ENVOL_XTS_BLOCK; i++)
		if (run.p[run.len + i] != CANARY || run.p[-1 - (int)i] != CANARY)
			return false;
	return true;
}

/* One data unit in place, in parts that begin and end anywhere an engine treats differently. */
static void crypt_parts(const struct envol_xts_engine *engine,
			const struct envol_xts_key *key, struct run unit,
			u64 tweak, bool decrypt)
{
	static const unsigned int lengths[] = { 16, 304, 0, 32, 112 };
	unsigned int i = 0;
	size_t done, n;
	u8 t[16];

	envol_xts_start(engine, key, t, tweak);
	for (done = 0; done < unit.len; done += n, i++) {
		n = unit.len - done;
		if (i < sizeof(lengths) / sizeof(lengths[0]))
			n = lengths[i];
		if (decrypt)
			envol_xts_decrypt_part(engine, key, t, unit.p + done, unit.p + done, n);
		else
			envol_xts_encrypt_part(engine, key, t, unit.p + done, unit.p + done, n);
	}
}

static bool expand_keys(const struct envol_xts_vector *v, u32 cpu,
			struct envol_xts_selftest *work)
{
	const u8 *raw = v->key_len == ENVOL_XTS_KEY_128 ? envol_xts_vector_key_128 :
							  envol_xts_vector_key_256;

	return !envol_xts_set_key(&work->key, raw, v->key_len, 0, cpu) &&
	       !envol_xts_set_key(&work->portable, raw, v->key_len, 0, 0) &&
	       memcmp(&work->key, &work->portable, sizeof(work->key)) == 0;
}

static bool encrypts(const struct envol_xts_engine *engine, u32 cpu,
		     const struct envol_xts_vector *v, struct envol_xts_selftest *work)
{
	struct run plain = plain_run(v, work), cipher = cipher_run(v, work);

	if (!expand_keys(v, cpu, work))
		return false;
	memset(work->a, CANARY, sizeof(work->a));
	memset(work->b, CANARY, sizeof(work->b));
	fill(plain);
	envol_xts_encrypt(engine, &work->key, cipher.p, plain.p, plain.len, v->du_size,
			  v->tweak, v->step);
	return envol_xts_fingerprint(cipher.p, cipher.len) == v->fingerprint &&
	       bounded(cipher) && filled(plain);
}

static bool works_in_parts(const struct envol_xts_engine *engine,
			   const struct envol_xts_vector *v, struct envol_xts_selftest *work)
{
	struct run plain = plain_run(v, work), cipher = cipher_run(v, work);
	struct run unit = { plain.p, v->du_size };

	crypt_parts(engine, &work->key, unit, v->tweak, false);
	if (memcmp(unit.p, cipher.p, unit.len) != 0)
		return false;
	crypt_parts(engine, &work->key, unit, v->tweak, true);
	return filled(plain) && bounded(plain);
}

static bool decrypts(const struct envol_xts_engine *engine,
		     const struct envol_xts_vector *v, struct envol_xts_selftest *work)
{
	struct run cipher = cipher_run(v, work);

	envol_xts_decrypt(engine, &work->key, cipher.p, cipher.p, cipher.len, v->du_size,
			  v->tweak, v->step);
	return filled(cipher) && bounded(cipher);
}

/*
 * The whole run as segments of one unit and of two in turn, a block apart, at @src and
 * at @dst; the number of them.
 */
static unsigned int scatter(const struct envol_xts_vector *v, u8 *dst, const u8 *src,
			    struct envol_xts_selftest *work)
{
	unsigned int count, at, n;
	size_t offset;

	for (count = 0, at = 0; at < v->units; count++, at += n) {
		n = count % 2 && at + 1 < v->units ? 2 : 1;
		offset = (size_t)at * v->du_size + count * ENVOL_XTS_BLOCK;
		work->segments[count] = (struct envol_xts_segment){
			dst + offset, src + offset, (size_t)n * v->du_size,
		};
	}
	return count;
}

/* What was scattered to @from, one after the other from @to on, which may be the same. */
static bool gather(const struct envol_xts_selftest *work, unsigned int count,
		   const u8 *from, u8 *to)
{
	bool right = true;
	unsigned int i;

	for (i = 0; i < count; i++) {
		size_t len = work->segments[i].len;

		right &= bounded((struct run){ (u8 *)from, len });
		memmove(to, from, len);
		from += len + ENVOL_XTS_BLOCK;
		to += len;
	}
	return right;
}

static void fill_segments(const struct envol_xts_selftest *work, unsigned int count,
			  struct run run)
{
	const u8 *end = run.p + run.len;
	unsigned int i;

	fill(run);
	for (i = count; i-- > 0; end -= work->segments[i].len)
		memmove((u8 *)work->segments[i].src, end - work->segments[i].len,
			work->segments[i].len);
	for (i = 0; i < count; i++)
		memset((u8 *)work->segments[i].src + work->segments[i].len, CANARY,
		       ENVOL_XTS_BLOCK);
}

static bool encrypts_segments(const struct envol_xts_engine *engine,
			      const struct envol_xts_vector *v,
			      struct envol_xts_selftest *work)
{
	struct run plain = plain_run(v, work), cipher = cipher_run(v, work);
	unsigned int count = scatter(v, cipher.p, plain.p, work);

	memset(work->b, CANARY, sizeof(work->b));
	fill_segments(work, count, plain);
	envol_xts_encrypt_segments(engine, &work->key, work->segments, plain.len,
				   v->du_size, v->tweak, v->step);
	if (!gather(work, count, plain.p, plain.p) || !filled(plain) ||
	    !gather(work, count, cipher.p, plain.p))
		return false;
	return envol_xts_fingerprint(plain.p, plain.len) == v->fingerprint;
}

static bool decrypts_segments(const struct envol_xts_engine *engine,
			      const struct envol_xts_vector *v,
			      struct envol_xts_selftest *work)
{
	struct run plain = plain_run(v, work), cipher = cipher_run(v, work);
	unsigned int count = scatter(v, cipher.p, cipher.p, work);

	envol_xts_decrypt_segments(engine, &work->key, work->segments, cipher.len,
				   v->du_size, v->tweak, v->step);
	return gather(work, count, cipher.p, plain.p) && filled(plain);
}

int envol_xts_selftest_step(const struct envol_xts_engine *engine, u32 cpu,
			    unsigned int i, struct envol_xts_selftest *work)
{
	const struct envol_xts_vector *v;
	bool right;

	if (i / ENVOL_XTS_SELFTEST_STEPS >= ENVOL_XTS_VECTOR_COUNT)
		return -ENOENT;
	v = &envol_xts_vectors[i / ENVOL_XTS_SELFTEST_STEPS];
	switch (i % ENVOL_XTS_SELFTEST_STEPS) {
	case 0:
		right = encrypts(engine, cpu, v, work);
		break;
	case 1:
		right = works_in_parts(engine, v, work);
		break;
	case 2:
		right = decrypts(engine, v, work);
		break;
	case 3:
		right = encrypts_segments(engine, v, work);
		break;
	default:
		right = decrypts_segments(engine, v, work);
	}
	return right ? 0 : -EBADMSG;
}

int envol_xts_selftest(const struct envol_xts_engine *engine, u32 cpu,
		       struct envol_xts_selftest *work)
{
	unsigned int i = 0;
	int err;

	do {
		err = envol_xts_selftest_step(engine, cpu, i++, work);
	} while (!err);
	return err == -ENOENT ? 0 : err;
}
